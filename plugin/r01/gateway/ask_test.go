package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
)

// pacedRegistry is a fakeRegistry that answers so many questions until it is given more, and
// says of some names nothing that can be understood.
type pacedRegistry struct {
	*fakeRegistry
	tokens  int
	garbled map[string]bool
}

func (p *pacedRegistry) Ready() bool { return p.tokens > 0 }

func (p *pacedRegistry) Look(ctx context.Context, name string) registry.Answer {
	if p.tokens == 0 {
		return registry.Answer{Status: registry.Unknown, Why: "not now", NotAsked: true}
	}
	p.tokens--
	a := p.fakeRegistry.Look(ctx, name)
	if p.garbled[name] {
		return registry.Answer{Status: registry.Unknown, AsOf: a.AsOf, Why: "it is not understood"}
	}
	return a
}

// A person's question is put at once and applied as any other; a moment later the record stands, and
// silence changes nothing. What the registry itself says is kept beside the status, and its changes are told.
func TestRefresh(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	w, _ := g.withRegistry()
	till := g.own("wanted.ru", 20, registrar.RenewManual)
	r := g.ordered("wanted.ru")
	r.PaidTill, r.States = till.AddYears(1), []string{"REGISTERED", "DELEGATED", "VERIFIED"}
	w.held["wanted.ru"] = r
	record := func() registrar.Domain {
		d, err := g.Views.Domain(g.t.Context(), "wanted.ru")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	refresh := func() error { return g.Witness.Asker.Refresh(g.t.Context(), "wanted.ru") }

	w.silent = true
	if err := refresh(); registrar.CodeOf(err) != registrar.Unavailable || record().PaidTill != till {
		t.Errorf("a silent registry: %v, paid till %s", err, record().PaidTill)
	}

	w.silent, w.asked = false, nil
	g.clock = g.clock.Add(time.Hour)
	for range 3 {
		if err := refresh(); err != nil {
			t.Fatal(err)
		}
	}
	d := record()
	if d.PaidTill != r.PaidTill || !slices.Equal(d.Registry, r.States) || len(w.asked) != 1 {
		t.Errorf("after it: %+v, asked %v", d, w.asked)
	}

	g.clock = g.clock.Add(time.Hour)
	r.States = []string{"REGISTERED", "NOT DELEGATED", "UNVERIFIED"}
	w.held["wanted.ru"] = r
	if err := refresh(); err != nil || !slices.Equal(record().Registry, r.States) || len(w.asked) != 2 {
		t.Errorf("later: %v, %+v, asked %v", err, record(), w.asked)
	}
	g.check()

	g.observe(nil)
	if err := g.Witness.Asker.Refresh(g.t.Context(), "wanted.ru"); registrar.CodeOf(err) != registrar.Unavailable {
		t.Errorf("without whois: %v", err)
	}
}

// newGateAsking has renewals of so many domains under way, all sent at once, and a whois that
// shows them as they were.
func newGateAsking(t *testing.T, names ...string) (*gate, *pacedRegistry) {
	t.Helper()
	g := newGate(t)
	w, _ := g.withRegistry()
	g.observe(g.parts.Whois)
	p := &pacedRegistry{fakeRegistry: w, garbled: map[string]bool{}}
	g.observe(p, g.parts.ZoneLists...)
	for _, name := range names {
		till := g.own(name, 40, registrar.RenewAuto)
		r := g.ordered(name)
		r.PaidTill = till
		w.held[name] = r
	}
	g.renew()
	if len(g.relay.taken) != len(names) {
		t.Fatalf("%d mails", len(g.relay.taken))
	}
	g.clock = g.clock.Add(time.Hour)
	return g, p
}

func (g *gate) askRound(w *pacedRegistry, tokens int) {
	g.t.Helper()
	w.tokens = tokens
	g.clock = g.clock.Add(time.Second)
	if _, err := g.AskAround(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// Fifteen names of which the registry shows nothing new, asked about ten at a time, do not keep
// it from being asked about five others.
func TestEveryNameIsAskedAbout(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 15 {
		names = append(names, fmt.Sprintf("silent-a%02d.ru", i))
	}
	for i := range 5 {
		names = append(names, fmt.Sprintf("mute-b%d.ru", i))
	}
	g, w := newGateAsking(t, names...)
	for _, name := range names[15:] {
		r := w.held[name]
		r.PaidTill = r.PaidTill.AddYears(1)
		w.held[name] = r
	}
	g.askRound(w, 10)
	g.askRound(w, 10)
	slices.Sort(names)
	if asked := slices.Sorted(slices.Values(w.asked)); !slices.Equal(asked, names) {
		t.Errorf("asked about %q, want each once", asked)
	}
	for i := range 5 {
		if d := g.status(fmt.Sprintf("mute-b%d.ru", i)); d.Operation != nil {
			t.Errorf("%s is %s", d.Name, d.Operation.State)
		}
	}
	if g.askRound(w, 10); len(w.asked) != 20 {
		t.Errorf("%d questions: what was asked just now is asked again", len(w.asked))
	}
	g.clock = g.clock.Add(time.Hour)
	if g.askRound(w, 15); len(w.asked) != 35 {
		t.Errorf("%d questions: what waits is not asked about again", len(w.asked))
	}
}

// What fails for one name, or is not understood, hinders no other, and is not asked first again
// and again.
func TestOneNameHindersNoOther(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "aa.ru", "bb.ru", "cc.ru")
	w.garbled["aa.ru"] = true
	failing := &failingStore{Store: g.st, fail: 1}
	g.store.Store = failing
	w.tokens = 3
	if _, err := g.AskAround(t.Context()); !errors.Is(err, errFailing) {
		t.Fatalf("the store's error is %v", err)
	}
	if !slices.Equal(w.asked, []string{"aa.ru", "bb.ru", "cc.ru"}) {
		t.Errorf("asked about %q", w.asked)
	}
	g.clock = g.clock.Add(2 * time.Hour)
	w.asked = nil
	g.askRound(w, 2)
	g.askRound(w, 1)
	if !slices.Equal(w.asked, []string{"aa.ru", "bb.ru", "cc.ru"}) {
		t.Errorf("then asked about %q", w.asked)
	}
}

var errFailing = errors.New("the disk is full")

// failingStore fails so many writes.
type failingStore struct {
	Store
	fail int
}

func (f *failingStore) Write(ctx context.Context, fn func(tx *store.Tx) error) error {
	if f.fail > 0 {
		f.fail--
		return errFailing
	}
	return f.Store.Write(ctx, fn)
}

// Names that cost nothing are asked about in between, and starve nothing that was paid for.
func TestPaidEvidenceHasItsShare(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "paid1.ru", "paid2.ru", "paid3.ru", "paid4.ru")
	for i := range 6 {
		name := fmt.Sprintf("free%d.ru", i)
		g.own(name, 200, registrar.RenewAuto)
		g.submit2(registrar.Order{ID: registrar.OrderID(fmt.Sprint("u", i)), Kind: registrar.KindUpdate, Domain: name, Customer: "c1",
			Nameservers: []registrar.Nameserver{{Host: "ns1.new.example"}, {Host: "ns2.new.example"}}})
	}
	g.send()
	g.clock = g.clock.Add(time.Hour)
	g.askRound(w, 6)
	paid := 0
	for _, name := range w.asked {
		if name[:4] == "paid" {
			paid++
		}
	}
	if paid != 4 || len(w.asked) != 6 {
		t.Errorf("asked about %q", w.asked)
	}
}

// A name of which something was said that proves nothing is asked about at once, before all
// others, and remains urgent until it was asked about.
func TestAskAtOnce(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "aa.ru", "bb.ru", "zz.ru")
	g.askRound(w, 3)
	g.clock = g.clock.Add(witness.JustAsked)
	w.asked = nil
	g.AskAtOnce("zz.ru")
	g.AskAtOnce("zz.ru")
	g.AskAtOnce("unknown.ru") // and what is not ours does no harm
	if g.askRound(w, 0); len(w.asked) != 0 {
		t.Fatalf("asked about %q", w.asked)
	}
	g.askRound(w, 5)
	if g.askRound(w, 5); !slices.Equal(w.asked, []string{"zz.ru", "unknown.ru"}) {
		t.Errorf("asked about %q", w.asked)
	}
	g.observe(nil, g.parts.ZoneLists...)
	g.AskAtOnce("aa.ru") // there is nothing to ask
}

// Strangers who write of one name over and over starve no other.
func TestAskAtOnceAgain(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "aa.ru", "bb.ru", "zz.ru")
	g.AskAtOnce("zz.ru")
	g.askRound(w, 1)
	g.AskAtOnce("zz.ru")
	g.askRound(w, 3)
	if want := []string{"zz.ru", "aa.ru", "bb.ru", "zz.ru"}; !slices.Equal(w.asked, want) {
		t.Errorf("asked about %q, want %q", w.asked, want)
	}
}

// The loop sleeps until it is time to ask, and is woken by what is urgent.
func TestAskAtOnceWakesTheLoop(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "aa.ru")
	synctest.Test(t, func(t *testing.T) {
		g.arrange() // in this bubble
		g.askRound(w, 1)
		w.tokens, w.asked = 5, nil
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { g.Asker.Run(ctx); close(done) }()
		time.Sleep(time.Second)
		g.AskAtOnce("aa.ru")
		time.Sleep(time.Second)
		stop()
		<-done
	})
	if !slices.Equal(w.asked, []string{"aa.ru"}) {
		t.Errorf("asked about %q", w.asked)
	}
}

// A clock that was wrong for a while has left times of the future: they put nothing off.
func TestAskedInTheFuture(t *testing.T) {
	t.Parallel()
	g, w := newGateAsking(t, "aa.ru")
	g.clock = g.clock.Add(200 * 24 * time.Hour)
	g.askRound(w, 1)
	g.clock = g.clock.Add(-200 * 24 * time.Hour)
	if g.askRound(w, 1); len(w.asked) != 2 {
		t.Errorf("asked %d times", len(w.asked))
	}
}
