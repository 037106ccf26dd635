package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

func TestGuard(t *testing.T) {
	t.Parallel()
	basic := func(r *http.Request) { r.SetBasicAuth("any", "letmein") }
	nothing := func(*http.Request) {}
	for _, c := range []struct {
		why, token string
		edit       func(*http.Request)
		status     int
	}{
		{"a user of the socket needs no credential", "", nothing, 200},
		{"and none that is wrong harms", "", bearer("letmeout"), 200},
		{"a credential is missing, whatever the host is called", "letmein", header("Host", "127.0.0.1"), 401},
		{"the token is wrong", "letmein", bearer("letmeout"), 401},
		{"the token is a prefix", "letmein", bearer("let"), 401},
		{"the token is empty", "letmein", bearer(""), 401},
		{"another scheme", "letmein", header("Authorization", "Digest letmein"), 401},
		{"the token is right", "letmein", bearer("letmein"), 200},
		{"the token as a browser's password", "letmein", basic, 200},
		{"any name of the host will do", "letmein", func(r *http.Request) { r.Host = "panel.example"; basic(r) }, 200},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.token)
			for _, path := range []string{"/api/v1/domains", "/domains", "/style.css"} {
				w := b.call("GET", path, "", c.edit)
				if w.Code != c.status {
					t.Errorf("%s: status %d, want %d: %s", path, w.Code, c.status, w.Body)
				}
				if c.status == 401 {
					b.refused(w, c.status, "UNAUTHORIZED")
				}
				if got := w.Header().Get("WWW-Authenticate"); (got != "") != (c.status == 401) {
					t.Errorf("%s: WWW-Authenticate: %q", path, got)
				}
			}
		})
	}
}

// Without a credential a caller on TCP may do nothing.
func TestNoCredentialIsNoWayIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.peer = nil
	for _, edit := range []func(*http.Request){func(*http.Request) {}, bearer(""), bearer(" "), func(r *http.Request) { r.SetBasicAuth("", "") }} {
		b.refused(b.call("GET", "/api/v1/domains", "", edit), 401, "UNAUTHORIZED")
	}
}

// A credential does what its rights say, under its own name, until it ends.
func TestCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	b.call("POST", "/api/v1/orders", newOrder)
	issue := func(name string, rights ...string) string {
		t.Helper()
		var made struct{ Token, Name string }
		b.decode(b.call("POST", "/api/v1/tokens", fmt.Sprintf(`{"name":%q,"rights":["%s"]}`, name, strings.Join(rights, `","`))), 200, &made)
		if len(made.Token) < 40 || made.Name != name {
			t.Fatalf("made %+v", made)
		}
		return made.Token
	}
	tokens := map[access.Right]string{}
	for _, r := range access.Rights() {
		tokens[r] = issue("only-"+string(r), string(r))
	}
	b.peer = nil
	for _, c := range []struct {
		method, path, body string
		rights             []access.Right
	}{
		{"GET", "domains", "", []access.Right{access.Look}},
		{"GET", "orders", "", []access.Right{access.Look}},
		{"GET", "operations/counts", "", []access.Right{access.Look}},
		{"GET", "review", "", []access.Right{access.Look}},
		{"GET", "review/senders", "", []access.Right{access.Look}},
		{"GET", "mails", "", []access.Right{access.Look}},
		{"POST", "review/resolve", `{"from":"evil@spam.example","outcome":"ignore"}`, []access.Right{access.Money}},
		{"POST", "review/senders/heed", `{"address":"evil@spam.example"}`, []access.Right{access.Money}},
		{"GET", "log", "", []access.Right{access.Look}},
		{"GET", "plugins", "", []access.Right{access.Look}},
		{"GET", "mails/m-1", "", []access.Right{access.Look}},
		{"POST", "orders", `{"kind":"register","domain":"x.ru","customer":"c"}`, []access.Right{access.Order}},
		{"POST", "orders", `{"kind":"register","domain":"y.ru","customer":"c","own":true}`, []access.Right{access.Money}},
		{"POST", "orders/none/cancel", `{}`, []access.Right{access.Order}},
		{"POST", "orders/none/pay", `{}`, []access.Right{access.Money}},
		{"POST", "orders/none/secret", `{}`, []access.Right{access.Secrets}},
		{"POST", "domains/example.ru/renewal", `{"mode":"auto"}`, []access.Right{access.Money}},
		{"POST", "domains/z.ru/import", `{"customer":"c","handle":"H","paid_till":"2027-01-01"}`, []access.Right{access.Money}},
		{"POST", "domains/example.ru/move", `{"to":"r01"}`, []access.Right{access.Money}},
		{"POST", "domains/example.ru/correct", `{"paid_till":"2027-04-01","reason":"r"}`, []access.Right{access.Money}},
		{"POST", "domains/example.ru/forget", `{"reason":"r"}`, []access.Right{access.Money}},
		{"POST", "customers/c1/handles", `{"handle":"H"}`, []access.Right{access.Order}},
		{"POST", "renewals/run", `{"dry_run":true}`, []access.Right{access.Look}},
		{"POST", "renewals/run", `{"dry_run":false}`, []access.Right{access.Money}},
		{"POST", "review/rv-1/resolve", `{"outcome":"ignore"}`, []access.Right{access.Money}},
		{"POST", "operations/op-1/resolve", `{"outcome":"done"}`, []access.Right{access.Money}},
		{"POST", "replies/test", `{"raw":""}`, []access.Right{access.Look}},
		{"POST", "plugins/r01/upgrade", `{}`, []access.Right{access.Admin}},
		{"POST", "customers/c9/erase", `{}`, []access.Right{access.Secrets}},
		{"POST", "keys/rotate", `{}`, []access.Right{access.Admin}},
		{"GET", "tokens", "", []access.Right{access.Admin}},
		{"POST", "tokens", `{"name":"x","rights":[]}`, []access.Right{access.Admin}},
		{"POST", "tokens/none/revoke", `{}`, []access.Right{access.Admin}},
	} {
		for _, r := range access.Rights() {
			w := b.call(c.method, "/api/v1/"+c.path, c.body, bearer(tokens[r]))
			if may := w.Code != http.StatusForbidden; may != slices.Contains(c.rights, r) || w.Code == http.StatusUnauthorized {
				t.Errorf("%s %s %s with the right %s: status %d: %s", c.method, c.path, c.body, r, w.Code, w.Body)
			}
		}
	}
	var resolved struct {
		ResolvedBy string `json:"resolved_by"`
	}
	b.decode(b.call("POST", "/api/v1/review/rv-1/resolve", `{"version":"6","outcome":"ignore","by":"olga"}`, bearer(tokens[access.Money])), 200, &resolved)
	if resolved.ResolvedBy != "only-money" {
		t.Errorf("decided by %q", resolved.ResolvedBy)
	}
	if log := b.call("GET", "/api/v1/log", "", bearer(tokens[access.Look])).Body.String(); !strings.Contains(log, `"actor":"only-money"`) || !strings.Contains(log, `on behalf of \"olga\"`) || strings.Contains(log, `"actor":"olga"`) {
		t.Errorf("the log says %s", log)
	}
	admin := bearer(tokens[access.Admin])
	list := b.call("GET", "/api/v1/tokens", "", admin).Body.String()
	for _, token := range tokens {
		if strings.Contains(list, token) || strings.Contains(list, access.Digest(token)) {
			t.Errorf("the list shows a token: %s", list)
		}
	}
	if !strings.Contains(list, `"last_used":"`) {
		t.Errorf("the last use is not shown: %s", list)
	}
	var revoked api.Revoked
	b.decode(b.call("POST", "/api/v1/tokens/only-look/revoke", "{}", admin), 200, &revoked)
	if !revoked.Changed {
		t.Error("nothing was revoked")
	}
	b.refused(b.call("GET", "/api/v1/domains", "", bearer(tokens[access.Look])), 401, "UNAUTHORIZED")
	for _, wrong := range []string{`{"name":"only-admin","rights":["look"]}`, `{"name":"Anna","rights":["look"]}`, `{"name":"root","rights":["look"]}`, `{"name":"x","rights":["all"]}`,
		`{"name":"x","rights":["look"],"expires_at":"2020-01-01T00:00:00Z"}`} {
		if w := b.call("POST", "/api/v1/tokens", wrong, admin); w.Code != 409 && w.Code != 422 {
			t.Errorf("%s: status %d", wrong, w.Code)
		}
	}
}

// Behind a proxy only the proxy may call, and guesses are counted by whom it speaks for.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	b := newBench(t, "letmein-letmein-letmein")
	b.proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	from := func(address, forwarded string) func(*http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = address
			if forwarded != "" {
				r.Header.Set("X-Forwarded-For", forwarded)
			}
			bearer("letmein-letmein-letmein")(r)
		}
	}
	for _, c := range []struct {
		remote, forwarded string
		status            int
		origin            string
	}{
		{"10.0.0.7:1234", "203.0.113.9", 200, "203.0.113.9"},
		{"10.0.0.7:1234", "198.51.100.1, 203.0.113.9", 200, "203.0.113.9"},
		{"10.0.0.7:1234", "203.0.113.9, 10.0.0.8", 200, "203.0.113.9"},
		{"10.0.0.7:1234", "nonsense", 200, "10.0.0.7"},
		{"10.0.0.7:1234", "", 200, "10.0.0.7"},
		{"192.0.2.1:1234", "10.0.0.7", 403, ""},
		{"[::1]:1234", "", 403, ""},
	} {
		w := b.call("GET", "/api/v1/domains", "", from(c.remote, c.forwarded))
		if w.Code != c.status {
			t.Errorf("%+v: status %d", c, w.Code)
		}
		r := httptest.NewRequest("GET", "/", nil)
		from(c.remote, c.forwarded)(r)
		if origin, ok := b.origin(r); ok != (c.status == 200) || ok && origin != c.origin {
			t.Errorf("%+v: %s, %v", c, origin, ok)
		}
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
			stored, _, err := b.book.Lists().Orders(t.Context(), orders.OrderList{})
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
		{"no JSON", "kind=register", "it is not JSON"},
		{"a list", "[]", "must be an object, and is a list"},
		{"an unknown key", `{"kindd":"register"}`, `there is no key "kindd"`},
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

func TestEveryAnswerIsShielded(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for _, path := range []string{"/", "/nowhere", "/api/v1/domains", "/api/v1/nowhere"} {
		h := b.call("GET", path, "").Header()
		for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if h.Get(key) != want {
				t.Errorf("%s: %s: %q", path, key, h.Get(key))
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

// Pages find who calls in the context of a request.
func TestPagesKnowTheCaller(t *testing.T) {
	t.Parallel()
	if got := newBench(t, "").call("GET", "/domains", "").Body.String(); got != "for olga" {
		t.Errorf("answered %q", got)
	}
	if got := newBench(t, "letmein").call("GET", "/domains", "", bearer("letmein")).Body.String(); got != "for token" {
		t.Errorf("answered %q", got)
	}
}
