package ordering

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Store keeps orders and what came of them; package store has the real one.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
	Fingerprint(parts ...string) string
}

// Parts are what ordering needs, beside its engine.
type Parts struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time
	Random func() string
	Whois  Whois // nil = none
}

// Orders takes orders.
type Orders struct {
	engine   *engine.Engine
	alarms   *engine.Alarms
	timeline *engine.Timeline
	planner  *Planner
	settings *engine.Settings
	store    Store
	log      *slog.Logger
	now      func() time.Time
	random   func() string
}

// New composes the taking of orders.
func New(s *engine.Settings, en *engine.Engine, p Parts) *Orders {
	return &Orders{
		engine: en, alarms: en.Alarms, timeline: en.Timeline, planner: &Planner{engine: en, settings: s, now: p.Now},
		settings: s, store: p.Store, log: p.Logger, now: p.Now, random: p.Random,
	}
}

// Validate finds every mistake of an order, and shows, masked, the mails that it would cause.
func (ord *Orders) Validate(ctx context.Context, o registrar.Order) (v registrar.Validation, err error) {
	p, problems := ord.planner.validateOrder(o)
	if len(problems) > 0 {
		return registrar.Validation{Problems: problems}, nil
	}

	err = ord.store.Read(ctx, func(tx *store.Tx) (err error) {
		if v.Problems, err = ord.unacceptable(tx, o); err != nil || len(v.Problems) > 0 {
			return err
		}
		var refusal *registrar.Error
		v.Notes, err = ord.notes(tx, o, p)
		// Reported before the order is paid, like any mistake in it.
		if errors.As(err, &refusal) {
			v.Problems = []registrar.Problem{{Path: "contact", Message: refusal.Detail}}
			return nil
		}
		if err == nil {
			v.Preview, err = ord.preview(tx, o, p)
		}
		return err
	})

	return v, err
}

// Taken reports whether an order was accepted before.
func (ord *Orders) Taken(ctx context.Context, id registrar.OrderID) (taken bool, err error) {
	err = ord.store.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Operations.ByOrder(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		taken = err == nil
		return err
	})
	return taken, err
}

// unacceptable is barred, but finds nothing for an order that was accepted before, or whose
// renewal the schedule has begun by itself.
func (ord *Orders) unacceptable(tx *store.Tx, o registrar.Order) ([]registrar.Problem, error) {
	_, err := tx.Operations.ByOrder(o.ID)
	if errors.Is(err, store.ErrNotFound) {
		_, err = ord.scheduled(tx, o)
	}
	if errors.Is(err, store.ErrNotFound) {
		return ord.barred(tx, o)
	}
	return nil, err
}

// scheduled finds the renewal that the schedule has begun from the very expiry that an order
// starts from: this is what was ordered, and no second one is sent. A renewal serves one order.
func (ord *Orders) scheduled(tx *store.Tx, o registrar.Order) (store.Operation, error) {
	if o.Kind != registrar.KindRenew {
		return store.Operation{}, store.ErrNotFound
	}
	op, err := tx.Renewals.Get(ord.settings.Agreement, o.Domain, o.PaidTill)
	if err == nil && o.Customer != "" && o.Customer != op.Customer {
		return store.Operation{}, store.ErrNotFound
	}
	return op, err
}

// join gives an order the operation that does what the order asks for.
func (ord *Orders) join(tx *store.Tx, op store.Operation, o registrar.Order, digest string) error {
	c := store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: engine.Nouns[op.Kind] + " of " + mailform.Unicode(op.Domain) +
		": order " + string(o.ID) + " asks for what the schedule began"}
	if err := tx.Operations.Join(&op, o.ID, digest, c); err != nil {
		return err
	}
	ord.log.Info("order joins operation", "operation", op.ID, "order", o.ID, "domain", op.Domain)
	return ord.timeline.Tell(tx, op, registrar.EventOperation, c)
}

// Submit stores an order as an operation with its first request.
func (ord *Orders) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	p, problems := ord.planner.validateOrder(o)
	if err := registrar.InvalidOrder(problems); err != nil {
		return registrar.Operation{}, err
	}
	var op store.Operation
	err := ord.engine.Write(ctx, func(tx *store.Tx) (err error) {
		op, err = ord.submit(tx, o, p)
		return err
	})
	return op.Operation, err
}

func (ord *Orders) submit(tx *store.Tx, o registrar.Order, p plan) (store.Operation, error) {
	digest := ord.Digest(o)
	// Known orders first: an order that was accepted is answered even if it would be barred
	// today, and an order for what the schedule has begun gets that operation.
	known, err := tx.Operations.ByOrder(o.ID)
	switch {
	case err == nil:
		return ord.repeated(tx, known, o, digest)
	case !errors.Is(err, store.ErrNotFound):
		return store.Operation{}, err
	}

	switch begun, err := ord.scheduled(tx, o); {
	case err == nil:
		if err := ord.join(tx, begun, o, digest); err != nil {
			return store.Operation{}, err
		}
		return tx.Operations.Get(begun.ID)
	case !errors.Is(err, store.ErrNotFound):
		return store.Operation{}, err
	}
	problems, err := ord.barred(tx, o)
	if err := errors.Join(err, precondition(problems)); err != nil {
		return store.Operation{}, err
	}
	op := store.Operation{Operation: registrar.Operation{ID: ord.operationID(), Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, Digest: digest, Customer: o.Customer}
	if err := ord.begin(tx, &op, o, p); err != nil {
		return store.Operation{}, err
	}
	return tx.Operations.Get(op.ID)
}
