package orders

import (
	"strings"
	"testing"
	"unicode/utf8"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// hostileText is what a terminal obeys, what an eye reads the wrong way round, and too long.
var hostileText = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.exe\u200b\r\npanel: all is well\x00" + strings.Repeat("Z", 3<<20)

// What a registrar tells of domains outside its TLDs and orders stands in no list and in no
// timeline, and it can't speak under a person's name.
func TestEventsAreItsOwn(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.have("seed.ru")
	b.serves = func(name, tld string) bool { return name == "m" && tld == "com" || name == "r01" && tld == "ru" }
	b.restart()
	before := len(b.entries("seed.ru"))
	lie := func(name, record string, status registrar.DomainStatus) registrar.Event {
		return registrar.Event{At: start, Type: registrar.EventDecision, Level: registrar.LevelInfo, Actor: "olga", Message: "decided by olga: transferred", Name: name,
			Domain: &registrar.Domain{Name: record, Customer: "attacker", Handle: "EVIL", Status: status, PaidTill: registrar.Date{Year: 2099, Month: 1, Day: 1}}}
	}

	events := []registrar.Event{
		lie("seed.ru", "seed.ru", registrar.StatusRegistered),
		lie("squatted.ru", "squatted.ru", registrar.StatusRegistered),
		lie("own.com", "squatted.ru", registrar.StatusRegistered),
		lie("../../x\x00", "../../x\x00", registrar.StatusRegistered),
		lie("Own.COM", "Own.COM", registrar.StatusRegistered),
		lie("own.com", "own.com", "Owned"),
		{At: start, Type: "no-such-type", Level: "no-level", Actor: "\x1b[31m", Name: "seed.ru", Message: hostileText},
		{At: start, Type: registrar.EventNotice, Level: registrar.LevelInfo, Actor: "panel", Name: "", Message: "order x is paid"},
	}
	for i, e := range events {
		e.Cursor = registrar.Cursor(i + 1)
		if err := b.apply(t.Context(), "m", e); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}

	list, _, err := b.Lists().Domains(t.Context(), DomainList{})
	if err != nil || len(list) != 1 || list[0].Customer != "c1" || list[0].Handle == "EVIL" {
		t.Errorf("listed: %+v, %v", list, err)
	}

	if now := b.entries("seed.ru"); len(now) != before {
		t.Errorf("in the timeline of seed.ru: %+v", now[before:])
	}
	if o := b.place(request("squatted.ru")); o.Registrar != "r01" {
		t.Errorf("ordered with %s", o.Registrar)
	}

	for _, e := range b.entries("") {
		if e.Registrar == "m" && e.Actor != "plugin" {
			t.Errorf("it spoke as %q", e.Actor)
		}
	}
}

// A person whose decision the panel has passed to a registrar is named in its events.
func TestEventsNameWhoDecided(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.have("live.ru")
	op := operationOf(b.fake.taken()[0].ID)
	event := func(c registrar.Cursor, actor string) registrar.Event {
		return registrar.Event{Cursor: c, At: start, Type: registrar.EventDecision, Level: registrar.LevelInfo, Actor: actor, Name: "live.ru", Message: "decided"}
	}

	if _, err := b.Resolve(t.Context(), registrar.Decision{Operation: op, Verdict: registrar.VerdictDone, By: "olga"}, ""); err != nil {
		t.Fatal(err)
	}

	b.restart()
	for i, actor := range []string{"olga", "ivan", "registry"} {
		if err := b.apply(t.Context(), "r01", event(registrar.Cursor(i+2), actor)); err != nil {
			t.Fatal(err)
		}
	}

	var actors []string
	for _, e := range b.entries("live.ru") {
		if e.Event == registrar.EventDecision {
			actors = append(actors, e.Actor)
		}
	}

	if got := strings.Join(actors, " "); got != "olga plugin registry" {
		t.Errorf("actors: %s", got)
	}
}

// However much a registrar tells in one event, little of it is stored, and nothing that a
// terminal or a reader could take for something else.
func TestEventsAreBounded(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.have("live.ru")

	huge := &registrar.Domain{Name: "live.ru", Customer: hostileText, Handle: hostileText, Status: registrar.StatusRegistered,
		Operation: &registrar.Operation{ID: registrar.OperationID(hostileText), Kind: registrar.KindRenew, State: registrar.Sent, WaitsFor: hostileText, Error: hostileText}}
	for range 10000 {
		huge.Alarms = append(huge.Alarms, registrar.Alarm{Key: "k", Message: "x"})
		huge.Nameservers = append(huge.Nameservers, registrar.Nameserver{Host: "ns.example"})
	}

	huge.Alarms[0].Message = hostileText
	err := b.apply(t.Context(), "r01", registrar.Event{Cursor: 2, At: start, Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: hostileText, Name: "live.ru",
		Message: hostileText, Order: registrar.OrderID(hostileText), Operation: "op-2", Mail: registrar.MailID(hostileText), Domain: huge})
	if err != nil {
		t.Fatal(err)
	}

	d := b.mustDomain("live.ru")
	if len(d.Alarms) != mostAlarms || len(d.Nameservers) != mostServers {
		t.Errorf("%d alarms, %d nameservers", len(d.Alarms), len(d.Nameservers))
	}

	e := b.entries("live.ru")
	last := e[len(e)-1]
	for what, text := range map[string]string{"message": last.Message, "actor": last.Actor, "customer": d.Customer, "handle": d.Handle, "alarm": d.Alarms[0].Message,
		"waits for": d.Operation.WaitsFor, "error": d.Operation.Error, "operation": string(d.Operation.ID), "order": string(last.Order), "mail": string(last.Mail)} {
		if n := utf8.RuneCountInString(text); n > input.LongestMessage+1 || strings.ContainsFunc(text, func(r rune) bool { return r != utf8.RuneError && input.Invisible(r) }) {
			t.Errorf("%s: %d characters, begins with %.60q", what, n, text)
		}
	}

	if !strings.Contains(last.Message, "gnp.exe") || last.Order != "" || last.Mail != "" {
		t.Errorf("entry: %.80q, order %.20q", last.Message, last.Order)
	}
}

// A registrar's errors are bounded like its events.
func TestErrorsAreTamed(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	problems := make([]registrar.Problem, 5000)
	for i := range problems {
		problems[i] = registrar.Problem{Path: hostileText[:200], Message: hostileText[:9000]}
	}
	b.fake.validate = func(registrar.Order) []registrar.Problem { return problems }
	_, err := b.Place(t.Context(), request("example.ru"))
	wantCode(t, err, registrar.Invalid, "gnp.exe")
	text := err.Error()
	if len(text) > 1<<20 || strings.ContainsFunc(text, func(r rune) bool { return r != utf8.RuneError && r != '\n' && input.Invisible(r) }) {
		t.Errorf("%d bytes, begins with %.100q", len(text), text)
	}
}

// One customer has one name: what is not seen does not make another.
func TestCustomerHasOneForm(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]string{"c1": "c1", " c1\t": "c1", "Фёдор": "Фёдор", "Ф\u0435\u0308дор": "Фёдор", "a b": "a b", "a\u00a0 b": "a b",
		"c\u200b1": "c1", "\ufeffc\u00ad1": "c1"} {
		if got, err := input.Customer(typed); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", typed, got, err, want)
		}
	}

	b, _ := newAbleBook(t)
	for _, wrong := range []string{"", "  ", "\u200b", "c\x1b[1m1", "c\r\n1", "c\u202e1", "c\x001", "c\xff1", strings.Repeat("x", input.LongestCustomer+1), strings.Repeat("x", 1<<20)} {
		q := request("example.ru")
		q.Customer = wrong
		_, err := b.Place(t.Context(), q)
		wantCode(t, err, registrar.Invalid, "customer: ")
		_, err = b.Import(t.Context(), registrar.Import{Domain: "example.ru", Customer: wrong, Handle: "H"}, "")
		wantCode(t, err, registrar.Invalid, "customer: ")
		_, err = b.board.AdoptHandle(t.Context(), "r01", wrong, "H")
		wantCode(t, err, registrar.Invalid, "customer: ")
		_, err = b.board.Handles(t.Context(), wrong)
		wantCode(t, err, registrar.Invalid, "customer: ")
	}
}

// What is stored of an order has limits, told by field.
func TestOrdersAreBounded(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	for path, change := range map[string]func(*NewOrder){
		"nameservers: must be 13":            func(q *NewOrder) { q.Nameservers = make([]registrar.Nameserver, 200) },
		"nameservers[0].ips: must be 20":     func(q *NewOrder) { q.Nameservers[0].IPs = make([]string, 21) },
		"auth_code: must be one line":        func(q *NewOrder) { q.AuthCode = "a\x1b" },
		"auth_code: must have 256":           func(q *NewOrder) { q.AuthCode = registrar.AuthCode(strings.Repeat("x", 257)) },
		"contact: must have 100 fields":      func(q *NewOrder) { fill(q, 101) },
		"contact.passport: must have 20":     func(q *NewOrder) { q.Registrant.Fields["passport"] = make([]string, 21) },
		"contact.passport[0]: must have":     func(q *NewOrder) { q.Registrant.Fields["passport"] = []string{strings.Repeat("x", longestValue+1)} },
		"contact.passport[1]: must be one":   func(q *NewOrder) { q.Registrant.Fields["passport"] = []string{"x", "\x1b[2J"} },
		"contact: has a key that must be on": func(q *NewOrder) { q.Registrant.Fields["\x1b"] = nil },
	} {
		q := request("example.ru")
		change(&q)
		_, err := b.Place(t.Context(), q)
		wantCode(t, err, registrar.Invalid, path)
	}

	q := request("example.ru")
	q.Registrant.Fields["postal_address"] = []string{"123007, Москва,\nТестовая ул., д. 1\u00a0кв.\t2"}
	b.place(q)
}

func fill(q *NewOrder, n int) {
	for i := range n {
		q.Registrant.Fields[strings.Repeat("k", i+1)] = nil
	}
}

// Decisions are bounded, too.
func TestDecisionsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	_, err := b.Resolve(t.Context(), registrar.Decision{Operation: "x", Verdict: registrar.VerdictDone, By: "olga\x1b", Note: strings.Repeat("x", longestNote+1)}, "")
	wantCode(t, err, registrar.Invalid, "by: must be one line")
	wantCode(t, err, registrar.Invalid, "note: must have 1000 characters at most")
}
