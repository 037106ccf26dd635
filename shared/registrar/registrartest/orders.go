package registrartest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// repetitions is how often an order is submitted that must remain one operation.
const repetitions = 10

var orderChecks = []check{
	{Rule{ID: "orders/answer", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Submit answers with an operation that names its order, kind and domain, and Operation knows it.", Place: "Orders.Submit, Operation",
		Remedy: "Return what was stored, under an ID of your own."}, answersOrder},
	{Rule{ID: "orders/repeat", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order that is submitted again is the same operation.", Place: "package registrar: exactly one effect for one order",
		Remedy: "Look up the OrderID in the transaction that would store the order; return what is there."}, repeats},
	{Rule{ID: "orders/parallel", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order that is submitted several times at once is one operation, and none of the calls fails.", Place: "package registrar: concurrency",
		Remedy: "Make the OrderID unique in the store, and look it up and store it in one transaction."}, repeatsAtOnce},
	{Rule{ID: "orders/restart", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order that Submit took survives a crash at once after it: repeating it is the same operation.", Place: "Orders.Submit",
		Remedy: "Commit to disk (fsync) before Submit returns."}, survives},
	{Rule{ID: "orders/conflict", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A known OrderID with other contents is a Conflict, whichever of them differs.", Place: "Conflict, Orders.Submit",
		Remedy: "Store a keyed digest of Order.Canonical and compare it; never answer with the old operation."}, conflicts},
	{Rule{ID: "orders/conflict-code", Level: Must, Kind: registrar.KindTransfer, Needs: []Need{NeedSettings},
		Demand: "A known OrderID with another transfer code is a Conflict, too.", Place: "Conflict, Order.AuthCode",
		Remedy: "Make the digest of Order.Canonical, which holds the code by its value: AuthCode itself prints as ***."}, conflictsInCode},
	{Rule{ID: "orders/one-open", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A second order for a domain on which an operation is open, or to register one that is registered, is refused with Precondition.", Place: "Orders.Submit, Precondition",
		Remedy: "Look for an open operation on the domain in the transaction that stores the order."}, allowsOneOpen},
	{Rule{ID: "orders/renewal-guard", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A renewal whose paid_till is not the expiry the registrar knows is refused with Precondition.", Place: "Order.PaidTill, Orders.Submit",
		Remedy: "Compare before the order is stored: it keeps one year from being paid twice."}, guardsRenewal},
	{Rule{ID: "orders/refused", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order that was refused leaves no trace: neither a domain nor its OrderID is known.", Place: "Orders.Submit",
		Remedy: "Judge an order before anything of it is stored, or in the same transaction."}, forgetsOrders},
	{Rule{ID: "orders/ace", Level: Must, Needs: []Need{NeedSettings, NeedIDN},
		Demand: "A name beyond ASCII goes in as ACE and comes back as ACE.", Place: "package registrar: names",
		Remedy: "Show Unicode in words for people only; names are ACE in every field."}, keepsACE},
}

func answersOrder(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	known, err := l.Operation(e.ctx, op.ID)
	if err != nil {
		e.broken("Operation of what Submit answered: %s", told(err))
	}

	for what, v := range map[string]registrar.Operation{"Submit": op, "Operation": known} {
		if err == nil && (v.ID == "" || v.ID != op.ID || v.Order != o.ID || v.Kind != o.Kind || v.Domain != o.Domain) {
			e.broken("%s answers with operation %q of order %q to %s %q, for order %q to %s %q", what, v.ID, v.Order, v.Kind, v.Domain, o.ID, o.Kind, o.Domain)
		}
	}

	return nil
}

func (e *exam) isSame(when string, op, first registrar.Operation, err error) {
	if err != nil {
		e.broken("the order %s: %s", when, told(err))
	} else if op.ID != first.ID {
		e.broken("the order %s is operation %q, and was %q", when, op.ID, first.ID)
	}
}

func repeats(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, first, err := e.submitted(l)
	if err != nil {
		return err
	}

	for range repetitions {
		op, err := l.Submit(e.ctx, o)
		e.isSame("again", op, first, err)
	}

	if _, err := e.conclude(l, first.ID); err != nil {
		return err
	}

	// The plugin may have erased the contents by now, and must recognise the order without them.
	op, err := l.Submit(e.ctx, o)
	e.isSame("after its operation has ended", op, first, err)
	return nil
}

func repeatsAtOnce(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, err := e.order(l)
	if err != nil {
		return err
	}

	ops, errs := make([]registrar.Operation, repetitions), make([]error, repetitions)
	var calls sync.WaitGroup
	for i := range repetitions {
		calls.Go(func() { ops[i], errs[i] = l.Submit(e.ctx, o) })
	}

	calls.Wait()
	for i := range ops {
		e.isSame("in parallel", ops[i], ops[0], errs[i])
	}

	return nil
}

func survives(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, first, err := e.submitted(l)
	if err != nil {
		return err
	}

	next, err := e.again(l)
	if err != nil {
		return err
	}

	if known, err := next.Operation(e.ctx, first.ID); err != nil {
		e.broken("the operation after a crash: %s", told(err))
	} else if known.Order != o.ID || known.Domain != o.Domain {
		e.broken("the operation after a crash is one of order %q on %q", known.Order, known.Domain)
	}

	op, err := next.Submit(e.ctx, o)
	e.isSame("after a crash", op, first, err)
	return nil
}

func conflicts(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.submitted(l)
	if err != nil {
		return err
	}

	for what, change := range map[string]func(o *registrar.Order){
		"domain":      func(o *registrar.Order) { o.Domain = e.domain() },
		"customer":    func(o *registrar.Order) { o.Customer += "-2" },
		"nameservers": func(o *registrar.Order) { o.Nameservers = o.Nameservers[1:] },
		"registrant": func(o *registrar.Order) {
			for key, values := range o.Registrant.Fields {
				o.Registrant.Fields[key] = append(values, values...)
				return
			}
		},
	} {
		other := e.spoil(o, change)
		other.ID = o.ID
		_, err := l.Submit(e.ctx, other)
		if what != "domain" && errors.Is(err, registrar.Invalid) {
			continue // it is invalid by itself
		}
		e.mustBe("the same OrderID with another "+what, err, registrar.Conflict)
	}

	return nil
}

func conflictsInCode(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	o, err := e.orderOf(l, registrar.KindTransfer)
	if err != nil {
		return err
	}
	if _, err := l.Submit(e.ctx, o); err != nil {
		return fmt.Errorf("submit a transfer: %w", err)
	}
	o.AuthCode += "-2"
	_, err = l.Submit(e.ctx, o)
	e.mustBe("the same OrderID with another transfer code", err, registrar.Conflict)
	return nil
}

func allowsOneOpen(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}
	_, err = l.Submit(e.ctx, e.spoil(o, func(*registrar.Order) {}))
	e.mustBe(fmt.Sprintf("a second order while the first is %s", op.State), err, registrar.Precondition)
	return nil
}

func guardsRenewal(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	d, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}

	renewal := registrar.Order{ID: e.orderID(), Kind: registrar.KindRenew, Domain: o.Domain, Customer: o.Customer,
		PaidTill: registrar.Date{Year: 1999, Month: time.December, Day: 31}}
	if d.PaidTill == renewal.PaidTill {
		return errors.New("the domain is paid till 1999-12-31")
	}

	_, err = l.Submit(e.ctx, renewal)
	e.mustBe("a renewal from an expiry that is not the domain's", err, registrar.Precondition)
	return nil
}

func forgetsOrders(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	bad := e.spoil(good, func(o *registrar.Order) { o.Registrant = nil })
	if _, err := l.Submit(e.ctx, bad); err == nil {
		return errors.New("an order without a registrant was accepted")
	}

	if _, err := l.Domain(e.ctx, bad.Domain); !errors.Is(err, registrar.NotFound) {
		e.broken("the domain of an order that was refused: %s, want NOT_FOUND", told(err))
	}

	// A refused order leaves its ID free: with valid contents it names an order like any other.
	good.ID = bad.ID
	if _, err := l.Submit(e.ctx, good); err != nil {
		e.broken("the order, put right, under the same OrderID: %s", told(err))
	}

	return nil
}

func keepsACE(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	ace, err := aceOf(e.subject.IDN)
	if err != nil {
		return err
	}

	o, err := e.order(l)
	if err != nil {
		return err
	}

	o.Domain = ace
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		e.broken("an order for %s: %s", ace, told(err))
		return nil
	}

	d, err := l.Domain(e.ctx, ace)
	if err != nil || d.Name != ace || op.Domain != ace {
		e.broken("Submit calls %s %q, and Domain %q: %v", ace, op.Domain, d.Name, err)
	}

	events, err := e.about(l, op.ID, 1)
	if err != nil {
		return err
	}

	if name := ofOperation(events, op.ID)[0].Name; name != ace {
		e.broken("an event calls %s %q", ace, name)
	}

	return nil
}

// cancelled submits with a context that ends early or has ended.
func cancelled(ctx context.Context, l *life, o registrar.Order, after time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	_, _ = l.Submit(ctx, o) // asking again shows what became of it
}
