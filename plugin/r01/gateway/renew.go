package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// Renewals lists the domains in a window, and why nothing that costs money is sent now.
func (g *Gateway) Renewals(ctx context.Context, w policy.Window) (domains []policy.Domain, held string, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		if _, held, err = g.allowance(tx); err != nil {
			return err
		}
		domains, err = tx.Renewals(g.settings.Agreement, w)
		return err
	})
	return domains, held, err
}

// PlanRenewals plans the renewal of what is due in a window. The sender begins them.
func (g *Gateway) PlanRenewals(ctx context.Context, w policy.Window) (n int, err error) {
	err = g.write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.PlanRenewals(w, g.now())
		return err
	})
	return n, err
}

// AnnounceRenewals tells of the domains in a band that somebody must renew by hand.
func (g *Gateway) AnnounceRenewals(ctx context.Context, b policy.Band, today registrar.Date) (n int, err error) {
	due, err := look(ctx, g.store, func(tx *store.Tx) ([]store.Plan, error) { return tx.Unannounced(b) })
	if err != nil || len(due) == 0 {
		return 0, err
	}
	return len(due), g.write(ctx, func(tx *store.Tx) error {
		for _, p := range due {
			if err := g.announce(tx, p, b.Threshold, today); err != nil {
				return err
			}
		}
		return nil
	})
}

func look[T any](ctx context.Context, from reader, fn func(tx *store.Tx) (T, error)) (v T, err error) {
	err = from.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v, err
}

func (g *Gateway) announce(tx *store.Tx, p store.Plan, t policy.Threshold, today registrar.Date) error {
	text := policy.Announcement(p.Base, today)
	if err := tx.Announced(p, t, g.now()); err != nil {
		return err
	}
	g.log.Warn("renewal announced", "domain", p.Domain, "paid_till", p.Base, "threshold", int(t))
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventNotice, Level: registrar.LevelWarning,
		Message: mailform.Unicode(p.Domain) + ": " + text, Actor: byPlugin, Name: p.Domain})
	return g.raise(tx, expiryAlarm(p.Domain), p.Domain, text)
}

// RemindRenewals tells of renewals that are held: what holds them, and what that leads to.
func (g *Gateway) RemindRenewals(ctx context.Context, held []policy.Held, today registrar.Date) (int, error) {
	return len(held), g.write(ctx, func(tx *store.Tx) error {
		for _, h := range held {
			if err := tx.Announced(store.Plan{Domain: h.Domain, Base: h.PaidTill}, h.Threshold, g.now()); err != nil {
				return err
			}
			g.log.Warn("renewal is held", "domain", h.Domain, "paid_till", h.PaidTill, "threshold", int(h.Threshold), "reason", h.Reason)
			if err := g.raise(tx, expiryAlarm(h.Domain), h.Domain, policy.Reminder(h.Reason, h.PaidTill, today)); err != nil {
				return err
			}
		}
		return nil
	})
}

const expiry = "expiry"

// expiryAlarm names the alarm that a domain expires and nobody has renewed it.
func expiryAlarm(domain string) string { return expiry + ":" + domain }

// ShowExpiry shows as expired what is past paid-till, and the other way round, and clears
// alarms about an expiry that has moved.
func (g *Gateway) ShowExpiry(ctx context.Context, today registrar.Date) (n int, err error) {
	err = g.write(ctx, func(tx *store.Tx) error {
		miscast, err := tx.Miscast(today)
		if err != nil {
			return err
		}
		for _, d := range miscast {
			if err := g.showExpiry(tx, d, today); err != nil {
				return err
			}
		}
		n = len(miscast)
		outdated, err := tx.Outdated(expiry, policy.Open(today))
		if err != nil {
			return err
		}
		for _, name := range outdated {
			if err := g.clear(tx, expiryAlarm(name), name); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (g *Gateway) showExpiry(tx *store.Tx, d registrar.Domain, today registrar.Date) error {
	e := registrar.Event{At: g.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: byPlugin, Name: d.Name,
		Message: "no longer expired: paid till " + d.PaidTill.String()}
	expired := d.PaidTill.Before(today)
	if d.Status = registrar.StatusRegistered; expired {
		d.Status = registrar.StatusExpired
		e.Level, e.Message = registrar.LevelError, policy.Announcement(d.PaidTill, today)
	}
	g.log.Info("domain moved", "domain", d.Name, "status", d.Status, "paid_till", d.PaidTill)
	if err := tx.PutDomain(d, g.now()); err != nil {
		return err
	}
	tx.Emit(e)
	if expired && d.Renewal == registrar.RenewAuto { // by hand it is announced
		return g.raise(tx, expiryAlarm(d.Name), d.Name, e.Message)
	}
	return nil
}

// renewed brings a domain in line with an expiry that has moved. It is called before the
// domain is stored.
func (g *Gateway) renewed(tx *store.Tx, d *registrar.Domain) error {
	if d.Status == registrar.StatusExpired && !d.PaidTill.Before(policy.Today(g.now())) {
		d.Status = registrar.StatusRegistered
	}
	return g.clear(tx, expiryAlarm(d.Name), d.Name)
}

// passCompleted is when the last renewal pass looked at everything.
const passCompleted = "renewal:completed"

// PassCompleted records that a renewal pass has looked at everything.
func (g *Gateway) PassCompleted(ctx context.Context) error {
	return g.write(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.SetTime(passCompleted, g.now()), g.clear(tx, passAlarm, ""))
	})
}

// beginPlanned begins what a renewal pass has planned, the most urgent first, and only as
// many as may be sent now: until then a domain is free for other operations.
func (g *Gateway) beginPlanned(ctx context.Context) error {
	const atOnce = 100
	for {
		plans, err := look(ctx, g.store, func(tx *store.Tx) ([]store.Plan, error) {
			may, _, err := g.allowance(tx)
			if err != nil || may == 0 {
				return nil, err
			}
			queued, err := tx.QueuedPaid()
			if err != nil || queued >= may {
				return nil, err
			}
			return tx.Planned(g.settings.Agreement, g.now(), min(may-queued, atOnce))
		})
		if err != nil || len(plans) == 0 {
			return err
		}
		if err := g.store.Write(ctx, func(tx *store.Tx) error { return g.beginRenewals(tx, plans) }); err != nil {
			return fmt.Errorf("begin renewals: %w", err)
		}
		g.changed.Wake()
	}
}

func (g *Gateway) beginRenewals(tx *store.Tx, plans []store.Plan) error {
	for _, p := range plans {
		d, err := tx.DomainRecord(p.Domain)
		if err != nil {
			return err
		}
		reason, err := g.unfitToRenew(tx, d, p)
		switch {
		case err != nil:
			return err
		case reason != "":
			g.log.Info("planned renewal left out", "domain", p.Domain, "paid_till", p.Base, "reason", reason)
			err = tx.Unplan(p)
		default:
			err = errors.Join(g.beginRenewal(tx, d), tx.Begun(p))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfitToRenew tells what has changed since a renewal was planned; "" = nothing that matters.
func (g *Gateway) unfitToRenew(tx *store.Tx, d registrar.Domain, p store.Plan) (string, error) {
	switch {
	case d.PaidTill != p.Base:
		return "it is paid till " + d.PaidTill.String() + " now", nil
	case d.Renewal != registrar.RenewAuto:
		return "it is renewed by hand now", nil
	}
	err := g.admissible(tx, registrar.Order{Kind: registrar.KindRenew, Domain: p.Domain, PaidTill: p.Base})
	var refusal *registrar.Error
	if errors.As(err, &refusal) {
		return refusal.Detail, nil
	}
	return "", err
}

// beginRenewal begins an operation that nobody has ordered.
func (g *Gateway) beginRenewal(tx *store.Tx, d registrar.Domain) error {
	o := registrar.Order{Kind: registrar.KindRenew, Domain: d.Name, Customer: d.Customer, PaidTill: d.PaidTill}
	p, problems := g.plan(o)
	if err := registrar.InvalidOrder(problems); err != nil {
		return fmt.Errorf("renew %s: %w", d.Name, err)
	}
	op := store.Operation{Operation: registrar.Operation{ID: g.operationID(), Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, Customer: o.Customer}
	return g.begin(tx, &op, o, p)
}

func (g *Gateway) operationID() registrar.OperationID {
	return registrar.OperationID("op-" + strings.ToLower(g.random()[:16]))
}

// outdated tells why a renewal that waits in the queue must not leave it any more: the
// expiry has moved without it, or R01 takes it no longer.
func (g *Gateway) outdated(tx *store.Tx, r store.Request) (string, error) {
	if r.Kind != lifecycle.Prolong {
		return "", nil
	}
	d, err := tx.DomainRecord(r.Object)
	switch {
	case err != nil:
		return "", err
	case !term.SameYear(d.PaidTill, r.Base):
		return fmt.Sprintf("the domain is paid till %s by now, and this was to renew it from %s", d.PaidTill, r.Base), nil
	case !slices.Contains([]registrar.DomainStatus{registrar.StatusRegistered, registrar.StatusExpired}, d.Status):
		return fmt.Sprintf("the domain is %s", d.Status), nil
	case !policy.Open(policy.Today(g.now())).Holds(r.Base):
		return "R01 takes it no longer", nil
	}
	return "", nil
}

// deadMan is how long no renewal pass may complete before a person must know.
const deadMan = 36 * time.Hour

const passAlarm = "renewal-pass"
