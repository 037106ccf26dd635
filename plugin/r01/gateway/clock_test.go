package gateway

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// telling is a fakeRegistry that tells the time of its own clock.
type telling struct {
	*fakeRegistry
	clock func() time.Time
}

func (r *telling) Look(ctx context.Context, name string) registry.Answer {
	a := r.fakeRegistry.Look(ctx, name)
	a.Told = r.clock()
	return a
}

func (g *gate) alive() {
	g.t.Helper()
	if err := g.KeepClock(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gate) arrives(at time.Time) {
	g.t.Helper()
	raw := "From: somebody@example.net\r\nSubject: hello " + g.parts.Random() + "\r\n\r\nhello\r\n"
	if err := g.Deliver(g.t.Context(), []mailbox.Mail{{Raw: []byte(raw), InternalDate: at}}); err != nil {
		g.t.Fatal(err)
	}
}

// After a start with a clock that is 200 days ahead nothing that costs money is sent, no pass is
// made, no deadline passes and no mail is removed; with the right clock all goes on as if
// nothing had been.
func TestClockThatWasWrongAtTheStart(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.alive()
	g.own("aa.ru", 210, registrar.RenewAuto)
	g.own("bb.ru", 40, registrar.RenewManual)
	g.own("cc.ru", 40, registrar.RenewManual)
	update := g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "bb.ru", Customer: "c1",
		Nameservers: []registrar.Nameserver{{Host: "ns1.x.example"}, {Host: "ns2.x.example"}}})
	g.send()
	right := g.clock
	g.clock = right.AddDate(0, 0, 200)
	g.restart(testSettings())
	g.alive()
	if !slices.Contains(g.alarms(), engine.ClockAlarm) || !strings.Contains(g.Clock.Doubt(), "nothing was recorded between 2026-11-24") {
		t.Fatalf("alarms %v, in doubt: %q", g.alarms(), g.Clock.Doubt())
	}
	g.renew()
	g.pass(0)
	if err := g.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := g.Submit(t.Context(), registrar.Order{ID: "n1", Kind: registrar.KindRegister, Domain: "new.ru", Customer: "c1", Registrant: sidorov(),
		Nameservers: []registrar.Nameserver{{Host: "ns1.x.example"}, {Host: "ns2.x.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	g.send()
	if len(g.relay.taken) != 1 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
	g.expect(update.ID, registrar.Sent)
	if d := g.status("aa.ru"); d.Operation != nil || d.Status != registrar.StatusRegistered {
		t.Errorf("a pass was made: %+v", d)
	}

	g.clock = right.Add(time.Hour)
	g.restart(testSettings())
	g.alive()
	if g.Clock.Doubt() != "" || slices.Contains(g.alarms(), engine.ClockAlarm) {
		t.Errorf("still in doubt: %q, alarms %v", g.Clock.Doubt(), g.alarms())
	}
	g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "cc.ru", Customer: "c1", PaidTill: g.status("cc.ru").PaidTill})
	g.send()
	var sent []string
	for _, raw := range g.relay.taken[1:] {
		sent = append(sent, field(t, raw, "domain"))
	}
	if slices.Sort(sent); !slices.Equal(sent, []string{"cc.ru", "new.ru"}) {
		t.Errorf("sent are %v", sent)
	}
	g.clock = right.AddDate(0, 0, 155) // the loops of a gateway at work would have said so
	g.steps("aa.ru send")
}

// Every source of the time confirms or doubts the clock.
func TestWhoTellsTheTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why   string
		tell  func(g *gate)
		doubt bool // from a clock that was believed
		left  bool // from one that was not, after a start
	}{
		{"nobody", func(*gate) {}, false, true},
		{"a mail of just now", func(g *gate) { g.arrives(g.clock.Add(-time.Minute)) }, false, false},
		{"an old mail", func(g *gate) { g.arrives(g.clock.AddDate(0, 0, -100)) }, false, true},
		{"a mail of next week", func(g *gate) { g.arrives(g.clock.AddDate(0, 0, 7)) }, true, true},
		{"a mail of no date", func(g *gate) { g.arrives(time.Time{}) }, false, true},
		{"the registry, within a day", func(g *gate) { g.Clock.HeardNow(engine.ByWhois, g.clock.Add(-23*time.Hour)) }, false, false},
		{"the registry, of last week", func(g *gate) { g.Clock.HeardNow(engine.ByWhois, g.clock.AddDate(0, 0, -7)) }, true, true},
		{"the registry, of next week", func(g *gate) { g.Clock.HeardNow(engine.ByWhois, g.clock.AddDate(0, 0, 7)) }, true, true},
		{"the registry, no time", func(g *gate) { g.Clock.HeardNow(engine.ByWhois, time.Time{}) }, false, true},
		{"the registry disagrees, and then agrees", func(g *gate) {
			g.Clock.HeardNow(engine.ByWhois, g.clock.AddDate(0, 0, 7))
			g.Clock.HeardNow(engine.ByWhois, g.clock)
		}, false, false},
		{"the registry disagrees, and a mail agrees", func(g *gate) {
			g.Clock.HeardNow(engine.ByWhois, g.clock.AddDate(0, 0, 7))
			g.arrives(g.clock)
		}, true, true},
		{"an answer that came before its request", func(g *gate) { g.Clock.HeardAnswer(g.clock, g.clock.AddDate(0, 0, -100)) }, true, true},
		{"an answer that came after", func(g *gate) { g.Clock.HeardAnswer(g.clock.AddDate(0, 0, -3), g.clock.AddDate(0, 0, -2)) }, false, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.alive()
			c.tell(g)
			if got := g.Clock.Doubt() != ""; got != c.doubt {
				t.Errorf("of a believed clock: in doubt %t: %s", got, g.Clock.Doubt())
			}
			g.clock = g.clock.AddDate(0, 0, 3)
			g.restart(testSettings())
			c.tell(g)
			if got := g.Clock.Doubt() != ""; got != c.left {
				t.Errorf("after three days without a word: in doubt %t: %s", got, g.Clock.Doubt())
			}
		})
	}
}

// A clock that jumps while we work is in doubt until another clock confirms it; whois is asked.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{200 * day, -200 * day, 2 * hour} {
		g := newGate(t)
		w, _ := g.withRegistry()
		g.observe(g.parts.Whois)
		told := g.clock
		g.observe(&telling{w, func() time.Time { return told }})
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			began, at := time.Now(), g.clock
			var jumped atomic.Int64
			g.now = func() time.Time { return at.Add(time.Since(began) + time.Duration(jumped.Load())) }
			done := make(chan struct{})
			go func() { g.ClockLoop(ctx); close(done) }()
			time.Sleep(10 * time.Minute)
			if g.Clock.Doubt() != "" {
				t.Errorf("in doubt without a cause: %s", g.Clock.Doubt())
			}
			jumped.Store(int64(jump))
			time.Sleep(2 * time.Minute)
			if got, want := g.Clock.Doubt() != "", jump.Abs() > day; got != want {
				t.Errorf("after a jump by %s: in doubt %t", jump, got)
			}
			g.AskTime(ctx)
			if got, want := strings.Contains(g.Clock.Doubt(), "whois says 2026-11-24"), jump.Abs() > day; got != want {
				t.Errorf("after a jump by %s: %q", jump, g.Clock.Doubt())
			}
			jumped.Store(0)
			time.Sleep(2 * time.Minute)
			g.AskTime(ctx)
			if g.Clock.Doubt() != "" && jump.Abs() > day {
				t.Errorf("set back, and confirmed: %s", g.Clock.Doubt())
			}
			stop()
			<-done
		})
	}
}

// What a clock of the future has left behind holds nothing up: neither the brake, nor what was
// put off, nor deadlines, nor the dead man's alarm.
func TestTimesOfTheFutureHoldNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	s := testSettings()
	s.Brake = engine.Brake{PerHour: 1, PerDay: 1}
	g.restart(s)
	right := g.clock
	g.own("aa.ru", 210, registrar.RenewAuto)
	g.own("cc.ru", 300, registrar.RenewAuto)
	g.clock = right.AddDate(0, 0, 180)
	g.renew() // sends, and uses the brake up until then
	g.relay.fail = temporarily
	later := g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "cc.ru", Customer: "c1",
		Nameservers: []registrar.Nameserver{{Host: "ns1.x.example"}, {Host: "ns2.x.example"}}})
	g.send() // puts it off
	g.relay.fail = nil
	g.pass(0)
	g.clock = right.AddDate(0, 0, 2)
	sent := len(g.relay.taken)
	g.pass(0)
	g.submit(registration("o2", "dd.ru"))
	g.send()
	g.expect(later.ID, registrar.Sent)
	if len(g.relay.taken) != sent+2 {
		t.Errorf("%d mails after the clock was set right, want 2", len(g.relay.taken)-sent)
	}
	latest := g.clock.Add(engine.PersonWithin + hour + time.Minute)
	if overdue := g.deadlines(); len(overdue) == 0 || slices.ContainsFunc(overdue, latest.Before) {
		t.Errorf("deadlines %v", overdue)
	}
	g.clock = g.clock.Add(engine.DeadMan + hour)
	if g.pass(0); !slices.Contains(g.alarms(), engine.PassAlarm) {
		t.Errorf("no pass is made, and the alarms are %v", g.alarms())
	}
}

// deadlines lists those of all requests.
func (g *gate) deadlines() (all []time.Time) {
	g.t.Helper()
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		overdue, err := tx.Requests.Overdue(g.clock.AddDate(10, 0, 0))
		for _, r := range overdue {
			all = append(all, r.Deadline)
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return all
}
