package ordering

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// BeginPlanned begins renewals that a pass has planned, the most urgent first, and only as many
// as may be sent now: until it is begun, its domain is free for other operations.
func (rn *Renewals) BeginPlanned(ctx context.Context) error {
	const atOnce, plenty = 100, 1000
	may, err := engine.Look(ctx, rn.store, func(tx *store.Tx) (int, error) {
		may, _, err := rn.mayBegin(tx, plenty)
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
		// Plans that were left out do not count towards the limit.
		may -= begun
		// Only the readers of events are woken: the sender itself is the caller.
		rn.engine.Changed.Wake()
	}
	return nil
}

// mayBegin returns how many scheduled renewals may be begun now, and what the limits say.
// Requests in the queue go first, those that customers have ordered before the others. If enough
// is plainly allowed, it may return less than may be begun; if enough is 0, it returns all.
func (rn *Renewals) mayBegin(tx *store.Tx, enough int) (int, engine.Share, error) {
	ordered, scheduled, err := tx.Requests.PaidWaiting()
	if err != nil {
		return 0, engine.Share{}, err
	}
	if enough > 0 {
		enough += ordered + scheduled
	}
	a, err := rn.limits.AtLeast(tx, enough)
	if err != nil || a.Scheduled.May == 0 {
		return 0, a.Scheduled, err
	}
	return max(0, min(a.Scheduled.May, a.Ordered.May-ordered)-scheduled), a.Scheduled, nil
}

// beginRenewals begins the planned renewals that are still fit for it, and counts them.
func (rn *Renewals) beginRenewals(tx *store.Tx, plans []store.Plan) (begun int, err error) {
	names := make([]string, len(plans))
	for i, p := range plans {
		names[i] = p.Domain
	}
	records, err := tx.Domains.GetAll(names)
	if err != nil {
		return 0, err
	}

	var fit []store.Plan
	var domains []registrar.Domain
	for _, p := range plans {
		d, known := records[p.Domain]
		if !known {
			return 0, fmt.Errorf("domain %s: %w", p.Domain, store.ErrNotFound)
		}
		reason, err := rn.unfitToRenew(tx, d, p)
		if err != nil {
			return 0, err
		}
		if reason == "" {
			fit, domains = append(fit, p), append(domains, d)
			continue
		}
		rn.log.Info("planned renewal left out", "domain", p.Domain, "paid_till", p.Base, "reason", reason)
		// Removed from the plan, or each round would look at it again. A later pass plans it anew when it is due.
		if err := tx.Renewals.Unplan(p); err != nil {
			return 0, err
		}
	}

	// In one commit, so that every plan that is called begun has its request.
	return len(fit), errors.Join(rn.beginAll(tx, domains), tx.Renewals.Begun(fit))
}

// unfitToRenew returns what has changed since a renewal was planned; "" = nothing that matters.
func (rn *Renewals) unfitToRenew(tx *store.Tx, d registrar.Domain, p store.Plan) (string, error) {
	switch {
	case d.PaidTill != p.Base:
		return "it is paid till " + d.PaidTill.String() + " now", nil
	case d.Renewal != registrar.RenewAuto:
		return "it is renewed by hand now", nil
	}
	problems, err := rn.orders.barredBy(tx, registrar.Order{Kind: registrar.KindRenew, Domain: p.Domain, PaidTill: p.Base}, d)
	if err != nil || len(problems) == 0 {
		return "", err
	}
	return problems[0].Message, nil
}

// beginAll begins renewals of the schedule, which have no orders: each becomes an operation
// with its request, as Orders.begin does it with an order.
func (rn *Renewals) beginAll(tx *store.Tx, domains []registrar.Domain) error {
	fresh := make([]store.Fresh, len(domains))
	for i, d := range domains {
		p, problems := rn.planner.plan(registrar.Order{Kind: registrar.KindRenew, Domain: d.Name, Customer: d.Customer, PaidTill: d.PaidTill})
		if err := registrar.InvalidOrder(problems); err != nil {
			return fmt.Errorf("renew %s: %w", d.Name, err)
		}
		var err error
		if fresh[i], err = rn.orders.newRequest(store.Request{Kind: p.kind, Object: d.Name, Base: d.PaidTill}, p.templates); err != nil {
			return err
		}
	}

	requests, err := tx.Requests.AddAll(fresh)
	if err != nil {
		return err
	}
	order, err := json.Marshal(engine.StoredOrder{})
	if err != nil {
		return fmt.Errorf("store order: %w", err)
	}

	// The request is stored first, because the operation refers to it.
	begun := make([]store.Begun, len(domains))
	for i, d := range domains {
		r := requests[i]
		op := store.Operation{Operation: registrar.Operation{ID: rn.orders.operationID(), Kind: registrar.KindRenew, Domain: d.Name, State: r.State,
			WaitsFor: lifecycle.WaitsFor(r.Lifecycle())}, Customer: d.Customer, Request: r.ID}
		begun[i] = store.Begun{Operation: op, Order: order, Change: store.Change{At: rn.now(), Actor: engine.ByPlugin, Message: firstStep(op, r)}}
	}
	if err := tx.Operations.AddAll(begun); err != nil {
		return err
	}

	for _, b := range begun {
		rn.log.Info("operation begun", "operation", b.Operation.ID, "kind", b.Operation.Kind, "domain", b.Operation.Domain, "request", b.Operation.Request)
		if err := rn.engine.Timeline.Tell(tx, b.Operation, registrar.EventOperation, b.Change); err != nil {
			return err
		}
	}
	return nil
}
