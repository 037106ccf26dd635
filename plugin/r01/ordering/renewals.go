package ordering

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Renewals is the book of the renewal schedule.
type Renewals struct {
	engine   *engine.Engine
	alarms   *engine.Alarms
	clock    *engine.Clock
	limits   *engine.Limits
	orders   *Orders
	planner  *Planner
	settings *engine.Settings
	store    Store
	log      *slog.Logger
	now      func() time.Time
}

// NewRenewals composes the book of renewals.
func NewRenewals(en *engine.Engine, o *Orders) *Renewals {
	return &Renewals{
		engine: en, alarms: en.Alarms, clock: en.Clock, limits: en.Limits, orders: o, planner: o.planner,
		settings: o.settings, store: o.store, log: o.log, now: o.now,
	}
}

// DoubtClock returns why the time of day is not believed; "" = it is.
func (rn *Renewals) DoubtClock() string { return rn.clock.Doubt() }

// SetRenewal sets how a domain is renewed.
func (rn *Renewals) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (d registrar.Domain, err error) {
	if mode != registrar.RenewAuto && mode != registrar.RenewManual {
		return d, registrar.InvalidOrder([]registrar.Problem{{Path: "renewal", Message: "must be auto or manual"}})
	}
	if mode == registrar.RenewAuto && rn.settings.R01Renews {
		return d, registrar.Errorf(registrar.Precondition, "R01 renews by itself (setting renewal.r01_auto): auto would pay twice")
	}

	err = rn.engine.Write(ctx, func(tx *store.Tx) error {
		if d, err = tx.Domains.Get(name); err != nil || d.Renewal == mode {
			return err
		}
		d.Renewal = mode
		// The alarm is about the former mode. The next pass reports what is due in the new one.
		if err := errors.Join(tx.Domains.Put(d, rn.now()), rn.alarms.Clear(tx, engine.ExpiryAlarm(name), name)); err != nil {
			return err
		}
		tx.Emit(registrar.Event{At: rn.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo,
			Message: "renewal is " + string(mode) + " from now on", Actor: engine.ByPlugin, Name: name})
		return nil
	})

	return d, engine.Fault(err, "domain "+name)
}

// Renewals lists the domains in a window, and how many renewals may be begun now.
func (rn *Renewals) Renewals(ctx context.Context, w policy.Window) (domains []policy.Domain, l policy.Limit, err error) {
	err = rn.store.Read(ctx, func(tx *store.Tx) error {
		may, share, err := rn.mayBegin(tx, 0)
		if err != nil {
			return err
		}
		l = policy.Limit{May: may, Held: share.Reason()}
		domains, err = tx.Renewals.Within(rn.settings.Agreement, w)
		return err
	})
	return domains, l, err
}

// PlanRenewals plans the renewal of what is due in a window. The sender begins them.
func (rn *Renewals) PlanRenewals(ctx context.Context, w policy.Window) (n int, err error) {
	err = rn.engine.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Renewals.Plan(w, rn.now())
		return err
	})
	return n, err
}

// AnnounceRenewals announces the domains in a band that must be renewed by hand.
func (rn *Renewals) AnnounceRenewals(ctx context.Context, b policy.Band, today registrar.Date) (n int, err error) {
	due, err := engine.Look(ctx, rn.store, func(tx *store.Tx) ([]store.Plan, error) { return tx.Renewals.Unannounced(b) })
	if err != nil || len(due) == 0 {
		return 0, err
	}
	return len(due), rn.engine.Write(ctx, func(tx *store.Tx) error {
		for _, p := range due {
			if err := rn.announce(tx, p, b.Threshold, today); err != nil {
				return err
			}
		}
		return nil
	})
}

func (rn *Renewals) announce(tx *store.Tx, p store.Plan, t policy.Threshold, today registrar.Date) error {
	text := policy.Announcement(p.Base, today)
	if err := tx.Renewals.Announced(p, t, rn.now()); err != nil {
		return err
	}
	rn.log.Warn("renewal announced", "domain", p.Domain, "paid_till", p.Base, "threshold", int(t))
	tx.Emit(registrar.Event{At: rn.now(), Type: registrar.EventNotice, Level: registrar.LevelWarning,
		Message: mailform.Unicode(p.Domain) + ": " + text, Actor: engine.ByPlugin, Name: p.Domain})
	return rn.alarms.Raise(tx, engine.ExpiryAlarm(p.Domain), p.Domain, text)
}

// RemindRenewals reports renewals that are held: what holds them, and what that leads to.
func (rn *Renewals) RemindRenewals(ctx context.Context, held []policy.Held, today registrar.Date) (int, error) {
	return len(held), rn.engine.Write(ctx, func(tx *store.Tx) error {
		for _, h := range held {
			if err := tx.Renewals.Announced(store.Plan{Domain: h.Domain, Base: h.PaidTill}, h.Threshold, rn.now()); err != nil {
				return err
			}
			rn.log.Warn("renewal is held", "domain", h.Domain, "paid_till", h.PaidTill, "threshold", int(h.Threshold), "reason", h.Reason)
			if err := rn.alarms.Raise(tx, engine.ExpiryAlarm(h.Domain), h.Domain, policy.Reminder(h.Reason, h.PaidTill, today)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShowExpiry shows domains past paid-till as expired, and others as registered again, and
// clears alarms about an expiry that has moved.
func (rn *Renewals) ShowExpiry(ctx context.Context, today registrar.Date) (n int, err error) {
	err = rn.engine.Write(ctx, func(tx *store.Tx) error {
		miscast, err := tx.Domains.StaleStatuses(today)
		if err != nil {
			return err
		}
		for _, d := range miscast {
			if err := rn.showExpiry(tx, d, today); err != nil {
				return err
			}
		}

		n = len(miscast)

		// The announcement is over, however the expiry left the window.
		outdated, err := tx.Domains.Outdated(engine.Expiry, policy.Open(today))
		if err != nil {
			return err
		}
		for _, name := range outdated {
			if err := rn.alarms.Clear(tx, engine.ExpiryAlarm(name), name); err != nil {
				return err
			}
		}
		return nil
	})

	return n, err
}

func (rn *Renewals) showExpiry(tx *store.Tx, d registrar.Domain, today registrar.Date) error {
	e := registrar.Event{At: rn.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: engine.ByPlugin, Name: d.Name,
		Message: "no longer expired: paid till " + d.PaidTill.String()}
	expired := d.PaidTill.Before(today)
	if d.Status = registrar.StatusRegistered; expired {
		d.Status = registrar.StatusExpired
		e.Level, e.Message = registrar.LevelError, policy.Announcement(d.PaidTill, today)
	}
	rn.log.Info("domain moved", "domain", d.Name, "status", d.Status, "paid_till", d.PaidTill)
	if err := tx.Domains.Put(d, rn.now()); err != nil {
		return err
	}
	tx.Emit(e)
	if expired && d.Renewal == registrar.RenewAuto { // by hand it is announced
		return rn.alarms.Raise(tx, engine.ExpiryAlarm(d.Name), d.Name, e.Message)
	}
	return nil
}

// PassCompleted records that a renewal pass has looked at everything.
func (rn *Renewals) PassCompleted(ctx context.Context) error {
	return rn.engine.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.SetTime(engine.PassCompleted, rn.now()), rn.alarms.Clear(tx, engine.PassAlarm, ""))
	})
}
