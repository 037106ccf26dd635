package console

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// The page of a domain tells each fact once, in each state that a domain is in. The timeline is a record of
// what was said when, and may say it again.
func TestNoFactTwice(t *testing.T) {
	t.Parallel()
	const waits, refusal = "R01 to answer", "the name is not in its list"
	alarm := func(message string) []registrar.Alarm {
		return []registrar.Alarm{{Key: "operation:op-1", Since: now.Add(-2 * time.Hour), Message: message}}
	}
	operation := func(kind registrar.OperationKind, state registrar.OperationState) *registrar.Operation {
		return &registrar.Operation{ID: "op-1", Kind: kind, Domain: "example.ru", State: state, WaitsFor: waits, Error: refusal, Version: "4", CreatedAt: now}
	}
	for _, c := range []struct {
		name  string
		d     registrar.Domain
		once  []string
		never []string
	}{
		{"calm", registrar.Domain{Status: registrar.StatusRegistered, PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 1}, Handle: "NEWTIME_7-R01",
			Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}}},
			[]string{">Registered<", "registered and delegated, by evidence", ">2026-04-01<", ">NEWTIME_7-R01<", "Nothing is under way, and nothing is wrong."}, []string{"class=\"alarm\""}},
		{"on its way", registrar.Domain{Status: registrar.StatusRegistering, Operation: operation(registrar.KindRegister, registrar.Sent)},
			[]string{">Registering<", waits, refusal, "handed over, no answer yet"}, []string{"paid, not yet registered", "class=\"alarm\""}},
		{"silence", registrar.Domain{Status: registrar.StatusRegistering, Operation: operation(registrar.KindRegister, registrar.Uncertain), Alarms: alarm(waits)},
			[]string{waits, refusal, "for 2 hours", "it may have been carried out"}, []string{"paid, not yet registered"}},
		{"a refusal that waits for a person", registrar.Domain{Status: registrar.StatusTransferring, Operation: operation(registrar.KindTransfer, registrar.NeedsAction), Alarms: alarm(waits + ": " + refusal)},
			[]string{waits, refusal, "for 2 hours", "a person must act"}, []string{"on its way to us"}},
		{"another alarm beside", registrar.Domain{Status: registrar.StatusExpired, PaidTill: registrar.Date{Year: 2026, Month: 2, Day: 20}, Operation: operation(registrar.KindRenew, registrar.Sent), Alarms: alarm("the registry says deleted")},
			[]string{waits, refusal, "the registry says deleted", "for 2 hours", "past its paid-till day"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c.d.Name, c.d.Customer, c.d.Renewal = "example.ru", "c1", registrar.RenewAuto
			e := registrar.Event{Cursor: 1, At: now, Type: registrar.EventDomain, Level: registrar.LevelInfo, Message: "changed", Actor: "registrar", Name: "example.ru", Domain: &c.d}
			if c.d.Operation != nil {
				b.fake.operation = *c.d.Operation
				e.Operation = "op-1"
			}
			b.fake.events = []registrar.Event{e}
			if err := b.book.Follow(t.Context(), "r01", b.fake); err == nil {
				t.Fatal("the events do not end")
			}
			toldOnce(t, b.get("/domains/example.ru"), c.once, c.never)
		})
	}
}

// toldOnce fails where a page, down to its timeline, tells something twice or not at all, or what it should not.
func toldOnce(t *testing.T, page string, once, never []string) {
	t.Helper()
	_, page, _ = strings.Cut(page, "<main")
	page, _, found := strings.Cut(page, `id="timeline"`)
	if !found {
		t.Fatalf("there is no timeline:\n%s", page)
	}
	for _, text := range once {
		if n := strings.Count(page, text); n != 1 {
			t.Errorf("%q is told %d times:\n%s", text, n, page)
		}
	}
	for _, text := range append(never, "<dd>example.ru</dd>") {
		if strings.Contains(page, text) {
			t.Errorf("%q is told:\n%s", text, page)
		}
	}
}

// The entries of an operation stand below one heading, with the alarms that came meanwhile, and lead there once.
func TestEpisodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := registrar.Domain{Name: "example.ru", Customer: "c1", Status: registrar.StatusRegistered, Renewal: registrar.RenewAuto}
	for i, operation := range []registrar.OperationID{"", "op-1", "", "", "op-1", "op-2", "", "op-1", ""} {
		e := registrar.Event{Cursor: registrar.Cursor(i + 1), At: now.Add(time.Duration(i) * time.Minute), Type: registrar.EventAlarm, Level: registrar.LevelInfo,
			Message: "entry " + string(rune('A'+i)), Actor: "registrar", Name: "example.ru", Domain: &d, Operation: operation}
		b.fake.events = append(b.fake.events, e)
	}
	if err := b.book.Follow(t.Context(), "r01", b.fake); err == nil {
		t.Fatal("the events do not end")
	}

	page := b.get("/domains/example.ru")
	var order []string
	for _, part := range strings.Split(page, `<section class="episode">`)[1:] {
		if n := strings.Count(part, `href="/operations/`); n > 1 {
			t.Errorf("an episode leads to its operation %d times:\n%s", n, part)
		}
		letters := "-"
		for _, words := range strings.Split(part, "entry ")[1:] {
			letters += words[:1]
		}
		for _, id := range []string{"op-1", "op-2"} {
			if strings.Contains(part, `href="/operations/`+id) {
				letters = id + letters
			}
		}
		order = append(order, letters)
	}
	if have, want := strings.Join(order, " "), "-I op-1-H -G op-2-F op-1-EDCB -A"; have != want {
		t.Errorf("the story is %s, want %s", have, want)
	}
}
