package kit

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// started begins a plugin on a directory.
func started(t *testing.T, a Adapter, dir string, timing Timing) keeper {
	t.Helper()
	p := New(a, Options{Timing: timing})
	if err := p.Configure(t.Context(), registrar.Settings{Config: []byte(`{"token": "token-4711"}`), DataDir: dir, Create: true}); err != nil {
		t.Fatal(err)
	}
	r, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Drain(context.Background()) })
	return r.(whole).keeper
}

// until follows the events to the first of which something holds.
func until(t *testing.T, r keeper, holds func(e registrar.Event) bool) registrar.Event {
	t.Helper()
	for e, err := range r.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if holds(e) {
			return e
		}
	}
	return registrar.Event{}
}

func ended(e registrar.Event) bool { return e.State.Final() }

// hanging is a shop whose Send does not come back while its context lasts.
type hanging struct {
	*shop
	sending chan struct{}
}

func (h *hanging) Send(ctx context.Context, o Order) (Answer, error) {
	if _, err := h.shop.Send(ctx, o); err != nil {
		return Answer{}, err
	}
	close(h.sending)
	<-ctx.Done()
	return Done(Facts{}), ctx.Err()
}

// hangingAdapter configures a hanging shop.
type hangingAdapter struct {
	*shop
	remote *hanging
}

func (h hangingAdapter) Configure(json.RawMessage) (Remote, error) { return h.remote, nil }

// Drain gives what is under way its time, and then cuts it off. The next program asks, and does not
// send again.
func TestDrainCutsOff(t *testing.T) {
	t.Parallel()
	s, dir := newShop(), t.TempDir()
	h := &hanging{shop: s, sending: make(chan struct{})}
	r := started(t, hangingAdapter{s, h}, dir, hasty)
	op, err := r.Submit(t.Context(), order("o1", "a.example"))
	if err != nil {
		t.Fatal(err)
	}
	<-h.sending

	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Drain(over); !errors.Is(err, context.Canceled) {
		t.Errorf("with no time to end: %v", err)
	}
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	next := started(t, s, dir, hasty)
	if e := until(t, next, ended); e.State != registrar.Succeeded || e.Operation != op.ID {
		t.Errorf("%+v", e)
	}
	if reached, executed := s.times("o1"); reached != 1 || executed != 1 {
		t.Errorf("it reached the shop %d times and was carried out %d times", reached, executed)
	}
}

// Names are answered for in their order: what is held here without asking, what is no name with a
// word, the rest by the registrar, and by nothing when that fails.
func TestCheck(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.domains["theirs.example"] = Facts{Held: true}
	r := started(t, s, t.TempDir(), hasty)
	if _, err := r.Submit(t.Context(), order("o1", "ours.example")); err != nil {
		t.Fatal(err)
	}
	until(t, r, ended)

	list, err := r.Check(t.Context(), []string{"ours.example", "no name", "free.example", "theirs.example", "free.test"})
	if err != nil {
		t.Fatal(err)
	}
	want := []registrar.AvailabilityStatus{registrar.Taken, registrar.NameInvalid, registrar.Available, registrar.Taken, registrar.NameInvalid}
	for i, a := range list {
		if a.Status != want[i] {
			t.Errorf("%s is %s, want %s", a.Name, a.Status, want[i])
		}
	}
}

// A domain that the registrar holds for us is taken over with its own words.
func TestImportDomain(t *testing.T) {
	t.Parallel()
	s := newShop()
	till := registrar.Date{Year: 2030, Month: time.May, Day: 4}
	s.domains["old.example"] = Facts{Held: true, PaidTill: till, Handle: "H-7", Nameservers: []registrar.Nameserver{{Host: "ns1.example.net"}}}
	r := started(t, s, t.TempDir(), hasty)

	d, err := r.ImportDomain(t.Context(), registrar.Import{Domain: "old.example", Customer: "c1"})
	if err != nil || d.PaidTill != till || d.Handle != "H-7" || d.Status != registrar.StatusRegistered || len(d.Nameservers) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	for why, c := range map[string]struct {
		registrar.Import
		code registrar.Code
	}{
		"not held":       {registrar.Import{Domain: "free.example", Customer: "c1"}, registrar.Precondition},
		"another day":    {registrar.Import{Domain: "old.example", Customer: "c1", PaidTill: till.AddDays(1)}, registrar.Invalid},
		"another's":      {registrar.Import{Domain: "old.example", Customer: "c2"}, registrar.Conflict},
		"no customer":    {registrar.Import{Domain: "old.example"}, registrar.Invalid},
		"another TLD":    {registrar.Import{Domain: "old.test", Customer: "c1"}, registrar.Invalid},
		"no such handle": {registrar.Import{Domain: "old.example", Customer: "c1", Handle: "no handle"}, registrar.Invalid},
	} {
		if _, err := r.ImportDomain(t.Context(), c.Import); registrar.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", why, err, string(c.code))
		}
	}

	renewal := registrar.Order{ID: "o1", Kind: registrar.KindRenew, Domain: "old.example", PaidTill: till}
	if _, err := r.Submit(t.Context(), renewal); err != nil {
		t.Fatal(err)
	}
	if e := until(t, r, ended); e.Domain.PaidTill != till.AddYears(1) {
		t.Errorf("renewed, it is paid till %s", e.Domain.PaidTill)
	}
}

// A person's "done" takes over what the registrar has.
func TestResolveReads(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.lose = func(Order) bool { return true }
	s.forget = true
	r := started(t, s, t.TempDir(), Timing{First: time.Millisecond, Most: time.Hour, Settle: time.Hour})
	if _, err := r.Submit(t.Context(), order("o1", "a.example")); err != nil {
		t.Fatal(err)
	}
	e := until(t, r, func(e registrar.Event) bool { return e.State == registrar.Uncertain })

	op, err := r.Operation(t.Context(), e.Operation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone, By: "staff"}); err != nil {
		t.Fatal(err)
	}
	if d, err := r.Domain(t.Context(), "a.example"); err != nil || d.Handle != "c-1" || d.Status != registrar.StatusRegistered {
		t.Errorf("%+v, %v", d, err)
	}
}

// What a restored store does not know may have been sent before: it is asked about, and found.
func TestRestoredStoreAsksFirst(t *testing.T) {
	t.Parallel()
	s, dir, backup := newShop(), t.TempDir(), t.TempDir()
	r := started(t, s, dir, hasty)
	if err := r.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Submit(t.Context(), order("o1", "a.example")); err != nil {
		t.Fatal(err)
	}
	until(t, r, ended)
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	fresh := t.TempDir()
	if err := os.CopyFS(fresh, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(fresh+"/registrar.key", 0o600); err != nil {
		t.Fatal(err)
	}
	r = started(t, s, fresh, hasty)
	if _, err := r.Submit(t.Context(), order("o1", "a.example")); err != nil {
		t.Fatal(err)
	}
	if e := until(t, r, ended); e.State != registrar.Succeeded {
		t.Errorf("%+v", e)
	}
	if reached, executed := s.times("o1"); reached != 1 || executed != 1 {
		t.Errorf("it reached the shop %d times and was carried out %d times", reached, executed)
	}
}
