package registrartest

import (
	"context"

	"registrar.panel/shared/registrar"
)

// recorded has the record of a domain be another one after an operation of a kind has ended.
func recorded(kind registrar.OperationKind, change func(op *goodOperation, before registrar.Domain, d *registrar.Domain)) func(a *altered) {
	return func(a *altered) {
		a.resolve = func(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
			seen, err := a.good.Operation(ctx, d.Operation)
			if err != nil {
				return seen, err
			}
			before, err := a.good.Domain(ctx, seen.Domain)
			if err != nil {
				return seen, err
			}

			op, err := a.good.Resolve(ctx, d)
			if err == nil && op.Kind == kind && op.State == registrar.Succeeded {
				a.meddle(ctx, func(s *goodState) {
					after := s.Domains[op.Domain]
					change(s.byID(op.ID), before, &after)
					s.Domains[op.Domain] = after
				})
			}
			return op, err
		}
	}
}

// offering changes what a registrar says that it sells.
func offering(change func(offers []registrar.Offer)) func(a *altered) {
	return describedAs(func(d *registrar.Description) { change(d.Offers) })
}

// brokenSales break each rule about kinds, offers and years, and no other.
var brokenSales = map[string]func(a *altered){
	"kinds/delete":  recorded(registrar.KindDelete, func(_ *goodOperation, _ registrar.Domain, d *registrar.Domain) { d.Status = registrar.StatusExpired }),
	"kinds/restore": recorded(registrar.KindRestore, func(_ *goodOperation, _ registrar.Domain, d *registrar.Domain) { d.Status = registrar.StatusExpired }),
	"kinds/lock":    recorded(registrar.KindLock, func(_ *goodOperation, _ registrar.Domain, d *registrar.Domain) { d.Locked = false }),
	"kinds/unlock":  recorded(registrar.KindUnlock, func(_ *goodOperation, before registrar.Domain, d *registrar.Domain) { d.Locked = before.Locked }),
	"kinds/trade":   recorded(registrar.KindTrade, func(_ *goodOperation, before registrar.Domain, d *registrar.Domain) { d.Handle = before.Handle }),
	"kinds/auth-code": shown(func(op *registrar.Operation) { // it tells the code to everybody
		if op.Kind == registrar.KindAuthCode && op.State == registrar.Succeeded {
			op.History[len(op.History)-1].Message = "the code is " + codeGot
		}
	}),

	"offers/declared": offering(func(offers []registrar.Offer) { offers[1].Kinds = append(offers[1].Kinds, offers[1].Kinds[0]) }),
	"offers/refused":  judged(withoutPath("kind")),
	"offers/nameservers": judged(func(o registrar.Order, problems []registrar.Problem) []registrar.Problem {
		if o.Kind == registrar.KindRegister && len(o.Nameservers) == 0 && len(problems) == 0 {
			return append(problems, registrar.Problem{Path: "nameservers", Message: "is required"}) // whatever the TLD
		}
		return problems
	}),
	"years/refused": judged(withoutPath("years")),
	"years/registered": recorded(registrar.KindRegister, func(op *goodOperation, _ registrar.Domain, d *registrar.Domain) { // always a year
		d.PaidTill = d.PaidTill.AddYears(1 - max(op.Years, 1))
	}),
	"years/renewed": recorded(registrar.KindRenew, func(_ *goodOperation, before registrar.Domain, d *registrar.Domain) {
		d.PaidTill = before.PaidTill.AddYears(1)
	}),
}

// brokenBy is what breaks a rule; nil = nothing does.
func brokenBy(id string) func(a *altered) {
	if broken := brokenSales[id]; broken != nil {
		return broken
	}
	return brokenRegistrars[id]
}
