package staff

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/shared/registrar"
)

// roster is a book in memory.
type roster struct {
	mu       sync.Mutex
	now      func() time.Time
	members  map[string]access.Member
	sessions map[string]access.Session
}

func (b *roster) Add(_ context.Context, m access.Member) error { b.members[m.Name] = m; return nil }

func (b *roster) SetPassword(ctx context.Context, name, hash string) error {
	m := b.members[name]
	m.Password = hash
	b.members[name] = m
	_, err := b.EndAll(ctx, name)
	return err
}

func (b *roster) SetRights(_ context.Context, name string, rights []access.Right) error {
	m := b.members[name]
	m.Rights = rights
	b.members[name] = m
	return nil
}

func (b *roster) Remove(_ context.Context, name string) error   { delete(b.members, name); return nil }
func (b *roster) List(context.Context) ([]access.Member, error) { return nil, nil }

func (b *roster) Find(_ context.Context, name string) (access.Member, bool, error) {
	m, ok := b.members[name]
	return m, ok, nil
}

func (b *roster) Open(_ context.Context, n access.Session, hash string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n.CreatedAt, n.SeenAt = b.now(), b.now()
	b.sessions[n.Digest] = n
	return b.members[n.Name].Password == hash, nil
}

func (b *roster) Session(_ context.Context, digest string) (access.Session, access.Member, bool, error) {
	n, ok := b.sessions[digest]
	m, there := b.members[n.Name]
	return n, m, ok && there, nil
}

func (b *roster) Seen(_ context.Context, n access.Session) error {
	n.SeenAt = b.now()
	b.sessions[n.Digest] = n
	return nil
}

func (b *roster) Sessions(context.Context, string) ([]access.Session, error) { return nil, nil }
func (b *roster) End(_ context.Context, digest string) error                 { delete(b.sessions, digest); return nil }

func (b *roster) EndAll(_ context.Context, name string) (n int, err error) {
	for digest, s := range b.sessions {
		if s.Name == name {
			delete(b.sessions, digest)
			n++
		}
	}
	return n, nil
}

const good = "correct horse battery"

// desk is a room with one member, anna.
type desk struct {
	*Room
	t    *testing.T
	book *roster
	now  time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	d.book = &roster{now: clock, members: map[string]access.Member{}, sessions: map[string]access.Session{}}
	var err error
	if d.Room, err = New(Options{Book: d.book, Cost: Cost{Passes: 1, Memory: 8, Threads: 1}, Now: clock, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Room.Add(t.Context(), "anna", []string{"look", "money"}, good, "root"); err != nil {
		t.Fatal(err)
	}
	return d
}

// ask makes a request with a form and cookies.
func (d *desk) ask(method, path string, form url.Values, edit func(*http.Request), cookies ...*http.Cookie) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// enter signs in, and returns the cookie.
func (d *desk) enter() *http.Cookie {
	d.t.Helper()
	w := d.ask("POST", "/sign-in", url.Values{"name": {"anna"}, "password": {good}, "next": {"/domains?q=a"}}, nil)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/domains?q=a" || len(w.Result().Cookies()) != 1 {
		d.t.Fatalf("status %d to %q, %v", w.Code, w.Header().Get("Location"), w.Result().Cookies())
	}
	return w.Result().Cookies()[0]
}

// who is the caller by a cookie; "" = none.
func (d *desk) who(c *http.Cookie) string {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), "GET", "/", nil)
	r.AddCookie(c)
	caller, ok, err := d.Caller(r)
	if err != nil || ok != (caller.Name != "") {
		d.t.Fatalf("%+v, %v, %v", caller, ok, err)
	}
	return caller.Name
}

// Who signs in has a session with the rights that the member has now, and nothing of password or cookie
// is kept.
func TestSignIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.enter()
	if c.Name != "panel" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 {
		t.Errorf("the cookie is %+v", c)
	}
	if d.who(c) != "anna" {
		t.Errorf("the caller is %q", d.who(c))
	}
	for digest, s := range d.book.sessions {
		if strings.Contains(digest, c.Value) || s.Address != "192.0.2.1" {
			t.Errorf("kept is %q, %+v", digest, s)
		}
	}
	if hash := d.book.members["anna"].Password; !strings.HasPrefix(hash, "$argon2id$v=19$m=8,t=1,p=1$") || strings.Contains(hash, good) {
		t.Errorf("kept is %q", hash)
	}

	if err := d.SetRights(t.Context(), "anna", []string{"look"}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.AddCookie(c)
	if caller, _, _ := d.Caller(r); caller.May(access.Money) || !caller.May(access.Look) || !caller.SignedIn {
		t.Errorf("the rights are %v", caller.Rights)
	}
	if second := d.ask("POST", "/sign-in", url.Values{"name": {"anna"}, "password": {good}}, nil, c); second.Code != http.StatusSeeOther || d.who(c) != "" {
		t.Errorf("the session before goes on: %d", second.Code)
	}
}

// With TLS the cookie is never sent without, and no other host can set it.
func TestCookieOverTLS(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	form := url.Values{"name": {"anna"}, "password": {good}}
	for why, secure := range map[string]func(*http.Request){"TLS of its own": func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, "a proxy's": nil} {
		d.secure = secure == nil
		c := d.ask("POST", "/sign-in", form, secure).Result().Cookies()[0]
		if c.Name != "__Host-panel" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
			t.Errorf("%s: %+v", why, c)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	form := url.Values{}
	for why, c := range map[string]struct {
		end   func(d *desk, c *http.Cookie)
		stays bool
	}{
		"an hour without a request":   {func(d *desk, _ *http.Cookie) { d.now = d.now.Add(time.Hour) }, true},
		"two hours without a request": {func(d *desk, _ *http.Cookie) { d.now = d.now.Add(2 * time.Hour) }, false},
		"twelve hours at work": {func(d *desk, c *http.Cookie) {
			for range 12 {
				d.who(c)
				d.now = d.now.Add(time.Hour)
			}
		}, false},
		"eleven hours at work": {func(d *desk, c *http.Cookie) {
			for range 11 {
				d.who(c)
				d.now = d.now.Add(time.Hour)
			}
		}, true},
		"signed out":           {func(d *desk, c *http.Cookie) { d.ask("POST", "/sign-out", form, nil, c) }, false},
		"signed out elsewhere": {func(d *desk, _ *http.Cookie) { d.ask("POST", "/sign-out", form, nil, d.enter()) }, true},
		"signed out everywhere": {func(d *desk, _ *http.Cookie) {
			d.ask("POST", "/sign-out", url.Values{"everywhere": {"1"}}, nil, d.enter())
		}, false},
		"a link to sign out": {func(d *desk, c *http.Cookie) { d.ask("GET", "/sign-out?everywhere=1", form, nil, c) }, true},
		"another password": {func(d *desk, _ *http.Cookie) {
			if err := d.SetPassword(d.t.Context(), "anna", "another one, long enough"); err != nil {
				d.t.Fatal(err)
			}
		}, false},
		"taken off the staff": {func(d *desk, _ *http.Cookie) { d.Remove(d.t.Context(), "anna") }, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			cookie := d.enter()
			c.end(d, cookie)
			if stays := d.who(cookie) != ""; stays != c.stays {
				t.Errorf("the session stays: %v", stays)
			}
		})
	}
}

// A wrong name and a wrong password are answered alike, later with each attempt, and the right one at
// once.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		try := func(name, password, address string) (time.Duration, error) {
			began := time.Now()
			_, err := d.SignIn(t.Context(), name, password, address)
			return time.Since(began), err
		}
		for _, c := range []struct {
			name, address string
			took          time.Duration
		}{
			{"anna", "192.0.2.1", 500 * time.Millisecond}, {"anna", "192.0.2.1", 500 * time.Millisecond}, {"anna", "192.0.2.1", 500 * time.Millisecond},
			{"anna", "192.0.2.1", time.Second},
			{"anna", "192.0.2.2", 1250 * time.Millisecond}, // from elsewhere for the same name
			{"nobody-here", "192.0.2.1", 1250 * time.Millisecond},
			{"anna", "192.0.2.3", 2250 * time.Millisecond},
		} {
			if took, err := try(c.name, "wrong password", c.address); took != c.took || !errors.Is(err, errWrong) {
				t.Errorf("%s from %s: after %v, %v; want after %v", c.name, c.address, took, err, c.took)
			}
		}
		if took, err := try("anna", good, "192.0.2.1"); err != nil || took != 0 {
			t.Errorf("the right one: after %v, %v", took, err)
		}
		if took, err := try("anna", strings.Repeat("x", 100_000), "192.0.2.9"); took == 0 || !errors.Is(err, errWrong) {
			t.Errorf("a huge one: after %v, %v", took, err)
		}
	})
}

func TestPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	russian := func(r *http.Request) { r.Header.Set("Accept-Language", "ru-RU,ru;q=0.9,en;q=0.8") }
	for _, c := range []struct {
		path  string
		edit  func(*http.Request)
		shows []string
	}{
		{"/sign-in", nil, []string{`<html lang="en">`, `<label for="password">Password</label>`, `name="next" value="/"`, `autocomplete="current-password"`}},
		{"/sign-in?next=%2Fdomains%3Fq%3Da%26b", russian, []string{`<html lang="ru">`, "Пароль", `value="/domains?q=a&amp;b"`}},
		{"/sign-in?next=%22%3E%3Cscript%3E", nil, []string{`value="/"`}},
	} {
		w := d.ask("GET", c.path, nil, c.edit)
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<script") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d, %s", c.path, w.Code, w.Body)
		}
		for _, text := range c.shows {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s does not show %q:\n%s", c.path, text, w.Body)
			}
		}
	}
	w := d.ask("POST", "/sign-in", url.Values{"name": {`"><b>`}, "password": {"secret-canary"}}, russian)
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "Имя или пароль неверны") || strings.Contains(w.Body.String(), "canary") || strings.Contains(w.Body.String(), "<b>") || len(w.Result().Cookies()) > 0 {
		t.Errorf("a wrong one: %d, %s", w.Code, w.Body)
	}
	if w := d.ask("POST", "/sign-in", url.Values{"name": {strings.Repeat("x", 1<<20)}}, nil); w.Code != http.StatusBadRequest {
		t.Errorf("a huge form: %d", w.Code)
	}
	if w := d.ask("GET", "/sign-in/style.css", nil, nil); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("the style: %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
}

// Signing in leads to no other site.
func TestNextIsLocal(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{"": "/", "/": "/", "/domains/xn--e1afmkfd.xn--p1ai?q=1": "/domains/xn--e1afmkfd.xn--p1ai?q=1", "domains": "/", "//evil.example/": "/", "https://evil.example": "/",
		`/\evil.example`: "/", "///evil.example": "/", "javascript:alert(1)": "/", "/sign-out": "/", "/sign-in?next=/": "/", "/a\r\nSet-Cookie: x": "/", "/%0d%0aX": "/%0d%0aX", "\x00": "/"} {
		if got := local(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{good: true, "пароль из слов": true, "12345678901": false, "aaaaaaaaaaaaaa": false, "ыыыыыыыыыыыыыыы": false, "annaannaanna1": false,
		strings.Repeat("ab", 128): true, strings.Repeat("ab", 128) + "c": false, "\xff\xfe and more text": false, "": false} {
		if err := checkPassword("anna", password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
	d := newDesk(t)
	for name, rights := range map[string]string{"Anna": "look", "token": "look", "boris": "all", "root": "look", "b": ""} {
		if _, err := d.Room.Add(t.Context(), name, strings.Fields(rights), good, "root"); err == nil {
			t.Errorf("%s with %q was taken on", name, rights)
		}
	}
}

// While too many passwords are being tried, each call that needs one says that it may be made again.
func TestCrowdIsNoFault(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, err := d.Room.Add(t.Context(), "anna", []string{"look"}, good, "root"); err != nil {
		t.Fatal(err)
	}
	for range mostQueued {
		d.Room.hasher.queue <- struct{}{}
	}
	for what, err := range map[string]error{
		"her own, to be exchanged": d.Room.Confirm(t.Context(), "anna", good, "192.0.2.1"),
		"another one":              d.Room.SetPassword(t.Context(), "anna", good+"2"),
	} {
		if !errors.Is(err, registrar.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.Room.SignIn(t.Context(), "anna", good, "192.0.2.1"); !errors.Is(err, errCrowded) {
		t.Errorf("signing in: %v", err)
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	h, err := newHasher(Cost{Passes: 2, Memory: 16, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	hash := func(password string) string {
		t.Helper()
		text, err := h.hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	mine := hash("e\u0301tage and more")
	if mine == hash("e\u0301tage and more") {
		t.Error("two hashes of one password are the same")
	}
	dearer, err := newHasher(Cost{Passes: 3, Memory: 32, Threads: 1}) // a panel of later days
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, hash, password string
		ok, broken          bool
	}{
		{"the password", mine, "e\u0301tage and more", true, false},
		{"as another keyboard writes it", mine, "\u00e9tage and more", true, false},
		{"another", mine, "etage and more", false, false},
		{"no member", "", "", false, false},
		{"another algorithm", "$argon2i$v=19$m=16,t=2,p=2$c2FsdHNhbHQ$aGFzaA", "x", false, true},
		{"all memory there is", strings.Replace(mine, "m=16", "m=4294967295", 1), "x", false, true},
		{"no pass", strings.Replace(mine, "t=2", "t=0", 1), "x", false, true},
		{"no hash", "x", "x", false, true},
	} {
		ok, err := dearer.check(t.Context(), c.hash, c.password)
		if ok != c.ok || (err != nil) != c.broken {
			t.Errorf("%s: %v, %v", c.why, ok, err)
		}
	}
	if c := UsualCost(); c.Memory < 64<<10 || c.Passes < 3 {
		t.Errorf("a hash costs %+v", c)
	}
}
