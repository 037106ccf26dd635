package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/ordering"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// own puts a registered domain into the store, paid so many days from now, and asks no registry.
func (g *gate) own(name string, left int, mode registrar.RenewalMode) registrar.Date {
	g.t.Helper()
	p := g.ordering()
	p.Whois = nil
	till := policy.Today(g.clock).AddDays(left)
	if _, err := ordering.NewTakeover(g.settings, g.Engine, p).ImportDomain(g.t.Context(), registrar.Import{Domain: name, Customer: "c1", Handle: "OLD-R01", PaidTill: till}); err != nil {
		g.t.Fatal(err)
	}
	if _, err := g.SetRenewal(g.t.Context(), name, mode); err != nil {
		g.t.Fatal(err)
	}
	return till
}

// renew makes a renewal pass, sends what it begins, and tells what it said it would do.
func (g *gate) renew() []registrar.RenewalStep {
	g.t.Helper()
	p := renewal.NewPass(g.Renewals, policy.Settings{Before: 55})
	steps, err := p.Steps(g.t.Context(), g.clock)
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := p.Run(g.t.Context(), g.clock); err != nil {
		g.t.Fatal(err)
	}
	if _, err := g.SendDue(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	return steps
}

func (g *gate) steps(want ...string) {
	g.t.Helper()
	var got []string
	for _, s := range g.renew() {
		got = append(got, s.Domain+" "+string(s.Action))
	}
	if !slices.Equal(got, want) {
		g.t.Fatalf("the pass does %q, want %q", got, want)
	}
}

func (g *gate) events(t registrar.EventType, name string) []registrar.Event {
	g.t.Helper()
	var found []registrar.Event
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Events(0, 100000)
		for _, e := range all {
			if e.Type == t && e.Name == name {
				found = append(found, e)
			}
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return found
}

func prolonged(name string, till registrar.Date) []string {
	return []string{"action: PROLONG", "domain: " + name, "status: TASK_SUCCESS", "paid-till: " + till.String()}
}

// A pass renews what is due, once; the next has nothing to do, before and after the reply,
// and after a restart.
func TestPassRenewsOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("due.ru", 55, registrar.RenewAuto)
	g.own("early.ru", 56, registrar.RenewAuto)
	g.own("byhand.ru", 55, registrar.RenewManual)
	g.steps("byhand.ru announce", "due.ru send")
	if len(g.relay.taken) != 1 || field(t, g.relay.taken[0], "domain") != "due.ru" || field(t, g.relay.taken[0], "action") != "PROLONG" {
		t.Fatalf("sent: %q", g.relay.taken)
	}
	g.steps()
	g.receive(g.reply(0, prolonged("due.ru", till.AddYears(1))...))
	g.steps()
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	g.open(testSettings(), false)
	g.steps()
	if len(g.relay.taken) != 1 {
		t.Errorf("%d mails for one renewal", len(g.relay.taken))
	}
	if d := g.status("due.ru"); d.PaidTill != till.AddYears(1) || d.Operation != nil {
		t.Errorf("renewed as %+v", d)
	}
}

// The schedule, a person and a panel ask for one renewal, in whatever order: R01 is asked once.
func TestOneRenewalWhoeverAsks(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 40, registrar.RenewAuto)
	op := g.submit2(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till})
	g.steps()
	g.receive(g.reply(0, "domain: aa.ru", "status: TASK_FAILURE", "message: refused"))
	if got := g.operation(op.ID); got.State != registrar.Failed {
		t.Fatalf("%+v", got)
	}
	g.steps("aa.ru hold")
	if len(g.relay.taken) != 1 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
	if d := g.status("aa.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("a failed renewal made the domain %s", d.Status)
	}
}

// submit2 is submit for a world in which domains were imported.
func (g *gate) submit2(o registrar.Order) registrar.Operation {
	g.t.Helper()
	op, err := g.Submit(g.t.Context(), o)
	if err != nil {
		g.t.Fatal(err)
	}
	return op
}

// An order for what the schedule has begun, or done, is that operation's: it is told of it to
// the end, and R01 is asked once. A second order is refused.
func TestOrderJoinsWhatTheScheduleBegan(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{false, true} {
		g := newGate(t)
		till := g.own("aa.ru", 40, registrar.RenewAuto)
		g.steps("aa.ru send")
		begun := g.status("aa.ru").Operation.ID
		if done {
			g.receive(g.reply(0, prolonged("aa.ru", till.AddYears(1))...))
		}
		order := registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", Customer: "c1", PaidTill: till}
		if v, err := g.Validate(t.Context(), order); err != nil || len(v.Problems) > 0 {
			t.Errorf("done %t: it does not validate: %+v, %v", done, v, err)
		}
		for range 2 {
			if op := g.submit(order); op.ID != begun || op.Order != "r1" || op.State.Final() != done {
				t.Errorf("done %t: the order got %+v, want operation %s", done, op, begun)
			}
		}
		other := order
		other.PaidTill = till.AddDays(1)
		if _, err := g.Submit(t.Context(), other); registrar.CodeOf(err) != registrar.Conflict {
			t.Errorf("done %t: the same order with other contents: %v", done, err)
		}
		other = order
		other.ID = "r2"
		if _, err := g.Submit(t.Context(), other); registrar.CodeOf(err) != registrar.Precondition {
			t.Errorf("done %t: a second order: %v", done, err)
		}
		if !done {
			g.receive(g.reply(0, prolonged("aa.ru", till.AddYears(1))...))
		}
		told := g.events(registrar.EventMailIn, "aa.ru")
		if last := told[len(told)-1]; !done && last.Order != "r1" || last.Operation != begun {
			t.Errorf("done %t: the end was told as %+v", done, last)
		}
		if op := g.expect(begun, registrar.Succeeded); op.Order != "r1" || len(g.relay.taken) != 1 {
			t.Errorf("done %t: %+v, %d mails", done, op, len(g.relay.taken))
		}
	}
}

// An order of another customer, or from another expiry, joins nothing.
func TestOrderJoinsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 40, registrar.RenewAuto)
	g.steps("aa.ru send")
	for _, o := range []registrar.Order{
		{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", Customer: "c2", PaidTill: till},
		{ID: "r2", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till.AddYears(1)},
		{ID: "r3", Kind: registrar.KindUpdate, Domain: "aa.ru", Customer: "c1", Nameservers: []registrar.Nameserver{{Host: "ns1.x.example"}, {Host: "ns2.x.example"}}},
	} {
		if _, err := g.Submit(t.Context(), o); registrar.CodeOf(err) != registrar.Precondition {
			t.Errorf("order %s: %v", o.ID, err)
		}
	}
}

// What R01 has refused, or what was taken back before it was sent, can be ordered again once
// its cause is mended; the schedule does not begin it again by itself. It is paid once.
func TestRenewalIsOrderedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why   string
		mails int // that R01 got, all in all
		end   func(g *gate, op registrar.OperationID)
	}{
		{"refused", 2, func(g *gate, _ registrar.OperationID) {
			g.receive(g.reply(0, "domain: aa.ru", "status: TASK_FAILURE", "message: The domain is locked."))
		}},
		{"taken back by a person", 1, func(g *gate, op registrar.OperationID) {
			if _, err := g.Resolve(g.t.Context(), registrar.Decision{Operation: op, Verdict: registrar.VerdictCancel, By: "olga"}); err != nil {
				g.t.Fatal(err)
			}
		}},
	} {
		g := newGate(t)
		till := g.own("aa.ru", 40, registrar.RenewAuto)
		if c.mails == 1 {
			g.relay.fail = unreachable
		}
		g.steps("aa.ru send")
		g.relay.fail = nil
		c.end(g, g.status("aa.ru").Operation.ID)
		g.clock = g.clock.Add(time.Hour)
		g.steps("aa.ru hold")
		g.steps("aa.ru hold")
		if len(g.relay.taken) != c.mails-1 {
			t.Fatalf("%s: the schedule sent it again: %d mails", c.why, len(g.relay.taken))
		}
		op := g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till})
		g.steps()
		if len(g.relay.taken) != c.mails {
			t.Fatalf("%s: ordered again, R01 got %d mails, want %d", c.why, len(g.relay.taken), c.mails)
		}
		g.receive(g.reply(c.mails-1, prolonged("aa.ru", till.AddYears(1))...))
		g.expect(op.ID, registrar.Succeeded)
		if _, err := g.Submit(t.Context(), registrar.Order{ID: "r2", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till}); registrar.CodeOf(err) != registrar.Precondition {
			t.Errorf("%s: and once more: %v", c.why, err)
		}
	}
}

// What the relay may have got is not ordered again, even if it was taken back.
func TestWhatMayHaveLeftIsNotOrderedAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 40, registrar.RenewAuto)
	g.relay.fail = noAnswerTaken
	g.steps("aa.ru send")
	id := g.status("aa.ru").Operation.ID
	g.relay.fail = unreachable
	for _, d := range []registrar.Verdict{registrar.VerdictResend, registrar.VerdictCancel} {
		if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: id, Verdict: d, By: "olga", Note: "R01 has no trace of it"}); err != nil {
			t.Fatal(err)
		}
	}
	g.expect(id, registrar.Cancelled)
	if _, err := g.Submit(t.Context(), registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till}); registrar.CodeOf(err) != registrar.Precondition {
		t.Errorf("ordered again: %v", err)
	}
}

// A renewal that was withdrawn because its domain had left is begun again when it is back.
func TestWithdrawnRenewalIsPlannedAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 40, registrar.RenewAuto)
	g.relay.fail = unreachable
	g.steps("aa.ru send")
	g.relay.fail = nil
	move := func(status registrar.DomainStatus) {
		t.Helper()
		d := g.status("aa.ru")
		d.Status = status
		if err := g.st.Write(t.Context(), func(tx *store.Tx) error { return tx.Domains.Put(d, g.clock) }); err != nil {
			t.Fatal(err)
		}
		g.clock = g.clock.Add(time.Hour)
	}
	move(registrar.StatusTransferredAway)
	g.steps()
	if d := g.status("aa.ru"); d.Operation != nil || len(g.relay.taken) != 0 {
		t.Fatalf("the domain has left: %+v, %d mails", d, len(g.relay.taken))
	}
	move(registrar.StatusRegistered)
	g.steps("aa.ru send")
	if len(g.relay.taken) != 1 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
}

// An update, which costs nothing, holds no renewal, however it stands: neither that of the
// schedule nor one that is ordered. Each has its own reply.
func TestUpdateHoldsNoRenewal(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{false, true} {
		for _, overdue := range []bool{false, true} {
			g := newGate(t)
			till := g.own("aa.ru", 40, registrar.RenewAuto)
			update := g.submit2(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "aa.ru", Customer: "c1",
				Nameservers: []registrar.Nameserver{{Host: "ns1.x.example"}, {Host: "ns2.x.example"}}})
			g.send()
			if overdue {
				g.pass(48 * time.Hour)
				g.expect(update.ID, registrar.Uncertain)
			}
			if ordered {
				g.submit2(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", Customer: "c1", PaidTill: till})
				g.send()
			} else {
				g.steps("aa.ru send")
			}
			if len(g.relay.taken) != 2 || field(t, g.relay.taken[1], "action") != "PROLONG" {
				t.Fatalf("%d mails", len(g.relay.taken))
			}
			if open := g.status("aa.ru").Operation; open == nil || open.Kind != registrar.KindRenew {
				t.Errorf("shown as open is %+v", open)
			}
			g.receive(g.reply(1, prolonged("aa.ru", till.AddYears(1))...))
			d := g.status("aa.ru")
			if d.PaidTill != till.AddYears(1) || d.Operation == nil || d.Operation.ID != update.ID {
				t.Errorf("renewed as %+v", d)
			}
			g.receive(g.reply(0, "action: UPDATE", "domain: aa.ru", "status: TASK_SUCCESS"))
			g.expect(update.ID, registrar.Succeeded)
			if d := g.status("aa.ru"); d.Operation != nil {
				t.Errorf("still open is %+v", d.Operation)
			}
		}
	}
}

// What was planned and is not begun yet follows what happens meanwhile.
func TestPlanFollowsTheDomain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why  string
		then func(g *gate, d registrar.Domain) error
		sent int
	}{
		{"nothing", func(*gate, registrar.Domain) error { return nil }, 1},
		{"set to manual", func(g *gate, d registrar.Domain) error {
			_, err := g.SetRenewal(g.t.Context(), d.Name, registrar.RenewManual)
			return err
		}, 0},
		{"renewed elsewhere", func(g *gate, d registrar.Domain) error {
			d.PaidTill = d.PaidTill.AddYears(1)
			return g.st.Write(g.t.Context(), func(tx *store.Tx) error { return tx.Domains.Put(d, g.clock) })
		}, 0},
		{"left us", func(g *gate, d registrar.Domain) error {
			d.Status = registrar.StatusTransferredAway
			return g.st.Write(g.t.Context(), func(tx *store.Tx) error { return tx.Domains.Put(d, g.clock) })
		}, 0},
	} {
		g := newGate(t)
		g.own("aa.ru", 40, registrar.RenewAuto)
		if n, err := g.PlanRenewals(t.Context(), policy.Settings{Before: 55}.Due(policy.Today(g.clock))); err != nil || n != 1 {
			t.Fatalf("planned %d, %v", n, err)
		}
		if err := c.then(g, g.status("aa.ru")); err != nil {
			t.Fatal(err)
		}
		if _, err := g.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(g.relay.taken) != c.sent {
			t.Errorf("%s: %d mails, want %d", c.why, len(g.relay.taken), c.sent)
		}
	}
}

// A renewal that waits in the queue is withdrawn when its expiry has moved, or R01 takes it
// no longer: sent, it would pay for a year that was not ordered.
func TestOutdatedRenewalIsNotSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why  string
		then func(g *gate, d registrar.Domain)
	}{
		{"renewed elsewhere", func(g *gate, d registrar.Domain) {
			d.PaidTill = d.PaidTill.AddYears(1)
			if err := g.st.Write(g.t.Context(), func(tx *store.Tx) error { return tx.Domains.Put(d, g.clock) }); err != nil {
				g.t.Fatal(err)
			}
		}},
		{"too late", func(g *gate, _ registrar.Domain) { g.clock = g.clock.AddDate(0, 0, 90) }},
	} {
		g := newGate(t)
		g.own("aa.ru", 40, registrar.RenewAuto)
		g.relay.fail = unreachable
		g.steps("aa.ru send")
		id := g.status("aa.ru").Operation.ID
		g.relay.fail = nil
		c.then(g, g.status("aa.ru"))
		g.clock = g.clock.Add(time.Hour)
		if _, err := g.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if op := g.operation(id); op.State != registrar.Cancelled || len(g.relay.taken) != 0 {
			t.Errorf("%s: %s, %d mails", c.why, op.State, len(g.relay.taken))
		}
	}
}

// By hand: each threshold is announced once, a missed one by the latest only; after that
// the domain shows as expired; a renewal ends it all.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("byhand.ru", 61, registrar.RenewManual)
	told := func(left, want int) {
		t.Helper()
		g.clock = till.AddDays(-left).In(policy.Zone()).Add(12 * time.Hour)
		g.renew()
		g.renew()
		if got := len(g.events(registrar.EventNotice, "byhand.ru")); got != want {
			t.Fatalf("%d days before there are %d announcements, want %d", left, got, want)
		}
	}
	for _, c := range [][2]int{{61, 0}, {60, 1}, {59, 1}, {30, 2}, {6, 3}, {2, 3}, {1, 4}, {0, 4}, {-1, 5}, {-2, 5}, {-23, 6}, {-28, 6}, {-30, 7}} {
		told(c[0], c[1])
	}
	if alarms := g.events(registrar.EventAlarm, "byhand.ru"); len(alarms) != 7 {
		t.Errorf("%d alarms: %+v", len(alarms), alarms)
	}
	d := g.status("byhand.ru")
	if d.Status != registrar.StatusExpired || len(d.Alarms) != 1 {
		t.Errorf("after paid-till: %+v", d)
	}
	op := g.submit2(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "byhand.ru", PaidTill: till})
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.receive(g.reply(0, prolonged("byhand.ru", till.AddYears(1))...))
	if d := g.status("byhand.ru"); g.operation(op.ID).State != registrar.Succeeded || d.Status != registrar.StatusRegistered || len(d.Alarms) != 0 {
		t.Errorf("renewed by hand: %+v", d)
	}
}

// A domain of ours that expired is shown so, with an alarm, and not when its expiry moved.
func TestExpiredIsShown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 10, registrar.RenewAuto)
	g.relay.fail = unreachable
	g.clock = till.In(policy.Zone())
	g.renew()
	if d := g.status("aa.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("on the last day it is %s", d.Status)
	}
	g.clock = till.AddDays(1).In(policy.Zone())
	g.renew()
	if d := g.status("aa.ru"); d.Status != registrar.StatusExpired || len(d.Alarms) != 1 {
		t.Errorf("the day after: %+v", d)
	}
	d := g.status("aa.ru")
	d.PaidTill = till.AddYears(1)
	if err := g.st.Write(t.Context(), func(tx *store.Tx) error { return tx.Domains.Put(d, g.clock) }); err != nil {
		t.Fatal(err)
	}
	g.relay.fail = nil
	g.renew()
	if d := g.status("aa.ru"); d.Status != registrar.StatusRegistered || len(d.Alarms) != 0 {
		t.Errorf("renewed elsewhere: %+v", d)
	}
}

// R01 says that there is nothing to renew, or not now: it is not sent again, a person or
// the registry decides, or a later reply.
func TestDoubtfulRenewal(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"Domain aa.ru is already prolonged.", "The domain has already been renewed.", "Домен уже продлён.",
		"Domain aa.ru can be prolonged no longer.", "Домен продлить уже нельзя.",
		"Domain aa.ru has already been prolonged and can be prolonged not earlier than 60 days before its paid-till date.",
	} {
		g := newGate(t)
		till := g.own("aa.ru", 40, registrar.RenewAuto)
		g.steps("aa.ru send")
		id := g.status("aa.ru").Operation.ID
		g.receive(g.reply(0, "action: PROLONG", "domain: aa.ru", "status: TASK_FAILURE", "message: "+words))
		op, d := g.operation(id), g.status("aa.ru")
		if op.State != registrar.NeedsAction || !strings.Contains(op.WaitsFor, "registry") || d.Status != registrar.StatusRegistered || len(d.Alarms) != 1 {
			t.Fatalf("%s: %+v, %+v", words, op, d)
		}
		g.steps("aa.ru hold")
		if len(g.relay.taken) != 1 {
			t.Fatalf("%s: %d mails", words, len(g.relay.taken))
		}
		g.receive(g.reply(0, prolonged("aa.ru", till.AddYears(1))...))
		if op := g.operation(id); op.State != registrar.Succeeded {
			t.Errorf("%s: a later success leaves it %s", words, op.State)
		}
	}
}

var earlyWords = []string{
	"Domain aa.ru can be prolonged not earlier than 60 days before its paid-till date.",
	"Продление возможно не ранее чем за 60 дней до окончания срока.", "It is too early to renew the domain.", "Срок продления ещё не наступил.",
}

// R01 says that a renewal comes too early, in its first days by our count: nothing was done, so
// it has failed, and the schedule asks again some days later, once.
func TestRenewalTooEarly(t *testing.T) {
	t.Parallel()
	for _, words := range earlyWords {
		g := newGate(t)
		till := g.own("aa.ru", 58, registrar.RenewManual)
		op := g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till})
		g.send()
		if _, err := g.SetRenewal(t.Context(), "aa.ru", registrar.RenewAuto); err != nil {
			t.Fatal(err)
		}
		g.receive(g.reply(0, "action: PROLONG", "domain: aa.ru", "status: TASK_FAILURE", "message: "+words))
		g.expect(op.ID, registrar.Failed)
		g.clock = g.clock.AddDate(0, 0, 4) // 54 days are left
		if g.steps("aa.ru hold"); len(g.relay.taken) != 1 {
			t.Fatalf("%s: %d mails on the fourth day", words, len(g.relay.taken))
		}
		g.clock = g.clock.AddDate(0, 0, 1)
		g.renew()
		g.steps()
		if len(g.relay.taken) != 2 || header(t, g.relay.taken[0], "Message-ID") == header(t, g.relay.taken[1], "Message-ID") {
			t.Fatalf("%s: %d mails", words, len(g.relay.taken))
		}
		g.receive(g.reply(1, prolonged("aa.ru", till.AddYears(1))...))
		if d := g.status("aa.ru"); d.PaidTill != till.AddYears(1) || d.Operation != nil {
			t.Errorf("%s: %+v", words, d)
		}
	}
}

// Said in the middle of the window, "too early" may mean that the year is there already. The
// registry tells: if it is not, R01 has refused, and is asked again when the renewal is due.
func TestTooEarlyInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why   string
		shown func(till registrar.Date) registrar.Date
		state registrar.OperationState
		mails int // in the end
	}{
		{"the year is there", func(till registrar.Date) registrar.Date { return till.AddYears(1) }, registrar.Succeeded, 1},
		{"it is not", func(till registrar.Date) registrar.Date { return till }, registrar.Failed, 2},
		{"a day was wrong", func(till registrar.Date) registrar.Date { return till.AddDays(1) }, registrar.Failed, 2},
		{"a month was wrong: it is not due yet", func(till registrar.Date) registrar.Date { return till.AddDays(31) }, registrar.Failed, 1},
	} {
		g := newGate(t)
		w, _ := g.withRegistry()
		g.observe(g.parts.Whois)
		till := g.own("aa.ru", 40, registrar.RenewAuto)
		r := g.ordered("aa.ru")
		r.PaidTill = c.shown(till)
		g.steps("aa.ru send")
		id := g.status("aa.ru").Operation.ID
		g.receive(g.reply(0, "action: PROLONG", "domain: aa.ru", "status: TASK_FAILURE", "message: "+earlyWords[0]))
		g.expect(id, registrar.NeedsAction)
		w.held["aa.ru"] = r
		g.look()
		g.expect(id, c.state)
		g.renew()
		if len(g.relay.taken) != 1 {
			t.Fatalf("%s: %d mails at once", c.why, len(g.relay.taken))
		}
		g.clock = g.clock.AddDate(0, 0, 5)
		g.renew()
		g.renew()
		if len(g.relay.taken) != c.mails {
			t.Errorf("%s: %d mails, want %d", c.why, len(g.relay.taken), c.mails)
		}
	}
}

// It was sent by a clock that was wrong, and a person has said that it was not carried out: when
// the renewal is due, it is sent.
func TestTooEarlyByAWrongClock(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 205, registrar.RenewAuto)
	g.clock = g.clock.AddDate(0, 0, 160)
	g.steps("aa.ru send")
	id := g.status("aa.ru").Operation.ID
	g.receive(g.reply(0, "action: PROLONG", "domain: aa.ru", "status: TASK_FAILURE", "message: "+earlyWords[0]))
	g.expect(id, registrar.NeedsAction)
	g.clock = g.clock.AddDate(0, 0, -160)
	if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: id, Verdict: registrar.VerdictFailed, By: "olga", Note: "the clock was wrong"}); err != nil {
		t.Fatal(err)
	}
	g.steps()
	g.clock = g.clock.AddDate(0, 0, 149)
	g.steps()
	g.clock = g.clock.AddDate(0, 0, 1)
	g.steps("aa.ru send")
	if len(g.relay.taken) != 2 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
}

// Of a renewal that was handed over twice, "too early" may mean that the first was carried out.
func TestTooEarlyAfterResend(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 40, registrar.RenewAuto)
	g.relay.fail = noAnswerTaken
	g.renew()
	g.relay.fail = nil
	op := g.status("aa.ru").Operation.ID
	g.expect(op, registrar.Uncertain)
	if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: op, Verdict: registrar.VerdictResend, By: "olga", Note: "R01 has no such request"}); err != nil {
		t.Fatal(err)
	}
	g.send()
	g.receive(g.reply(1, "domain: aa.ru", "status: TASK_FAILURE", "message: Domain aa.ru can be prolonged not earlier than 60 days before its paid-till date."))
	g.expect(op, registrar.NeedsAction)
	g.clock = g.clock.AddDate(0, 0, 10)
	g.steps("aa.ru hold")
	if len(g.relay.taken) != 2 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
}

// A success that names an expiry no later than the old one contradicts itself.
func TestRenewalThatDidNotMove(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 40, registrar.RenewAuto)
	g.steps("aa.ru send")
	g.receive(g.reply(0, prolonged("aa.ru", till)...))
	d := g.status("aa.ru")
	if d.Operation == nil || d.Operation.State != registrar.Sent {
		t.Errorf("it was believed: %+v", d)
	}
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("reviews: %+v, %v", list, err)
	}
}

// The brake holds what is beyond, tells of it once, and lets go as time passes, whatever
// is restarted.
func TestBrake(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	s := testSettings()
	s.Brake = engine.Brake{PerHour: 2, PerDay: 3}
	reopen := func() {
		if err := g.st.Close(); err != nil {
			t.Fatal(err)
		}
		g.open(s, false)
	}
	for i := range 5 {
		g.own(fmt.Sprintf("a%d.ru", i), 40+i, registrar.RenewAuto)
	}
	reopen()
	sent := func(want int, after time.Duration) {
		t.Helper()
		reopen()
		g.clock = g.clock.Add(after)
		g.renew()
		if err := g.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(g.relay.taken) != want {
			t.Fatalf("%d mails, want %d", len(g.relay.taken), want)
		}
	}
	sent(2, 0)
	if got := field(t, g.relay.taken[0], "domain"); got != "a0.ru" {
		t.Errorf("the first to go was %s, not the most urgent", got)
	}
	left := func(want float64) {
		t.Helper()
		h, err := g.Health(t.Context())
		if err != nil || h[0].Name != "queue" || h[0].Figures[registrar.FigureLeft] != want {
			t.Errorf("told is %+v, %v; want %v left", h, err, want)
		}
		if most := h[0].Figures[registrar.FigureMost]; most != 2 {
			t.Errorf("%v an hour are told as the most, want 2", most)
		}
		if queued := h[0].Figures[registrar.FigureQueued]; queued != float64(5-len(g.relay.taken)) {
			t.Errorf("%v are told to wait, and %d of 5 were sent", queued, len(g.relay.taken))
		}
	}
	left(0)
	sent(2, 59*time.Minute)
	sent(3, time.Minute)
	sent(3, 2*time.Hour)
	sent(5, 22*time.Hour)
	g.clock = g.clock.Add(25 * time.Hour)
	left(2)
	if alarms := slices.DeleteFunc(g.events(registrar.EventAlarm, ""), func(e registrar.Event) bool { return !strings.Contains(e.Message, "brake") }); len(alarms) != 1 {
		t.Errorf("%d alarms of the brake: %+v", len(alarms), alarms)
	}
	if err := g.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(g.events(registrar.EventCleared, "")) == 0 {
		t.Error("the alarm of the brake still stands")
	}
}

// No funds: what costs money stands, one alarm a day tells of it, and when a person has
// paid in everything goes on, each once.
func TestNoFundsPausesRenewals(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for i := range 3 {
		g.own(fmt.Sprintf("a%d.ru", i), 40+i, registrar.RenewAuto)
	}
	g.steps("a0.ru send", "a1.ru send", "a2.ru send")
	for i := range 3 {
		g.receive(g.reply(i, "domain: "+field(t, g.relay.taken[i], "domain"), "status: TASK_FAILURE", "message: Not enough funds on the account."))
	}
	g.own("later.ru", 50, registrar.RenewAuto)
	g.steps("a0.ru hold", "a1.ru hold", "a2.ru hold", "later.ru hold")
	alarms := func() int {
		return len(slices.DeleteFunc(g.events(registrar.EventAlarm, ""), func(e registrar.Event) bool { return !strings.Contains(e.Message, "funds") }))
	}
	for h := range 73 {
		if err := g.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := alarms(), 1+h/24; got != want {
			t.Fatalf("after %d hours there were %d alarms, want %d", h, got, want)
		}
		g.clock = g.clock.Add(time.Hour)
	}
	if len(g.relay.taken) != 3 {
		t.Fatalf("%d mails without funds", len(g.relay.taken))
	}
	g.decide(g.status("a1.ru").Operation.ID, registrar.VerdictResend)
	g.renew()
	got := map[string]int{}
	for _, raw := range g.relay.taken {
		got[field(t, raw, "domain")]++
	}
	if got["a0.ru"] != 2 || got["a1.ru"] != 2 || got["a2.ru"] != 2 || got["later.ru"] != 1 {
		t.Errorf("after the decision: %v", got)
	}
}

// When nothing is held for want of money any more, nothing is left to resolve the pause with.
func TestPauseEndsWithWhatItHolds(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 40, registrar.RenewAuto)
	g.steps("aa.ru send")
	g.receive(g.reply(0, "domain: aa.ru", "status: TASK_FAILURE", "message: Not enough funds on the account."))
	g.own("bb.ru", 50, registrar.RenewAuto)
	g.steps("aa.ru hold", "bb.ru hold")
	g.decide(g.status("aa.ru").Operation.ID, registrar.VerdictFailed)
	g.renew()
	if len(g.relay.taken) != 2 || field(t, g.relay.taken[1], "domain") != "bb.ru" {
		t.Errorf("%d mails", len(g.relay.taken))
	}
}

// The dead man's alarm: it comes when no pass has completed for long, over restarts, and
// goes with the next pass.
func TestDeadMansAlarm(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	health := func() registrar.Component {
		t.Helper()
		if err := g.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		report, err := g.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(report, func(c registrar.Component) bool { return c.Name == "renewals" })
		return report[i]
	}
	if c := health(); !c.OK {
		t.Errorf("at the start: %+v", c)
	}
	g.clock = g.clock.Add(36 * time.Hour)
	if c := health(); !c.OK {
		t.Errorf("after 36 h: %+v", c)
	}
	g.restart(testSettings())
	g.clock = g.clock.Add(time.Minute)
	if c := health(); c.OK || len(g.events(registrar.EventAlarm, "")) != 1 {
		t.Errorf("after more: %+v", c)
	}
	g.renew()
	c := health()
	if !c.OK || len(g.events(registrar.EventCleared, "")) != 1 {
		t.Errorf("after a pass: %+v", c)
	}
	if at := c.Figures[registrar.FigurePassedAt]; at != float64(g.clock.Unix()) {
		t.Errorf("the pass at %v is told as %v", g.clock, at)
	}
}

// Where R01 renews by itself, no domain can be set to auto. r01-mail 4.2
func TestAutoIsRefusedWhereR01Renews(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa.ru", 40, registrar.RenewManual)
	s := testSettings()
	s.R01Renews, s.Renewal = true, registrar.RenewManual
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	g.open(s, false)
	_, err := g.SetRenewal(t.Context(), "aa.ru", registrar.RenewAuto)
	if registrar.CodeOf(err) != registrar.Precondition || !strings.Contains(err.Error(), "renewal.r01_auto") {
		t.Errorf("auto: %v", err)
	}
}
