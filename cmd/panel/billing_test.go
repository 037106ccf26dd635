package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"registrar.panel/host/web/api"
)

const (
	integrations = "../../docs/integrations"
	billingToken = "billing-CANARY-0123456789"
)

// lossy is the way from a billing system to a panel: it loses answers to calls that the panel has heard.
type lossy struct {
	server *httptest.Server
	panel  http.Handler

	mu   sync.Mutex
	each bool            // the first answer to each change is lost
	all  string          // the answers to changes whose path has this ending are lost
	seen map[string]bool // the changes asked for so far
}

func newLossy(t *testing.T, w *world) *lossy {
	t.Helper()
	l := &lossy{seen: map[string]bool{}, panel: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "panel", "panel"
		},
		ErrorLog:     nil,
		Transport:    w.transport(),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // the panel is down
	}}
	l.server = httptest.NewServer(l)
	t.Cleanup(l.server.Close)
	return l
}

func (l *lossy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+billingToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}

	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	l.panel.ServeHTTP(answer, r)

	if r.Method == http.MethodPost && l.loses(r.URL.Path, string(body)) {
		panic(http.ErrAbortHandler)
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

func (l *lossy) loses(path, body string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.seen[path+body]
	l.seen[path+body] = true
	return l.each && first || l.all != "" && strings.HasSuffix(path, l.all)
}

// set says which answers are lost from now on.
func (l *lossy) set(each bool, all string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.each, l.all = each, all
}

// billing is a billing system beside a world's panel.
type billing struct {
	*world
	way *lossy
	dir string // where its module is installed
	log bytes.Buffer
}

// newBilling installs a module as its README says, with client.php beside it.
func newBilling(w *world, module string) *billing {
	w.t.Helper()
	b := &billing{world: w, way: newLossy(w.t, w), dir: w.t.TempDir()}
	for _, file := range []string{"client.php", module} {
		text, err := os.ReadFile(filepath.Join(integrations, file))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, filepath.Base(file)), text, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return b
}

// php runs a program and returns what it prints.
func (b *billing) php(env []string, stdin string, args ...string) string {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), "php", args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &b.log
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("php %v: %v\n%s%s", args, err, out, b.log.String())
	}
	return string(out)
}

// ordered lists the orders for a domain.
func (b *billing) ordered(domain string) (all []api.Order) {
	b.t.Helper()
	b.json(&all, "orders", "--domain", domain)
	return all
}

// once asserts that there is one order of a kind for a domain, and returns it.
func (b *billing) once(domain, kind, id string) (found api.Order) {
	b.t.Helper()
	n := 0
	for _, o := range b.ordered(domain) {
		if o.Kind == kind {
			found = o
			n++
		}
	}
	if n != 1 || found.ID != id && id != "" {
		b.t.Errorf("%d orders to %s %s, the last %s; want one, %s", n, kind, domain, found.ID, id)
	}
	return found
}

// settled waits until nothing is under way for a domain.
func (b *billing) settled(domain string) domainView {
	b.t.Helper()
	var d domainView
	b.until(domain+" to be settled", func() bool {
		d = b.domain(domain)
		return d.Operation == nil
	})
	return d
}

// whmcs calls a function of the module for WHMCS. more are parameters in addition to the usual ones.
func (b *billing) whmcs(function string, domain int, name string, more map[string]any, whmcs map[string]string) (answer map[string]any) {
	b.t.Helper()
	out := b.callWHMCS(function, domain, name, more, whmcs)
	if out == "[]" {
		return nil
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		b.t.Fatalf("%s answered %s", function, out)
	}
	return answer
}

func (b *billing) callWHMCS(function string, domain int, name string, more map[string]any, whmcs map[string]string) string {
	b.t.Helper()
	sld, tld, _ := strings.Cut(name, ".")
	params := map[string]any{
		"Url": b.way.server.URL, "Token": billingToken, "Name": "whmcs", "Language": "en",
		"domainid": domain, "userid": 8, "sld": sld, "tld": tld, "regperiod": 1, "eppcode": "",
		"ns1": "ns1.hoster.example", "ns2": "ns2.hoster.example", "ns3": "", "ns4": "", "ns5": "",
		"firstname": "Sidor", "lastname": "Sidorov", "companyname": "", "email": "sidorov@example.ru", "fullphonenumber": "+7.4951234567",
		"address1": "Тестовая ул., д. 1, кв. 2", "address2": "", "city": "Москва", "fullstate": "", "postcode": "123007", "countrycode": "RU",
		"additionalfields": map[string]string{"name": "Сидоров Сидор Сидорович", "birth_date": "1965-10-18",
			"passport": "4510 123456, выдан ОВД &quot;Тверской&quot; г. Москвы 30.01.2010"},
	}
	for key, value := range more {
		params[key] = value
	}
	call, err := json.Marshal(map[string]any{"function": "panel_" + function, "params": params, "whmcs": whmcs})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.php(nil, string(call), "testdata/billing/whmcs.php", filepath.Join(b.dir, "panel.php"))
}
