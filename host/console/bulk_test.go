package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"registrar.panel/host/access"
)

// sends posts a form that is answered with a page.
func (b *bench) sends(path string, form url.Values) string {
	b.t.Helper()
	w := b.call("POST", path, form)
	if w.Code != http.StatusOK {
		b.t.Fatalf("POST %s: status %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// What was ticked is first told of, and done on the second page, with a result for each row.
func TestTickedDomains(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	back := "/domains?status=Registered"
	page := b.sends("/domains/ticked/auto", url.Values{"id": {"example.ru", "none.ru"}, "back": {back}})
	sees(t, page, "Nothing has been done yet", "The schedule renews it from now on", "Stays as it is:", "none.ru", "Do it with 1", `name="step" value="do"`)
	for _, wrong := range faults(t, page, "en") {
		t.Error(wrong)
	}
	if strings.Contains(page, `name="id" value="none.ru"`) {
		t.Error("a domain that there is not would be dealt with")
	}

	for range 2 { // a second click changes nothing more
		page = b.sends("/domains/ticked/auto", url.Values{"step": {"do"}, "id": {"example.ru", "none.ru"}, "seen": {"", ""}, "back": {back}})
		sees(t, page, "1 is done", "example.ru is renewed from now on: automatic.", "Refused:", `href="/domains?status=Registered"`)
	}
	for _, wrong := range faults(t, page, "en") {
		t.Error(wrong)
	}

	b.header.Set("Accept-Language", "ru")
	page = b.sends("/domains/ticked/refresh", url.Values{"id": {"example.ru"}})
	sees(t, page, "Сейчас спросят реестр", "Выполнить: 1")
	for _, wrong := range faults(t, page, "ru") {
		t.Error(wrong)
	}
	b.header.Del("Accept-Language")

	table := b.call("POST", "/domains/ticked/csv", url.Values{"id": {"example.ru"}})
	if got := table.Body.String(); strings.Count(got, "\n") != 2 || !strings.HasPrefix(table.Header().Get("Content-Type"), "text/csv") || !strings.Contains(got, "\nexample.ru,example.ru,Registered,") {
		t.Errorf("the table is %q", got)
	}
	for _, path := range []string{"/domains/ticked/csv", "/domains/ticked/auto"} {
		if w := b.call("POST", path, url.Values{}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s with nothing ticked: status %d", path, w.Code)
		}
	}
}

// An order is withdrawn once; one whose stage forbids the deed is left, and says so.
func TestTickedOrders(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.placed()[len("/orders/"):]
	sees(t, b.get("/orders"), `formaction="/orders/ticked/cancel"`, `name="id" value="`+id+`"`)
	sees(t, b.sends("/orders/ticked/retry", url.Values{"id": {id}}), "Stays as it is:", "the stage of the order does not permit it")
	sees(t, b.sends("/orders/ticked/cancel", url.Values{"id": {id}}), "The order ends without a payment", "Do it with 1")

	form := url.Values{"step": {"do"}, "id": {id}, "seen": {"1"}}
	sees(t, b.sends("/orders/ticked/cancel", form), "is withdrawn.")
	sees(t, b.sends("/orders/ticked/cancel", form), "was withdrawn before.")
}

// A verdict on several carries the version of each that was seen: on another it is refused, and the others
// are decided all the same.
func TestTickedOperations(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	seen := string(b.fake.operation.Version)
	page := b.sends("/operations/ticked/done", url.Values{"id": {"op-1", "op-none"}})
	sees(t, page, "Nothing has been done yet", `name="seen" value="`+seen+`"`, "Stays as it is:", "Do it with 1")

	sees(t, b.sends("/operations/ticked/done", url.Values{"step": {"do"}, "id": {"op-1"}, "seen": {"another"}, "note": {"their letter"}}), "Refused:")
	if len(b.fake.resolved) > 0 {
		t.Fatalf("decided on another version: %+v", b.fake.resolved)
	}

	form := url.Values{"step": {"do"}, "id": {"op-none", "op-1"}, "seen": {"1", seen}, "note": {"their letter"}}
	sees(t, b.sends("/operations/ticked/done", form), "Refused:", "Your decision is recorded")
	sees(t, b.sends("/operations/ticked/done", form), "Refused:")
	if len(b.fake.resolved) != 1 || string(b.fake.resolved[0].Version) != seen || b.fake.resolved[0].Note != "their letter" {
		t.Errorf("decided %+v", b.fake.resolved)
	}
}

// Who may only look is offered no more than a table, and refused the rest.
func TestTickedByRights(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	b.person = access.Caller{Name: "anna", Rights: []access.Right{access.Look}}
	for _, path := range []string{"/domains", "/orders", "/operations"} {
		if page := b.get(path); strings.Contains(page, "formaction=") {
			t.Errorf("%s offers what is not permitted", path)
		}
	}
	for _, d := range deeds() {
		if w := b.call("POST", "/"+d.list+"/ticked/"+d.code, url.Values{"id": {"example.ru"}}); w.Code != http.StatusForbidden {
			t.Errorf("%s %s: status %d", d.list, d.code, w.Code)
		}
	}
}
