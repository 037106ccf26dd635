package orders

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// without opens the book of a panel whose plugin.hcl no longer names r01.
func (b *book) without(retired ...string) {
	b.t.Helper()
	b.names, b.retired = []string{"m"}, retired
	b.restart()
}

// A registrar that the configuration no longer names is not forgotten: what it has is counted,
// its orders can't be paid, and a paid one that it never had can be withdrawn.
func TestForgottenRegistrar(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("live.ru")
	renewal := b.place(NewOrder{Kind: registrar.KindRenew, Domain: "live.ru"})
	unpaid, paid := b.place(request("unpaid.ru")), b.place(request("paid.ru"))
	b.mustPay(paid.ID)
	b.without()

	want := []Holding{{"r01", 3, 3}}
	if got, err := b.Forgotten(t.Context()); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("forgotten %+v, %v", got, err)
	}
	if got, err := Holdings(t.Context(), b.dir, secret.New(b.server), none); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("from outside: %+v, %v", got, err)
	}
	for _, o := range []Order{unpaid, renewal} {
		_, _, err := b.Pay(t.Context(), o.ID)
		wantCode(t, err, registrar.Precondition, "plugin.hcl names no registrar r01")
	}
	if got := b.mustOrder(unpaid.ID); got.State != Unpaid || b.mustDomain("unpaid.ru").Status != registrar.StatusPending {
		t.Errorf("it was refused, and is %+v", got)
	}
	if _, _, err := b.Pay(t.Context(), paid.ID); err != nil {
		t.Errorf("what is paid already stays so: %v", err)
	}
	_, err := b.Operation(t.Context(), operationOf(b.fake.taken()[0].ID))
	wantCode(t, err, registrar.Precondition, "plugin.hcl names no registrar r01")
	_, err = b.Place(t.Context(), NewOrder{Kind: registrar.KindUpdate, Domain: "live.ru", Nameservers: request("").Nameservers})
	wantCode(t, err, registrar.Precondition, "plugin.hcl names no registrar r01")

	o, changed, err := b.Cancel(t.Context(), paid.ID)
	if err != nil || !changed || o.State != Cancelled {
		t.Errorf("withdrawn: %+v, %v, %v", o, changed, err)
	}
	_, err = b.Domain(t.Context(), "paid.ru")
	wantCode(t, err, registrar.NotFound, "paid.ru")
	if last := b.entries("paid.ru"); !strings.Contains(last[len(last)-1].Message, "is withdrawn: it was paid") {
		t.Errorf("the log ends with %+v", last[len(last)-1])
	}

	b.names, b.retired = []string{"r01", "m"}, nil // named again: the rest is as it was
	b.restart()
	b.during(func() {
		b.mustPay(unpaid.ID)
		b.until("the order to be taken", func() bool { return b.mustOrder(unpaid.ID).Operation != "" })
	})
	for _, taken := range b.fake.taken() {
		if taken.ID == paid.ID {
			t.Error("a withdrawn order was submitted")
		}
	}
}

// none is accounted for.
func none(string) bool { return false }

func TestRetiredRegistrar(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("unpaid.ru"))
	b.without("r01")
	if got, err := b.Forgotten(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("forgotten %+v, %v", got, err)
	}
	_, _, err := b.Pay(t.Context(), o.ID)
	wantCode(t, err, registrar.Precondition, "registrar r01 is retired; cancel it")
}

// What a registrar has taken, or is run to take, can't be withdrawn behind its back.
func TestPaidIsNotWithdrawn(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	taken, waiting := b.place(request("taken.ru")), b.place(request("waiting.ru"))
	b.mustPay(taken.ID)
	b.during(func() {
		b.until("the operation", func() bool { return b.mustOrder(taken.ID).Operation != "" })
	})
	b.mustPay(waiting.ID)
	_, _, err := b.Cancel(t.Context(), waiting.ID)
	wantCode(t, err, registrar.Precondition, "it is paid")
	b.without()
	_, _, err = b.Cancel(t.Context(), taken.ID)
	wantCode(t, err, registrar.Precondition, "it is paid")
}

// A start asks, and a book may have a million domains: they are not gone through.
func TestRegistrarsOfBookByIndex(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	err := b.db.Read(t.Context(), func(tx *sql.Tx) error {
		if plan := sqldbtest.Plan(t, tx, registrarsOfBook); strings.Contains(plan, "SCAN domains") {
			t.Errorf("the plan is %s", plan)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestHoldingsOfNoBook(t *testing.T) {
	t.Parallel()
	if got, err := Holdings(t.Context(), t.TempDir(), secret.String{}, none); err != nil || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A paid order that no registrar takes is an alarm on its domain, and once in the log, as long as it
// waits.
func TestLateOrderIsAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.registrars.set("m", &fake{})
	soon, late := b.place(request("soon.com")), b.place(request("late.com"))
	at := b.now()
	b.now = func() time.Time { return at }
	b.mustPay(late.ID)
	at = at.Add(lateAfter)
	b.mustPay(soon.ID)
	b.registrars.set("m", failing{})
	for range 3 {
		if err := b.lateness().tellLate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	alarms := 0
	for _, e := range b.entries("") {
		if e.Event == registrar.EventAlarm {
			alarms++
			if e.Order != late.ID || e.Level != registrar.LevelError || !strings.Contains(e.Message, "is paid and waits") {
				t.Errorf("entry %+v", e)
			}
		}
	}
	if alarms != 1 || len(b.mustDomain("late.com").Alarms) != 1 || len(b.mustDomain("soon.com").Alarms) != 0 {
		t.Errorf("%d entries; alarms of the domain: %+v", alarms, b.mustDomain("late.com").Alarms)
	}
	list, _, err := b.Lists().Domains(t.Context(), DomainList{Status: registrar.StatusRegistering})
	if err != nil || len(list) != 2 || len(list[0].Alarms) != 1 || list[0].Alarms[0].Key != AlarmLate {
		t.Errorf("list %+v, %v", list, err)
	}
	m := &fake{}
	b.registrars.set("m", m)
	b.during(func() {
		b.until("both to be taken", func() bool { return len(m.taken()) == 2 })
		b.until("the end of the alarm", func() bool { return len(b.mustDomain("late.com").Alarms) == 0 })
	})
}

// An order that is tried again and waits again is late again, whatever alarms it had before.
func TestLateRetryIsAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	at := b.now()
	b.now = func() time.Time { return at }
	late := func() (entries int) {
		at = at.Add(lateAfter)
		for range 2 {
			if err := b.lateness().tellLate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range b.entries("late.ru") {
			if e.Event == registrar.EventAlarm {
				entries++
			}
		}
		return entries
	}

	o := b.place(request("late.ru"))
	b.mustPay(o.ID)
	if n := late(); n != 1 {
		t.Fatalf("%d entries of the first attempt", n)
	}
	b.during(func() { b.until("the operation", func() bool { return b.mustOrder(o.ID).Operation != "" }) })
	b.ended(b.mustOrder(o.ID), registrar.Failed, "no such client")
	b.during(func() { b.until("the end", func() bool { return b.mustOrder(o.ID).Outcome == failed }) })

	at = at.Add(time.Minute)
	if _, changed, err := b.Retry(t.Context(), Again{Order: o.ID, By: "anna"}); !changed || err != nil {
		t.Fatalf("tried again: %t, %v", changed, err)
	}
	if n := late(); n != 2 {
		t.Errorf("%d entries after the second attempt", n)
	}
}

// failing is a registrar that takes nothing.
type failing struct{ registrar.Service }

func (failing) Submit(context.Context, registrar.Order) (registrar.Operation, error) {
	return registrar.Operation{}, registrar.Errorf(registrar.Internal, "it fails")
}

func (failing) Validate(context.Context, registrar.Order) (registrar.Validation, error) {
	return registrar.Validation{}, registrar.Errorf(registrar.Internal, "it fails")
}
