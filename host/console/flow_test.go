package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"registrar.panel/shared/registrar"
)

// sees fails unless a page shows all of these texts.
func sees(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not show %q:\n%s", text, page)
		}
	}
}

// Staff place an order: mistakes beside their fields, then a preview, then the order, once.
func TestAnOrderIsPlaced(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.fake.problems = []registrar.Problem{{Path: "contact.passport[0]", Message: "must have a number", Texts: map[string]string{"ru": "нужен номер"}},
		{Path: "odd", Message: "belongs nowhere"}}
	w := b.call("POST", "/orders/new", orderForm("preview"))
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("an order with mistakes: status %d", w.Code)
	}
	sees(t, w.Body.String(), `id="p-contact.passport"><li>must have a number`, `aria-describedby="h-passport p-contact.passport" aria-invalid="true"`, "<code>odd</code>: belongs nowhere", "Сидоров  Сидор")
	b.header.Set("Accept-Language", "ru")
	sees(t, b.call("POST", "/orders/new", orderForm("place")).Body.String(), "нужен номер", "Есть ошибки")
	b.header.Del("Accept-Language")

	b.fake.problems = nil
	w = b.call("POST", "/orders/new", orderForm("preview"))
	sees(t, w.Body.String(), "This is what will happen", "waits for its payment; nothing is sent before", "the mail for xn--e1afmkfd.xn--p1ai", `value="place"`)
	if strings.Contains(b.get("/orders"), "пример.рф") {
		t.Error("a preview places an order")
	}

	address, page := b.post("/orders/new", orderForm("place"))
	if address != "/orders/web-test" {
		t.Errorf("the order is at %s", address)
	}
	sees(t, page, "The order for пример.рф is placed.", "waits for its payment", "Withdraw…", "the mail for")
	if strings.Contains(b.get(address), "is placed.") {
		t.Error("what was told is told again")
	}

	if again, _ := b.post("/orders/new", orderForm("place")); again != address {
		t.Errorf("sent twice, the form places %s as well", again)
	}
	changed := orderForm("place")
	changed.Set("customer", "c2")
	if w := b.call("POST", "/orders/new", changed); w.Code != http.StatusConflict {
		t.Errorf("another order under the same ID: status %d", w.Code)
	}
}

// What is asked depends on the answers, without a script: the page is asked again, nothing is judged or
// placed, and what is not asked any more is no part of the order.
func TestQuestionsDependOnAnswers(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	page := b.get("/orders/new?domain=other.ru")
	sees(t, page, `type="checkbox" id="c-terms" name="c.terms" value="true"`, "https://registry.example/terms", `value="ask"`)
	if strings.Contains(page, "c.visa") || strings.Contains(page, "c.stay") {
		t.Error("it is asked what no answer calls for")
	}

	form := orderForm("ask")
	form.Set("c.resident", "false")
	w := b.call("POST", "/orders/new", form)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "This is what will happen") {
		t.Errorf("asked again: status %d", w.Code)
	}
	sees(t, w.Body.String(), `name="c.visa"`, "As it is stamped.", "At least 3 characters. At most 9 characters.", `<option value="short">Short</option><option value="long">long</option>`, "Сидоров  Сидор")

	form.Set("step", "place")
	form.Set("c.visa", "V 123")
	form.Set("c.stay", "long")
	form.Set("c.terms", "true")
	b.fake.problems = []registrar.Problem{{Path: "contact.stay", Message: "is too long"}}
	sees(t, b.call("POST", "/orders/new", form).Body.String(), `id="p-contact.stay"><li>is too long`, `<option value="long" selected>`, `value="true" checked`)
	b.fake.problems = nil

	form.Set("c.resident", "true")
	address, _ := b.post("/orders/new", form)
	given := b.call("POST", address+"/contact", url.Values{"reason": {"a look"}}).Body.String()
	if strings.Contains(given, "V 123") || !strings.Contains(given, "Terms") {
		t.Errorf("what is not asked is part of the order, or what is asked is not:\n%s", given)
	}
}

// A name with a price of its own is ordered by those who accept it.
func TestAPriceIsAccepted(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	const box = `name="accept_price" value="1200.00 RUB"`
	sees(t, b.get("/orders/new?domain=gold.ru"), box, "at a price of its own", "The customer agrees to pay it.")
	if strings.Contains(b.get("/orders/new?domain=other.ru"), "accept_price") {
		t.Error("it is asked for a price that the name does not have")
	}

	form := orderForm("place")
	form.Set("domain", "gold.ru")
	sees(t, b.call("POST", "/orders/new", form).Body.String(), `id="p-accept_price"><li>is required: the name has a price of its own, 1200.00 RUB`, box)
	form.Set("accept_price", "1200.00 RUB")
	if address, _ := b.post("/orders/new", form); address != "/orders/web-test" {
		t.Errorf("the order is at %s", address)
	}
}

// An order is paid, or withdrawn; the second person is told so, and nothing happens twice.
func TestAnOrderIsPaid(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	at := b.placed()
	sees(t, b.get(at), "its request goes to the registrar at once")
	_, page := b.post(at+"/pay", nil)
	sees(t, page, "is paid, and goes to the registrar", "under way")
	if strings.Contains(page, "It is paid…") || strings.Contains(page, "Withdraw…") {
		t.Error("a paid order can be paid or withdrawn")
	}
	_, page = b.post(at+"/pay", nil)
	sees(t, page, "was paid before; nothing was sent again")

	w := b.call("POST", at+"/cancel", nil)
	if w.Code != http.StatusConflict {
		t.Errorf("withdrawing a paid order: status %d", w.Code)
	}
	sees(t, w.Body.String(), "It can&#39;t be done now: nothing was changed", "it is paid", "under way")
	sees(t, b.get("/log"), "order paid")
}

// Contact data are shown once, to who may, and the log records it.
func TestContactDataAreRevealed(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	at := b.placed()
	page := b.call("POST", at+"/contact", url.Values{"reason": {"he calls"}}).Body.String()
	sees(t, page, passport, "Passport", "The Action Log has recorded that olga has seen this")
	log := b.get("/log")
	sees(t, log, "he calls", "olga")
	if strings.Contains(log, passport) {
		t.Error("the log shows it, too")
	}
}

// A decision carries what was seen: the second person is told what the first has done.
func TestAnOperationIsDecidedOnce(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	if w := b.call("POST", "/operations/op-1/decide", url.Values{"version": {"4"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("no verdict: status %d", w.Code)
	}
	_, page := b.post("/operations/op-1/decide", url.Values{"version": {"4"}, "verdict": {"done"}, "note": {" seen at R01 "}})
	sees(t, page, "Your decision is recorded: It was carried out. The operation is now: Succeeded.")
	if d := b.fake.resolved; len(d) != 1 || d[0].By != "olga" || d[0].Note != "seen at R01" || d[0].Version != "4" || d[0].Verdict != registrar.VerdictDone {
		t.Errorf("decided %+v", d)
	}

	b.person.Name = "pavel"
	w := b.call("POST", "/operations/op-1/decide", url.Values{"version": {"4"}, "verdict": {"resend"}})
	if w.Code != http.StatusConflict || len(b.fake.resolved) != 1 {
		t.Errorf("a decision on what has moved on: status %d", w.Code)
	}
	sees(t, w.Body.String(), "Another was faster: nothing was changed", "by olga", "said to be done", "Succeeded")
	if strings.Contains(w.Body.String(), "It was carried out") {
		t.Error("what has ended can be decided")
	}
}

// The settings in force are shown, and of a secret only that it is set.
func TestSettingsAreShown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sees(t, b.get("/registrars"), "smtp.address", `mail.example:25`, "set, not shown", "not set", "where the relay is")
}

// A rule is shown with what it would have done, before anyone adds it.
func TestARuleIsTried(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sees(t, b.get("/review/rv-1?show=rule"), `reply &#34;rv-1&#34; {`, "newest mails that are stored (7)", "would have recognised: 2", `href="/mails/m-1"`, `href="/domains/example.ru"`)
}

func TestMailsAreRead(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	address, page := b.post("/review/rv-1", url.Values{"version": {"6"}, "outcome": {"done"}, "operation": {"op-1 4"}, "reason": {"it says so"}})
	if address != "/operations/op-1" {
		t.Errorf("goes on at %s", address)
	}
	sees(t, page, "The mail was read as: Done.")
	if d := b.fake.read; len(d) != 1 || d[0].Operation != "op-1" || d[0].OperationVersion != "4" || d[0].Version != "6" || d[0].By != "olga" || d[0].Note != "it says so" {
		t.Errorf("read %+v", d)
	}
	w := b.call("POST", "/review/rv-1", url.Values{"version": {"5"}, "outcome": {"done"}, "operation": {"op-1 4"}})
	if w.Code != http.StatusConflict {
		t.Errorf("a mail that was seen otherwise: status %d", w.Code)
	}
	sees(t, w.Body.String(), "Another was faster")

	_, page = b.post("/review", url.Values{"review": {"rv-1 6", "rv-2 6"}, "outcome": {"ignore"}, "from_now_on": {"1"}})
	sees(t, page, "Read as “Ignore”: 2 mails.")
	if d := b.fake.ignored; len(d) != 1 || len(d[0].Reviews) != 2 || d[0].Reviews[1].Version != "6" || !d[0].FromNowOn || d[0].From != "" {
		t.Errorf("ignored %+v", d)
	}
	if _, page = b.post("/review", url.Values{"from": {"evil@spam.example"}, "outcome": {"notice"}}); b.fake.ignored[1].From != "evil@spam.example" {
		t.Errorf("ignored %+v\n%s", b.fake.ignored, page)
	}
	if w := b.call("POST", "/review", url.Values{"outcome": {"ignore"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("nothing ticked: status %d", w.Code)
	}
	_, page = b.post("/review/senders", url.Values{"address": {"evil@spam.example"}})
	sees(t, page, "Mails of evil@spam.example are read again.")
}

// The registry is offered to be asked where the registrar can.
func TestRefreshIsOfferedWhereItCan(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	const button = `action="/domains/example.ru/refresh"`
	sees(t, b.get("/domains/example.ru"), button)
	b.fake.sells(registrar.Offer{Kinds: []registrar.KindOffer{{Kind: registrar.KindRenew}}}) // without a capability
	if page := b.get("/domains/example.ru"); strings.Contains(page, button) {
		t.Error("it is offered of a registrar that has no registry to ask")
	}
}

func TestDomainsAreKept(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	_, page := b.post("/domains/example.ru/renewal", url.Values{"mode": {"manual"}})
	sees(t, page, "example.ru is renewed from now on: by hand.")

	page = b.get("/domains/example.ru")
	sees(t, page, "renews the domain, by a year unless another term is chosen, from 2026-04-01")
	if w := b.call("POST", "/domains/example.ru/correct", url.Values{"paid_till": {"soon"}, "reason": {"the letter"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a correction with a mistake: status %d", w.Code)
	}
	if w := b.call("POST", "/domains/example.ru/forget", url.Values{"reason": {"gone"}}); w.Code != http.StatusConflict {
		t.Errorf("a domain of ours is taken off the list: status %d\n%s", w.Code, w.Body)
	}
	if w := b.call("POST", "/domains/example.ru/move", url.Values{"to": {"manual"}}); w.Code < 400 || !strings.Contains(w.Body.String(), `class="trouble"`) {
		t.Errorf("a move to a registrar that is down: status %d", w.Code)
	}

	table := b.call("GET", "/domains.csv?q=example", nil)
	if got, want := table.Body.String(), "domain,unicode,status,registrar,customer,handle,paid_till,renewal\nexample.ru,example.ru,Registered,r01,c1,C1-RIPN,2026-04-01,"; !strings.HasPrefix(got, want) {
		t.Errorf("the table is %q", got)
	}
	for address, want := range map[string]string{"/orders.csv?customer=c1": "order,kind,domain,unicode,customer,registrar,state,outcome,", "/customers.csv?q=c": "customer,domains,orders,open_orders\nc1,"} {
		if table := b.call("GET", address, nil); !strings.HasPrefix(table.Body.String(), want) || !strings.HasPrefix(table.Header().Get("Content-Type"), "text/csv") {
			t.Errorf("%s is %q", address, table.Body)
		}
	}
}

func TestARenewalIsOrderedFromWhatWasSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	form := url.Values{"id": {"web-renew"}, "customer": {"c1"}, "paid_till": {"2026-04-20"}}
	address, page := b.post("/domains/calm.ru/renew", form)
	if address != "/orders/web-renew" {
		t.Errorf("the order is at %s", address)
	}
	sees(t, page, "Renewal: calm.ru", "waits for its payment")
	form.Set("id", "web-other")
	form.Set("paid_till", "2027-04-20")
	if w := b.call("POST", "/domains/calm.ru/renew", form); w.Code < 400 {
		t.Errorf("a renewal from another day: status %d", w.Code)
	}
}

func TestTheRestOfTheHouse(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	page := b.call("POST", "/renewals/plan", nil).Body.String()
	sees(t, page, "The plan: 1 to send, 0 to announce, 1 held back.", "no date is known")
	sees(t, b.call("POST", "/renewals/run", nil).Body.String(), "Done: 1 to send")

	rows := "# comment\nnew.ru\t2027-05-01\tc2\tC2-RIPN\nexample.ru;2026-04-01;;\n"
	page = b.call("POST", "/import", url.Values{"rows": {rows}, "customer": {"c1"}, "handle": {"C1-RIPN"}, "step": {"plan"}}).Body.String()
	sees(t, page, "The plan, nothing is changed yet: 1 taken over", "1 known already", "new.ru", `value="take"`)
	page = b.call("POST", "/import", url.Values{"rows": {rows}, "customer": {"c1"}, "handle": {"C1-RIPN"}, "step": {"take"}}).Body.String()
	sees(t, page, "Done: 1 taken over", `href="/domains/new.ru"`)
	w := b.call("POST", "/import", url.Values{"rows": {"new.ru\tsoon\nother.ru 2027-05-01"}, "step": {"take"}})
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("lines with mistakes: status %d", w.Code)
	}
	sees(t, w.Body.String(), "Line 1: the day “soon”")

	_, page = b.post("/customers/c1/handles", url.Values{"handle": {"C9-RIPN"}, "registrar": {"r01"}})
	sees(t, page, "The handle C9-RIPN is the customer&#39;s now.")
	if w := b.call("POST", "/customers/c1/erase", url.Values{"confirm": {"c2"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("erasing without confirmation: status %d", w.Code)
	}
	sees(t, b.call("POST", "/customers/c1/erase", url.Values{"confirm": {"c1"}}).Body.String(), "Erased: c1", "the mailbox", "mails")

	sees(t, b.call("POST", "/notifications/test", nil).Body.String(), "mail: taken", "no answer")
	_, page = b.post("/registrars/r01/upgrade", nil)
	sees(t, page, "Registrar r01 works with the present settings, version 2.0.0.")

	page = b.call("POST", "/tokens", url.Values{"name": {"billing"}, "right": {"look", "order"}, "expires": {"2999-01-01"}}).Body.String()
	sees(t, page, "keep it now, it is not shown again", "<code>panel-")
	if strings.Contains(b.get("/tokens"), "<code>panel-") {
		t.Error("a token is shown twice")
	}
	_, page = b.post("/tokens/billing/revoke", nil)
	sees(t, page, "The token billing opens nothing any more.", "revoked")
}

// The choice of a language stays, and leads back to where it was made.
func TestTheChoiceStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	address, page := b.post("/language", url.Values{"language": {"ru"}, "back": {"/domains?status=Error"}})
	if address != "/domains?status=Error" {
		t.Errorf("goes on at %s", address)
	}
	sees(t, page, `<html lang="ru">`, "Таких доменов нет.")
}

// A page of many rows goes on where it has ended, to the last one and once for each.
func TestListsGoOn(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	var rows strings.Builder
	for i := range 105 {
		rows.WriteString("d" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".ru\t2027-05-01\n")
	}
	b.call("POST", "/import", url.Values{"rows": {rows.String()}, "customer": {"c1"}, "handle": {"C1-RIPN"}, "step": {"take"}})
	seen, pages := map[string]bool{}, 0
	for path := "/domains?customer=c1"; path != ""; pages++ {
		root, err := html.Parse(strings.NewReader(b.get(path)))
		if err != nil {
			t.Fatal(err)
		}
		path = ""
		for n := range root.Descendants() {
			if n.Data == "a" && attribute(n, "rel") == "next" {
				path = attribute(n, "href")
			}
			if n.Data == "input" && attribute(n, "type") == "checkbox" && attribute(n, "name") == "id" {
				if name := attribute(n, "value"); seen[name] {
					t.Errorf("%s is shown twice", name)
				} else {
					seen[name] = true
				}
			}
		}
	}
	if len(seen) != 105 || pages != 2 {
		t.Errorf("%d domains on %d pages", len(seen), pages)
	}
}

// What was paid and has failed is on the page Today, with what can be done, until a person has decided.
func TestAFailedOrderIsRefunded(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	at := b.placed()
	b.post(at+"/pay", nil)
	const name = "xn--e1afmkfd.xn--p1ai"
	b.fake.events = []registrar.Event{{Cursor: 1, At: now, Type: registrar.EventOperation, Level: registrar.LevelError, Message: "refused", Actor: "registrar", Name: name,
		Order: "web-test", Operation: "op-7", Kind: registrar.KindRegister, State: registrar.Failed, Reason: "is reserved",
		Domain: &registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusError,
			Alarms: []registrar.Alarm{{Key: "operation:op-7", Since: now.Add(-3 * time.Hour), Message: "registration failed: is reserved"}}}}}
	if err := b.book.Follow(t.Context(), "r01", b.fake); err == nil {
		t.Fatal("the events do not end")
	}

	sees(t, b.get("/"), "пример.рф: Error", "is reserved", `href="/orders/web-test#retry"`, `href="/orders/web-test#refund"`)
	sees(t, b.get("/domains/"+name), `failed</span>: <q class="words">is reserved</q>`, `href="/orders/web-test"`)
	toldOnce(t, b.get("/domains/"+name), []string{"is reserved", "for 3 hours", "<dt>In the DNS</dt><dd>" + name + "</dd>"}, []string{"refused, or given up"})
	sees(t, b.get("/orders?state=paid&outcome=failed"), "пример.рф", "is reserved")

	page := b.get(at)
	sees(t, page, "The same payment, and a new operation", "the panel itself moves no money", `name="attempt" value="1"`)
	_, page = b.post(at+"/refund", url.Values{"note": {"by card"}})
	sees(t, page, "It is recorded that the payment for пример.рф was given back.", "refunded")
	if strings.Contains(page, "Try again…") || strings.Contains(b.get("/"), "#refund") {
		t.Error("what was refunded still waits for a person")
	}
	_, page = b.post(at+"/refund", nil)
	sees(t, page, "That was recorded for пример.рф before.")
}

// A registrar that does not answer is missing by name, and its fault is not told.
func TestWhoIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fake.fault = errors.New("CANARY")
	for _, path := range []string{"/", "/review"} {
		page := b.get(path)
		sees(t, page, "Registrar r01 has not answered")
		if strings.Contains(page, "CANARY") {
			t.Errorf("%s tells what may hold anything", path)
		}
	}
}

// What a registrar offers is what can be ordered: its kinds, its terms, and no nameservers where it
// needs none; a domain's page leads to the kinds that have no form there.
func TestOrdersOfWhatIsOffered(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	b.fake.sells(registrar.Offer{Kinds: []registrar.KindOffer{{Kind: registrar.KindRegister, Years: registrar.Years{Min: 1, Max: 10}, NameserversOptional: true},
		{Kind: registrar.KindRenew, Years: registrar.Years{Min: 1, Max: 5}}, {Kind: registrar.KindAuthCode}, {Kind: registrar.KindRestore}}})

	page := b.get("/orders/new")
	sees(t, page, `value="register"`, `value="auth-code"`)
	if strings.Contains(page, `value="trade"`) {
		t.Error("a kind is to be chosen that no registrar declares")
	}

	page = b.get("/orders/new?domain=other.ru&customer=c1")
	sees(t, page, `name="years"`, `max="10"`, "1 to 10")

	page = b.get("/domains/calm.ru")
	sees(t, page, `name="years"`, `max="5"`, "/orders/new?kind=auth-code&amp;domain=calm.ru")
	if strings.Contains(page, "kind=restore") {
		t.Error("a domain of ours is to be restored")
	}

	w := b.call("GET", "/orders/new?domain=other.ru&kind=trade", nil)
	sees(t, w.Body.String(), "trade is nothing that registrar r01 offers in .ru")
}

// Contacts beside the registrant and DS records are asked for where the registrar takes them, judged
// beside their fields, and shown with the order; the page of a domain shows those that it has, masked.
func TestOrdersWithContactsByRole(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	roles := []registrar.ContactOffer{{Role: registrar.RoleAdmin, Required: true}, {Role: registrar.RoleTech}}
	b.fake.sells(registrar.Offer{Kinds: []registrar.KindOffer{{Kind: registrar.KindRegister, Contacts: roles}, {Kind: registrar.KindUpdate, Contacts: roles}}})
	b.fake.statuses[0].TLDs = []string{"ru", "xn--p1ai"}

	sees(t, b.get("/orders/new?domain=other.ru&customer=c1"), `name="r.admin.name"`, `name="r.tech.name"`, `name="r.tech.kind"`, "Contact: technical", `name="ds"`)

	form := orderForm("place")
	form.Set("ds", "12345 13 2 zz")
	sees(t, b.call("POST", "/orders/new", form).Body.String(), `id="p-ds"><li>has a digest that is not`, "12345 13 2 zz")
	form.Set("ds", "12345  13 2 "+strings.Repeat("9f", 32)+"\r\n")
	form.Set("r.tech.kind", "organization")
	form.Set("r.tech.name", "Tech CANARY")
	b.fake.problems = []registrar.Problem{{Path: `contacts["tech"].name`, Message: "is too long"}, {Path: `contacts["admin"]`, Message: "is required"}}
	page := b.call("POST", "/orders/new", form).Body.String()
	sees(t, page, `id="p-r-tech-name"><li>is too long`, `id="p-r-admin"><li>is required`, `value="Tech CANARY"`, `<option value="organization" selected>`)

	b.fake.problems = nil
	address, page := b.post("/orders/new", form)
	sees(t, page, "12345 13 2 9f9f", "technical")
	if strings.Contains(page, "CANARY") {
		t.Error("the order's page says what is in a contact")
	}
	sees(t, b.call("POST", address+"/contact", url.Values{"reason": {"a look"}}).Body.String(), "Contact: technical", "Tech CANARY", "Сидоров Сидор")

	sees(t, b.get("/domains/calm.ru"), "O*** I******", "Contacts, as the registrar has them", `name="ds"`, "/orders/new?kind=update&amp;domain=calm.ru")
}
