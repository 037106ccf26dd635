package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// errCrash is the end of the program.
var errCrash = errors.New("the program ends here")

// faulty is a journal under which the program ends before or after its n-th write.
type faulty struct {
	journal
	write int   // how many there were
	at    []int // 2n: before the n-th, 2n+1: after it
}

func (f *faulty) ends(write func() error) error {
	n := f.write
	f.write++
	for i, at := range f.at {
		if at/2 == n {
			f.at = append(f.at[:i:i], f.at[i+1:]...)
			if at%2 == 1 {
				if err := write(); err != nil {
					return err
				}
			}
			return errCrash
		}
	}
	return write()
}

func (f *faulty) Claim(ctx context.Context, t store.Task) (claimed store.Task, err error) {
	err = f.ends(func() error { claimed, err = f.journal.Claim(ctx, t); return err })
	return claimed, err
}

func (f *faulty) Conclude(ctx context.Context, t store.Task, m store.Move) error {
	return f.ends(func() error { return f.journal.Conclude(ctx, t, m) })
}

func (f *faulty) Postpone(ctx context.Context, t store.Task, due time.Time) error {
	return f.ends(func() error { return f.journal.Postpone(ctx, t, due) })
}

// world is a shop and a store that share a clock, without goroutines: time passes when there is
// nothing to do.
type world struct {
	t     *testing.T
	shop  *shop
	store *store.Store
	clock time.Time
	most  time.Duration // between two questions
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, shop: newShop(), clock: time.Now(), most: DefaultTiming().Most}
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Name: "shop", Create: true, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.store = s
	return w
}

func (w *world) now() time.Time { return w.clock }

func (w *world) worker(j journal) *worker {
	timing := DefaultTiming()
	timing.Most = w.most
	return &worker{remote: w.shop, journal: j, adapter: w.shop, secrets: []string{"a-token-of-ours"}, timing: timing, now: w.now,
		log: slog.New(slog.DiscardHandler), atOnce: 1, freed: make(chan struct{}, 1), busy: map[registrar.OperationID]bool{}}
}

// live runs programs one after another until there is nothing due within the time, or enough holds.
func (w *world) live(j journal, within time.Duration, enough func() bool) {
	w.t.Helper()
	ctx, end := w.t.Context(), w.clock.Add(within)
	p := w.worker(j)
	if err := p.journal.Recover(ctx); err != nil {
		w.t.Fatal(err)
	}

	for !enough() && w.clock.Before(end) {
		due, next, err := p.journal.Next(ctx, 1)
		switch {
		case err != nil:
			w.t.Fatal(err)
		case len(due) > 0:
			if err := p.attend(ctx, due[0]); errors.Is(err, errCrash) {
				if err := j.Recover(ctx); err != nil {
					w.t.Fatal(err)
				}
			} else if err != nil {
				w.t.Fatal(err)
			}
		case next.IsZero():
			return
		default:
			w.clock = next
		}
	}
}

func (w *world) submit(o registrar.Order) registrar.Operation {
	w.t.Helper()
	op, err := w.store.Submit(w.t.Context(), o, instruction(o), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return op
}

func (w *world) operation(id registrar.OperationID) registrar.Operation {
	w.t.Helper()
	op, err := w.store.Operation(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return op
}

func (w *world) domain(name string) registrar.Domain {
	w.t.Helper()
	d, err := w.store.Domain(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func order(id, domain string) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindRegister, Domain: domain, Customer: "c1",
		Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"name": {"Sidor Sidorov"}, "emails": {"s@example.com"}, "born": {"1970-12-31"}}},
		Nameservers: []registrar.Nameserver{{Host: "ns1.example.net"}, {Host: "ns2.example.net"}}}
}

// Whenever the program ends, twice even, around the writes of an outward step, and however the shop
// behaves: the order is carried out once, and its operation succeeds without a person.
func TestFaultPairs(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	w := newWorld(t)

	behaviours := map[string]func(s *shop){
		"answers":       func(*shop) {},
		"answers late":  func(s *shop) { s.slow = true },
		"loses answers": func(s *shop) { s.lose = func(Order) bool { return true } },
		"is down at first": func(s *shop) {
			calls := 0
			s.down = func(Order) bool { calls++; return calls <= 2 }
		},
	}

	// Before and after each of four writes, and each pair of those around the first three.
	var points [][]int
	for first := range 8 {
		points = append(points, []int{first})
		for second := first + 1; second < 6; second++ {
			points = append(points, []int{first, second})
		}
	}

	n := 0
	for behaviour, set := range behaviours {
		for _, at := range points {
			n++
			o := order(fmt.Sprintf("o%d", n), fmt.Sprintf("d%d.example", n))
			w.shop.slow, w.shop.lose, w.shop.down = false, nil, nil
			set(w.shop)
			op := w.submit(o)
			w.live(&faulty{journal: w.store, at: slices.Clone(at)}, 24*time.Hour, func() bool { return w.operation(op.ID).State.Final() })

			reached, executed := w.shop.times(o.ID)
			now, d := w.operation(op.ID), w.domain(o.Domain)
			if reached != 1 || executed != 1 || now.State != registrar.Succeeded || d.Status != registrar.StatusRegistered || d.PaidTill.IsZero() {
				t.Errorf("the shop %s, ends at %v: reached %d times, carried out %d times; %s, %s: %+v", behaviour, at, reached, executed, now.State, d.Status, now.History)
			}
		}
	}
}

// An outcome that the store did not take is not forgotten while the program goes on: it is asked about.
func TestOutcomeThatCanNotBeRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := w.submit(order("o1", "a.example"))
	due, _, err := w.store.Next(t.Context(), 1)
	if err != nil || len(due) != 1 {
		t.Fatalf("due are %v, %v", due, err)
	}

	p := w.worker(&faulty{journal: w.store, at: []int{2}})
	p.timing.First = time.Millisecond
	p.take(t.Context(), due[0])
	if now := w.operation(op.ID); now.State != registrar.Uncertain {
		t.Fatalf("%s: %+v", now.State, now.History)
	}
	w.live(w.store, time.Hour, func() bool { return w.operation(op.ID).State.Final() })
	if reached, executed := w.shop.times("o1"); reached != 1 || executed != 1 || w.operation(op.ID).State != registrar.Succeeded {
		t.Errorf("%s; it reached the shop %d times and was carried out %d times", w.operation(op.ID).State, reached, executed)
	}
}

// A renewal whose answer is lost is a year, and not two.
func TestLostRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(order("o1", "a.example"))
	w.live(w.store, time.Hour, func() bool { return false })
	before := w.domain("a.example").PaidTill

	w.shop.lose = func(Order) bool { return true }
	op := w.submit(registrar.Order{ID: "o2", Kind: registrar.KindRenew, Domain: "a.example", PaidTill: before})
	w.live(&faulty{journal: w.store, at: []int{3}}, time.Hour, func() bool { return w.operation(op.ID).State.Final() })
	if d := w.domain("a.example"); d.PaidTill != before.AddYears(1) || w.shop.domains["a.example"].PaidTill != before.AddYears(1) {
		t.Errorf("paid till %s here and %s there, and was till %s", d.PaidTill, w.shop.domains["a.example"].PaidTill, before)
	}
	if _, err := w.store.Submit(t.Context(), registrar.Order{ID: "o3", Kind: registrar.KindRenew, Domain: "a.example", PaidTill: before}, "", ""); !errors.Is(err, registrar.Precondition) {
		t.Errorf("the same year again: %v", err)
	}
}

// "I have never got it" is not believed while the order may be on its way, and then it is sent again.
func TestUnheard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop.lose = func(Order) bool { return true }
	w.shop.forget = true
	op := w.submit(order("o1", "a.example"))

	w.live(w.store, DefaultTiming().Settle-time.Minute, func() bool { return false })
	if now := w.operation(op.ID); now.State != registrar.Uncertain || now.WaitsFor == "" {
		t.Fatalf("before the settle time the operation is %s: %+v", now.State, now.History)
	}

	w.shop.lose, w.shop.forget = nil, false
	delete(w.shop.orders, "o1") // it never came
	w.live(w.store, time.Hour, func() bool { return w.operation(op.ID).State.Final() })
	if now := w.operation(op.ID); now.State != registrar.Succeeded {
		t.Errorf("the operation is %s: %+v", now.State, now.History)
	}
}

// What the shop refuses is Failed with its words, in which nothing personal is left, and may be
// ordered again.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop.refuse = func(Order) bool { return true }
	op := w.submit(order("o1", "a.example"))
	w.live(w.store, time.Hour, func() bool { return false })
	if now := w.operation(op.ID); now.State != registrar.Failed || now.Error != "not for ***" {
		t.Errorf("%s: %q", now.State, now.Error)
	}
	if d := w.domain("a.example"); d.Status != registrar.StatusError || d.Operation != nil {
		t.Errorf("the domain is %+v", d)
	}

	w.shop.refuse = nil
	again := w.submit(order("o2", "a.example"))
	w.live(w.store, time.Hour, func() bool { return false })
	if now := w.operation(again.ID); now.State != registrar.Succeeded {
		t.Errorf("ordered again it is %s", now.State)
	}
}

// What takes too long waits for a person, and a late answer is heard all the same.
func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.most = 6 * time.Hour
	w.shop.slow = true
	w.shop.read = func() error { return errors.New("no record yet") }
	op := w.submit(order("o1", "a.example"))
	w.live(w.store, DefaultTiming().Deadline+w.most, func() bool { return false })
	if now := w.operation(op.ID); now.State != registrar.NeedsAction || now.WaitsFor == "" {
		t.Fatalf("%s: %+v", now.State, now.History)
	}

	w.shop.read = nil
	w.live(w.store, 24*time.Hour, func() bool { return w.operation(op.ID).State.Final() })
	if now := w.operation(op.ID); now.State != registrar.Succeeded {
		t.Errorf("%s: %+v", now.State, now.History)
	}
	if reached, executed := w.shop.times("o1"); reached != 1 || executed != 1 {
		t.Errorf("it reached the shop %d times and was carried out %d times", reached, executed)
	}
}

// A second answer takes no effect: the operation has moved.
func TestDoubleAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	op := w.submit(order("o1", "a.example"))
	due, _, err := w.store.Next(t.Context(), 1)
	if err != nil || len(due) != 1 {
		t.Fatalf("due are %v, %v", due, err)
	}
	p := w.worker(w.store)
	if err := p.attend(t.Context(), due[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.attend(t.Context(), due[0]); !errors.Is(err, registrar.Conflict) {
		t.Errorf("the same again: %v", err)
	}
	if reached, _ := w.shop.times("o1"); reached != 1 || len(w.operation(op.ID).History) != 3 {
		t.Errorf("it reached the shop %d times: %+v", reached, w.operation(op.ID).History)
	}
}

// Errors and panics of the adapter say that nothing is known, in words that may be shown.
func TestAdapterFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := order("o1", "a.example")
	o.Kind, o.AuthCode = registrar.KindTransfer, "code-4711"
	w.shop.lose = func(o Order) bool { panic("of " + o.Registrant.Get("name")) }
	op := w.submit(o)
	due, _, _ := w.store.Next(t.Context(), 1)
	p := w.worker(w.store)
	if err := p.attend(t.Context(), due[0]); err != nil {
		t.Fatal(err)
	}
	if now := w.operation(op.ID); now.State != registrar.Uncertain || p.report().OK {
		t.Errorf("%s, and the registrar %+v", now.State, p.report())
	}
}
