package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"registrar.panel/host/access"
	"registrar.panel/host/staff"
	"registrar.panel/host/web/api"
)

const password = "correct horse battery"

// staffed is a bench on TCP where anna may look and pay, and boris administers.
func staffed(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, "letmein")
	room, err := staff.New(staff.Options{Book: b.book.Staff(), Cost: staff.Cost{Passes: 1, Memory: 8, Threads: 1}, Logger: slog.New(slog.DiscardHandler), Now: b.book.Now})
	if err != nil {
		t.Fatal(err)
	}
	b.options.Staff = room
	b.options.Pages = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page for "+caller(r).Name) })
	}
	b.Server = New(b.options)
	for _, in := range []string{`{"name":"anna","rights":["look","money"],"password":"` + password + `"}`, `{"name":"boris","rights":["admin"],"password":"` + password + `"}`} {
		var m api.Member
		b.decode(b.call("POST", "/api/v1/staff", in, bearer("letmein")), http.StatusOK, &m)
		if m.Name == "" || m.CreatedBy != "token" {
			t.Fatalf("made %+v", m)
		}
	}
	return b
}

// visit makes a request as a browser does that shows our page.
func (b *bench) visit(method, path, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.call(method, path, body, append([]func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Accept", "text/html,*/*")}, edit...)...)
}

func with(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

// signIn is the cookie of a member.
func (b *bench) signIn(name string, edit ...func(*http.Request)) *http.Cookie {
	b.t.Helper()
	form := url.Values{"name": {name}, "password": {password}, "next": {"/orders"}}
	w := b.visit("POST", "/sign-in", form.Encode(), append(edit, header("Content-Type", "application/x-www-form-urlencoded"))...)
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 1 {
		b.t.Fatalf("%s signs in: status %d, %s", name, w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// Pages and API know a member who has signed in as they know a token: by name and rights, until the
// session ends.
func TestMembersAreCallers(t *testing.T) {
	t.Parallel()
	b := staffed(t)
	anna := with(b.signIn("anna"))
	for path, status := range map[string]int{"/orders": 200, "/api/v1/orders": 200, "/api/v1/tokens": 403, "/api/v1/staff": 403} {
		if w := b.visit("GET", path, "", anna); w.Code != status {
			t.Errorf("%s: status %d, want %d: %s", path, w.Code, status, w.Body)
		}
	}
	var resolved struct {
		ResolvedBy string `json:"resolved_by"`
	}
	b.decode(b.visit("POST", "/api/v1/review/rv-1/resolve", `{"version":"6","outcome":"ignore"}`, anna), 200, &resolved)
	if resolved.ResolvedBy != "anna" {
		t.Errorf("decided by %q", resolved.ResolvedBy)
	}

	boris := with(b.signIn("boris"))
	var all []api.Member
	b.decode(b.visit("GET", "/api/v1/staff", "", boris), 200, &all)
	if len(all) != 2 || all[0].Name != "anna" || all[0].Sessions != 1 || all[0].LastSeen == nil {
		t.Errorf("the staff are %+v", all)
	}
	var open []api.Session
	b.decode(b.visit("GET", "/api/v1/staff/anna/sessions", "", boris), 200, &open)
	if len(open) != 1 || len(open[0].ID) != shownDigest || open[0].Address != "192.0.2.1" || !open[0].EndsAt.Equal(open[0].CreatedAt.Add(access.SessionLife)) {
		t.Errorf("the sessions are %+v", open)
	}
	b.refused(b.visit("POST", "/api/v1/staff/boris/rights", `{"rights":["all"]}`, boris), 422, "INVALID")
	b.decode(b.visit("POST", "/api/v1/staff/anna/rights", `{"rights":["order"]}`, boris), 200, &struct{}{})
	b.refused(b.visit("GET", "/api/v1/orders", "", anna), 403, "FORBIDDEN")

	var done api.MemberChanged
	b.decode(b.visit("POST", "/api/v1/staff/anna/sign-out", `{}`, boris), 200, &done)
	if done.Ended != 1 {
		t.Errorf("ended %+v", done)
	}
	b.refused(b.visit("GET", "/api/v1/orders", "", anna), 401, "UNAUTHORIZED")
	b.decode(b.visit("POST", "/api/v1/staff/boris/remove", `{}`, boris), 200, &done)
	b.refused(b.visit("GET", "/api/v1/staff", "", boris), 401, "UNAUTHORIZED")
}

// A browser adds the cookie to whatever another site has it ask for: that is refused, and so is what does
// not say where it comes from.
func TestCookiesAreForOurPages(t *testing.T) {
	t.Parallel()
	b := staffed(t)
	anna := with(b.signIn("anna"))
	const pay = "/api/v1/orders/none/pay"
	for _, c := range []struct {
		why    string
		edit   func(*http.Request)
		status int
	}{
		{"our own page", header("Sec-Fetch-Site", "same-origin"), 404},
		{"our own page in an old browser", header("Origin", "https://127.0.0.1:8480"), 404},
		{"another site", header("Sec-Fetch-Site", "cross-site"), 403},
		{"another host of the same domain", header("Sec-Fetch-Site", "same-site"), 403},
		{"another site in an old browser", header("Origin", "https://evil.example"), 403},
		{"a sandbox", header("Origin", "null"), 403},
		{"a program that says nothing", func(*http.Request) {}, 403},
	} {
		if w := b.call("POST", pay, "{}", anna, c.edit); w.Code != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.why, w.Code, c.status, w.Body)
		}
		if w := b.call("POST", "/orders", "", anna, c.edit); (w.Code == 403) != (c.status == 403) {
			t.Errorf("%s, to a page: status %d: %s", c.why, w.Code, w.Body)
		}
	}
	if w := b.call("POST", pay, "{}", anna, bearer("letmein")); w.Code != 404 {
		t.Errorf("a token beside the cookie: %d", w.Code)
	}

	for _, path := range []string{"/sign-in", "/sign-out"} {
		w := b.call("POST", path, "name=anna&password="+url.QueryEscape(password), anna, header("Sec-Fetch-Site", "cross-site"), header("Content-Type", "application/x-www-form-urlencoded"))
		if w.Code != 403 || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s from another site: %d", path, w.Code)
		}
	}
	if w := b.visit("GET", "/orders", "", anna); w.Code != 200 || w.Body.String() != "a page for anna" {
		t.Errorf("and the session stands: %d, %s", w.Code, w.Body)
	}
}

// A person who opens a page is led to where one signs in, and a program is told what is missing.
func TestVisitorsAreLedIn(t *testing.T) {
	t.Parallel()
	b := staffed(t)
	for _, c := range []struct {
		method, path, accept string
		status               int
	}{
		{"GET", "/domains?q=a&sort=name", "text/html", 303}, {"GET", "/nowhere", "text/html", 303}, {"GET", "/domains", "*/*", 401},
		{"POST", "/domains", "text/html", 401}, {"GET", "/api/v1/domains", "text/html", 401}, {"GET", "/sign-in", "text/html", 200}, {"GET", "/sign-in/style.css", "", 200},
	} {
		w := b.call(c.method, c.path, "", header("Accept", c.accept))
		if w.Code != c.status || c.status == 303 && w.Header().Get("Location") != "/sign-in?next="+url.QueryEscape(c.path) {
			t.Errorf("%s %s as %s: %d to %q", c.method, c.path, c.accept, w.Code, w.Header().Get("Location"))
		}
		if h := w.Header(); h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s is not shielded: %v", c.path, h)
		}
	}
	stale := with(&http.Cookie{Name: "panel", Value: "panel-of-yesterday"})
	if w := b.call("GET", "/domains", "", stale, header("Accept", "text/html")); w.Code != 303 {
		t.Errorf("with a session that is over: %d", w.Code)
	}
}

// A member exchanges the own password with the old one; another's is for who administers.
func TestOwnPassword(t *testing.T) {
	t.Parallel()
	b := staffed(t)
	anna := b.signIn("anna")
	change := func(of, old, fresh string) *httptest.ResponseRecorder {
		return b.visit("POST", "/api/v1/staff/"+of+"/password", `{"password":"`+fresh+`","old":"`+old+`"}`, with(anna))
	}
	b.refused(change("boris", password, "another one, long enough"), 403, "FORBIDDEN")
	b.refused(change("anna", "guessed", "another one, long enough"), 409, "PRECONDITION")
	b.refused(change("anna", password, "short"), 422, "INVALID")
	var done api.MemberChanged
	b.decode(change("anna", password, "another one, long enough"), 200, &done)
	if done.Ended != 1 {
		t.Errorf("ended %+v", done)
	}
	b.refused(b.visit("GET", "/api/v1/orders", "", with(anna)), 401, "UNAUTHORIZED")
}

// Behind a proxy a session has the address that the proxy tells of, and only the proxy lets in.
func TestSignInBehindAProxy(t *testing.T) {
	t.Parallel()
	b := staffed(t)
	b.options.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	b.Server = New(b.options)
	b.signIn("anna", header("X-Forwarded-For", "203.0.113.7"))
	open, err := b.book.Staff().Sessions(t.Context(), "anna")
	if err != nil || len(open) != 1 || open[0].Address != "203.0.113.7" {
		t.Errorf("the sessions are %+v, %v", open, err)
	}
	w := b.call("GET", "/sign-in", "", func(r *http.Request) { r.RemoteAddr = "198.51.100.1:1" })
	b.refused(w, 403, "FORBIDDEN")
}
