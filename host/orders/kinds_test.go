package orders

import (
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// about is an order of a kind for a domain that is ours.
func about(k registrar.OperationKind, domain string) NewOrder {
	return NewOrder{Kind: k, Domain: domain, Own: true}
}

// The term is stored, submitted, compared and tried again with; the shortest that is offered is
// asked for as every plugin understands it.
func TestYears(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fake.describe = registrar.Description{Name: "r01", Kinds: registrar.OperationKinds(), OrderFields: registrar.OrderFields(),
		Offers: []registrar.Offer{{Kinds: []registrar.KindOffer{{Kind: registrar.KindRegister, Years: registrar.Years{Min: 2, Max: 10}}}}}}

	long := request("long.ru")
	long.ID, long.Years = "long", 3
	short := request("short.ru")
	short.Years = 2

	if o := b.paid(long); o.Years != 3 {
		t.Errorf("placed for %d years", o.Years)
	}
	if o := b.paid(short); o.Years != 0 {
		t.Errorf("the shortest term is %d years", o.Years)
	}

	for _, o := range b.fake.taken() {
		if want := map[string]int{"long.ru": 3}[o.Domain]; o.Years != want {
			t.Errorf("%s is submitted for %d years, want %d", o.Domain, o.Years, want)
		}
	}

	if o := b.place(long); !o.Again || o.Years != 3 {
		t.Errorf("the same again is %+v", o)
	}
	long.Years = 4
	_, err := b.Place(t.Context(), long)
	wantCode(t, err, registrar.Conflict, "long")

	b.ended(b.mustOrder("long"), registrar.Failed, "no")
	b.over("long")
	if err := b.tryAgain("long"); err != nil {
		t.Fatal(err)
	}
	if o := b.mustOrder("long"); o.Years != 3 || o.Attempt != 2 {
		t.Errorf("tried again as %+v", o)
	}
}

// Which kinds a status allows, before anything is stored.
func TestKindsNeedTheirStatus(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for domain, status := range map[string]registrar.DomainStatus{"live.ru": registrar.StatusRegistered, "late.ru": registrar.StatusExpired,
		"deleted.ru": registrar.StatusDeleted, "away.ru": registrar.StatusTransferredAway} {
		b.shelve(Domain{Registrar: "r01", Domain: registrar.Domain{Name: domain, Customer: "c1", Status: status}})
	}

	for _, c := range []struct {
		kind   registrar.OperationKind
		domain string
		says   string // "" = it is taken
	}{
		{registrar.KindDelete, "deleted.ru", "nothing to delete"},
		{registrar.KindRestore, "live.ru", "Registered here already"},
		{registrar.KindRestore, "away.ru", "nothing to restore"},
		{registrar.KindRestore, "never.ru", "nothing to restore"},
		{registrar.KindLock, "deleted.ru", "nothing to lock"},
		{registrar.KindUnlock, "away.ru", "nothing to unlock"},
		{registrar.KindAuthCode, "never.ru", "nothing to get a transfer code of"},
		{registrar.KindTrade, "deleted.ru", "nothing to trade"},
		{registrar.KindRestore, "deleted.ru", ""},
		{registrar.KindRestore, "late.ru", ""},
		{registrar.KindLock, "live.ru", ""},
		{registrar.KindDelete, "live.ru", "live.ru"}, // while it is being locked
	} {
		_, err := b.Place(t.Context(), about(c.kind, c.domain))
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s %s: %v", c.kind, c.domain, err)
		case c.says != "":
			wantCode(t, err, registrar.Precondition, c.says)
		}
	}
}

// What an order has made of a domain is shown as its registrar tells it: locked, deleted, and held
// again after it was restored.
func TestKindsShowInTheList(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("a.ru")

	shows := func(k registrar.OperationKind, d registrar.Domain) Domain {
		t.Helper()
		o := b.paid(about(k, "a.ru"))
		d.Name, d.Customer = "a.ru", "c1"
		b.fake.tell(registrar.Event{Type: registrar.EventOperation, Order: o.ID, Operation: operationOf(o.ID), State: registrar.Succeeded, Name: "a.ru", Domain: &d})
		b.over(o.ID)
		return b.mustDomain("a.ru")
	}

	if d := shows(registrar.KindLock, registrar.Domain{Status: registrar.StatusRegistered, Locked: true}); !d.Locked {
		t.Errorf("locked, it is %+v", d)
	}
	if d := shows(registrar.KindUnlock, registrar.Domain{Status: registrar.StatusRegistered}); d.Locked {
		t.Errorf("unlocked, it is %+v", d)
	}
	if d := shows(registrar.KindDelete, registrar.Domain{Status: registrar.StatusDeleted}); d.Status != registrar.StatusDeleted {
		t.Errorf("deleted, it is %+v", d)
	}
	if d := shows(registrar.KindRestore, registrar.Domain{Status: registrar.StatusRegistered}); d.Status != registrar.StatusRegistered {
		t.Errorf("restored, it is %+v", d)
	}
}

// A code that an order has brought is read from its registrar, once it has, and who read it is in
// the log, where it is not.
func TestTransferCodeThatWasBrought(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("a.ru")
	o := b.paid(about(registrar.KindAuthCode, "a.ru"))
	b.fake.code = "CODE-CANARY"

	_, err := b.TransferCode(t.Context(), o.ID, "olga", "")
	wantCode(t, err, registrar.Precondition, "no transfer code yet")

	b.ended(o, registrar.Succeeded, "")
	b.over(o.ID)
	code, err := b.TransferCode(t.Context(), o.ID, "olga", "")
	if err != nil || code != "CODE-CANARY" {
		t.Errorf("%q, %v", code, err)
	}

	entries := b.entries("a.ru")
	if last := entries[len(entries)-1]; last.Actor != "olga" || last.Order != o.ID || !strings.Contains(last.Message, "shown to olga") {
		t.Errorf("the log says %+v", last)
	}

	b.fake.code = ""
	_, err = b.TransferCode(t.Context(), o.ID, "olga", "")
	wantCode(t, err, registrar.Precondition, "no code")
	if n := len(b.entries("a.ru")); n != len(entries) {
		t.Errorf("a refusal left %d entries", n-len(entries))
	}
}

// over waits for the end of an order.
func (b *book) over(id registrar.OrderID) {
	b.t.Helper()
	b.during(func() { b.until("the end of order "+string(id), func() bool { return b.mustOrder(id).Outcome != "" }) })
}
