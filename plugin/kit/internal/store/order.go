package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// sealedOrder is an order as it is sealed. A transfer code hides itself from JSON, so it stands
// here as text.
type sealedOrder struct {
	registrar.Order
	Code string `json:",omitempty"`
}

// digest is the same for the same contents only, and can't be used to test a guess without the key.
func (s *Store) digest(o registrar.Order) string {
	return s.box.Fingerprint("order", string(o.Canonical()))
}

func (s *Store) seal(o registrar.Order) ([]byte, error) {
	text, err := json.Marshal(sealedOrder{Order: o, Code: string(o.AuthCode)})
	if err != nil {
		return nil, fmt.Errorf("seal order: %w", err)
	}
	return s.box.Seal(text, "order|"+string(o.ID)), nil
}

func (s *Store) open(sealed []byte, id registrar.OrderID) (registrar.Order, error) {
	text, err := s.box.Open(sealed, "order|"+string(id))
	if err != nil {
		return registrar.Order{}, err
	}
	var o sealedOrder
	if err := json.Unmarshal(text, &o); err != nil {
		return registrar.Order{}, fmt.Errorf("open order %s: %w", id, err)
	}
	o.AuthCode = registrar.AuthCode(o.Code)
	return o.Order, nil
}

// Submit stores an order once: the same again is the same operation. message says what is to be
// done, for people.
func (s *Store) Submit(ctx context.Context, o registrar.Order, message string) (op registrar.Operation, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		known, err := s.find(ctx, tx, "order_id = $1", string(o.ID))
		switch {
		case err == nil && known.digest == s.digest(o):
			op = known.Operation
			return nil
		case err == nil:
			return registrar.Errorf(registrar.Conflict, "order %s is known here with other contents", o.ID)
		case !errors.Is(err, registrar.NotFound):
			return err
		}

		if err := s.admissible(ctx, tx, o); err != nil {
			return err
		}

		op, err = s.begin(ctx, tx, o, message)
		return err
	})

	return op, err
}

// admissible reports what forbids an order now.
func (s *Store) admissible(ctx context.Context, tx *sql.Tx, o registrar.Order) error {
	d, err := s.readDomain(ctx, tx, o.Domain)
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return err
	}

	switch held := d.Status.Held(); {
	case d.Operation != nil:
		return registrar.Errorf(registrar.Precondition, "%s has an open operation (%s)", o.Domain, d.Operation.Kind)
	case o.Kind.Acquires() && held:
		return registrar.Errorf(registrar.Precondition, "%s is registered here already", o.Domain)
	case !o.Kind.Acquires() && !held:
		return registrar.Errorf(registrar.Precondition, "%s is not registered here", o.Domain)
	case o.Kind == registrar.KindRenew && d.PaidTill != o.PaidTill:
		return registrar.Errorf(registrar.Precondition, "%s is paid till %s, not %s", o.Domain, d.PaidTill, o.PaidTill)
	}
	return nil
}

// begin stores operation, domain and event.
func (s *Store) begin(ctx context.Context, tx *sql.Tx, o registrar.Order, message string) (op registrar.Operation, err error) {
	sealed, err := s.seal(o)
	if err != nil {
		return op, err
	}

	t := Task{Operation: registrar.Operation{Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}}
	restored, err := setting(ctx, tx, restoredSetting)
	if err != nil {
		return op, err
	}

	var claimed sql.NullInt64
	now := s.now()
	if restored != "" { // the same order may have been sent before the store went back
		t.State, t.WaitsFor, claimed = registrar.Uncertain, waitsFor(registrar.Uncertain), sqldb.Millis(now)
	}

	err = tx.QueryRowContext(ctx, `insert into operations (order_id, digest, kind, domain, customer, state, sealed_order, waits_for, steps, due_at, claimed_at, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $9, $9) returning number`,
		string(o.ID), s.digest(o), string(o.Kind), o.Domain, o.Customer, string(t.State), sealed, t.WaitsFor, sqldb.Millis(now), claimed).Scan(&t.number)
	if err != nil {
		return op, fmt.Errorf("store order: %w", err)
	}

	t.ID = s.idOf(t.number)
	if err := s.ordered(ctx, tx, o); err != nil {
		return op, err
	}
	if err := s.note(ctx, tx, t, registrar.Step{State: t.State, Message: message, Actor: actor}, registrar.LevelInfo); err != nil {
		return op, err
	}

	known, err := s.find(ctx, tx, "number = $1", t.number)
	return known.Operation, err
}

// actor is who acts when no person and no registrar does.
const actor = "plugin"

// waitsFor says what an operation that waits for a person waits for; "" = it does not.
func waitsFor(state registrar.OperationState) string {
	switch state {
	case registrar.Uncertain:
		return "the registrar's word on whether it has the order, or a person who finds out"
	case registrar.NeedsAction:
		return "a person who asks the registrar what became of it"
	}
	return ""
}

// Decide carries out a person's verdict. change is what it means for the domain, if the verdict is
// done.
func (s *Store) Decide(ctx context.Context, d registrar.Decision, change Change) (registrar.Operation, error) {
	var op registrar.Operation
	err := s.write(ctx, func(tx *sql.Tx) error {
		t, err := s.find(ctx, tx, "number = $1", s.numberOf(d.Operation))
		if err != nil {
			return err
		}

		if t.History, err = history(ctx, tx, t.number); err != nil {
			return err
		}
		if err := t.CheckVersion(d.Version); err != nil {
			return err
		}

		cause := life.Said(d.Verdict)
		if _, ok := life.Next(t.State, cause); !ok {
			return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be resolved with %q", t.ID, t.State, d.Verdict)
		}

		m := Move{Cause: cause, Message: "decided: " + string(d.Verdict), Actor: d.By, Evidence: registrar.EvidencePerson, Change: change}
		if cause == life.SaidFailed || cause == life.Withdrawn {
			m.Error = "decided by " + d.By
		}
		if d.Note != "" {
			m.Message += ": " + d.Note
		}
		op, err = s.move(ctx, tx, t, m)
		return err
	})
	return op, err
}
