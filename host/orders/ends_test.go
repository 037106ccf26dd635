package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

// ended is the event that ends an attempt at an order in a state.
func (b *book) ended(o Order, s registrar.OperationState, reason string) {
	e := registered(o)
	e.Order, e.Operation, e.Kind, e.State, e.Reason = o.Submission, operationOf(o.Submission), o.Kind, s, reason
	if s != registrar.Succeeded && o.Kind.Acquires() {
		e.Domain.Status = registrar.StatusError
	}
	b.fake.tell(e)
}

// paid places and pays an order, and has the registrar take it.
func (b *book) paid(q NewOrder) Order {
	b.t.Helper()
	o := b.place(q)
	if !o.Own {
		b.mustPay(o.ID)
	}
	b.during(func() { b.until("the submission", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	return b.mustOrder(o.ID)
}

// failedOrder is one whose operation has failed.
func (b *book) failedOrder(q NewOrder) Order {
	b.t.Helper()
	o := b.paid(q)
	b.ended(o, registrar.Failed, "the name is reserved")
	b.during(func() { b.until("the end", func() bool { return b.mustOrder(o.ID).Outcome != "" }) })
	return b.mustOrder(o.ID)
}

// An order, its domain and the log tell how its operation has ended, and why; lists are filtered by it.
func TestOrdersTellTheirEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  registrar.OperationState
		reason string
	}{{registrar.Succeeded, ""}, {registrar.Failed, "the name is reserved"}, {registrar.Cancelled, "withdrawn"}} {
		t.Run(string(c.state), func(t *testing.T) {
			t.Parallel()
			b := newBook(t)
			o := b.paid(request("example.ru"))
			if o.OperationState != registrar.Queued || o.Outcome != "" || b.mustDomain("example.ru").Outcome != "" {
				t.Errorf("under way: %+v", o)
			}
			b.ended(o, c.state, c.reason)
			b.during(func() { b.until("the end", func() bool { return !b.mustOrder(o.ID).ClosedAt.IsZero() }) })

			want := Standing{c.state, c.state.Outcome(), c.reason}
			if got := b.mustOrder(o.ID); got.Standing != want || got.State != Paid {
				t.Errorf("the order: %+v", got)
			}
			if got := b.mustDomain("example.ru").Standing; got != want {
				t.Errorf("the domain: %+v", got)
			}
			log := b.entries("example.ru")
			if got := log[len(log)-1].Standing; got != want {
				t.Errorf("the log: %+v", got)
			}
			for _, outcome := range registrar.Outcomes() {
				list, _, err := b.Lists().Orders(t.Context(), OrderList{Outcome: outcome})
				domains, _, err2 := b.Lists().Domains(t.Context(), DomainList{Outcome: outcome})
				entries, err3 := b.Log(t.Context(), LogQuery{Outcome: outcome})
				if err := errors.Join(err, err2, err3); err != nil {
					t.Fatal(err)
				}
				n := 0
				if outcome == want.Outcome {
					n = 1
				}
				if len(list) != n || len(domains) != n || len(entries) != n {
					t.Errorf("%s: %d orders, %d domains, %d entries, want %d", outcome, len(list), len(domains), len(entries), n)
				}
			}
		})
	}
}

// A registrar that tells in its events that an operation has ended, and not how, is asked.
func TestUntoldEndIsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.paid(request("example.ru"))
	b.fake.tell(registered(o))
	b.during(func() { b.until("the event", func() bool { return !b.mustOrder(o.ID).ClosedAt.IsZero() }) })
	if got := b.mustOrder(o.ID); got.Outcome != "" {
		t.Errorf("nobody has told: %+v", got)
	}
	b.registrars.set("r01", knowing{b.fake, registrar.Operation{State: registrar.Failed, Error: "refused"}})
	if err := (asker{b.Service, map[registrar.OrderID]time.Time{}}).askEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.mustOrder(o.ID).Standing, (Standing{registrar.Failed, failed, "refused"}); got != want {
		t.Errorf("the order: %+v", got)
	}
}

// knowing answers what became of any operation.
type knowing struct {
	*fake
	op registrar.Operation
}

func (k knowing) Operation(_ context.Context, id registrar.OperationID) (registrar.Operation, error) {
	k.op.ID = id
	return k.op, nil
}

// A failed order is tried again: the same payment, another operation, and what was changed is sent.
func TestRetry(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.failedOrder(request("example.ru"))
	again, changed, err := b.Retry(t.Context(), Again{Order: o.ID, Attempt: 1, By: "anna", Nameservers: []registrar.Nameserver{{Host: "NS3.hoster.example"}, {Host: "ns4.hoster.example"}}})
	if err != nil || !changed || again.Attempt != 2 || again.Outcome != "" || !again.ClosedAt.IsZero() || again.Operation != "" {
		t.Fatalf("%+v, %v, %v", again, changed, err)
	}
	if !again.PaidAt.Equal(o.PaidAt) || again.ID != o.ID {
		t.Errorf("it is another payment: %+v", again)
	}
	if d := b.mustDomain("example.ru"); d.Status != registrar.StatusRegistering || d.Outcome != "" {
		t.Errorf("the domain: %+v", d)
	}
	for _, seen := range []int{0, 1} { // the second click
		same, changed, err := b.Retry(t.Context(), Again{Order: o.ID, Attempt: seen, By: "anna", Nameservers: []registrar.Nameserver{{Host: "ns3.hoster.example"}, {Host: "ns4.hoster.example"}}})
		if err != nil || changed || same.Attempt != 2 {
			t.Errorf("once more: %+v, %v, %v", same, changed, err)
		}
	}
	_, _, err = b.Retry(t.Context(), Again{Order: o.ID, By: "anna"})
	if err != nil { // nothing else is asked for
		t.Error(err)
	}
	_, _, err = b.Retry(t.Context(), Again{Order: o.ID, By: "anna", Nameservers: []registrar.Nameserver{{Host: "other.hoster.example"}}})
	wantCode(t, err, registrar.Precondition, "with other contents")

	b.ended(o, registrar.Failed, "told late") // of the first attempt
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	sent := b.fake.taken()
	if len(sent) != 2 || sent[0].ID == sent[1].ID || sent[1].Nameservers[0].Host != "ns3.hoster.example" || sent[1].Registrant.Get("passport") != passport {
		t.Errorf("submitted %d orders, the last with %v", len(sent), sent[len(sent)-1].Nameservers)
	}
	now := b.mustOrder(o.ID)
	b.ended(now, registrar.Succeeded, "")
	b.during(func() { b.until("the end", func() bool { return b.mustOrder(o.ID).Outcome == succeeded }) })
	_, _, err = b.Retry(t.Context(), Again{Order: o.ID, By: "anna"})
	wantCode(t, err, registrar.Precondition, "has succeeded")
	for _, e := range b.entries("example.ru") {
		if e.Order != "" && e.Order != o.ID {
			t.Errorf("the log names an order that nobody has placed: %+v", e)
		}
	}
}

// A retry that is raced with others, and with a payment, is one retry; with the registrar down it
// is none, and nothing has changed.
func TestRetryRaces(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.failedOrder(request("example.ru"))
	delete(b.registrars.at, "r01")
	_, _, err := b.Retry(t.Context(), Again{Order: o.ID, By: "anna"})
	wantCode(t, err, registrar.Unavailable, "is not tried again")
	if diff := cmp.Diff(o, b.mustOrder(o.ID)); diff != "" {
		t.Errorf("it changed all the same:\n%s", diff)
	}
	b.registrars.set("r01", b.fake)

	var clicks sync.WaitGroup
	changes := make(chan bool, 20)
	for n := range 10 {
		clicks.Go(func() {
			_, changed, err := b.Retry(t.Context(), Again{Order: o.ID, Attempt: 1, By: "anna"})
			if changes <- changed; err != nil {
				t.Errorf("click %d: %v", n, err)
			}
		})
		clicks.Go(func() {
			if _, changed, err := b.Pay(t.Context(), o.ID); changed || err != nil {
				t.Errorf("paying: %v, %v", changed, err)
			}
		})
	}
	clicks.Wait()
	close(changes)
	n := 0
	for changed := range changes {
		if changed {
			n++
		}
	}
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	if n != 1 || len(b.fake.taken()) != 2 || b.mustOrder(o.ID).Attempt != 2 {
		t.Errorf("%d retries, %d submissions, %+v", n, len(b.fake.taken()), b.mustOrder(o.ID))
	}
}

// What can't be tried again, given back or dismissed, and why.
func TestEndsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	unpaid, way := b.place(request("unpaid.ru")), b.paid(request("way.ru"))
	q := request("own.ru")
	q.Own = true
	own, lost := b.failedOrder(q), b.failedOrder(request("lost.ru"))
	b.place(request("lost.ru")) // another customer has ordered it since
	for _, c := range []struct {
		why  string
		do   func() error
		code registrar.Code
		says string
	}{
		{"retry, unpaid", func() error { return b.tryAgain(unpaid.ID) }, registrar.Precondition, "it is unpaid"},
		{"retry, under way", func() error { return b.tryAgain(way.ID) }, registrar.Precondition, "paid and under way"},
		{"retry, ordered by another", func() error { return b.tryAgain(lost.ID) }, registrar.Precondition, "ordered already"},
		{"retry, by nobody", func() error { _, _, err := b.Retry(t.Context(), Again{Order: own.ID}); return err }, registrar.Invalid, "by"},
		{"retry, attempt of the future", func() error {
			_, _, err := b.Retry(t.Context(), Again{Order: own.ID, By: "anna", Attempt: 2})
			return err
		}, registrar.Invalid, "attempt"},
		{"retry, unknown", func() error { return b.tryAgain("nosuch") }, registrar.NotFound, "nosuch"},
		{"refund, unpaid", func() error { return b.giveBack(unpaid.ID) }, registrar.Precondition, "it is unpaid"},
		{"refund, under way", func() error { return b.giveBack(way.ID) }, registrar.Precondition, "under way"},
		{"refund, own", func() error { return b.giveBack(own.ID) }, registrar.Precondition, "dismiss it instead"},
		{"dismiss, under way", func() error { _, _, err := b.Dismiss(t.Context(), Verdict{Order: way.ID, By: "anna"}); return err }, registrar.Precondition, "under way"},
	} {
		t.Run(c.why, func(t *testing.T) { wantCode(t, c.do(), c.code, c.says) })
	}
}

func (b *book) tryAgain(id registrar.OrderID) error {
	_, _, err := b.Retry(b.t.Context(), Again{Order: id, By: "anna"})
	return err
}

func (b *book) giveBack(id registrar.OrderID) error {
	_, _, err := b.Refund(b.t.Context(), Verdict{Order: id, By: "anna"})
	return err
}

// An order that was refunded, or dismissed, waits for no person, and its domain is off the list, for
// good: what its registrar tells of it later does not bring it back.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	for _, a := range []action{refund, dismiss} {
		for _, refusedAtOnce := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, refused at once %v", a, refusedAtOnce), func(t *testing.T) {
				t.Parallel()
				b := newBook(t)
				if refusedAtOnce {
					b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
						return registrar.Operation{}, registrar.Errorf(registrar.Invalid, "no such passport")
					}
				}
				o := b.place(request("example.ru"))
				b.mustPay(o.ID)
				b.during(func() {
					b.until("the submission", func() bool {
						return len(b.fake.taken()) > 0 && b.mustOrder(o.ID).OperationState+registrar.OperationState(b.mustOrder(o.ID).Outcome) != ""
					})
					if !refusedAtOnce {
						b.ended(b.mustOrder(o.ID), registrar.Failed, "reserved")
					}
					b.until("the end", func() bool { return b.mustOrder(o.ID).Outcome == failed })
				})
				if got := b.mustOrder(o.ID); !strings.HasPrefix(got.WaitsFor, "a person") || got.Reason == "" {
					t.Errorf("it waits for %q, because of %q", got.WaitsFor, got.Reason)
				}

				for n := range 2 {
					got, changed, err := b.gate().giveUp(t.Context(), Verdict{Order: o.ID, By: "anna", Note: "invoice 7"}, a)
					if err != nil || changed != (n == 0) || b.waits().shown(got).WaitsFor != "" || got.Outcome != failed || got.DismissedAt.IsZero() {
						t.Errorf("%+v, %v, %v", got, changed, err)
					}
					if refunded := a == refund; !got.RefundedAt.IsZero() != refunded || (got.State == Cancelled) != refunded {
						t.Errorf("%+v", got)
					}
				}
				if _, err := b.Domain(t.Context(), "example.ru"); !errors.Is(err, registrar.NotFound) {
					t.Errorf("the domain: %v", err)
				}
				b.fake.tell(registrar.Event{Type: registrar.EventNotice, Message: "a late word", Name: "example.ru", Domain: &registrar.Domain{Name: "example.ru", Status: registrar.StatusError}})
				b.during(func() {
					b.until("the late word", func() bool {
						return slices.ContainsFunc(b.entries("example.ru"), func(e Entry) bool { return e.Message == "a late word" })
					})
				})
				if _, err := b.Domain(t.Context(), "example.ru"); !errors.Is(err, registrar.NotFound) {
					t.Errorf("the domain is back: %v", err)
				}
			})
		}
	}
}

// The contact of an order is shown as it was given, and the log says to whom; no secret is in the log.
func TestContactIsARecordedView(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	_, _, err := b.Contact(t.Context(), Look{Order: o.ID})
	wantCode(t, err, registrar.Invalid, "by")
	_, got, err := b.Contact(t.Context(), Look{Order: o.ID, By: "anna", For: "the customer", Reason: "a call"})
	if r := got[registrar.RoleRegistrant]; err != nil || len(got) != 1 || r.Get("passport") != passport || r.Kind != registrar.Person {
		t.Errorf("%+v, %v", got, err)
	}
	log := b.entries("example.ru")
	if last := log[len(log)-1]; last.Actor != "anna" || last.Event != registrar.EventDecision || !strings.Contains(last.Message, "a call") || strings.Contains(last.Message, passport) {
		t.Errorf("entry %+v", last)
	}
}

// A failed renewal is found by its domain, with the alarm of its registrar; once a person has given it up, or tried it
// again, the alarm is settled, and no later word of the registrar raises it again.
func TestSettledOrdersLeaveNoAlarm(t *testing.T) {
	t.Parallel()
	for how, settle := range map[string]func(*book, registrar.OrderID) error{
		"refunded": (*book).giveBack, "dismissed": func(b *book, id registrar.OrderID) error {
			_, _, err := b.Dismiss(b.t.Context(), Verdict{Order: id, By: "anna"})
			return err
		}, "tried again": (*book).tryAgain,
	} {
		b := newBook(t)
		b.have("example.ru")
		d := b.mustDomain("example.ru")
		o := b.failedOrder(NewOrder{Kind: registrar.KindRenew, Domain: d.Name, PaidTill: d.PaidTill})
		said := d.Domain
		said.Alarms = []registrar.Alarm{{Key: "operation:" + string(o.Operation), Message: "renewal failed"}, {Key: "expiry:example.ru", Message: "it expires"}}
		tell := func() {
			t.Helper()
			e := registrar.Event{Cursor: registrar.Cursor(len(b.fake.events) + 1), At: start, Type: registrar.EventAlarm, Level: registrar.LevelError, Message: "it expires", Name: d.Name, Domain: &said}
			b.fake.tell(e)
			if err := b.apply(t.Context(), "r01", e); err != nil {
				t.Fatal(err)
			}
		}
		alarms := func(want int) {
			t.Helper()
			if got := b.mustDomain(d.Name).Alarms; len(got) != want {
				t.Errorf("%s: %+v stand, want %d", how, got, want)
			}
		}

		tell()
		alarms(2)
		failed, err := b.Lists().FailedOf(t.Context(), []string{"other.ru", d.Name})
		if err != nil || len(failed) != 1 || failed[d.Name].ID != o.ID {
			t.Errorf("%s: found %+v, %v", how, failed, err)
		}
		if err := settle(b, o.ID); err != nil {
			t.Fatal(how, err)
		}
		alarms(1)
		tell()
		alarms(1)
		if failed, err := b.Lists().FailedOf(t.Context(), []string{d.Name}); err != nil || len(failed) > 0 {
			t.Errorf("%s: found still %+v, %v", how, failed, err)
		}
	}
}

// An unpaid order expires, and its name can be ordered at once.
func TestUnpaidOrdersExpire(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	at := b.now()
	b.now = func() time.Time { return at }
	first, second, paid := b.place(request("first.ru")), b.place(request("second.ru")), b.place(request("paid.ru"))
	b.mustPay(paid.ID)
	if !first.ExpiresAt.Equal(first.CreatedAt.Add(week)) || !first.WaitsUntil.Equal(first.ExpiresAt) {
		t.Errorf("%+v", first)
	}
	at = at.Add(week)
	_, _, err := b.Pay(t.Context(), first.ID)
	wantCode(t, err, registrar.Precondition, "it was to be paid by")
	q := request("first.ru")
	q.Customer = "c2"
	if again := b.place(q); again.Customer != "c2" {
		t.Errorf("%+v", again)
	}
	if err := b.gate().expireUnpaid(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Order{first, second} {
		if got := b.mustOrder(o.ID); got.State != Cancelled || got.Outcome != withdrawn || !strings.Contains(got.Reason, "not paid by") || got.ClosedAt.IsZero() {
			t.Errorf("%+v", got)
		}
	}
	if _, err := b.Domain(t.Context(), "second.ru"); !errors.Is(err, registrar.NotFound) {
		t.Errorf("the name is held: %v", err)
	}
	if got := b.mustOrder(paid.ID); got.State != Paid {
		t.Errorf("what is paid has expired: %+v", got)
	}
	if log := b.entries("second.ru"); log[len(log)-1].Event != OrderExpired {
		t.Errorf("entry %+v", log[len(log)-1])
	}
}

// What the domain list forbids by now is neither placed nor paid.
func TestMoneyAsksTheList(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("live.ru")
	renew := NewOrder{Kind: registrar.KindRenew, Domain: "live.ru", PaidTill: registrar.Date{Year: 2030, Month: 1, Day: 1}}
	_, err := b.Place(t.Context(), renew)
	wantCode(t, err, registrar.Precondition, "is paid till 2027-03-01, not 2030-01-01")

	renew.PaidTill = registrar.Date{}
	o := b.place(renew)
	moved := registered(Order{Domain: "live.ru", Customer: "c1"})
	moved.Order, moved.Operation, moved.Type = "", "", registrar.EventDomain
	moved.Domain.PaidTill = moved.Domain.PaidTill.AddYears(1)
	b.fake.tell(moved)
	b.during(func() {
		b.until("the other expiry", func() bool { return b.mustDomain("live.ru").PaidTill.Year == 2028 })
	})
	_, _, err = b.Pay(t.Context(), o.ID)
	wantCode(t, err, registrar.Precondition, "is paid till 2028-03-01, not 2027-03-01")

	gone := moved
	copied := *moved.Domain
	gone.Domain = &copied
	gone.Domain.Status = registrar.StatusDeleted
	b.fake.tell(gone)
	b.during(func() {
		b.until("its end", func() bool { return b.mustDomain("live.ru").Status == registrar.StatusDeleted })
	})
	_, _, err = b.Pay(t.Context(), o.ID)
	wantCode(t, err, registrar.Precondition, "nothing to renew")
	if _, _, err := b.Cancel(t.Context(), o.ID); err != nil {
		t.Error(err)
	}
}

// A process that dies right before or after each new step finds it undone or done, and the same
// step again changes nothing more.
func TestEndsSurviveACrash(t *testing.T) {
	t.Parallel()
	steps := map[string]func(*book, registrar.OrderID) (Order, bool, error){
		"retry": func(b *book, id registrar.OrderID) (Order, bool, error) {
			return b.Retry(b.t.Context(), Again{Order: id, Attempt: 1, By: "anna"})
		},
		"refund": func(b *book, id registrar.OrderID) (Order, bool, error) {
			return b.Refund(b.t.Context(), Verdict{Order: id, By: "anna"})
		},
		"dismiss": func(b *book, id registrar.OrderID) (Order, bool, error) {
			return b.Dismiss(b.t.Context(), Verdict{Order: id, By: "anna"})
		},
	}
	for name, step := range steps {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %v", name, done), func(t *testing.T) {
				t.Parallel()
				b := newBook(t)
				o := b.failedOrder(request("example.ru"))
				if done {
					if _, changed, err := step(b, o.ID); err != nil || !changed {
						t.Fatalf("%v, %v", changed, err)
					}
				}
				b.restart()
				if _, changed, err := step(b, o.ID); err != nil || changed == done {
					t.Errorf("after the crash: changed %v, %v", changed, err)
				}
				want := 1
				if name == "retry" {
					want = 2
					b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
				}
				if got := len(b.fake.taken()); got != want {
					t.Errorf("the registrar got %d orders, want %d", got, want)
				}
			})
		}
	}
}

// The registrar takes a retried order, and the panel dies before it knows, or the registrar's answer
// is lost: it gets the same attempt again, and there is one operation.
func TestRetriedSubmissionIsOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.failedOrder(request("example.ru"))
	if err := b.tryAgain(o.ID); err != nil {
		t.Fatal(err)
	}
	ctx, die := context.WithCancel(t.Context())
	b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
		die()
		return registrar.Operation{}, registrar.Errorf(registrar.Unavailable, "the connection broke")
	}
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.fake.submit = nil
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	var ids []registrar.OrderID
	for _, sent := range b.fake.taken() {
		ids = append(ids, sent.ID)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 2 {
		t.Errorf("the registrar knows it by %v", ids)
	}
}

// The stages that SQL permits are those that have a line in the table.
func TestStagesAgreeWithSQL(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	for _, state := range States() {
		for _, outcome := range append(registrar.Outcomes(), "") {
			_, listed := transitions[stage{state, outcome}]
			err := b.try("update orders set state = $1, outcome = $2, closed_at = case when $2 = '' and $1 <> 'cancelled' then null else 1 end where id = $3", state, outcome, o.ID)
			if (err == nil) != listed {
				t.Errorf("%s %q: in the table %v, in SQL %v", state, outcome, listed, err)
			}
		}
	}
}

// try runs a statement by itself.
func (b *book) try(query string, args ...any) error {
	return b.db.Write(b.t.Context(), func(tx *sql.Tx) error { return exec(b.t.Context(), tx, query, args...) })
}
