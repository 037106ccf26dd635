package gateway

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
)

// A day that the zone can't sell is believed from no list and no whois: it is an alarm until the
// registry shows what can be.
func TestImplausibleDayOfTheRegistry(t *testing.T) {
	t.Parallel()
	for _, shown := range []registrar.Date{{Year: 2072, Month: 12, Day: 25}, {Year: 2028, Month: 12, Day: 25}, {Year: 2026, Month: 1, Day: 25}, {Year: 2206, Month: 1, Day: 1}} {
		for _, byList := range []bool{true, false} {
			g := newGate(t)
			w, l := g.withRegistry()
			till := g.own("far.ru", 40, registrar.RenewManual)
			op := g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "far.ru", PaidTill: till})
			g.send()
			see := func(day registrar.Date) {
				r := g.ordered("far.ru")
				r.PaidTill, r.Created = day, g.clock.AddDate(-3, 0, 0)
				if w.held["far.ru"] = r; byList {
					g.mustPublish(l, r)
				} else {
					g.look()
				}
			}
			see(shown)
			d := g.status("far.ru")
			if d.PaidTill != till || !strings.Contains(fmt.Sprint(d.Alarms), "not believed") {
				t.Errorf("%s, by a list %t: %+v", shown, byList, d)
			}
			g.expect(op.ID, registrar.Sent)
			see(till.AddYears(1))
			if d := g.status("far.ru"); d.PaidTill != till.AddYears(1) || strings.Contains(fmt.Sprint(d.Alarms), "not believed") {
				t.Errorf("%s, corrected: %+v", shown, d)
			}
		}
	}
}

// An import is held against what the zone sells and against the registry, and the mistake is
// told by its field.
func TestImportOfWhatCannotBe(t *testing.T) {
	t.Parallel()
	day := func(text string) registrar.Date {
		d, err := registrar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		why, till string
		shown     string // by whois, "registrar day"; "" = it has no such domain, "-" = it is silent
		field     string // "" = it is taken
		says      string
		recorded  string
	}{
		{"as shown", "2027-08-20", "R01-RU 2027-08-20", "", "", "2027-08-20"},
		{"a day less, as whois prints it", "2027-08-19", "R01-RU 2027-08-20", "", "", "2027-08-20"},
		{"silence", "2027-08-20", "-", "", "", "2027-08-20"},
		{"another year than shown", "2026-12-30", "R01-RU 2027-08-20", "paid_till", "2027-08-20", ""},
		{"somebody else's", "2026-12-30", "OTHER-RU 2026-12-30", "domain", "OTHER-RU", ""},
		{"nobody's", "2026-12-30", "", "domain", "no such domain", ""},
		{"ten years", "2036-12-20", "-", "paid_till", "one year", ""},
		{"the end of the calendar", "9999-12-31", "-", "paid_till", "one year", ""},
		{"a century off", "2169-12-31", "-", "paid_till", "one year", ""},
		{"before our era of computers", "1989-12-31", "-", "paid_till", "30 days after", ""},
		{"the zero time", "0001-01-01", "-", "paid_till", "30 days after", ""},
		{"deleted by now", "2026-10-01", "-", "paid_till", "30 days after", ""},
	} {
		g := newGate(t)
		w, _ := g.withRegistry()
		if rest, till, ok := strings.Cut(c.shown, " "); ok {
			r := g.ordered("typo.ru")
			r.Registrar, r.PaidTill = rest, day(till)
			w.held["typo.ru"] = r
		}
		w.silent = c.shown == "-"
		d, err := g.ImportDomain(t.Context(), registrar.Import{Domain: "typo.ru", Customer: "c1", Handle: "OLD-R01", PaidTill: day(c.till)})
		if c.field == "" {
			if err != nil || d.PaidTill.String() != c.recorded {
				t.Errorf("%s: %s, %v", c.why, d.PaidTill, err)
			}
			_, err = g.ImportDomain(t.Context(), registrar.Import{Domain: "typo.ru", Customer: "c1", Handle: "OLD-R01", PaidTill: day(c.till)})
			if err != nil {
				t.Errorf("%s, once more: %v", c.why, err)
			}
			continue
		}
		var refusal *registrar.Error
		var problems []registrar.Problem
		if errors.As(err, &refusal) {
			problems = refusal.Problems
		}
		if len(problems) != 1 || problems[0].Path != c.field || !strings.Contains(problems[0].Message, c.says) {
			t.Errorf("%s: %v", c.why, err)
		}
		if handles, err := g.Handles(t.Context(), "c1"); err != nil || len(handles) > 0 {
			t.Errorf("%s: it left %v, %v", c.why, handles, err)
		}
	}
}

// What a person knows better of a domain is recorded, as far as it can be and the registry does not show
// something else; the renewal that was planned from the former day is planned no longer.
func TestImportCorrects(t *testing.T) {
	t.Parallel()
	day := func(text string) registrar.Date {
		d, err := registrar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		why, customer, handle, till string
		shown                       string // by whois; "-" = it is silent
		open                        bool   // an operation is under way
		code                        registrar.Code
	}{
		{"another day and handle", "c1", "NEW-R01", "2027-08-20", "2027-08-20", false, ""},
		{"silence", "c1", "OLD-R01", "2027-08-20", "-", false, ""},
		{"nothing new", "c1", "OLD-R01", "2027-03-01", "2027-03-01", true, ""},
		{"another day than shown", "c1", "OLD-R01", "2027-08-20", "2027-03-01", false, registrar.Invalid},
		{"a day that can't be", "c1", "OLD-R01", "2036-12-20", "-", false, registrar.Invalid},
		{"another customer's", "c2", "OLD-R01", "2027-08-20", "-", false, registrar.Conflict},
		{"under way", "c1", "OLD-R01", "2027-08-20", "-", true, registrar.Precondition},
	} {
		g := newGate(t)
		w, _ := g.withRegistry()
		w.silent = true
		at := registrar.Import{Domain: "typo.ru", Customer: "c1", Handle: "OLD-R01", PaidTill: day("2027-03-01")}
		if _, err := g.ImportDomain(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if c.open {
			g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "typo.ru", Customer: "c1",
				Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}})
		}
		if w.silent = c.shown == "-"; !w.silent {
			r := g.ordered("typo.ru")
			r.PaidTill = day(c.shown)
			w.held["typo.ru"] = r
		}

		want := at
		if c.code == "" {
			want = registrar.Import{Domain: "typo.ru", Customer: c.customer, Handle: c.handle, PaidTill: day(c.till)}
		}
		_, err := g.ImportDomain(t.Context(), registrar.Import{Domain: "typo.ru", Customer: c.customer, Handle: c.handle, PaidTill: day(c.till)})
		if (c.code == "") != (err == nil) || err != nil && registrar.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.why, err)
		}
		if d := g.status("typo.ru"); d.Customer != want.Customer || d.Handle != want.Handle || d.PaidTill != want.PaidTill || d.Status != registrar.StatusRegistered {
			t.Errorf("%s: recorded %+v", c.why, d)
		}
	}
}

// New addresses of servers inside of the domain are carried out when the registry shows them,
// and not before.
func TestGlueCountsByItsAddresses(t *testing.T) {
	t.Parallel()
	server := func(ips ...string) registrar.Nameserver {
		return registrar.Nameserver{Host: "ns1.silent-glue.ru", IPs: ips}
	}
	other := registrar.Nameserver{Host: "ns2.hoster.example"}
	g := newGate(t)
	w, _ := g.withRegistry()
	g.own("silent-glue.ru", 300, registrar.RenewAuto)
	op := g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "silent-glue.ru", Customer: "c1",
		Nameservers: []registrar.Nameserver{server("193.232.128.6"), other}})
	g.send()
	for _, c := range []struct {
		shown registrar.Nameserver
		state registrar.OperationState
	}{
		{server("193.232.142.17"), registrar.Sent}, {server(), registrar.Sent}, {server("193.232.128.6", "193.232.142.17"), registrar.Sent},
		{server("193.232.128.6"), registrar.Succeeded},
	} {
		r := g.ordered("silent-glue.ru")
		r.Nameservers = []registrar.Nameserver{c.shown, other}
		r.PaidTill = g.status("silent-glue.ru").PaidTill
		w.held["silent-glue.ru"] = r
		g.look()
		g.expect(op.ID, c.state)
	}
}

// Where R01 names no day the next expiry is our own guess: after a leap day the registry writes
// it otherwise, and is believed in either direction. Nothing was renewed elsewhere by that.
func TestGuessGivesWay(t *testing.T) {
	t.Parallel()
	for _, shown := range []string{"2029-02-28", "2029-03-01", "2029-03-02"} {
		g := newGate(t)
		g.clock = time.Date(2028, 1, 20, 9, 0, 0, 0, time.UTC)
		w, _ := g.withRegistry()
		till := g.own("leap.ru", 40, registrar.RenewAuto)
		if till.String() != "2028-02-29" {
			t.Fatal(till)
		}
		g.steps("leap.ru send")
		g.receive(g.reply(0, "domain: leap.ru", "status: TASK_SUCCESS"))
		guessed := func() (is bool) {
			err := g.st.Read(t.Context(), func(tx *store.Tx) (err error) { is, err = tx.Domains.Guessed("leap.ru"); return err })
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		if d := g.status("leap.ru"); d.PaidTill.String() != "2029-03-01" || !guessed() {
			t.Fatalf("%s: paid till %s, guessed %t", shown, d.PaidTill, guessed())
		}
		day, err := registrar.ParseDate(shown)
		if err != nil {
			t.Fatal(err)
		}
		r := g.ordered("leap.ru")
		r.PaidTill = day
		w.held["leap.ru"] = r
		err = g.st.Write(t.Context(), func(tx *store.Tx) error {
			return g.See(tx, "leap.ru", witness.Sighting{Record: r, Present: true, AsOf: g.clock.Add(time.Hour)})
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := g.status("leap.ru"); d.PaidTill != day || guessed() || g.mentions("renewed elsewhere") > 0 || len(d.Alarms) > 0 {
			t.Errorf("%s: %+v, guessed %t", shown, d, guessed())
		}
		if changed := shown != "2029-03-01"; g.mentions("our own guess") != map[bool]int{true: 1}[changed] {
			t.Errorf("%s: told %d times", shown, g.mentions("our own guess"))
		}
		g.steps()
	}
}

// A day of difference corrects the record, moves what hangs on it, and is no year: neither for a
// renewal that was sent nor for one that waits.
func TestOneDayIsNoYear(t *testing.T) {
	t.Parallel()
	for _, sent := range []bool{true, false} {
		for _, off := range []int{1, -1, 2} {
			g := newGate(t)
			w, _ := g.withRegistry()
			till := g.own("silent-one.ru", 40, registrar.RenewAuto)
			if !sent {
				g.relay.fail = unreachable
			}
			g.renew()
			id := g.status("silent-one.ru").Operation.ID
			r := g.ordered("silent-one.ru")
			r.PaidTill = till.AddDays(off)
			w.held["silent-one.ru"] = r
			err := g.st.Write(t.Context(), func(tx *store.Tx) error {
				return g.See(tx, "silent-one.ru", witness.Sighting{Record: r, Present: true, AsOf: g.clock.Add(time.Hour)})
			})
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]registrar.OperationState{true: registrar.Sent, false: registrar.Queued}[sent]
			g.expect(id, want)
			if d := g.status("silent-one.ru"); d.PaidTill != till.AddDays(off) || g.mentions("renewed elsewhere") > 0 {
				t.Errorf("%+v", d)
			}
			g.relay.fail = nil
			for range 3 {
				g.clock = g.clock.Add(day)
				g.renew()
			}
			if len(g.relay.taken) != 1 {
				t.Errorf("sent %t, %d days off: %d mails", sent, off, len(g.relay.taken))
			}
			g.receive(g.reply(0, prolonged("silent-one.ru", till.AddDays(off).AddYears(1))...))
			g.expect(id, registrar.Succeeded)
			if d := g.status("silent-one.ru"); d.PaidTill != till.AddDays(off).AddYears(1) {
				t.Errorf("paid till %s", d.PaidTill)
			}
		}
	}
}

// What holds a renewal is told at 30, 14, 7 and 1 days, when the domain expires, and before R01's
// last day, each time with both reasons.
func TestHeldRenewalIsToldAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("silent-h.ru", 50, registrar.RenewAuto)
	g.renew()
	id := g.status("silent-h.ru").Operation.ID
	g.pass(10 * day)
	g.expect(id, registrar.Uncertain)
	for _, c := range [][2]int{{31, 0}, {30, 1}, {29, 1}, {13, 2}, {7, 3}, {1, 4}, {0, 4}, {-1, 6}, {-2, 6}, {-23, 7}, {-29, 8}, {-30, 8}} {
		g.clock = till.AddDays(-c[0]).In(policy.Zone()).Add(12 * time.Hour)
		g.renew()
		g.renew()
		var told []string
		for _, e := range g.events(registrar.EventAlarm, "silent-h.ru") {
			if strings.Contains(e.Message, till.String()) {
				told = append(told, e.Message)
			}
		}
		if len(told) != c[1] {
			t.Fatalf("%d days before it was told %d times, want %d: %q", c[0], len(told), c[1], told)
		}
		if n := len(told); n > 0 && c[0] != -1 && !strings.Contains(told[n-1], "may have been executed") {
			t.Errorf("%d days before it does not say what holds: %q", c[0], told[n-1])
		}
	}
	steps := g.renew()
	if len(steps) != 1 || steps[0].Action != registrar.RenewalHold || !strings.Contains(steps[0].Reason, "an operator") {
		t.Errorf("listed is %+v", steps)
	}
}

// While the store is not where it was opened nothing is sent, and that is an alarm; put back, all
// goes on.
func TestMovedStoreSendsNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 40, registrar.RenewAuto)
	if err := os.Rename(g.dir, g.dir+".away"); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(g.dir + ".away")
	g.renew()
	if len(g.relay.taken) != 0 || !slices.Contains(g.alarms(), outbox.PlaceAlarm) {
		t.Errorf("%d mails, alarms %v", len(g.relay.taken), g.alarms())
	}
	if err := os.Rename(g.dir+".away", g.dir); err != nil {
		t.Fatal(err)
	}
	g.clock = g.clock.Add(time.Hour)
	g.renew()
	if len(g.relay.taken) != 1 || slices.Contains(g.alarms(), outbox.PlaceAlarm) {
		t.Errorf("put back: %d mails, alarms %v", len(g.relay.taken), g.alarms())
	}
}
