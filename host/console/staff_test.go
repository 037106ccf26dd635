package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/access"
)

// Passwords of members; no page may ever show one.
const (
	firstPassword = "first horse battery"
	otherPassword = "other <staple> & cell"
)

// takenOn makes a member of the staff.
func (b *bench) takenOn(name string, rights ...string) {
	b.t.Helper()
	if _, err := b.staff.Add(b.t.Context(), name, rights, firstPassword, "olga"); err != nil {
		b.t.Fatal(err)
	}
}

// signIn opens a session of a member.
func (b *bench) signIn(name, from string) {
	b.t.Helper()
	if _, err := b.staff.SignIn(b.t.Context(), name, firstPassword, from); err != nil {
		b.t.Fatal(err)
	}
}

// opens reports whether a password is a member's. One that is not must not be asked for: the answer to a
// guess is delayed.
func (b *bench) opens(name, password string) bool {
	return b.staff.Confirm(b.t.Context(), name, password, "192.0.2.9") == nil
}

func twice(password string) url.Values {
	return url.Values{"password": {password}, "again": {password}}
}

// keepsQuiet fails where an answer has a password in any spelling, its header included.
func keepsQuiet(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	var header strings.Builder
	if err := w.Header().Write(&header); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"horse", "battery", "staple", "cell"} {
		if strings.Contains(w.Body.String()+header.String(), part) {
			t.Errorf("the answer has a password:\n%s%s", header.String(), w.Body)
		}
	}
}

// A member is taken on, changed and removed, and each page says what that does.
func TestStaffAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sees(t, b.get("/staff"), "There is no member of the staff.", `<a href="/staff" aria-current="page">`)

	form := twice(firstPassword)
	form["name"], form["right"] = []string{" anna "}, []string{"look", "order"}
	address, page := b.post("/staff", form)
	sees(t, page, "anna can sign in.", "Staff: anna", "No session is open.", `value="order" checked`, "stays in the Action Log")
	if address != "/staff/anna" || strings.Contains(page, `value="admin" checked`) || strings.Contains(page, "Sign out everywhere") {
		t.Errorf("at %s:\n%s", address, page)
	}

	b.signIn("anna", "192.0.2.7")
	sees(t, b.get("/staff"), `<a href="/staff/anna">anna</a>`, "look; order;", "<td>1</td>", "2026-03-01 15:04")
	sees(t, b.get("/staff/anna"), "192.0.2.7", "2026-03-02 03:04", "Sign out everywhere")

	_, page = b.post("/staff/anna/rights", url.Values{"right": {"look", "money"}})
	sees(t, page, "anna has the rights that are ticked", `value="money" checked`, "192.0.2.7")
	if strings.Contains(page, `value="order" checked`) {
		t.Error("a right that was not ticked is kept")
	}

	_, page = b.post("/staff/anna/sign-out", nil)
	sees(t, page, "anna is signed out everywhere. Sessions that ended: 1.", "No session is open.")

	b.signIn("anna", "192.0.2.7")
	_, page = b.post("/staff/anna/password", twice(otherPassword))
	sees(t, page, "anna has another password. Sessions that ended: 1.", "No session is open.")
	if !b.opens("anna", otherPassword) {
		t.Error("the other password does not open")
	}

	address, page = b.post("/staff/anna/remove", nil)
	sees(t, page, "anna can&#39;t sign in any more. Sessions that ended: 0.", "There is no member of the staff.")
	if _, is, err := b.book.Staff().Find(t.Context(), "anna"); address != "/staff" || is || err != nil {
		t.Errorf("at %s, and a removed member is there: %t %v", address, is, err)
	}
}

// What is refused changes nothing, keeps what was entered but for passwords, and says what is wrong.
func TestStaffAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.takenOn("anna", "look")

	for _, x := range []struct {
		path   string
		form   url.Values
		status int
		says   []string
	}{
		{"/staff", url.Values{"name": {"boris"}, "right": {"money"}, "password": {firstPassword}, "again": {otherPassword}}, 422, []string{"The two passwords are not the same.", `value="boris"`, `value="money" checked`}},
		{"/staff", url.Values{"name": {"Boris!"}, "right": {"look"}, "password": {firstPassword}, "again": {firstPassword}}, 422, []string{"<code>name</code>", `value="Boris!"`}},
		{"/staff", url.Values{"name": {"boris"}, "right": {"look"}, "password": {"horse"}, "again": {"horse"}}, 422, []string{"<code>password</code>", "12 characters"}},
		{"/staff", url.Values{"name": {"boris"}, "password": {firstPassword}, "again": {firstPassword}}, 422, []string{"<code>rights</code>"}},
		{"/staff", url.Values{"name": {"anna"}, "right": {"look"}, "password": {otherPassword}, "again": {otherPassword}}, 409, []string{"anna already"}},
		{"/staff/anna/password", url.Values{"password": {otherPassword}, "again": {firstPassword}}, 422, []string{"The two passwords are not the same.", "Staff: anna"}},
		{"/staff/anna/password", url.Values{"password": {otherPassword}}, 422, []string{"The two passwords are not the same."}},
		{"/staff/anna/rights", nil, 422, []string{"<code>rights</code>", `value="look" checked`}},
		{"/staff/boris/rights", url.Values{"right": {"look"}}, 404, []string{"There is no member of the staff boris."}},
		{"/staff/boris/password", twice(otherPassword), 404, []string{"There is no member of the staff boris."}},
		{"/staff/boris/remove", nil, 404, []string{"There is no member of the staff boris."}},
	} {
		w := b.call(http.MethodPost, x.path, x.form)
		if w.Code != x.status {
			t.Errorf("%s with %v: status %d, want %d", x.path, x.form, w.Code, x.status)
		}
		sees(t, w.Body.String(), x.says...)
		keepsQuiet(t, w)
	}

	if w := b.call(http.MethodGet, "/staff/boris", nil); w.Code != http.StatusNotFound {
		t.Errorf("a member that there is not: status %d", w.Code)
	}
	if page := b.get("/staff"); strings.Contains(page, "boris") || !b.opens("anna", firstPassword) {
		t.Errorf("what was refused has changed something:\n%s", page)
	}
}

// Who is signed in exchanges the own password, without the right admin only with the old one, and signs
// in again.
func TestOwnPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if w := b.call(http.MethodGet, "/password", nil); w.Code != http.StatusConflict || strings.Contains(w.Body.String(), `type="password"`) {
		t.Errorf("who has no password is asked for one: status %d", w.Code)
	}
	if w := b.call(http.MethodPost, "/password", twice(otherPassword)); w.Code != http.StatusConflict {
		t.Errorf("who has no password exchanges one: status %d", w.Code)
	}

	b.takenOn("anna", "look")
	b.signIn("anna", "192.0.2.7")
	b.person = access.Caller{Name: "anna", Rights: []access.Right{access.Look}, SignedIn: true}
	sees(t, b.get("/"), `<a href="/password">`)
	for _, lang := range []string{"en", "ru"} {
		b.header.Set("Accept-Language", lang)
		page := b.get("/password")
		sees(t, page, `name="old"`)
		for _, wrong := range faults(t, page, lang) {
			t.Errorf("in %s: %s", lang, wrong)
		}
	}
	b.header.Del("Accept-Language")

	form := twice(otherPassword)
	form.Set("old", otherPassword)
	w := b.call(http.MethodPost, "/password", form)
	if w.Code != http.StatusConflict || !b.opens("anna", firstPassword) {
		t.Errorf("with a wrong old password: status %d", w.Code)
	}
	sees(t, w.Body.String(), "The present password is wrong")
	keepsQuiet(t, w)

	form.Set("old", firstPassword)
	w = b.call(http.MethodPost, "/password", form)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in" || !b.opens("anna", otherPassword) {
		t.Errorf("status %d, to %s", w.Code, w.Header().Get("Location"))
	}
	keepsQuiet(t, w)
}

// A member with the right admin is told what befalls the own session, and needs no old password.
func TestAnAdministratorIsOneOfTheStaff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.takenOn("anna", "look", "admin")
	b.takenOn("boris", "look")
	b.person = access.Caller{Name: "anna", Rights: []access.Right{access.Look, access.Admin}, SignedIn: true}
	sees(t, b.get("/staff/anna"), "This is you.")
	if strings.Contains(b.get("/staff/boris"), "This is you.") || strings.Contains(b.get("/password"), `name="old"`) {
		t.Error("another member is taken for the caller, or a password is asked for that is not looked at")
	}
}

// A wrong password on the page is counted for the address that the browser is at, as it is on /sign-in.
func TestGuessesOnThePageAreCountedByAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.takenOn("anna", "look")
	cookie, err := b.staff.SignIn(t.Context(), "anna", firstPassword, "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}

	form := twice(otherPassword)
	form.Set("old", otherPassword)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/password", strings.NewReader(form.Encode()))
	r.RemoteAddr = "192.0.2.8:4711"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "panel", Value: cookie})
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	if w.Code != http.StatusConflict || !slices.Equal(b.from.addresses, []string{"192.0.2.8"}) {
		t.Errorf("status %d, counted for %q", w.Code, b.from.addresses)
	}
}
