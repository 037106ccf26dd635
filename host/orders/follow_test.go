package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

// A registrar that is down or busy is asked again, with the same order.
func TestDispatcherTriesAgain(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	var tries atomic.Int32
	failures := []error{
		registrar.Errorf(registrar.Unavailable, "the plugin does not answer"), registrar.Errorf(registrar.NotReady, ""), registrar.Errorf(registrar.Draining, ""),
		registrar.Errorf(registrar.Locked, ""), registrar.Errorf(registrar.Internal, ""), context.DeadlineExceeded, errors.New("lost"),
	}

	b.fake.submit = func(o registrar.Order) (registrar.Operation, error) {
		if n := int(tries.Add(1)); n <= len(failures) {
			return registrar.Operation{}, failures[n-1]
		}
		return registrar.Operation{ID: operationOf(o.ID), State: registrar.Queued}, nil
	}

	o := b.place(request("example.ru"))
	b.mustPay(o.ID)
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	got := b.fake.taken()
	if len(got) != len(failures)+1 {
		t.Errorf("submitted %d times, want %d", len(got), len(failures)+1)
	}

	for _, again := range got {
		if diff := cmp.Diff(got[0], again); diff != "" {
			t.Errorf("submitted again as another order:\n%s", diff)
		}
	}
}

// One order that fails does not hold up the next, and one registrar not another.
func TestDispatcherPassesBy(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.registrars.set("m", &fake{})

	b.fake.submit = func(o registrar.Order) (registrar.Operation, error) {
		if o.Domain == "stuck.ru" {
			return registrar.Operation{}, registrar.Errorf(registrar.Internal, "broken")
		}
		return registrar.Operation{ID: operationOf(o.ID), State: registrar.Queued}, nil
	}

	stuck, next, other := b.place(request("stuck.ru")), b.place(request("next.ru")), b.place(request("other.com"))
	for _, o := range []Order{stuck, next, other} {
		b.mustPay(o.ID)
	}

	b.during(func() {
		b.until("the others", func() bool {
			return b.mustOrder(next.ID).Operation != "" && b.mustOrder(other.ID).Operation != ""
		})
	})

	if o := b.mustOrder(stuck.ID); o.Operation != "" || o.Refusal != "" || o.State != Paid {
		t.Errorf("the stuck order: %+v", o)
	}
}

func TestRefusedOrderIsError(t *testing.T) {
	t.Parallel()

	for _, code := range []registrar.Code{registrar.Invalid, registrar.Precondition, registrar.Conflict, registrar.Unsupported} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()

			b := newBook(t)
			b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
				return registrar.Operation{}, registrar.Errorf(code, "because of reasons")
			}

			o := b.place(request("example.ru"))
			b.mustPay(o.ID)
			b.during(func() {
				b.until("the refusal", func() bool { return b.mustDomain("example.ru").Status == registrar.StatusError })
			})
			last := b.entries("example.ru")[2]
			if last.Event != OrderRefused || last.Level != registrar.LevelError || !strings.Contains(last.Message, "because of reasons") {
				t.Errorf("entry: %+v", last)
			}

			if len(b.fake.taken()) != 1 || b.mustOrder(o.ID).Refusal != "because of reasons" {
				t.Errorf("submitted %d times, order %+v", len(b.fake.taken()), b.mustOrder(o.ID))
			}

			b.place(request("example.ru")) // may be ordered again
		})
	}
}

// A renewal that is refused leaves the live domain alone.
func TestRefusedRenewalKeepsTheDomain(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("live.ru")
	b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
		return registrar.Operation{}, registrar.Errorf(registrar.Precondition, "too early")
	}
	o := b.place(NewOrder{Kind: registrar.KindRenew, Domain: "live.ru", Own: true})
	b.during(func() { b.until("the refusal", func() bool { return b.mustOrder(o.ID).Refusal != "" }) })
	if s := b.mustDomain("live.ru").Status; s != registrar.StatusRegistered {
		t.Errorf("the domain is %s", s)
	}
}

// A crash between payment and submission, and one between submission and its record.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	o := b.place(request("example.ru"))
	b.mustPay(o.ID)
	b.restart()
	ctx, cancel := context.WithCancel(t.Context())
	b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
		cancel() // the panel dies before it hears the answer
		return registrar.Operation{}, ctx.Err()
	}

	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}

	b.restart()
	b.fake.submit = nil
	b.during(func() {
		b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation == operationOf(o.ID) })
	})

	if got := b.fake.taken(); len(got) != 2 || got[0].ID != got[1].ID {
		t.Errorf("submitted %d times", len(got))
	}
}

func TestEventsMoveTheDomain(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	o := b.place(request("example.ru"))
	b.mustPay(o.ID)
	open := registered(o)
	open.Type, open.Message = registrar.EventMailOut, "request sent"
	open.Domain = &registrar.Domain{Name: o.Domain, Customer: "c1", Status: registrar.StatusRegistering,
		Operation: &registrar.Operation{ID: operationOf(o.ID), Kind: registrar.KindRegister, State: registrar.Sent, WaitsFor: "R01's confirmation"},
		Alarms:    []registrar.Alarm{{Key: "late", Since: start, Message: "no answer"}}}

	b.during(func() {
		b.fake.tell(open) // faster than the answer to Submit
		b.until("the operation", func() bool { return b.mustDomain("example.ru").Operation != nil })
		d := b.mustDomain("example.ru")
		if d.Operation.State != registrar.Sent || d.Operation.WaitsFor != "R01's confirmation" || len(d.Alarms) != 1 || !d.Alarms[0].Since.Equal(start) {
			t.Errorf("shown as %+v, %+v", d, d.Operation)
		}

		if !b.mustOrder(o.ID).ClosedAt.IsZero() {
			t.Error("the order is closed while its operation is open")
		}

		b.fake.tell(registered(o))
		b.until("the domain", func() bool { return b.mustDomain("example.ru").Status == registrar.StatusRegistered })
	})

	d := b.mustDomain("example.ru")
	if d.Handle != "H-1" || d.PaidTill.String() != "2027-03-01" || d.Renewal != registrar.RenewAuto || d.Operation != nil || d.Registrar != "r01" {
		t.Errorf("shown as %+v", d)
	}

	if b.mustOrder(o.ID).ClosedAt.IsZero() {
		t.Error("the order is not closed")
	}
	if op, err := b.Operation(t.Context(), operationOf(o.ID)); err != nil || op.ID != operationOf(o.ID) {
		t.Errorf("operation: %+v, %v", op, err)
	}
}

// An event about something else must not make an order's domain look like its past.
func TestOldNewsDoesNotHideAnOrder(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	b.fake.tell(registrar.Event{Type: registrar.EventCleared, Name: "example.ru",
		Domain: &registrar.Domain{Name: "example.ru", Customer: "c1", Status: registrar.StatusError}})
	b.during(func() { b.until("the event", func() bool { return len(b.entries("example.ru")) == 2 }) })
	if s := b.mustDomain("example.ru").Status; s != registrar.StatusPending {
		t.Errorf("the ordered domain is %s", s)
	}
	if o := b.mustOrder(o.ID); !o.ClosedAt.IsZero() {
		t.Errorf("order %+v", o)
	}
}

// A registrar's word about a domain that another one keeps, and that it never had, is written
// down, and not in that domain's timeline.
func TestForeignRegistrarsWord(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("live.ru")
	event := registrar.Event{Cursor: 1, At: start, Type: registrar.EventDomain, Level: registrar.LevelInfo, Name: "live.ru", Message: "gone",
		Domain: &registrar.Domain{Name: "live.ru", Customer: "c1", Status: registrar.StatusDeleted}}
	if err := b.apply(t.Context(), "m", event); err != nil {
		t.Fatal(err)
	}
	if d := b.mustDomain("live.ru"); d.Status != registrar.StatusRegistered || d.Registrar != "r01" {
		t.Errorf("shown as %+v", d)
	}
	if last := b.entries("live.ru"); last[len(last)-1].Registrar != "r01" {
		t.Errorf("the word is in the domain's timeline: %+v", last)
	}
	if last := b.entries(""); last[len(last)-1].Message != `about "live.ru", which is not a domain of registrar m: gone` {
		t.Errorf("the word is not in the log: %+v", last)
	}
}

// Events are applied once, through repetition and restarts, and a missing one stops all.
func TestEventsExactlyOnce(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	event := func(c registrar.Cursor) registrar.Event {
		return registrar.Event{Cursor: c, At: start, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "word"}
	}
	for _, c := range []registrar.Cursor{1, 1, 2, 1, 2} {
		if err := b.apply(t.Context(), "r01", event(c)); err != nil {
			t.Fatal(err)
		}
	}

	b.restart()
	for range 3 {
		if err := b.apply(t.Context(), "r01", event(4)); err == nil {
			t.Fatal("a gap was accepted")
		}
	}

	entries := b.entries("")
	if len(entries) != 3 || entries[2].Level != registrar.LevelError || !strings.Contains(entries[2].Message, "after 2 came 4") {
		t.Errorf("log: %+v", entries)
	}

	for _, c := range []registrar.Cursor{3, 4} { // it turned up after all
		if err := b.apply(t.Context(), "r01", event(c)); err != nil {
			t.Fatal(err)
		}
	}

	if err := b.apply(t.Context(), "m", event(1)); err != nil {
		t.Errorf("another registrar counts by itself: %v", err)
	}
}

func TestFollowReportsWhatEndsIt(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fake.events = []registrar.Event{{Cursor: 2, At: start, Type: registrar.EventNotice, Level: registrar.LevelInfo}}
	if err := b.Follow(t.Context(), "r01", b.fake); err == nil {
		t.Error("an event that can't be applied was passed over")
	}
}

// Events that come while others are applied share a transaction; one that can't be applied, or that comes too
// early, takes none of those before it along.
func TestEventsAppliedTogether(t *testing.T) {
	t.Parallel()

	notices := func(n int) (all []registrar.Event) {
		for i := range n {
			all = append(all, registrar.Event{Cursor: registrar.Cursor(i + 1), At: start, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: fmt.Sprint("word ", i+1)})
		}
		return all
	}

	for name, c := range map[string]struct {
		alter   func(all []registrar.Event)
		applied int // of ten
		entries int
		fails   string
	}{
		"all":                      {func([]registrar.Event) {}, 10, 10, ""},
		"some again":               {func(all []registrar.Event) { copy(all[4:], all[3:]) }, 9, 9, ""},
		"one that breaks":          {func(all []registrar.Event) { all[6].Message = "poison" }, 6, 6, "poison"},
		"the first breaks":         {func(all []registrar.Event) { all[0].Message = "poison" }, 0, 0, "poison"},
		"one that comes early":     {func(all []registrar.Event) { all[6].Cursor = 70 }, 6, 7, "came too early"}, // the gap is an entry
		"one early and one breaks": {func(all []registrar.Event) { all[3].Message = "poison"; all[6].Cursor = 70 }, 3, 3, "poison"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBookOn(t, "")
			err := b.db.Write(t.Context(), func(tx *sql.Tx) error {
				return exec(t.Context(), tx, "create trigger poisoned before insert on log when new.message = 'poison' begin select raise(abort, 'poison'); end")
			})
			if err != nil {
				t.Fatal(err)
			}
			all := notices(10)
			c.alter(all)

			f := follower{b.ledger, b.board, "r01"}
			err = f.applyTogether(t.Context(), all)
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("it says %v, want %q", err, c.fails)
			}

			entries := b.entries("")
			at, err := f.cursor(t.Context())
			if err != nil || at != registrar.Cursor(c.applied) || len(entries) != c.entries {
				t.Errorf("followed to %d with %d entries, want %d with %d: %v", at, len(entries), c.applied, c.entries, err)
			}
			for i, e := range entries[:c.applied] {
				if e.Message != fmt.Sprint("word ", i+1) {
					t.Errorf("entry %d is %q", i+1, e.Message)
				}
			}
		})
	}
}

// What waits to be applied together takes the room of bounded events, whatever a registrar tells.
func TestWaitingEventsAreBounded(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 1<<20)
	many := slices.Repeat([]string{long}, 100)
	e := bounded(registrar.Event{Type: registrar.EventType(long), Level: registrar.Level(long), Message: long, Reason: long, Name: long, State: registrar.OperationState(long),
		Order: registrar.OrderID(long), Operation: registrar.OperationID(long), Mail: registrar.MailID(long),
		Domain: &registrar.Domain{Name: long, Customer: long, Handle: long, Registry: many, Status: registrar.DomainStatus(long), Renewal: registrar.RenewalMode(long),
			Nameservers: slices.Repeat([]registrar.Nameserver{{Host: long, IPs: many}}, 100),
			Alarms:      slices.Repeat([]registrar.Alarm{{Key: long, Message: long}}, 100),
			Operation:   &registrar.Operation{ID: registrar.OperationID(long), WaitsFor: long, Error: long}}})
	written, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if len(written) > 256<<10 {
		t.Errorf("an event of %d bytes waits", len(written))
	}
}

// However far it got, the end of its context is no error.
func TestFollowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Follow(ctx, "r01", b.fake); err != nil {
		t.Error(err)
	}
}

func TestFollowLog(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.place(request("one.ru"))
	b.place(request("two.ru"))
	var got []string
	for e, err := range b.FollowLog(t.Context(), LogQuery{Domain: "two.ru"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(e.Event))
		if e.Event == OrderPlaced {
			b.mustPay(e.Order) // while it is being followed
			continue
		}
		break
	}

	if !slices.Equal(got, []string{"order-placed", "order-paid"}) {
		t.Errorf("followed %v", got)
	}
	if last, err := b.Log(t.Context(), LogQuery{Limit: 1}); err != nil || len(last) != 1 || last[0].Event != OrderPaid {
		t.Errorf("the last entry: %+v, %v", last, err)
	}
}

// A decision goes to the one registrar that has the operation, or to none.
func TestDecisionsReachTheOwner(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	o := b.place(request("example.ru"))
	b.mustPay(o.ID)
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	d := registrar.Decision{Operation: operationOf(o.ID), Verdict: registrar.VerdictDone, By: "olga"}
	if op, err := b.Resolve(t.Context(), d, ""); err != nil || op.State != registrar.Succeeded {
		t.Errorf("resolved: %+v, %v", op, err)
	}

	_, err := b.Resolve(t.Context(), registrar.Decision{Operation: d.Operation, Verdict: "perhaps"}, "")
	wantCode(t, err, registrar.Invalid, "by: is required")
	wantCode(t, err, registrar.Invalid, "outcome: must be one of")
	d.Operation = "unknown"
	_, err = b.Resolve(t.Context(), d, "")
	wantCode(t, err, registrar.Unavailable, "registrar m is down") // it might be its
	b.registrars.set("m", &fake{})
	_, err = b.Resolve(t.Context(), d, "")
	wantCode(t, err, registrar.NotFound, "unknown")
	b.registrars.set("m", b.fake) // two who know it, by another record

	twice := b.fake.taken()[0].ID
	_, err = b.Operation(t.Context(), operationOf(twice))
	if err != nil {
		t.Errorf("the recorded registrar alone is asked: %v", err)
	}

	_, err = b.board.Owner(t.Context(), "operation x", b.names, func(context.Context, registrar.Service) error { return nil })
	wantCode(t, err, registrar.Precondition, "more than one")
}

// A renewal that the registrar's own schedule had begun, or done, when its order was paid is
// that order's: it is followed to its end, and nothing is asked for a second time.
func TestOrderFollowsWhatTheScheduleBegan(t *testing.T) {
	t.Parallel()

	for _, state := range []registrar.OperationState{registrar.Accepted, registrar.Succeeded} {
		b := newBook(t)
		b.have("live.ru")
		o := b.place(NewOrder{Kind: registrar.KindRenew, Domain: "live.ru", Customer: "c1"})
		event := registered(o)
		event.Order, event.Operation = "", "op-cron"
		event.Domain.Operation = &registrar.Operation{ID: "op-cron", Kind: registrar.KindRenew, State: registrar.Queued}
		b.fake.submit = func(o registrar.Order) (registrar.Operation, error) {
			return registrar.Operation{ID: "op-cron", Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: state}, nil
		}

		b.during(func() {
			b.fake.tell(event) // begun
			b.until("the operation to be shown", func() bool { return b.mustDomain("live.ru").Operation != nil })
			event.Domain = registered(o).Domain

			if state.Final() {
				b.fake.tell(event) // and done
				b.until("its end to be shown", func() bool { return b.mustDomain("live.ru").Operation == nil })
			}

			b.mustPay(o.ID)
			b.until("the operation of the order", func() bool { return b.mustOrder(o.ID).Operation == "op-cron" })

			if !state.Final() {
				event.Order = o.ID
				b.fake.tell(event)
			}

			b.until("the end of the order", func() bool { return !b.mustOrder(o.ID).ClosedAt.IsZero() })
		})

		if got := b.mustOrder(o.ID); got.Refusal != "" || len(b.fake.taken()) != 2 {
			t.Errorf("%s: %+v, submitted %d times", state, got, len(b.fake.taken())-1)
		}
	}
}
