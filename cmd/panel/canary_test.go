package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/internal/r01sim"
)

const transferCode = "AUTH-CANARY-79-Q"

// canaries are what must not be found anywhere, with words that each give one away.
var canaries = map[string][]string{
	"mail password":    {mailPassword},
	"imap password":    {imapPassword},
	"transfer code":    {transferCode},
	"passport":         {"987431", "Канареечным"},
	"birth date":       {"1951-03-27", "27.03.1951", "1951.03.27"},
	"phone":            {"7310846", "731-08-46"},
	"e-mail":           {"kenar.kenarov@mail.example", "kenar.kenarov"},
	"postal address":   {"Канареечный"},
	"latin name":       {"Kenarov"},
	"russian name":     {"Кенаров", "КЕНАРОВ"},
	"INN":              {"5003052454"},
	"OGRN":             {"1035006106541"},
	"legal address":    {"Соловьиная"},
	"fax":              {"7310955"},
	"bank":             {"40702810555566667777"},
	"contact by hand":  {"Shchegol"},
	"e-mail by hand":   {"shchegol@mail.example"},
	"other contact":    {"Varakushka", "varakushka@mail.example"},
	"refused passport": {"Попугаев", "popugai", "1949-02-31"},
}

const (
	canaryPerson = `{"kind":"person","name_latin":"Kenar K Kenarov","name":"Кенаров Кенар Кенарович",
"passport":["4510 987431","выдан Канареечным ОВД г. Москвы","30.01.2010"],"birth_date":"1951-03-27",
"postal_address":["123007, Москва, Канареечный пер., д. 1"],"phones":["+7 499 7310846"],"faxes":["+7 499 7310955"],
"emails":["kenar.kenarov@mail.example"],"resident":true}`
	canaryOrganization = `{"kind":"organization","name_latin":["Newtime JSC"],"name":["Акционерное общество «Ньютайм»"],
"inn":"5003052454","kpp":"500301001","ogrn":"1035006106541","legal_address":["123007, Москва, Соловьиная ул., д. 1"],
"postal_address":["123007, Москва, Канареечный пер., д. 10"],"bank":["р/с 40702810555566667777 в АКБ Тест"],
"phones":["+7 499 7310846"],"faxes":[],"emails":["kenar.kenarov@mail.example"],"resident":true}`
	canaryByHand = `{"kind":"person","name":"Shchegol S Shchegolev","emails":["shchegol@mail.example"]}`
	canaryTech   = `{"kind":"person","name":"Varakushka V Varakushkin","emails":["varakushka@mail.example"]}`
	// Every field is wrong, and no message about that may repeat its value.
	canaryRefused = `{"kind":"person","name_latin":"Попугаев","name":"Попугаев\u0007","passport":["Попугаев\u0000"],"birth_date":"1949-02-31",
"postal_address":["Попугаев \u2603"],"phones":["Попугаев"],"faxes":["Попугаев"],"emails":["popugai at example"],"resident":"Попугаев"}`
	manualHCL = `
registrar "manual" {
  tlds = ["com"]
  env  = ["GORACE"]
  config {}
}
`
)

// serveTracing starts the panel at its most detailed log level, and waits for its two plugins.
func (w *world) serveTracing() {
	w.t.Helper()
	w.launch("--log-level", "trace")
	w.until("the plugins to run", func() bool {
		var list []struct{ State string }
		return w.tryJSON(&list, "plugins") == nil && len(list) == 2 &&
			!slices.ContainsFunc(list, func(p struct{ State string }) bool { return p.State != "running" && p.State != "degraded" })
	})
}

// A whole run has unique words for everything that is secret or personal;
// afterwards nothing that was written or shown contains any of them.
func TestCanaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(hcl string) string { return hcl + manualHCL })
	a := newAviary()
	shown := map[string][]byte{}
	w.serveTracing()
	playCanaries(w, shown)
	w.stop(syscall.SIGTERM) // a clean end and a new start, so that the databases are written out
	w.serveTracing()
	w.exchangesKeys()
	w.buy("after-restart.ru", "c1", filepath.Join(w.dir, "person.json"))
	w.reach("after-restart.ru", "Registered")
	w.erases()
	look(w, shown)
	alive := filesOf(t, w.dir) // with the write-ahead logs
	w.stop(syscall.SIGTERM)
	shown["log"] = w.log.Bytes()
	checkTraced(t, w.log.String())
	for _, files := range []map[string][]byte{alive, filesOf(t, w.dir)} {
		if len(files) < 6 {
			t.Errorf("only %d files are there to search", len(files))
		}
		for name, text := range files {
			shown["file "+name] = append(shown["file "+name], text...)
		}
	}
	for place, text := range shown {
		for name, around := range a.in(text) {
			t.Errorf("%s holds the %s: … %q …", place, name, around)
		}
	}
	w.checkCanariesFlew(a)
}

// checkTraced checks that the log has lines of the panel and its plugins that only this level shows.
func checkTraced(t *testing.T, log string) {
	t.Helper()
	for _, line := range []string{`(?m)\[DEBUG\].* panel`, `(?m)\[DEBUG\].*r01`} {
		if !regexp.MustCompile(line).MatchString(log) {
			t.Errorf("no line of the log matches %s: the level did not take", line)
		}
	}
}

// checkCanariesFlew checks that the canaries were sent to R01 and came back quoted, so that they could be found.
func (w *world) checkCanariesFlew(a aviary) {
	w.t.Helper()
	var sent, got []byte
	for _, e := range w.sim.History() {
		sent = append(sent, e.Raw...)
	}
	for _, raw := range w.sim.Sent() {
		got = append(got, raw...)
	}
	want := []string{"INN", "OGRN", "bank", "birth date", "e-mail", "fax", "latin name", "legal address", "mail password",
		"passport", "phone", "postal address", "russian name"}
	for what, text := range map[string][]byte{"requests": sent, "replies": got} {
		if diff := cmp.Diff(want, names(a.in(text))); diff != "" {
			w.t.Errorf("the %s hold other canaries than they should (-want +got):\n%s", what, diff)
		}
	}
}

// playCanaries plays the run: orders of every sort, replies that quote
// the request, a refused order, a rejected one, one in review, a bounce.
func playCanaries(w *world, shown map[string][]byte) {
	person, organization := w.write("person.json", canaryPerson), w.write("org.json", canaryOrganization)
	policy := w.sim.Policy()
	for i, quote := range []r01sim.Quotation{r01sim.QuotePrefixed, r01sim.QuoteTail} {
		for j, encoding := range []string{"8bit", "base64", "quoted-printable"} {
			policy.Quote, policy.Encoding = quote, encoding
			if err := w.sim.SetPolicy(policy); err != nil {
				w.t.Fatal(err)
			}
			name := fmt.Sprintf("quoted-%d-%d.ru", i, j)
			w.buy(name, fmt.Sprint("c", i, j), []string{person, organization}[j%2])
			w.reach(name, "Registered")
		}
	}
	w.buy("refuse-1.ru", "c00", person)
	w.reach("refuse-1.ru", "Error")
	w.buy("garbled-1.ru", "c00", person)
	w.stands("garbled-1.ru", "Accepted")
	policy.RefuseClients = true
	if err := w.sim.SetPolicy(policy); err != nil {
		w.t.Fatal(err)
	}
	w.buy("client-refused.ru", "c-refused", person)
	w.reach("client-refused.ru", "Error")
	policy.RefuseClients = false
	if err := w.sim.SetPolicy(policy); err != nil {
		w.t.Fatal(err)
	}
	w.returnRequest("bounced", "From: mailer-daemon@relay.example\r\nReturn-Path: <>\r\n", "could not be delivered")
	w.returnRequest("odd", "From: "+robot+"\r\n", "See what you wrote")
	w.repeatInFields()
	w.respell()
	w.until("four mails in review", func() bool { return len(w.reviews()) >= 4 })
	w.must("order", "pay", w.order("by-hand.com", "c9", w.write("hand.json", canaryByHand)))
	w.must("order", "transfer", "moved.com", "--customer", "c9", "--contact", filepath.Join(w.dir, "hand.json"), "--auth", transferCode,
		"--contact-tech", w.write("tech.json", canaryTech),
		"--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example", "--own")
	w.stands("by-hand.com", "NeedsAction")
	w.stands("moved.com", "NeedsAction")
	out, errOut, code := w.run("order", "register", "wrong.ru", "--customer", "c1", "--contact", w.write("refused.json", canaryRefused))
	if code == 0 || !strings.Contains(errOut, "contact.passport[0]") { // refused before the plugin is asked
		w.t.Errorf("a contact of nonsense: exit %d: %s", code, errOut)
	}
	shown["refusal"] = []byte(out + errOut)
	os.Remove(filepath.Join(w.dir, "refused.json"))
	w.order("unpaid.ru", "c1", person)
	look(w, shown)
}

// returnRequest delivers the first request to us as it was sent, below other words.
func (w *world) returnRequest(id, header, words string) {
	w.t.Helper()
	raw := w.sim.History()[0].Raw
	_, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		w.t.Fatalf("a request without a body: %q", raw)
	}
	w.sim.Inject(slices.Concat([]byte(header+"To: "+callback+"\r\nMessage-ID: <"+id+"@relay.example>\r\nSubject: "+id+
		"\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit\r\n\r\nYour request "+words+":\r\n\r\n"), body))
}

// respell answers the first request with the same data in other spellings.
func (w *world) respell() {
	w.t.Helper()
	id := regexp.MustCompile(`(?m)^Message-ID: (<.*>)\r$`).FindSubmatch(w.sim.History()[0].Raw)
	if id == nil {
		w.t.Fatal("a request without a Message-ID")
	}
	const words = "КЕНАРОВ  Кенар Кенарович, 45-10 987431, 27/03/1951, 8 (499) 731-08-46, Kenar.Kenarov@Mail.Example"
	w.sim.Inject([]byte("From: " + robot + "\r\nTo: " + callback + "\r\nMessage-ID: <respelled@registrar.example>\r\nIn-Reply-To: " + string(id[1]) +
		"\r\nSubject: " + mime.BEncoding.Encode("utf-8", words) + "\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: 8bit\r\n\r\nWe wonder about " + words + ".\r\n"))
}

// repeatInFields answers the first request, which is concluded, and an
// open one, with personal data in each field that a reply may have.
func (w *world) repeatInFields() {
	w.t.Helper()
	const words = "Кенаров Кенар 4510 987431 +7 499 7310846 kenar.kenarov@mail.example"
	history := w.sim.History()
	open := slices.IndexFunc(history, func(e r01sim.Entry) bool { return bytes.Contains(e.Raw, []byte("garbled-1.ru")) })
	for n, request := range [][]byte{history[0].Raw, history[open].Raw} {
		id := regexp.MustCompile(`(?m)^Message-ID: (<.*>)\r$`).FindSubmatch(request)
		if id == nil {
			w.t.Fatal("a request without a Message-ID")
		}
		for _, field := range []string{"task", "action", "domain", "nic-hdl", "message", "state", "paid-till", "payer"} {
			w.sim.Inject([]byte(fmt.Sprintf("From: %s\r\nTo: %s\r\nMessage-ID: <field-%d-%s@registrar.example>\r\nIn-Reply-To: %s\r\nSubject: field\r\n"+
				"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nstatus: TASK_FAILURE\r\n%s: %s\r\n", robot, callback, n, field, id[1], field, words)))
		}
	}
}

func (w *world) reviews() []struct{ ID, Mail string } {
	w.t.Helper()
	var list []struct{ ID, Mail string }
	w.json(&list, "review")
	return list
}

// look keeps what every reading command prints, the API answers and the pages show.
func look(w *world, shown map[string][]byte) {
	w.t.Helper()
	keep := func(place string, text []byte) { shown[place] = append(shown[place], text...) }
	client := &http.Client{Transport: w.transport()}
	commands, pages := w.reading()
	for _, args := range commands {
		for _, output := range []string{"text", "json"} {
			keep(strings.Join(args, " ")+" as "+output, []byte(w.must(append(args, "-o", output)...)))
		}
	}
	for _, page := range pages {
		answer, err := client.Get("http://panel" + page)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			w.t.Fatalf("GET %s: %s %v\n%s", page, answer.Status, err, text)
		}
		keep("GET "+page, text)
	}
}

// reading lists the commands that read, and their addresses, for everything there is.
func (w *world) reading() (commands [][]string, pages []string) {
	w.t.Helper()
	add := func(path string, args ...string) {
		commands, pages = append(commands, args), append(pages, "/api/v1/"+path)
	}
	add("plugins", "plugins")
	add("orders", "orders")
	add("domains", "domains")
	add("log", "log")
	add("review", "review")
	add("form/ru", "form", "ru")
	pages = append(pages, "/", "/domains", "/domains.csv", "/orders.csv", "/customers.csv", "/orders", "/orders/new?domain=new.ru", "/operations", "/review", "/review/senders", "/mails", "/renewals", "/customers",
		"/import", "/log", "/plugins", "/api/v1/plugins/r01/settings", "/registrars", "/notifications", "/staff", "/tokens")
	var orders []orderView
	w.json(&orders, "orders")
	customers := map[string]bool{}
	for _, o := range orders {
		add("orders/"+o.ID, "order", "show", o.ID)
		add("orders/"+o.ID+"/preview", "preview", o.ID)
		add("domains/"+o.Domain, "domain", "show", o.Domain)
		pages = append(pages, "/domains/"+o.Domain, "/orders/"+o.ID)
		if !customers[o.Customer] {
			customers[o.Customer] = true
			add("customers/"+o.Customer, "customer", "show", o.Customer)
			pages = append(pages, "/customers/"+o.Customer)
		}
	}
	for _, r := range w.reviews() {
		add("review/"+r.ID, "review", "show", r.ID)
		add("review/"+r.ID+"/rule", "review", "rule", r.ID)
		pages = append(pages, "/review/"+r.ID, "/review/"+r.ID+"?show=raw")
	}
	for kind, ids := range w.mentioned() {
		for id := range ids {
			add(kind+"s/"+id, map[string][]string{"mail": {"mail", id}, "operation": {"operation", "show", id}}[kind]...)
			pages = append(pages, "/"+kind+"s/"+id)
		}
	}
	return commands, pages
}

// mentioned returns the mails and operations that the Action Log names.
func (w *world) mentioned() map[string]map[string]bool {
	w.t.Helper()
	var entries []map[string]json.RawMessage
	w.json(&entries, "log")
	all := map[string]map[string]bool{"mail": {}, "operation": {}}
	for _, e := range entries {
		for kind, ids := range all {
			var id string
			if json.Unmarshal(e[kind], &id) == nil && id != "" {
				ids[id] = true
			}
		}
	}
	return all
}

// filesOf reads the files below the world's directory, except those that the test itself wrote.
func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Dir(path) == dir {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
