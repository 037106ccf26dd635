package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// shortDir leaves room for the path of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ho")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Without listen the panel is on a socket in its data directory, which is its own user's alone;
// the user at its other end is known by name.
func TestSocketIsTheDefault(t *testing.T) {
	t.Parallel()

	dir := shortDir(t)
	o := options(t, strings.Replace(good, "  listen = \"127.0.0.1:0\"\n", "  data = \""+dir+"/data\"\n", 1))
	h, _ := run(t, o)
	ready(t, h)

	path := filepath.Join(dir, "data/panel.sock")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || h.URL() != "unix://"+path {
		t.Fatalf("%v, %v, %s", info, err, h.URL())
	}

	c, err := api.NewClient(h.URL(), secret.String{})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := api.Post[api.Plugin](t.Context(), c, api.Path("plugins", "actor", "upgrade"), api.Upgrade{By: "somebody else"}); err != nil {
		t.Fatal(err)
	}

	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}

	entries, err := h.orders.Log(t.Context(), orders.LogQuery{})
	if err != nil {
		t.Fatal(err)
	}

	last := entries[len(entries)-1]
	if last.Event != registrar.EventDecision || last.Actor != me.Username || !strings.Contains(last.Message, `on behalf of "somebody else"`) {
		t.Errorf("the log says %+v", last)
	}

	scraped, asked := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	h.web.ServeHTTP(scraped, asked.WithContext(access.With(t.Context(), access.Caller{Name: "monitor", Rights: []access.Right{access.Look}})))
	if !strings.Contains(scraped.Body.String(), `panel_registrar_up{registrar="actor"} 1`) || !strings.Contains(scraped.Body.String(), "panel_book_up 1") {
		t.Errorf("the metrics are %s", scraped.Body)
	}

	needs, err := attention{h}.Attention(t.Context())
	lines, summaryErr := attention{h}.Summary(t.Context())
	if text := strings.Join(lines, "\n"); err != nil || summaryErr != nil || len(needs.Items) > 0 || needs.More || !strings.Contains(text, "registrars: actor running") || !strings.Contains(text, "domains: none") {
		t.Errorf("people are told %+v, %v; in the morning %q, %v", needs, err, text, summaryErr)
	}
}

// certify writes a certificate and its key for a name.
func certify(t *testing.T, dir, name string) {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	about := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}

	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}

	for file, block := range map[string]*pem.Block{"panel.crt": {Type: "CERTIFICATE", Bytes: der}, "panel.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A certificate is read again when it was renewed; one that can't be used changes nothing.
func TestTLS(t *testing.T) {
	t.Parallel()

	o := options(t, strings.Replace(good, "  listen = \"127.0.0.1:0\"\n", "  listen = \"127.0.0.1:0\"\n  token = \"a-token-of-enough-length\"\n  tls {\n    cert = \"panel.crt\"\n    key = \"panel.pem\"\n  }\n", 1))
	dir := filepath.Dir(o.ConfigPath)
	_, err := Open(t.Context(), o)
	wantMistake(t, err, "4,3", "panel.tls: open")
	certify(t, dir, "first")

	h, _ := run(t, o)
	if !strings.HasPrefix(h.URL(), "https://") {
		t.Fatal(h.URL())
	}

	subject := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(h.URL(), "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := subject(); got != "first" {
		t.Errorf("the certificate is %q", got)
	}

	ask := func() error {
		t.Helper()

		text, err := os.ReadFile(filepath.Join(dir, "panel.crt"))
		if err != nil {
			t.Fatal(err)
		}

		c, err := api.NewClient(h.URL(), secret.New("a-token-of-enough-length"), api.Pinned(text))
		if err != nil {
			t.Fatal(err)
		}

		_, err = api.Get[[]api.Order](t.Context(), c, api.Path("orders"), nil)
		return err
	}
	if err := ask(); err != nil {
		t.Errorf("by the file's certificate: %v", err)
	}

	certify(t, dir, "second")
	if got := subject(); got != "second" {
		t.Errorf("after the renewal the certificate is %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "panel.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := subject(); got != "second" {
		t.Errorf("after a damaged renewal the certificate is %q", got)
	}

	other := t.TempDir()
	certify(t, other, "evil")

	text, err := os.ReadFile(filepath.Join(other, "panel.crt"))
	if err != nil {
		t.Fatal(err)
	}

	c, err := api.NewClient(h.URL(), secret.New("a-token-of-enough-length"), api.Pinned(text))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := api.Get[[]api.Order](t.Context(), c, api.Path("orders"), nil); err == nil || !strings.Contains(err.Error(), "is not that of panel.tls") {
		t.Errorf("another's certificate: %v", err)
	}

	plain, err := http.Get(strings.Replace(h.URL(), "https", "http", 1))
	if err == nil {
		plain.Body.Close()
		if plain.StatusCode != http.StatusBadRequest {
			t.Errorf("in clear text: %s", plain.Status)
		}
	}
}
