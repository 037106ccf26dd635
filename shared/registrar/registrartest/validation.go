package registrartest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

var validationChecks = []check{
	{Rule{ID: "validate/good", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order that is made of the form's examples has no problem and a preview, and Submit takes it.", Place: "Orders.Validate, Validation",
		Remedy: "Let Validate and Submit judge by one function. If the examples don't fit together, correct them."}, acceptsGood},
	{Rule{ID: "validate/required", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Each required field that is left out is named, and so is everything else that the contract requires of an order.", Place: "Order, Field.Required",
		Remedy: "Report contact.KEY, customer, contact, nameservers, auth_code, paid_till."}, demandsRequired},
	{Rule{ID: "validate/declared", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An answer that the form does not take is a problem at its field: another type, choice, length or shape, a value too many, an agreement that is not accepted, an answer where its conditions do not hold.", Place: "Form.Problems, Orders.Validate",
		Remedy: "Judge by Form.Problems, or by the same rules."}, refusesForbidden},
	{Rule{ID: "validate/all", Level: Must, Needs: []Need{NeedSettings},
		Demand: "All problems of an order are reported at once.", Place: "Orders.Validate",
		Remedy: "Collect problems; don't return at the first."}, tellsAll},
	{Rule{ID: "validate/paths", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Every problem of an order names one of its fields and says what is wrong; an order with problems has no preview.", Place: "Problem.Path, Validation.Preview",
		Remedy: "Use id, kind, domain, customer, contact, contact.KEY[i], nameservers[i], auth_code, paid_till, years, accept_price, ds[i], contacts[\"ROLE\"].KEY[i]."}, namesFields},
	{Rule{ID: "validate/pure", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Validate stores nothing.", Place: "Orders.Validate",
		Remedy: "Keep what it computes out of the store; an OrderID that was only validated is free."}, storesNothing},
	{Rule{ID: "validate/agrees", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Submit refuses the orders in which Validate finds mistakes, with the same problems.", Place: "Validation.Problems, Orders.Submit",
		Remedy: "Let both judge by one function."}, agrees},
	{Rule{ID: "validate/names", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A domain that is not in ACE, lower case, without a final dot, is refused at the path domain; nothing is put right in silence.", Place: "package registrar: names",
		Remedy: "Refuse: the panel normalises before it asks, and two spellings must not become two domains."}, refusesNames},
	{Rule{ID: "validate/zones", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A domain directly below a declared TLD, of one label or several, is no mistake; one that lies below none of them is, at the path domain.", Place: "Description.TLDs, ZoneOf",
		Remedy: "Find a name's TLD with registrar.ZoneOf, and not by its last label: com.ru is a TLD as ru is."}, knowsZones},
	{Rule{ID: "validate/ds", Level: Must, Kind: registrar.KindUpdate, Needs: []Need{NeedSettings, NeedDS},
		Demand: "An update may be DS records alone; records that can't be are refused, at the path ds[i].", Place: "Order.DS, DelegationProblems",
		Remedy: "Judge them by registrar.DelegationProblems."}, judgesSigners},
	{Rule{ID: "validate/order-id", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An OrderID is 1 to 64 of A-Z a-z 0-9 . _ - ; another is Invalid, at the path id.", Place: "OrderID",
		Remedy: "Check it with registrar.OrderID.Valid."}, refusesOrderIDs},
}

func acceptsGood(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, err := e.order(l)
	if err != nil {
		return err
	}

	v, err := l.Validate(e.ctx, o)
	switch {
	case err != nil:
		e.broken("Validate of a good order: %s", told(err))
		return nil
	case len(v.Problems) > 0:
		e.broken("the good order has %s: %s", pathsOf(v.Problems), v.Problems[0])
	case strings.TrimSpace(v.Preview) == "":
		e.broken("the good order has no preview")
	}

	if _, err := l.Submit(e.ctx, o); err != nil {
		e.broken("Submit of a good order: %s", told(err))
	}

	return nil
}

func demandsRequired(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	list, err := incompleteOrders(e, l)
	if err != nil {
		return err
	}

	for _, f := range list {
		v, err := l.Validate(e.ctx, f.order)
		if err != nil {
			return fmt.Errorf("validate an order with %s: %w", f.why, err)
		}
		if !names(v.Problems, f.paths[0]) {
			e.broken("an order to %s with %s: %s, want one at %q", f.order.Kind, f.why, pathsOf(v.Problems), f.paths[0])
		}
	}

	return nil
}

func tellsAll(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	f, err := e.bad(l)
	if err != nil {
		return err
	}

	v, err := l.Validate(e.ctx, f.order)
	if err != nil {
		return err
	}

	for _, path := range f.paths {
		if !names(v.Problems, path) {
			e.broken("an order with %s: %s", f.why, pathsOf(v.Problems))
			break
		}
	}

	return nil
}

// fields are the names with which the path of an order's problem may begin.
var fields = append([]string{"id"}, registrar.OrderFields()...)

func namesFields(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	f, err := e.bad(l)
	if err != nil {
		return err
	}

	for _, o := range []registrar.Order{f.order, {ID: e.orderID(), Kind: registrar.KindRegister}, {ID: e.orderID(), Kind: registrar.KindRenew}} {
		v, err := l.Validate(e.ctx, o)
		if err != nil {
			return err
		}

		if len(v.Problems) > 0 && v.Preview != "" {
			e.broken("an order with problems has a preview")
		}

		for _, p := range v.Problems {
			known := slices.ContainsFunc(fields, func(name string) bool { return names([]registrar.Problem{p}, name) })
			if !known || strings.TrimSpace(p.Message) == "" {
				e.broken("the problem %q at the path %q", p.Message, p.Path)
			}
		}
	}

	return nil
}

func storesNothing(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	for range 2 {
		if _, err := l.Validate(e.ctx, good); err != nil {
			return err
		}
	}

	if _, err := l.Domain(e.ctx, good.Domain); err == nil {
		e.broken("a domain of which an order was only validated is known")
	}

	other := e.spoil(good, func(o *registrar.Order) { o.Domain = e.domain() })
	other.ID = good.ID

	// Only a Conflict shows that the OrderID was kept. Other rules judge other refusals.
	if _, err := l.Submit(e.ctx, other); errors.Is(err, registrar.Conflict) {
		e.broken("Submit under an OrderID that was only validated: %s", told(err))
	}

	events, err := e.events(l, 0, 1)
	if err != nil {
		return err
	}

	for _, v := range events {
		if v.Name == good.Domain {
			e.broken("Validate caused the event %q", v.Message)
		}
	}

	return nil
}

func agrees(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	list, err := incompleteOrders(e, l)
	if err != nil {
		return err
	}

	f, err := e.bad(l)
	if err != nil {
		return err
	}

	for _, f := range append(list, f) {
		v, err := l.Validate(e.ctx, f.order)
		if err != nil {
			return err
		}

		// The rules validate/required and validate/all judge which orders must have problems.
		if len(v.Problems) == 0 {
			continue
		}

		_, err = l.Submit(e.ctx, f.order)
		if !e.mustBe("Submit of an order with "+f.why, err, registrar.Invalid) {
			continue
		}

		if have, want := pathsOf(inOrder(problemsOf(err))), pathsOf(inOrder(v.Problems)); have != want {
			e.broken("of an order with %s Submit tells %s, and Validate %s", f.why, have, want)
		}
	}

	return nil
}

func judgesSigners(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	// The faulty record comes second, so that a path which always names the first is noticed.
	good := registrar.DelegationSigner{KeyTag: 12345, Algorithm: 13, DigestType: 2, Digest: strings.Repeat("9f", 32)}
	short, foreign := good, good
	short.Digest, foreign.Algorithm = good.Digest[2:], 0
	for why, list := range map[string][]registrar.DelegationSigner{"": {good}, "a digest that is too short": {good, short}, "an algorithm that signs nothing": {good, foreign}} {
		update := registrar.Order{ID: e.orderID(), Kind: registrar.KindUpdate, Domain: o.Domain, Customer: o.Customer, DS: list}
		v, err := l.Validate(e.ctx, update)
		switch {
		case err != nil:
			return err
		case why == "" && len(v.Problems) > 0:
			e.broken("an update of DS records alone: %s: %s", pathsOf(v.Problems), v.Problems[0])
		case why != "" && !names(v.Problems, "ds[1]"):
			e.broken("an update with %s in the second record: %s", why, pathsOf(v.Problems))
		}
	}
	return nil
}
