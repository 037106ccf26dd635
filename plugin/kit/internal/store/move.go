package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// Move is what happened to an operation.
type Move struct {
	Cause     life.Cause
	Message   string // for people; masked
	Told      string // in the event; "" = Message
	Actor     string
	Evidence  registrar.EvidenceKind
	Error     string    // why, if it ends without success
	Reference string    // the registrar's name for it; "" = unchanged
	WaitsFor  string    // for people, if it waits for a person; "" = as the state says
	Due       time.Time // when it is looked at next
	Deadline  time.Time // when silence becomes a matter for a person
	Change    Change    // of the domain, on success
}

// Claim records that an operation is about to be sent. [registrar.Conflict] means that it has moved since it
// was read, and must not be sent.
func (s *Store) Claim(ctx context.Context, t Task) (Task, error) {
	err := s.write(ctx, func(tx *sql.Tx) error {
		now, err := s.present(ctx, tx, t)
		if err != nil {
			return err
		}

		// In the transaction of the claim, so that an instance that was replaced sends nothing, however late
		// it wakes up.
		if err := s.fence.check(ctx, tx); err != nil {
			return err
		}
		if _, err := s.move(ctx, tx, now, Move{Cause: life.Claimed, Message: "is being sent", Actor: actor}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "update operations set claimed_at = $1 where number = $2", sqldb.Millis(s.Now()), t.number); err != nil {
			return err
		}

		if t, err = s.find(ctx, tx, "number = $1", t.number); err != nil {
			return err
		}
		return s.fill(ctx, tx, &t)
	})
	if err != nil {
		return t, fmt.Errorf("claim %s: %w", t.ID, err)
	}

	// Otherwise the claim could be forgotten: SQLite continues on files that were removed.
	if err := errors.Join(s.advance(ctx), s.db.InPlace()); err != nil {
		unsent := Move{Cause: life.Unsent, Message: "not sent: the store can't be relied on", Actor: actor, Due: s.Now().Add(unreliable)}
		return t, fmt.Errorf("claim %s: %w", t.ID, errors.Join(err, s.Conclude(ctx, t, unsent)))
	}
	return t, nil
}

// unreliable is how long nothing is sent after the store could not be relied on.
const unreliable = time.Minute

// Conclude records what became of an operation. If it has moved since it was read, the error is
// [registrar.Conflict] and nothing changes: a second answer takes no effect.
func (s *Store) Conclude(ctx context.Context, t Task, m Move) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		now, err := s.present(ctx, tx, t)
		if err != nil {
			return err
		}
		_, err = s.move(ctx, tx, now, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("conclude %s: %w", t.ID, err)
	}
	return nil
}

// Postpone schedules a later look at an operation about which there is nothing new.
func (s *Store) Postpone(ctx context.Context, t Task, due time.Time) error {
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		now, err := s.present(ctx, tx, t)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "update operations set tries = tries + 1, due_at = $1 where number = $2", sqldb.Millis(due), now.number)
		return err
	})
	if err != nil {
		return fmt.Errorf("postpone %s: %w", t.ID, err)
	}
	return nil
}

// present reads an operation again, and fails if it has moved.
func (s *Store) present(ctx context.Context, tx *sql.Tx, t Task) (Task, error) {
	now, err := s.find(ctx, tx, "number = $1", t.number)
	if err != nil {
		return now, err
	}
	return now, now.CheckVersion(t.Version)
}

// move moves an operation by one line of the table, with its domain, its history and its event.
func (s *Store) move(ctx context.Context, tx *sql.Tx, t Task, m Move) (registrar.Operation, error) {
	var err error
	from := t.State
	to, ok := life.Next(from, m.Cause)
	if !ok {
		return t.Operation, registrar.Errorf(registrar.Precondition, "operation %s is %s: %s leads nowhere", t.ID, from, string(m.Cause))
	}

	t.State, t.WaitsFor, t.Error = to, cmp.Or(m.WaitsFor, waitsFor(to)), m.Error
	due, ended := sqldb.Millis(m.Due), sql.NullInt64{}
	switch {
	case to.Final():
		due, ended = sql.NullInt64{}, sqldb.Millis(s.Now())
		if to == registrar.Succeeded {
			// Before the order is emptied, because it contains the contacts.
			if err := keepContacts(ctx, s, tx, t); err != nil {
				return t.Operation, err
			}
		}
		if t.sealed, err = left(s.orders, t, m.Change); err != nil {
			return t.Operation, err
		}
	// A claim is never due: only its answer or the next start concludes it.
	case to == registrar.Sending:
		due = sql.NullInt64{}
	case m.Due.IsZero():
		due = sqldb.Millis(s.Now())
	}

	if m.Reference != "" {
		t.Reference = m.Reference
	}

	if to.Final() {
		// Before the event, which has to show the domain's new state.
		if err := s.finish(ctx, tx, t, m.Change); err != nil {
			return t.Operation, err
		}
	}

	_, err = tx.ExecContext(ctx, `update operations set state = $1, waits_for = $2, error = $3, reference = $4, sealed_order = $5, due_at = $6,
		deadline = $7, finished_at = $8, tries = case when $9 = 1 then tries + 1 else 0 end where number = $10`,
		string(to), t.WaitsFor, t.Error, t.Reference, t.sealed, due, sqldb.Millis(m.Deadline), ended, inVain(from, m.Cause), t.number)
	if err != nil {
		return t.Operation, fmt.Errorf("move operation: %w", err)
	}

	step := registrar.Step{State: to, Message: m.Message, Actor: m.Actor, Evidence: m.Evidence}
	if err := s.note(ctx, tx, t, step, cmp.Or(m.Told, m.Message), levelOf(to)); err != nil {
		return t.Operation, err
	}

	t, err = s.find(ctx, tx, "number = $1", t.number)
	return t.Operation, err
}

// left returns what stays sealed of an order that has ended: the transfer code that it has brought. The rest
// is personal and no longer needed.
func left(b envelope, t Task, c Change) ([]byte, error) {
	if t.State != registrar.Succeeded || c.AuthCode == "" {
		return []byte{}, nil
	}
	return b.seal(registrar.Order{ID: t.Order, Kind: t.Kind, Domain: t.Domain, AuthCode: c.AuthCode})
}

// TransferCode returns the code that an operation has brought.
func (s *Store) TransferCode(ctx context.Context, id registrar.OperationID) (code registrar.AuthCode, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		t, err := s.find(ctx, tx, "number = $1", s.numberOf(id))
		if err != nil {
			return err
		}
		if t.Kind != registrar.KindAuthCode || t.State != registrar.Succeeded || len(t.sealed) == 0 {
			return registrar.Errorf(registrar.Precondition, "operation %s has brought no transfer code, or it was erased", id)
		}
		o, err := s.orders.open(t.sealed, t.Order)
		code = o.AuthCode
		return err
	})
	return code, err
}

// inVain reports whether a move is a failure after which the same is tried again. Their count goes on through
// the claims between them.
func inVain(from registrar.OperationState, c life.Cause) bool {
	return c == life.Unsent || from == registrar.Queued && c == life.Claimed
}

func levelOf(state registrar.OperationState) registrar.Level {
	switch state {
	case registrar.Failed:
		return registrar.LevelError
	case registrar.NeedsAction, registrar.Uncertain:
		return registrar.LevelWarning
	}
	return registrar.LevelInfo
}

// note appends a step to an operation's history, and reports it. The operation is stored as it is after the
// step.
func (s *Store) note(ctx context.Context, tx *sql.Tx, t Task, step registrar.Step, told string, level registrar.Level) error {
	now := sqldb.Millis(s.Now())
	var number int64
	err := tx.QueryRowContext(ctx, "update operations set steps = steps + 1, updated_at = $1 where number = $2 returning steps", now, t.number).Scan(&number)
	if err != nil {
		return fmt.Errorf("note step: %w", err)
	}

	_, err = tx.ExecContext(ctx, "insert into steps (operation, number, at, state, message, actor, evidence) values ($1, $2, $3, $4, $5, $6, $7)",
		t.number, number, now, string(step.State), step.Message, step.Actor, string(step.Evidence))
	if err != nil {
		return fmt.Errorf("note step: %w", err)
	}

	return s.tell(ctx, tx, registrar.Event{Type: registrar.EventOperation, Level: level, Message: told, Actor: step.Actor,
		Name: t.Domain, Order: t.Order, Operation: t.ID, Kind: t.Kind, State: t.State, Reason: t.Error})
}
