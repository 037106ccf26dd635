package web

import (
	"net/http"
	"strings"
	"testing"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestGuard(t *testing.T) {
	t.Parallel()
	basic := func(r *http.Request) { r.SetBasicAuth("anybody", "letmein") }
	for _, c := range []struct {
		why, token string
		edit       func(*http.Request)
		status     int
		code       string
	}{
		{"loopback needs no token", "", host("127.0.0.1:8480"), 200, ""},
		{"loopback by name", "", host("localhost:8480"), 200, ""},
		{"loopback by IPv6", "", host("[::1]:8480"), 200, ""},
		{"loopback without a port", "", host("127.0.0.1"), 200, ""},
		{"our client on a Unix socket", "", host("panel"), 200, ""},
		{"a foreign name that may point here", "", host("rebound.example:8480"), 403, "FORBIDDEN"},
		{"a foreign name that begins like ours", "", host("127.0.0.1.rebound.example"), 403, "FORBIDDEN"},
		{"an address of the network", "", host("192.0.2.1:8480"), 403, "FORBIDDEN"},
		{"no host at all", "", host(""), 403, "FORBIDDEN"},
		{"the token is missing", "letmein", host("127.0.0.1"), 401, "UNAUTHORIZED"},
		{"the token is wrong", "letmein", header("Authorization", "Bearer letmeout"), 401, "UNAUTHORIZED"},
		{"the token is a prefix", "letmein", header("Authorization", "Bearer let"), 401, "UNAUTHORIZED"},
		{"the token is empty", "letmein", header("Authorization", "Bearer "), 401, "UNAUTHORIZED"},
		{"the token is right", "letmein", header("Authorization", "Bearer letmein"), 200, ""},
		{"the token as a browser's password", "letmein", basic, 200, ""},
		{"with a token any name will do", "letmein", func(r *http.Request) { host("panel.example")(r); basic(r) }, 200, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.token)
			for _, path := range []string{"/api/v1/domains", "/domains", "/style.css"} {
				w := b.call("GET", path, "", c.edit)
				if w.Code != c.status {
					t.Errorf("%s: status %d, want %d: %s", path, w.Code, c.status, w.Body)
				}
				if c.code != "" {
					b.refused(w, c.status, c.code)
				}
				if got := w.Header().Get("WWW-Authenticate"); (got != "") != (c.status == 401) {
					t.Errorf("%s: WWW-Authenticate: %q", path, got)
				}
			}
		})
	}
}

// refused asserts an answer that is a failure of the API, and returns it.
func (b *bench) refused(w interface {
	Result() *http.Response
}, status int, code string) api.Error {
	b.t.Helper()
	var f api.Failure
	b.decode(w, status, &f)
	if f.Error.Code != code || f.Error.Message == "" || f.Error.Problems == nil {
		b.t.Errorf("refused with %+v, want %s, a message and a list", f.Error, code)
	}
	return f.Error
}

func TestChangesMustBeOurs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why    string
		edit   func(*http.Request)
		status int
		code   string
	}{
		{"a form of another site", header("Content-Type", "application/x-www-form-urlencoded"), 415, "BAD_REQUEST"},
		{"plain text", header("Content-Type", "text/plain"), 415, "BAD_REQUEST"},
		{"no type", header("Content-Type", ""), 415, "BAD_REQUEST"},
		{"another site's script", header("Origin", "https://evil.example"), 403, "FORBIDDEN"},
		{"another port's script", header("Origin", "http://127.0.0.1:9999"), 403, "FORBIDDEN"},
		{"a browser that calls it foreign", header("Sec-Fetch-Site", "cross-site"), 403, "FORBIDDEN"},
		{"our own pages", header("Origin", "http://127.0.0.1:8480"), 200, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			w := b.call("POST", "/api/v1/orders", newOrder, c.edit)
			stored, err := b.book.Orders(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if c.status == 200 {
				if w.Code != 200 || len(stored) != 1 {
					t.Errorf("status %d and %d orders: %s", w.Code, len(stored), w.Body)
				}
				return
			}
			b.refused(w, c.status, c.code)
			if len(stored) != 0 {
				t.Error("it was refused and stored")
			}
		})
	}
}

func TestRequestsThatAreNoRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, body, says string
	}{
		{"nothing", "", "EOF"},
		{"no JSON", "kind=register", "invalid character"},
		{"a list", "[]", "cannot unmarshal array"},
		{"an unknown key", `{"kindd":"register"}`, `unknown field "kindd"`},
		{"two values", `{"kind":"register"}{}`, "after the JSON value"},
		{"a number in the contact", `{"contact":{"kind":"person","inn":7707083893}}`, `contact key "inn" must be a string`},
		{"a key that is there twice", `{"contact":{"kind":"person","inn":"1","inn":"2"}}`, `contact key "inn" is there twice`},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			got := b.refused(b.call("POST", "/api/v1/orders", c.body), http.StatusBadRequest, "BAD_REQUEST")
			if !strings.Contains(got.Message, c.says) {
				t.Errorf("message %q, want one with %q", got.Message, c.says)
			}
		})
	}
}

func TestRequestTooLarge(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.refused(b.call("POST", "/api/v1/orders", `{"kind":"`+strings.Repeat("x", maxBody)+`"}`), http.StatusRequestEntityTooLarge, "BAD_REQUEST")
}

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range registrar.Codes() {
		if status := statusOf[code]; status < 400 || status > 599 {
			t.Errorf("%s: status %d", code, status)
		}
	}
	if len(statusOf) != len(registrar.Codes()) {
		t.Error("a status is given to what is no code")
	}
}
