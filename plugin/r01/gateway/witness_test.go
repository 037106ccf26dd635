package gateway

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
)

// fakeRegistry plays whois: what it was given to hold is registered, the rest is absent.
type fakeRegistry struct {
	held   map[string]registry.Record
	silent bool // it answers nothing
	age    time.Duration
	asked  []string
	now    func() time.Time
}

func (f *fakeRegistry) Look(_ context.Context, name string) registry.Answer {
	f.asked = append(f.asked, name)
	a := registry.Answer{Status: registry.Absent, AsOf: f.now().Add(-f.age)}
	if r, ok := f.held[name]; ok {
		a.Status, a.Record = registry.Registered, r
	}
	if f.silent {
		a = registry.Answer{Status: registry.Unknown, AsOf: f.now(), Why: "it keeps silent"}
	}
	return a
}

func (f *fakeRegistry) Recall(ctx context.Context, name string) registry.Answer {
	return f.Look(ctx, name)
}

func (f *fakeRegistry) RecallSparingly(ctx context.Context, name string) registry.Answer {
	return f.Look(ctx, name)
}

func (f *fakeRegistry) Ready() bool { return true }

// fakeList is a zone list that tests rewrite.
type fakeList struct {
	text string
	mark registry.Edition
}

func (l *fakeList) String() string { return "the list" }

func (l *fakeList) Open(_ context.Context, last registry.Edition) (io.ReadCloser, registry.Edition, error) {
	if l.mark == last {
		return nil, last, registry.ErrUnchanged
	}
	return io.NopCloser(strings.NewReader(l.text)), l.mark, nil
}

// withRegistry gives the gateway a whois and a list.
func (g *gate) withRegistry() (*fakeRegistry, *fakeList) {
	w := &fakeRegistry{held: map[string]registry.Record{}, now: func() time.Time { return g.clock }}
	l := &fakeList{}
	g.observe(w, l)
	g.settings.Registry = engine.Registry{Registrars: []string{"R01-RU"}, Every: time.Hour, Check: time.Minute, MaxGone: 0.05, Misses: 3}
	return w, l
}

// ordered is the record of a domain as the orders of the tests ask for it.
func (g *gate) ordered(name string) registry.Record {
	return registry.Record{Name: name, Registrar: "R01-RU", Delegated: true, Created: g.clock,
		PaidTill:    registrar.Date{Year: 2027, Month: 11, Day: 24},
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
}

// look lets an hour go by and asks whois about what waits.
func (g *gate) look() {
	g.t.Helper()
	g.clock = g.clock.Add(time.Hour)
	if _, err := g.AskAround(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// publish makes a list of these records, an hour from now, and reads it.
func (g *gate) publish(l *fakeList, records ...registry.Record) error {
	g.t.Helper()
	g.clock = g.clock.Add(time.Hour)
	var b strings.Builder
	fmt.Fprintf(&b, "NEW%d.RU\tREGRU-RU\t01.02.2020\t01.02.2027\t04.03.2027\t1\n", g.clock.Unix()) // no two editions are alike
	for i := range 40 {                                                                            // others' domains
		fmt.Fprintf(&b, "OTHER%d.RU\tREGRU-RU\t01.02.2020\t01.02.2027\t04.03.2027\t1\n", i)
	}
	for _, r := range records {
		delegated := map[bool]int{true: 1}[r.Delegated]
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%d\n", strings.ToUpper(r.Name), r.Registrar, registrar.DateOf(r.Created.In(registry.Moscow)),
			r.PaidTill, r.PaidTill.AddDays(31), delegated)
	}
	l.text, l.mark = b.String(), registry.Edition{Modified: g.clock}
	g.clock = g.clock.Add(time.Minute)
	err := g.ReconcileList(g.t.Context(), l)
	g.check()
	return err
}

func (g *gate) mustPublish(l *fakeList, records ...registry.Record) {
	g.t.Helper()
	if err := g.publish(l, records...); err != nil {
		g.t.Fatal(err)
	}
}

// mentions counts the events that say so.
func (g *gate) mentions(text string) int {
	g.t.Helper()
	n := 0
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, 100000)
		for _, e := range events {
			if strings.Contains(e.Message, text) {
				n++
			}
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// newGateWithClient has first.ru registered and knows its client.
func newGateWithClient(t *testing.T) (*gate, *fakeRegistry, *fakeList) {
	g := newGate(t)
	w, l := g.withRegistry()
	g.registerClient()
	first := g.ordered("first.ru")
	first.Created = g.clock.AddDate(0, 0, -2)
	w.held["first.ru"] = first
	return g, w, l
}

// What one look at the registry makes of a registration that was sent and never answered.
func TestRegistryOnRegistration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why    string
		record func(r *registry.Record, w *fakeRegistry)
		state  registrar.OperationState
		status registrar.DomainStatus
		alarm  string // part of the alarm on the domain; "" = none
	}{
		{"registered and delegated", func(*registry.Record, *fakeRegistry) {}, registrar.Succeeded, registrar.StatusRegistered, ""},
		{"our registrar in small letters", func(r *registry.Record, _ *fakeRegistry) { r.Registrar = "r01-ru" }, registrar.Succeeded, registrar.StatusRegistered, ""},
		{"not delegated", func(r *registry.Record, _ *fakeRegistry) { r.Delegated = false }, registrar.NeedsAction, registrar.StatusRegistering, "not delegated"},
		{"not delegated, no nameservers", func(r *registry.Record, _ *fakeRegistry) { r.Delegated, r.Nameservers = false, nil }, registrar.NeedsAction, registrar.StatusRegistering, "not delegated"},
		{"with somebody else", func(r *registry.Record, _ *fakeRegistry) { r.Registrar = "REGRU-RU" }, registrar.Sent, registrar.StatusRegistering, "REGRU-RU"},
		{"registered long ago", func(r *registry.Record, _ *fakeRegistry) { r.Created = r.Created.AddDate(-1, 0, 0) }, registrar.Sent, registrar.StatusRegistering, "before we asked"},
		{"nobody tells since when", func(r *registry.Record, _ *fakeRegistry) { r.Created = time.Time{} }, registrar.Sent, registrar.StatusRegistering, "before we asked"},
		{"another's, who was faster at R01", func(r *registry.Record, _ *fakeRegistry) { r.Nameservers[0].Host = "ns1.rival.example" }, registrar.Sent, registrar.StatusRegistering, "other nameservers"},
		{"a record from before the request", func(_ *registry.Record, w *fakeRegistry) { w.age = 2 * time.Hour }, registrar.Sent, registrar.StatusRegistering, ""},
		{"not there", func(r *registry.Record, w *fakeRegistry) { r.Name = "" }, registrar.Sent, registrar.StatusRegistering, ""},
		{"silence", func(_ *registry.Record, w *fakeRegistry) { w.silent = true }, registrar.Sent, registrar.StatusRegistering, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g, w, _ := newGateWithClient(t)
			op := g.submit(registration("o1", "silent.ru"))
			g.send()
			r := g.ordered("silent.ru")
			c.record(&r, w)
			if r.Name != "" {
				w.held["silent.ru"] = r
			}
			g.look()
			got := g.expect(op.ID, c.state)
			d := g.status("silent.ru")
			if d.Status != c.status {
				t.Errorf("the domain is %s, want %s", d.Status, c.status)
			}
			if c.state == registrar.Succeeded && (d.PaidTill.String() != "2027-11-24" || got.History[len(got.History)-1].Evidence != registrar.EvidenceRegistry) {
				t.Errorf("paid till %s, history %+v", d.PaidTill, got.History)
			}
			alarms := fmt.Sprint(d.Alarms)
			if (len(d.Alarms) > 0) != (c.alarm != "") || !strings.Contains(alarms, c.alarm) {
				t.Errorf("alarms %s, want %q", alarms, c.alarm)
			}
		})
	}
}

// A transmission of unknown fate is settled by the registry, in either way of the fault,
// with and without a restart; and nothing is sent twice.
func TestRegistrySettlesUncertainty(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(func() error, func()) *smtpout.Result{"taken": noAnswerTaken, "not taken": noAnswerNotTaken} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %v", name, restart), func(t *testing.T) {
				t.Parallel()
				g, w, l := newGateWithClient(t)
				g.relay.fail = fault
				op := g.submit(registration("o1", "uncertain.ru"))
				g.send()
				g.relay.fail = nil
				g.expect(op.ID, registrar.Uncertain)
				sent := len(g.relay.taken)
				if restart {
					g.restart(*g.settings)
					g.observe(w, l)
				}
				if name == "taken" {
					w.held["uncertain.ru"] = g.ordered("uncertain.ru")
				}
				g.look()
				g.send()
				want := registrar.Uncertain // absence proves nothing: it may still be under way
				if name == "taken" {
					want = registrar.Succeeded
				}
				g.expect(op.ID, want)
				if len(g.relay.taken) != sent {
					t.Errorf("%d mails more were sent", len(g.relay.taken)-sent)
				}
			})
		}
	}
}

func (g *gate) renewal(id, domain string) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindRenew, Domain: domain, Customer: "c1", PaidTill: g.status(domain).PaidTill}
}

// newGateToRenew has first.ru in the window of renewal.
func newGateToRenew(t *testing.T) (*gate, *fakeRegistry, *fakeList) {
	g, w, l := newGateWithClient(t)
	g.clock = g.clock.AddDate(0, 11, 0)
	return g, w, l
}

func TestRegistryOnRenewal(t *testing.T) {
	t.Parallel()
	year := func(r *registry.Record) { r.PaidTill = r.PaidTill.AddYears(1) }
	for _, c := range []struct {
		why    string
		change func(r *registry.Record, w *fakeRegistry)
		state  registrar.OperationState
		till   string
		alarm  string
	}{
		{"a year more", func(r *registry.Record, _ *fakeRegistry) { year(r) }, registrar.Succeeded, "2028-11-24", ""},
		{"as before", func(*registry.Record, *fakeRegistry) {}, registrar.Sent, "2027-11-24", ""},
		{"a year more, with somebody else", func(r *registry.Record, _ *fakeRegistry) { year(r); r.Registrar = "REGRU-RU" }, registrar.Sent, "2027-11-24", "REGRU-RU"},
		{"a year more before we asked for it", func(r *registry.Record, w *fakeRegistry) { year(r); w.age = 2 * time.Hour }, registrar.Sent, "2027-11-24", "before our renewal was sent"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g, w, _ := newGateToRenew(t)
			op := g.submit(g.renewal("o2", "first.ru"))
			g.send()
			r := w.held["first.ru"]
			c.change(&r, w)
			w.held["first.ru"] = r
			g.look()
			g.expect(op.ID, c.state)
			d := g.status("first.ru")
			if d.PaidTill.String() != c.till || !strings.Contains(fmt.Sprint(d.Alarms), c.alarm) || (len(d.Alarms) > 0) != (c.alarm != "") {
				t.Errorf("paid till %s, alarms %v; want %s and %q", d.PaidTill, d.Alarms, c.till, c.alarm)
			}
		})
	}
}

// The year is there already: a renewal that has not been sent never is.
func TestRegistryWithdrawsRenewal(t *testing.T) {
	t.Parallel()
	g, w, l := newGateToRenew(t)
	op := g.submit(g.renewal("o2", "first.ru"))
	sent := len(g.relay.taken)
	r := w.held["first.ru"]
	r.PaidTill = r.PaidTill.AddYears(1)
	g.mustPublish(l, r)
	g.expect(op.ID, registrar.Cancelled)
	g.send()
	if len(g.relay.taken) != sent {
		t.Error("the renewal was sent all the same")
	}
	if d := g.status("first.ru"); d.PaidTill.String() != "2028-11-24" || g.mentions("renewed elsewhere") != 1 {
		t.Errorf("%+v; told %d times", d, g.mentions("renewed elsewhere"))
	}
}

func TestRegistryOnNameservers(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	op := g.submit(registrar.Order{ID: "o2", Kind: registrar.KindUpdate, Domain: "first.ru", Customer: "c1",
		Nameservers: []registrar.Nameserver{{Host: "ns1.new.example"}, {Host: "ns2.new.example"}}})
	g.send()
	g.look()
	g.expect(op.ID, registrar.Sent) // it still shows the old ones
	r := w.held["first.ru"]
	r.Nameservers = []registrar.Nameserver{{Host: "ns2.new.example"}, {Host: "ns1.new.example"}}
	w.held["first.ru"] = r
	g.look()
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("first.ru"); d.Nameservers[0].Host != "ns1.new.example" {
		t.Errorf("%+v", d.Nameservers)
	}
}

// A list names no nameservers, so with a whois it does not confirm a registration alone.
func TestListConfirmsRegistrationOnlyWithoutWhois(t *testing.T) {
	t.Parallel()
	for _, whois := range []bool{true, false} {
		g, w, l := newGateWithClient(t)
		first := w.held["first.ru"]
		if w.silent = true; !whois {
			g.observe(nil, g.parts.ZoneLists...)
		}
		op := g.submit(registration("o1", "silent.ru"))
		g.send()
		g.mustPublish(l, first, g.ordered("silent.ru"))
		want := registrar.Succeeded
		if whois {
			want = registrar.Sent
		}
		g.expect(op.ID, want)
	}
}

func TestRenewedElsewhere(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	g.clock = g.clock.AddDate(0, 11, 0) // R01 sells the second year no earlier than that
	r := w.held["first.ru"]
	r.PaidTill = r.PaidTill.AddYears(1)
	g.mustPublish(l, r)
	if d := g.status("first.ru"); d.PaidTill.String() != "2028-11-24" || g.mentions("renewed elsewhere") != 1 {
		t.Errorf("%s, told %d times", d.PaidTill, g.mentions("renewed elsewhere"))
	}
	g.mustPublish(l, r)
	if g.mentions("renewed elsewhere") != 1 {
		t.Error("told again")
	}
}

// Paid-till never moves back; that the registry stays behind what R01 said is an alarm
// after a while, until it catches up.
func TestExpiryNeverMovesBack(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	good := w.held["first.ru"]
	behind := good
	behind.PaidTill = good.PaidTill.AddYears(-1)
	w.held["first.ru"] = behind
	for i := range 4 {
		g.mustPublish(l, behind)
		g.look()
		if d := g.status("first.ru"); d.PaidTill != good.PaidTill || d.Status != registrar.StatusRegistered || (len(d.Alarms) > 0) != (i >= 2) {
			t.Fatalf("after %d lists: %+v", i+1, d)
		}
	}
	w.held["first.ru"] = good
	g.mustPublish(l, good)
	if d := g.status("first.ru"); len(d.Alarms) != 0 {
		t.Errorf("the alarm stands: %v", d.Alarms)
	}
}

// Lists in a row, and whois in agreement, until a domain is believed to have left.
func TestLeaving(t *testing.T) {
	t.Parallel()
	moved := func(r registry.Record) []registry.Record {
		r.Registrar = "REGRU-RU"
		return []registry.Record{r}
	}
	deleted := func(registry.Record) []registry.Record { return nil }
	for _, c := range []struct {
		why    string
		shows  func(r registry.Record) []registry.Record
		status registrar.DomainStatus
		told   string
	}{
		{"moved", moved, registrar.StatusTransferredAway, "with registrar REGRU-RU"},
		{"deleted", deleted, registrar.StatusDeleted, "has no first.ru any more"},
	} {
		for _, whois := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, whois %v", c.why, whois), func(t *testing.T) {
				t.Parallel()
				g, w, l := newGateWithClient(t)
				ours := w.held["first.ru"]
				shown := c.shows(ours)
				if !whois {
					g.observe(nil, g.parts.ZoneLists...)
				}
				for range 2 {
					g.mustPublish(l, shown...)
				}
				if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
					t.Fatalf("after two lists it is %s", d.Status)
				}
				g.mustPublish(l, ours) // it is back, so counting starts anew
				for range 2 {
					g.mustPublish(l, shown...)
				}
				if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
					t.Fatalf("after two more it is %s", d.Status)
				}
				g.mustPublish(l, shown...)
				if whois {
					w.silent = true
					g.look()
					if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
						t.Fatalf("without whois's word it is %s", d.Status)
					}
					w.silent = false
					delete(w.held, "first.ru")
					for _, r := range shown {
						w.held["first.ru"] = r
					}
					g.clock = g.clock.Add(24 * time.Hour)
					g.look()
				}
				if d := g.status("first.ru"); d.Status != c.status || d.PaidTill.String() != "2027-11-24" || g.mentions(c.told) == 0 {
					t.Fatalf("%+v", d)
				}
				g.mustPublish(l, shown...)
				if n := g.mentions(c.told); n != 1 {
					t.Errorf("told %d times", n)
				}
				g.mustPublish(l, ours)
				if d := g.status("first.ru"); d.Status != registrar.StatusRegistered || g.mentions("is back") != 1 {
					t.Errorf("with us again it is %s", d.Status)
				}
			})
		}
	}
}

// Whois knows better than the lists: the doubt is dropped.
func TestWhoisContradictsLists(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	for range 3 {
		g.mustPublish(l)
	}
	g.look()
	if len(w.asked) == 0 {
		t.Fatal("whois was not asked")
	}
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("it is %s", d.Status)
	}
	g.mustPublish(l)
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("counting did not start anew: %s", d.Status)
	}
}

// Another buyer has registered the name since: it is not ours that came back.
func TestNewOwnerIsNotOursComeBack(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	g.observe(nil, g.parts.ZoneLists...)
	for range 3 {
		g.mustPublish(l)
	}
	g.clock = g.clock.AddDate(0, 0, 3)
	r := w.held["first.ru"]
	r.Created = g.clock
	g.mustPublish(l, r)
	if d := g.status("first.ru"); d.Status != registrar.StatusDeleted {
		t.Errorf("it is %s", d.Status)
	}
}

// imported fills the store with n domains of ours and gives their records.
func (g *gate) imported(n int) []registry.Record {
	g.t.Helper()
	var all []registry.Record
	for i := range n {
		r := g.ordered(fmt.Sprintf("many%d.ru", i))
		_, err := g.ImportDomain(g.t.Context(), registrar.Import{Domain: r.Name, Customer: "c1", Handle: "MYCO_9_X-R01", PaidTill: r.PaidTill})
		if err != nil {
			g.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// A list is not believed at all: nothing is changed, an alarm stands until a good one.
func TestListGuards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why   string
		spoil func(records []registry.Record) []registry.Record
		says  string
	}{
		{"too many gone", func(r []registry.Record) []registry.Record { return r[3:] }, "gone"},
		{"too many elsewhere", func(r []registry.Record) []registry.Record {
			r = append([]registry.Record{}, r...)
			for i := range 3 {
				r[i].Registrar = "REGRU-RU"
			}
			return r
		}, "gone"},
		{"shrunk", func(r []registry.Record) []registry.Record { return r[:len(r)/2] }, "the edition before had"},
		{"senseless", func(r []registry.Record) []registry.Record {
			r = append([]registry.Record{}, r...)
			for i := range 10 {
				r[i].Registrar = ""
			}
			return r
		}, "make no sense"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			_, l := g.withRegistry()
			g.observe(nil, g.parts.ZoneLists...)
			records := g.imported(20)
			g.mustPublish(l, records...)
			bad := c.spoil(records)
			last := bad[len(bad)-1]
			last.PaidTill = last.PaidTill.AddYears(1) // which must not be believed
			bad = append(append([]registry.Record{}, bad[:len(bad)-1]...), last)
			for range 4 {
				if err := g.publish(l, bad...); err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%v, want %q", err, c.says)
				}
			}
			page, err := g.Domains(t.Context(), registrar.Page{})
			if err != nil || len(page.Domains) != 20 {
				t.Fatal(len(page.Domains), err)
			}
			for _, d := range page.Domains {
				if d.Status != registrar.StatusRegistered || d.PaidTill.String() != "2027-11-24" {
					t.Errorf("%+v was changed", d)
				}
			}
			health, err := g.Health(t.Context())
			if err != nil || health[len(health)-1].OK || !strings.Contains(health[len(health)-1].Detail, c.says) {
				t.Errorf("health %+v, %v", health, err)
			}
			g.mustPublish(l, records...)
			if health, err = g.Health(t.Context()); err != nil || !health[len(health)-1].OK || !health[0].OK {
				t.Errorf("after a good list: %+v, %v", health, err)
			}
		})
	}
}

// One domain of twenty may leave.
func TestFewMayLeave(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, l := g.withRegistry()
	g.observe(nil, g.parts.ZoneLists...)
	records := g.imported(20)
	for range 3 {
		g.mustPublish(l, records[1:]...)
	}
	if d := g.status("many0.ru"); d.Status != registrar.StatusDeleted {
		t.Errorf("it is %s", d.Status)
	}
}

// A list of one zone says nothing about another.
func TestListOfAnotherZone(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, l := g.withRegistry()
	g.observe(nil, g.parts.ZoneLists...)
	r := g.ordered("ours.su")
	if _, err := g.ImportDomain(t.Context(), registrar.Import{Domain: r.Name, Customer: "c1", Handle: "MYCO_9_X-R01", PaidTill: r.PaidTill}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		g.mustPublish(l)
	}
	if d := g.status("ours.su"); d.Status != registrar.StatusRegistered {
		t.Errorf("it is %s", d.Status)
	}
}

// The same edition counts once, however often it is read, and after a crash between too.
func TestOneEditionCountsOnce(t *testing.T) {
	t.Parallel()
	g, _, l := newGateWithClient(t)
	g.observe(nil, g.parts.ZoneLists...)
	g.mustPublish(l)
	for i := range 6 {
		g.clock = g.clock.Add(time.Hour)
		l.mark.ETag += "x" // the server calls it new
		if i%2 == 1 {      // as after a crash between two of its transactions: it is read anew
			l.text += "MORE.RU\tREGRU-RU\t01.02.2020\t01.02.2027\t04.03.2027\t1\n"
		}
		if err := g.ReconcileList(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("one edition made it %s", d.Status)
	}
}

// A list that was made before our record changed says nothing about the change.
func TestListOlderThanTheRecord(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, l := g.withRegistry()
	g.observe(nil, g.parts.ZoneLists...)
	old := g.clock
	g.clock = g.clock.Add(48 * time.Hour)
	g.registerClient()
	for i := range 4 {
		l.text = strings.Repeat("OTHER.RU\tREGRU-RU\t01.02.2020\t01.02.2027\t04.03.2027\t1\n", 40+i)
		l.mark = registry.Edition{Modified: old.Add(time.Duration(i) * time.Hour)}
		if err := g.ReconcileList(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("old lists made it %s", d.Status)
	}
}

func TestReportOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	g.settings.Registry.ReportOnly = true
	op := g.submit(registration("o1", "silent.ru"))
	g.send()
	w.held["silent.ru"] = g.ordered("silent.ru")
	g.look()
	first := w.held["first.ru"]
	first.PaidTill = first.PaidTill.AddYears(1)
	g.mustPublish(l, first, w.held["silent.ru"])
	g.expect(op.ID, registrar.Sent)
	if d := g.status("first.ru"); d.PaidTill.String() != "2027-11-24" || g.mentions("report_only") != 1 {
		t.Errorf("paid till %s, told %d times", d.PaidTill, g.mentions("report_only"))
	}
}

// R01 refused it and the registry shows it with R01: that is for a person.
func TestRefusedButRegistered(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	op := g.submit(registration("o1", "strange.ru"))
	g.send()
	w.held["strange.ru"] = g.ordered("strange.ru")
	g.receive(g.reply(1+1, "domain: strange.ru", "status: TASK_FAILURE", "message: refused"))
	g.expect(op.ID, registrar.Failed)
	g.mustPublish(l, g.ordered("first.ru"), g.ordered("strange.ru"))
	d := g.status("strange.ru")
	if d.Status != registrar.StatusError || !strings.Contains(fmt.Sprint(d.Alarms), "import it") {
		t.Errorf("%+v", d)
	}
	d, err := g.ImportDomain(t.Context(), registrar.Import{Domain: "strange.ru", Customer: "c1", Handle: d.Handle, PaidTill: g.ordered("strange.ru").PaidTill})
	if err != nil || d.Status != registrar.StatusRegistered {
		t.Errorf("taken over as %+v, %v", d, err)
	}
	if alarms := g.status("strange.ru").Alarms; strings.Contains(fmt.Sprint(alarms), "import it") {
		t.Errorf("the alarm stands: %v", alarms)
	}
}

// What has waited for long is asked about less often.
func TestQuestionsThinOut(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	g.submit(registration("o1", "silent.ru"))
	g.send()
	count := func(hours int) int {
		before := len(w.asked)
		for range hours * 12 {
			g.clock = g.clock.Add(5 * time.Minute)
			if _, err := g.AskAround(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return len(w.asked) - before
	}
	first := count(1)
	count(23)
	later := count(6)
	if first < 5 || first > 12 || later > 3 {
		t.Errorf("%d questions in the first hour, %d in six hours a day later", first, later)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	g.submit(registration("o1", "underway.ru"))
	taken := g.ordered("taken.ru")
	taken.Registrar = "REGRU-RU"
	w.held["taken.ru"] = taken
	want := map[string]registrar.AvailabilityStatus{"first.ru": registrar.Taken, "underway.ru": registrar.Taken, "taken.ru": registrar.Taken,
		"free.ru": registrar.Available, "FREE.RU": registrar.Available, "www.ru": registrar.NameInvalid, "free.com": registrar.NameInvalid}
	for _, mode := range []string{"answers", "silent", "none"} {
		if w.silent = mode == "silent"; mode == "none" {
			g.observe(nil, g.parts.ZoneLists...)
		}
		for name, status := range want {
			if status == registrar.Available && mode != "answers" || name == "taken.ru" && mode != "answers" {
				status = registrar.AvailabilityUnknown
			}
			got, err := g.Check(t.Context(), []string{name})
			if err != nil || len(got) != 1 || got[0].Status != status || got[0].Name != name || (got[0].Detail == "") != (status == registrar.Available) ||
				got[0].Detail != got[0].Texts["en"] || (got[0].Detail == "") != (got[0].Texts["ru"] == "") {
				t.Errorf("whois %s: %s is %+v, %v; want %s", mode, name, got, err, status)
			}
		}
	}
}

// The same without zone lists: whois is asked for a while about what was refused.
func TestWhoisOnRefusal(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	g.observe(g.parts.Whois)
	g.submit(registration("o1", "strange.ru"))
	g.send()
	g.receive(g.reply(2, "domain: strange.ru", "status: TASK_FAILURE", "message: refused"))
	w.held["strange.ru"] = g.ordered("strange.ru")
	g.look()
	if d := g.status("strange.ru"); d.Status != registrar.StatusError || !strings.Contains(fmt.Sprint(d.Alarms), "import it") {
		t.Errorf("%+v", d)
	}
	g.clock = g.clock.Add(witness.DoubtRefusal)
	asked := len(w.asked)
	if g.look(); len(w.asked) != asked {
		t.Error("it is asked about for ever")
	}
}

// R01 refused the renewal, and the year is there: that is told as what it is.
func TestRegistryOnRefusedRenewal(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateToRenew(t)
	op := g.submit(g.renewal("o2", "first.ru"))
	g.send()
	g.receive(g.reply(len(g.relay.taken)-1, "domain: first.ru", "status: TASK_FAILURE", "message: refused"))
	g.expect(op.ID, registrar.Failed)
	r := w.held["first.ru"]
	r.PaidTill = r.PaidTill.AddYears(1)
	w.held["first.ru"] = r
	g.look()
	if d := g.status("first.ru"); d.PaidTill.String() != "2028-11-24" || g.mentions("look at what R01 has charged") != 1 {
		t.Errorf("paid till %s, told %d times", d.PaidTill, g.mentions("look at what R01 has charged"))
	}
}

// What the registry contradicted stands no longer when the operation has ended.
func TestConflictEndsWithTheOperation(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	op := g.submit(registration("o1", "strange.ru"))
	g.send()
	r := g.ordered("strange.ru")
	r.Registrar = "REGRU-RU"
	w.held["strange.ru"] = r
	g.look()
	if d := g.status("strange.ru"); len(d.Alarms) != 1 {
		t.Fatalf("%+v", d)
	}
	g.receive(g.reply(2, "domain: strange.ru", "status: TASK_FAILURE", "message: taken"))
	g.expect(op.ID, registrar.Failed)
	if alarms := fmt.Sprint(g.status("strange.ru").Alarms); strings.Contains(alarms, "REGRU") {
		t.Errorf("it stands: %s", alarms)
	}
}

// A name that is with R01 and unknown here is offered, never taken.
func TestCheckOffersImport(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	w.held["unknown.ru"] = g.ordered("unknown.ru")
	g.mustPublish(l, w.held["first.ru"], w.held["unknown.ru"])
	got, err := g.Check(t.Context(), []string{"unknown.ru"})
	if err != nil || got[0].Status != registrar.Taken || !strings.Contains(got[0].Detail, "imported") || len(got[0].Advice) != 1 || got[0].Advice[0].Action != registrar.AdviseImport || got[0].Advice[0].Parameters["paid_till"] != "2027-11-24" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := g.Domain(t.Context(), "unknown.ru"); registrar.CodeOf(err) != registrar.NotFound {
		t.Errorf("it was taken over by itself: %v", err)
	}
}

// The whole table of judge for kinds that no scenario above reaches.
func TestJudgeIgnoresClients(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	for _, k := range []lifecycle.Kind{lifecycle.NewClient, lifecycle.UpdateClient} {
		s := witness.Sighting{Record: g.ordered("first.ru"), Present: true, AsOf: g.clock.Add(time.Hour)}
		if w := g.Judge.Read(store.Request{Kind: k, CreatedAt: g.clock}, nil, s); w != (witness.Finding{}) {
			t.Errorf("%s: %+v", k, w)
		}
	}
}
