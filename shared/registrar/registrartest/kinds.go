package registrartest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"registrar.panel/shared/registrar"
)

var kindChecks = []check{
	{Rule{ID: "kinds/delete", Level: Must, Kind: registrar.KindDelete, Needs: []Need{NeedSettings},
		Demand: "When a deletion has succeeded, the domain is Deleted, with no open operation, and what needs a domain that is held is refused with Precondition.", Place: "KindDelete, StatusDeleted, OperationKind.Suits",
		Remedy: "Change the status in the transaction that ends the operation, and judge orders by OperationKind.Suits."}, recordsDeletions},
	{Rule{ID: "kinds/restore", Level: Must, Kind: registrar.KindRestore, Needs: []Need{NeedSettings},
		Demand: "When a deleted domain was restored, it is Registered, for the customer who had it; to restore one that is held is refused with Precondition.", Place: "KindRestore, OperationKind.Suits",
		Remedy: "Change the status in the transaction that ends the operation, and keep the record of a domain that was deleted."}, recordsRestorations},
	{Rule{ID: "kinds/lock", Level: Must, Kind: registrar.KindLock, Needs: []Need{NeedSettings},
		Demand: "When a lock has succeeded, the domain is locked, and all else in its record is as before.", Place: "KindLock, Domain.Locked",
		Remedy: "Set Locked in the transaction that ends the operation."}, recordsLocks},
	{Rule{ID: "kinds/unlock", Level: Must, Kind: registrar.KindUnlock, Needs: []Need{NeedSettings},
		Demand: "When a locked domain was unlocked, it is locked no longer, and all else in its record is as before.", Place: "KindUnlock, Domain.Locked",
		Remedy: "Clear Locked in the transaction that ends the operation."}, recordsUnlocks},
	{Rule{ID: "kinds/auth-code", Level: Must, Kind: registrar.KindAuthCode, Needs: []Need{NeedSettings},
		Demand: "When an order for a transfer code has succeeded, TransferCode returns the code for that operation and for no other, and no other answer, event or line of the log holds it; a person who decides done hands the code over.", Place: "KindAuthCode, CodeKeeper, Decision.AuthCode",
		Remedy: "Declare the capability auth-codes, keep the code sealed, and refuse a decision done without one, at the path auth_code."}, keepsCodes},
	{Rule{ID: "kinds/trade", Level: Must, Kind: registrar.KindTrade, Needs: []Need{NeedSettings},
		Demand: "When a change of registrant has succeeded, the domain is held as before and names no longer the handle of the registrant before.", Place: "KindTrade, Domain.Handle",
		Remedy: "Take the new handle over in the transaction that ends the operation; where it is not known, leave Handle empty."}, recordsTrades},
}

// following returns an order of a kind: for a new name, or for the domain that is held.
func following(e *exam, l *life, held registrar.Order, kind registrar.OperationKind) (o registrar.Order, err error) {
	if kind.Acquires() {
		return e.orderOf(l, kind)
	}
	o = registrar.Order{ID: e.orderID(), Kind: kind, Domain: held.Domain, Customer: held.Customer}
	switch kind {
	case registrar.KindRenew:
		var d registrar.Domain
		d, err = e.due(l, held)
		o.Domain, o.PaidTill = d.Name, d.PaidTill
	case registrar.KindUpdate:
		o.Nameservers = []registrar.Nameserver{{Host: "ns7.example.net"}, {Host: "ns8.example.net"}}
	case registrar.KindTrade:
		o.Registrant, err = another(e, l)
	}
	return o, err
}

// another returns a registrant who differs from that of the other orders, if more than one kind is served.
func another(e *exam, p registrar.Catalogue) (*registrar.Registrant, error) {
	q := e.query(registrar.KindTrade)
	for _, kind := range e.description.Registrants {
		if kind != q.Registrant {
			q.Registrant = kind
			break
		}
	}
	form, err := p.Form(e.ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}
	return exampleOf(form, q.Registrant), nil
}

// onceHeld lists the kinds that are sold, in an order in which all can be applied to one domain: those that
// give it up come last.
func onceHeld(e *exam) []registrar.OperationKind {
	last := []registrar.OperationKind{registrar.KindDelete, registrar.KindRestore}
	kinds := slices.DeleteFunc(e.description.KindsFor(e.tld()), func(k registrar.OperationKind) bool { return slices.Contains(last, k) })
	for _, k := range last {
		if e.sells(k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// carriedOut brings an order of a kind for a held domain to its end. If the registrar's own rules do not
// allow it for the domain, that is not a breach, and is reported.
func carriedOut(e *exam, l *life, held registrar.Order, kind registrar.OperationKind) (registrar.Operation, error) {
	o, err := following(e, l, held, kind)
	if err != nil {
		return registrar.Operation{}, err
	}
	op, err := l.Submit(e.ctx, o)
	if errors.Is(err, registrar.Precondition) {
		return op, notTried(fmt.Sprintf("no order to %s was brought to its end: %s", kind, told(err)))
	}
	if err != nil {
		return op, fmt.Errorf("submit an order to %s: %w", kind, err)
	}
	return e.conclude(l, op.ID)
}

// afterwards registers a domain, has orders of some kinds for it carried out one after the other, and returns
// its record before and after the last of them.
func afterwards(e *exam, l *life, kinds ...registrar.OperationKind) (held registrar.Order, before, after registrar.Domain, err error) {
	if held, _, err = e.concluded(l); err != nil {
		return held, before, after, err
	}
	for _, kind := range kinds {
		if before, err = l.Domain(e.ctx, held.Domain); err != nil {
			return held, before, after, err
		}
		if _, err = carriedOut(e, l, held, kind); err != nil {
			return held, before, after, err
		}
	}
	after, err = l.Domain(e.ctx, held.Domain)
	return held, before, after, err
}

// alike reports whether two records of a domain agree in everything but status and lock.
func alike(a, b registrar.Domain) bool {
	return a.Customer == b.Customer && a.PaidTill == b.PaidTill && slices.Equal(hostsOf(a.Nameservers), hostsOf(b.Nameservers))
}

func recordsDeletions(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	held, _, after, err := afterwards(e, l, registrar.KindDelete)
	if err != nil {
		return err
	}
	if after.Status != registrar.StatusDeleted || after.Operation != nil {
		e.broken("after the deletion the domain is %s, with an open operation: %v", after.Status, after.Operation != nil)
	}

	again := registrar.Order{ID: e.orderID(), Kind: registrar.KindDelete, Domain: held.Domain, Customer: held.Customer}
	_, err = l.Submit(e.ctx, again)
	e.mustBe("to delete it once more", err, registrar.Precondition)
	return nil
}

func recordsRestorations(e *exam) error {
	if !e.sells(registrar.KindDelete) {
		return notTried("only what was deleted can be restored, and deletions are not offered")
	}
	l, err := e.working()
	if err != nil {
		return err
	}
	held, before, after, err := afterwards(e, l, registrar.KindDelete, registrar.KindRestore)
	if err != nil {
		return err
	}
	if after.Status != registrar.StatusRegistered || after.Operation != nil || after.Customer != before.Customer || after.PaidTill.Before(before.PaidTill) {
		e.broken("after it was restored the domain is %s for %q, paid till %s, and was %s for %q, paid till %s; with an open operation: %v",
			after.Status, after.Customer, after.PaidTill, before.Status, before.Customer, before.PaidTill, after.Operation != nil)
		return nil
	}

	_, err = l.Submit(e.ctx, registrar.Order{ID: e.orderID(), Kind: registrar.KindRestore, Domain: held.Domain, Customer: held.Customer})
	e.mustBe("to restore what is held", err, registrar.Precondition)
	return nil
}

func recordsLocks(e *exam) error { return judgesLock(e, true, registrar.KindLock) }

func recordsUnlocks(e *exam) error {
	kinds := []registrar.OperationKind{registrar.KindUnlock}
	if e.sells(registrar.KindLock) {
		kinds = slices.Insert(kinds, 0, registrar.KindLock)
	}
	return judgesLock(e, false, kinds...)
}

func judgesLock(e *exam, want bool, kinds ...registrar.OperationKind) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, before, after, err := afterwards(e, l, kinds...)
	if err != nil {
		return err
	}
	if after.Locked != want || after.Status != registrar.StatusRegistered || after.Operation != nil || !alike(before, after) {
		e.broken("after %v the domain is locked: %v; %s for %q, paid till %s; before it was locked: %v; %s for %q, paid till %s", kinds,
			after.Locked, after.Status, after.Customer, after.PaidTill, before.Locked, before.Status, before.Customer, before.PaidTill)
	}
	return nil
}

func recordsTrades(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, before, after, err := afterwards(e, l, registrar.KindTrade)
	if err != nil {
		return err
	}
	if !after.Status.Held() || after.Operation != nil || after.PaidTill.Before(before.PaidTill) {
		e.broken("after the change of registrant the domain is %s, paid till %s, and was %s till %s", after.Status, after.PaidTill, before.Status, before.PaidTill)
	}

	// If only one kind of registrant is served, the new registrant is made from the same examples as the
	// former one, and may rightly have the same handle.
	if len(e.description.Registrants) > 1 && before.Handle != "" && after.Handle == before.Handle {
		e.broken("after the change of registrant the domain still names the handle %s", after.Handle)
	}
	return nil
}

func keepsCodes(e *exam) error {
	if !e.description.Has(registrar.CapCodes) {
		e.broken("it takes orders for transfer codes without the capability %s: what they bring can't be read", registrar.CapCodes)
		return nil
	}
	l, err := e.working()
	if err != nil {
		return err
	}
	held, registration, err := e.concluded(l)
	if err != nil {
		return err
	}

	o, err := following(e, l, held, registrar.KindAuthCode)
	if err != nil {
		return err
	}
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		return fmt.Errorf("submit an order for a transfer code: %w", err)
	}
	// Tried while the order may wait for a person: once it has ended, every decision is refused anyway.
	if err := refusesEmptyHands(e, l, op.ID); err != nil {
		return err
	}
	if _, err = e.conclude(l, op.ID); err != nil {
		return err
	}

	code, err := l.TransferCode(e.ctx, op.ID)
	if err != nil || code == "" {
		e.broken("an order for a transfer code has succeeded, and there is none: %s", told(err))
		return nil
	}
	_, err = l.TransferCode(e.ctx, registration.ID)
	e.mustBe("TransferCode of a registration", err, registrar.Precondition)
	_, err = l.TransferCode(e.ctx, "conformance-no-such")
	e.mustBe("TransferCode of no operation", err, registrar.NotFound)
	return hidesCode(e, l, o, op.ID, string(code))
}

// refusesEmptyHands demands that a person who reports a code also passes it.
func refusesEmptyHands(e *exam, l *life, id registrar.OperationID) error {
	op, err := l.Operation(e.ctx, id)
	// If the operation does not wait for a person, a code can't be passed.
	if err != nil || op.State != registrar.NeedsAction {
		return err
	}

	_, err = l.TransferCode(e.ctx, id)
	e.mustBe("TransferCode of an order that is open", err, registrar.Precondition)
	_, err = l.Resolve(e.ctx, registrar.Decision{Operation: id, Version: op.Version, Verdict: registrar.VerdictDone, By: "conformance"})
	e.mustBe("a decision that a code was got, without it", err, registrar.Invalid)
	return nil
}

// hidesCode searches everything that is reported about an order for its code.
func hidesCode(e *exam, l *life, o registrar.Order, id registrar.OperationID, code string) error {
	op, err := l.Operation(e.ctx, id)
	if err != nil {
		return err
	}
	d, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}
	events, err := e.about(l, id, 1)
	if err != nil {
		return err
	}

	for where, said := range map[string]any{"operations": op, "domains": d, "events": events} {
		text, err := json.Marshal(said)
		if err != nil {
			return err
		}
		sings(e, where, plain(text), []string{code})
	}

	// Lines that it logs while draining count, too.
	e.end(l)
	sings(e, "lines of the log", l.Log(), []string{code})
	return nil
}
