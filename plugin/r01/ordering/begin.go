package ordering

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// BeginPlanned begins what a renewal pass has planned, the most urgent first, and only as
// many as may be sent now: until then a domain is free for other operations.
func (rn *Renewals) BeginPlanned(ctx context.Context) error {
	const atOnce = 100
	may, err := engine.Look(ctx, rn.store, func(tx *store.Tx) (int, error) {
		may, _, err := rn.mayBegin(tx)
		return may, err
	})
	if err != nil {
		return err
	}

	for may > 0 {
		plans, err := engine.Look(ctx, rn.store, func(tx *store.Tx) ([]store.Plan, error) {
			return tx.Renewals.Planned(rn.settings.Agreement, rn.now(), min(may, atOnce))
		})
		if err != nil || len(plans) == 0 {
			return err
		}

		var begun int
		err = rn.store.Write(ctx, func(tx *store.Tx) (err error) {
			begun, err = rn.beginRenewals(tx, plans)
			return err
		})
		if err != nil {
			return fmt.Errorf("begin renewals: %w", err)
		}
		may -= begun
		rn.engine.Changed.Wake()
	}
	return nil
}

// mayBegin is how many scheduled renewals may be begun now, and what the limits say: what waits in
// the queue already goes first, and of that what customers have ordered.
func (rn *Renewals) mayBegin(tx *store.Tx) (int, engine.Share, error) {
	a, err := rn.limits.Allowance(tx)
	if err != nil || a.Scheduled.May == 0 {
		return 0, a.Scheduled, err
	}
	ordered, scheduled, err := tx.Requests.PaidWaiting()
	return max(0, min(a.Scheduled.May, a.Ordered.May-ordered)-scheduled), a.Scheduled, err
}

// beginRenewals begins those of planned renewals that are still fit for it, and counts them.
func (rn *Renewals) beginRenewals(tx *store.Tx, plans []store.Plan) (begun int, err error) {
	for _, p := range plans {
		d, err := tx.Domains.Record(p.Domain)
		if err != nil {
			return 0, err
		}
		reason, err := rn.unfitToRenew(tx, d, p)
		switch {
		case err != nil:
			return 0, err
		case reason != "":
			rn.log.Info("planned renewal left out", "domain", p.Domain, "paid_till", p.Base, "reason", reason)
			err = tx.Renewals.Unplan(p)
		default:
			begun++
			err = errors.Join(rn.beginRenewal(tx, d), tx.Renewals.Begun(p))
		}
		if err != nil {
			return 0, err
		}
	}

	return begun, nil
}

// unfitToRenew tells what has changed since a renewal was planned; "" = nothing that matters.
func (rn *Renewals) unfitToRenew(tx *store.Tx, d registrar.Domain, p store.Plan) (string, error) {
	switch {
	case d.PaidTill != p.Base:
		return "it is paid till " + d.PaidTill.String() + " now", nil
	case d.Renewal != registrar.RenewAuto:
		return "it is renewed by hand now", nil
	}
	problems, err := rn.orders.barred(tx, registrar.Order{Kind: registrar.KindRenew, Domain: p.Domain, PaidTill: p.Base})
	if err != nil || len(problems) == 0 {
		return "", err
	}
	return problems[0].Message, nil
}

// beginRenewal begins a renewal of the schedule, which has no order.
func (rn *Renewals) beginRenewal(tx *store.Tx, d registrar.Domain) error {
	o := registrar.Order{Kind: registrar.KindRenew, Domain: d.Name, Customer: d.Customer, PaidTill: d.PaidTill}
	p, problems := rn.planner.plan(o)
	if err := registrar.InvalidOrder(problems); err != nil {
		return fmt.Errorf("renew %s: %w", d.Name, err)
	}
	op := store.Operation{Operation: registrar.Operation{ID: rn.orders.operationID(), Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, Customer: o.Customer}
	return rn.orders.begin(tx, &op, o, p)
}
