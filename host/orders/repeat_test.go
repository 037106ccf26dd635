package orders

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func named(id registrar.OrderID, domain string) NewOrder {
	q := request(domain)
	q.ID, q.Reference = id, "invoice 7"
	return q
}

// A caller who has heard no answer asks again: there is one order, as it stands by then.
func TestRepeatedOrderIsTheSame(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	first := b.place(named("shop-1", "once.ru"))
	if first.ID != "shop-1" || first.Reference != "invoice 7" || first.Again {
		t.Fatalf("placed %+v", first)
	}
	b.mustPay(first.ID)
	typedOtherwise := named("shop-1", " ONCE.ru. ")
	typedOtherwise.Customer, typedOtherwise.Reference = " c1", "invoice  7"
	typedOtherwise.Nameservers[0].Host = "ns1.hoster.example"
	for _, q := range []NewOrder{named("shop-1", "once.ru"), typedOtherwise} {
		again := b.place(q)
		want := b.mustOrder(first.ID)
		want.Again = true
		if diff := cmp.Diff(want, again); diff != "" || again.State != Paid {
			t.Errorf("again (-want +got):\n%s", diff)
		}
	}
	b.restart() // the key by which a repetition is known stays
	if again := b.place(named("shop-1", "once.ru")); !again.Again {
		t.Errorf("after a restart %+v", again)
	}
}

// An order whose contact was erased, and with it the digest of what was asked for, is known by what is
// left of it.
func TestErasedOrderIsKnownByItsID(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	first := b.place(named("shop-1", "once.ru"))
	if _, _, err := b.Cancel(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	b.registrars.set("r01", eraser{b.fake, unable})
	b.registrars.set("m", eraser{&fake{}, unable})
	if _, err := b.Data().Erase(t.Context(), "c1", "olga", ""); err != nil {
		t.Fatal(err)
	}
	if got := b.mustOrder(first.ID); got.Digest != "" {
		t.Errorf("a digest of the erased contact is left")
	}
	if again := b.place(named("shop-1", "once.ru")); !again.Again || again.State != Cancelled {
		t.Errorf("again: %+v", again)
	}
	other := named("shop-1", "once.ru")
	other.Customer = "c2"
	if _, err := b.Place(t.Context(), other); !errors.Is(err, registrar.Conflict) {
		t.Errorf("for another customer: %v", err)
	}
}

// Something else under the same ID is a conflict that names the order; nothing changes.
func TestSameIDWithOtherContents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.place(named("shop-1", "one.ru"))
	for why, edit := range map[string]func(*NewOrder){
		"another domain":     func(q *NewOrder) { q.Domain = "two.ru" },
		"another customer":   func(q *NewOrder) { q.Customer = "c2" },
		"another reference":  func(q *NewOrder) { q.Reference = "" },
		"another payer":      func(q *NewOrder) { q.Own = true },
		"another contact":    func(q *NewOrder) { q.Registrant.Fields["passport"][0] += "7" },
		"another nameserver": func(q *NewOrder) { q.Nameservers = q.Nameservers[:1] },
		"another kind":       func(q *NewOrder) { q.Kind = registrar.KindTransfer; q.AuthCode = "x" },
	} {
		q := named("shop-1", "one.ru")
		edit(&q)
		_, err := b.Place(t.Context(), q)
		var e *registrar.Error
		if !errors.Is(err, registrar.Conflict) || !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Params["order"] != "shop-1" {
			t.Errorf("%s: %v", why, err)
		}
	}
	all, _, err := b.Lists().Orders(t.Context(), OrderList{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d orders, %v", len(all), err)
	}
}

// What was refused was no order: its ID is free.
func TestRefusedOrderIsNotKnown(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fake.validate = func(registrar.Order) []registrar.Problem {
		return []registrar.Problem{{Path: "contact", Message: "no"}}
	}
	if _, err := b.Place(t.Context(), named("shop-1", "one.ru")); !errors.Is(err, registrar.Invalid) {
		t.Fatalf("placed: %v", err)
	}
	b.fake.validate = nil
	if o := b.place(named("shop-1", "one.ru")); o.Again {
		t.Errorf("placed %+v", o)
	}
}

// Requests that come at the same time are one order, too.
func TestRepeatedAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	var asked sync.WaitGroup
	for range 8 {
		asked.Go(func() {
			if o, err := b.Place(t.Context(), named("shop-1", "once.ru")); err != nil || o.ID != "shop-1" {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
	asked.Wait()
	all, _, err := b.Lists().Orders(t.Context(), OrderList{Reference: "invoice 7"})
	if err != nil || len(all) != 1 {
		t.Errorf("%d orders, %v", len(all), err)
	}
}

// A refusal because of another order names it: so a caller that has lost the answer finds it.
func TestOrderInTheWayIsNamed(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	first := b.place(request("once.ru"))
	_, err := b.Place(t.Context(), request("once.ru"))
	var e *registrar.Error
	if !errors.Is(err, registrar.Precondition) || !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Params["order"] != string(first.ID) {
		t.Errorf("again: %v", err)
	}
}

// Judging an order stores nothing, and refuses what placing would refuse.
func TestJudge(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	j, err := b.Judge(t.Context(), request("free.ru"))
	if err != nil || len(j.Problems) > 0 || j.Registrar != "r01" || j.Preview != "the mail for free.ru" {
		t.Errorf("%+v, %v", j, err)
	}
	b.fake.validate = func(registrar.Order) []registrar.Problem {
		return []registrar.Problem{{Path: "contact", Message: "no"}}
	}
	if j, err := b.Judge(t.Context(), request("free.ru")); err != nil || len(j.Problems) != 1 || j.Problems[0].Path != "contact" {
		t.Errorf("%+v, %v", j, err)
	}
	b.fake.validate = nil
	b.place(request("taken.ru"))
	if _, err := b.Judge(t.Context(), request("taken.ru")); !errors.Is(err, registrar.Precondition) {
		t.Errorf("%v", err)
	}
	if all, _, err := b.Lists().Orders(t.Context(), OrderList{}); err != nil || len(all) != 1 {
		t.Errorf("%d orders, %v", len(all), err)
	}
}
