package registrartest

import (
	"fmt"
	"slices"

	"registrar.panel/shared/registrar"
)

var priceChecks = []check{
	{Rule{ID: "check/prices", Level: Must, Needs: []Need{NeedSettings, NeedPremium},
		Demand: "Check answers a name that has a price of its own with that price and the reason premium, if the registrar reads accept_price; an order for the name has a problem there unless it accepts exactly that price.", Place: "Availability.Price, Order.AcceptPrice",
		Remedy: "Declare accept_price in OrderFields, and judge by Availability.PriceProblems."}, asksItsPrice},
}

func asksItsPrice(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	name := e.subject.Premium
	answers, err := l.Check(e.ctx, []string{name})
	if err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	if len(answers) != 1 {
		return fmt.Errorf("check %s: it brings %d answers", name, len(answers))
	}

	if a := answers[0]; a.Status != registrar.Available || a.Reason != registrar.ReasonPremium || !a.Price.Valid() {
		e.broken("%s is %q by the reason %q, at the price %q", name, a.Status, a.Reason, a.Price)
		return nil
	}
	if !slices.Contains(e.description.OrderFields, "accept_price") {
		e.broken("a name has a price of its own, and accept_price is none of the fields that are read: %q", e.description.OrderFields)
	}

	good, err := e.orderOf(l, registrar.KindRegister)
	if err != nil {
		return err
	}
	asked := answers[0].Price
	for _, c := range []struct {
		why      string
		accepts  registrar.Price
		problems bool
	}{
		{"without its price", registrar.Price{}, true},
		{"at another price", registrar.Price{Amount: "1" + asked.Amount, Currency: asked.Currency}, true},
		{"at its price", asked, false},
	} {
		o := e.spoil(good, func(o *registrar.Order) { o.Domain, o.AcceptPrice = name, c.accepts })
		v, err := l.Validate(e.ctx, o)
		if err != nil {
			return fmt.Errorf("validate an order %s: %w", c.why, err)
		}
		if names(v.Problems, "accept_price") != c.problems {
			e.broken("an order for %s %s: %s", name, c.why, pathsOf(v.Problems))
		}
	}
	return nil
}
