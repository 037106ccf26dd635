package registrartest

import "registrar.panel/shared/registrar"

var erasureChecks = []check{
	{Rule{ID: "capability/erase", Level: Must, Capability: registrar.CapErase, Needs: []Need{NeedSettings},
		Demand: "Erase takes nothing from an open operation or a held domain, and says what stays and why; the operations stay known, and nothing is begun again; a query with neither customer nor time is Invalid.", Place: "Eraser",
		Remedy: "Remove contacts, mails and codes of what is finished, and leave the record of it."}, erases},
	{Rule{ID: "capability/keys", Level: Must, Capability: registrar.CapKeys, Needs: []Need{NeedSettings},
		Demand: "After RotateKeys, and after a second one, what was ordered is known and compared as before, also by an instance that begins anew.", Place: "KeyChanger",
		Remedy: "Seal all again, and leave alone the digests by which orders are known."}, rotatesKeys},
}

func erases(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, err = l.Erase(e.ctx, registrar.ErasureQuery{})
	e.mustBe("Erase for nobody", err, registrar.Invalid)

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}
	e.erasesNothingOf(l, o, op)
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}
	e.erasesNothingOf(l, o, op)
	return nil
}

// erasesNothingOf erases the data of an order's customer, whose business must all stay.
func (e *exam) erasesNothingOf(l *life, o registrar.Order, op registrar.Operation) {
	before, err := l.Operation(e.ctx, op.ID)
	if err != nil {
		e.broken("the operation %s: %s", op.ID, told(err))
		return
	}

	known, _ := l.Submit(e.ctx, o) // other rules judge that
	erased, err := l.Erase(e.ctx, registrar.ErasureQuery{Customer: o.Customer})
	if err != nil {
		e.broken("Erase while the operation is %s: %s", before.State, told(err))
		return
	}

	if len(erased.Kept) == 0 {
		e.broken("Erase says of nothing that it stays, and the operation on %s is %s", o.Domain, before.State)
	}

	for _, k := range erased.Kept {
		if k.What == "" || k.Why == "" {
			e.broken("Erase keeps %q because %q", k.What, k.Why)
		}
	}

	if again, err := l.Submit(e.ctx, o); again.ID != known.ID {
		e.broken("after Erase the order that is %s is answered with operation %q: %v", before.State, again.ID, err)
	}
	if now, err := l.Operation(e.ctx, op.ID); err != nil || len(now.History) < len(before.History) {
		e.broken("after Erase the operation %s has %d steps, and had %d: %v", op.ID, len(now.History), len(before.History), err)
	}
}

func rotatesKeys(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	// Each key is new, but the digests by which orders are recognised outlive it: an order that was forgotten
	// would be carried out again.
	seen, known := map[string]bool{}, op.ID
	if again, err := l.Submit(e.ctx, o); err != nil {
		known = again.ID // other rules judge that
	}

	for range 2 {
		r, err := l.RotateKeys(e.ctx)
		if err != nil || r.Key == "" || seen[r.Key] {
			e.broken("RotateKeys answers with key %q: %v", r.Key, err)
		}
		seen[r.Key] = true
		if again, err := l.Submit(e.ctx, o); again.ID != known {
			e.broken("after RotateKeys the order is answered with operation %q: %v", again.ID, err)
		}
	}

	if l, err = e.again(l); err != nil {
		e.broken("no instance begins after RotateKeys: %s", told(err))
		return nil
	}

	if _, err := l.Operation(e.ctx, op.ID); err != nil {
		e.broken("an instance that begins after RotateKeys does not know operation %s: %v", op.ID, err)
	}

	return nil
}
