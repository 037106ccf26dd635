package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// Submit stores an order once: the same order again is the same operation. message says what has to be done,
// for people; byHand is what staff have to do, if nothing is to be sent.
func (s *Store) Submit(ctx context.Context, o registrar.Order, message, byHand string) (op registrar.Operation, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		known, err := s.find(ctx, tx, "order_id = $1", string(o.ID))
		switch {
		// Before any check: an order that was accepted stays accepted, even if it would be refused today.
		case err == nil && s.orders.is(known.digest, o):
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

		op, err = s.begin(ctx, tx, o, message, byHand)
		return err
	})

	return op, err
}

// admissible returns an error if something forbids an order now.
func (s *Store) admissible(ctx context.Context, tx *sql.Tx, o registrar.Order) error {
	d, err := s.readDomain(ctx, tx, o.Domain)
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return err
	}

	switch {
	case d.Operation != nil:
		return registrar.Errorf(registrar.Precondition, "%s has an open operation (%s)", o.Domain, d.Operation.Kind)
	// No objection. The cases below say why a kind does not suit the status.
	case o.Kind.Suits(d.Status):
	case d.Status.Held():
		return registrar.Errorf(registrar.Precondition, "%s is registered here already", o.Domain)
	case o.Kind == registrar.KindRestore && d.Status != "":
		return registrar.Errorf(registrar.Precondition, "%s is %s here: there is nothing to restore", o.Domain, d.Status)
	default:
		return registrar.Errorf(registrar.Precondition, "%s is not registered here", o.Domain)
	}

	switch {
	// A caller that expects another expiry would pay for a year twice. See Order.PaidTill.
	case o.Kind == registrar.KindRenew && d.PaidTill != o.PaidTill:
		return registrar.Errorf(registrar.Precondition, "%s is paid till %s, not %s", o.Domain, d.PaidTill, o.PaidTill)
	}
	return nil
}

// begin stores operation, domain and event.
func (s *Store) begin(ctx context.Context, tx *sql.Tx, o registrar.Order, message, byHand string) (op registrar.Operation, err error) {
	sealed, err := s.orders.seal(o)
	if err != nil {
		return op, err
	}

	t := Task{Operation: registrar.Operation{Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}}
	restored, err := setting(ctx, tx, restoredSetting)
	if err != nil {
		return op, err
	}

	now := sqldb.Millis(s.Now())
	due, claimed, level := now, sql.NullInt64{}, registrar.LevelInfo
	switch {
	// An order that people carry out is never due: only a decision moves it.
	case byHand != "":
		t.State, t.WaitsFor, due, level = registrar.NeedsAction, byHand, sql.NullInt64{}, registrar.LevelWarning
	case restored != "": // the same order may have been sent before the store went back
		t.State, t.WaitsFor, claimed = registrar.Uncertain, waitsFor(registrar.Uncertain), now
	}

	err = tx.QueryRowContext(ctx, `insert into operations (number, order_id, digest, kind, domain, customer, state, sealed_order, waits_for, steps, due_at, claimed_at, created_at, updated_at)
		values ((select coalesce(max(number), 0) + 1 from operations), $1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $11) returning number`,
		string(o.ID), s.orders.digest(o), string(o.Kind), o.Domain, o.Customer, string(t.State), sealed, t.WaitsFor, due, claimed, now).Scan(&t.number)
	if err != nil {
		return op, fmt.Errorf("store order: %w", err)
	}

	t.ID = s.idOf(t.number)
	// Before the event, which has to show the domain's new state.
	if err := s.ordered(ctx, tx, o); err != nil {
		return op, err
	}
	if err := s.note(ctx, tx, t, registrar.Step{State: t.State, Message: message, Actor: actor}, message, level); err != nil {
		return op, err
	}

	known, err := s.find(ctx, tx, "number = $1", t.number)
	return known.Operation, err
}

// actor is who acts if neither a person nor a registrar does.
const actor = "plugin"

// waitsFor returns what an operation in this state waits for; "" = nothing that a person does.
func waitsFor(state registrar.OperationState) string {
	switch state {
	case registrar.Uncertain:
		return "the registrar's word on whether it has the order, or a person who finds out"
	case registrar.NeedsAction:
		return "a person who asks the registrar what became of it"
	}
	return ""
}

// said turns a person's verdict into a move with its words.
func said(t Task, d registrar.Decision) Move {
	note := ""
	if d.Note != "" {
		note = ": " + d.Note
	}

	m := Move{Message: "decided: " + string(d.Verdict) + note, Actor: d.By, Evidence: registrar.EvidencePerson}
	if t.State == registrar.NeedsAction && t.ClaimedAt.IsZero() { // people carried it out
		m.Message, m.Told = "concluded", fmt.Sprintf("%s of %s: %s%s", t.Kind, t.Domain, d.Verdict, note)
	}
	if d.Verdict == registrar.VerdictFailed || d.Verdict == registrar.VerdictCancel {
		m.Error = "decided by " + d.By + note
	}
	return m
}

// Decide carries out a person's verdict. change is the change of the domain, if the verdict is done.
func (s *Store) Decide(ctx context.Context, d registrar.Decision, change Change) (registrar.Operation, error) {
	var op registrar.Operation
	err := s.write(ctx, func(tx *sql.Tx) error {
		t, err := s.find(ctx, tx, "number = $1", s.numberOf(d.Operation))
		if err != nil {
			return err
		}

		// With the history a Conflict says what has happened since the person looked.
		if t.History, err = history(ctx, tx, t.number); err != nil {
			return err
		}
		if err := t.CheckVersion(d.Version); err != nil {
			return err
		}

		cause := life.Said(d.Verdict)
		// An order that was never sent can't be sent again.
		if _, ok := life.Next(t.State, cause); !ok || cause == life.SaidAgain && t.ClaimedAt.IsZero() {
			return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be resolved with %q", t.ID, t.State, d.Verdict)
		}

		m := said(t, d)
		m.Cause, m.Change = cause, change
		op, err = s.move(ctx, tx, t, m)
		return err
	})
	return op, err
}
