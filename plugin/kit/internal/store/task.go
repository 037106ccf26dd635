package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// Task is an operation with all that is needed to carry it out.
type Task struct {
	registrar.Operation
	Contents  registrar.Order // of its order; only from Next and Claim
	Handle    string          // the registrar's name for the customer; "" = none is known
	Reference string          // the registrar's name for it; "" = none yet
	Tries     int             // failed ones, since it has moved
	ClaimedAt time.Time       // when it was last sent

	number int64
	digest string
	sealed []byte
}

const columns = `number, order_id, digest, kind, domain, state, reference, sealed_order, waits_for, error, steps, tries,
	claimed_at, deadline, created_at, updated_at, finished_at`

// scan reads a row with the columns.
func (s *Store) scan(row sqldb.Scanner) (t Task, err error) {
	var steps int64
	err = row.Scan(&t.number, &t.Order, &t.digest, &t.Kind, &t.Domain, &t.State, &t.Reference, &t.sealed, &t.WaitsFor, &t.Error, &steps, &t.Tries,
		sqldb.At(&t.ClaimedAt), sqldb.At(&t.Deadline), sqldb.At(&t.CreatedAt), sqldb.At(&t.UpdatedAt), sqldb.At(&t.FinishedAt))
	t.ID, t.Version = s.idOf(t.number), registrar.Version(strconv.FormatInt(steps, 10))
	return t, err
}

func (s *Store) idOf(number int64) registrar.OperationID {
	return registrar.OperationID(s.Name + "-" + strconv.FormatInt(number, 10))
}

// numberOf returns the number in an operation's ID. Anything else is 0, which no operation has.
func (s *Store) numberOf(id registrar.OperationID) int64 {
	text, ok := strings.CutPrefix(string(id), s.Name+"-")
	if n, err := strconv.ParseInt(text, 10, 64); ok && err == nil {
		return n
	}
	return 0
}

func (s *Store) find(ctx context.Context, q sqldb.Querier, where string, arg any) (Task, error) {
	t, err := s.scan(q.QueryRowContext(ctx, "select "+columns+" from operations where "+where, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return t, registrar.Errorf(registrar.NotFound, "the operation is not known here")
	}
	return t, err
}

// fill adds the values that only carrying it out needs.
func (s *Store) fill(ctx context.Context, tx *sql.Tx, t *Task) (err error) {
	if t.Contents, err = s.orders.open(t.sealed, t.Order); err != nil {
		return err
	}
	t.Handle, err = handleOf(ctx, tx, t.Contents.Customer)
	return err
}

// Next returns due operations, the longest waiting first, and when the next one after them is due.
func (s *Store) Next(ctx context.Context, most int) (due []Task, next time.Time, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		due, err = sqldb.Collect(ctx, tx, s.scan, "select "+columns+" from operations where due_at <= $1 order by due_at, number limit $2",
			s.Now().UnixMilli(), most)
		if err != nil {
			return err
		}

		for i := range due {
			if err := s.fill(ctx, tx, &due[i]); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, "select min(due_at) from operations where due_at > $1", s.Now().UnixMilli()).Scan(sqldb.At(&next))
	})
	if err != nil {
		return nil, next, fmt.Errorf("read what is due: %w", err)
	}
	return due, next, nil
}

// Recover makes this instance the one that carries operations out: no other can claim any more. It concludes
// claims that were left open when the program ended, because their outcome is unknown. It is called before
// anything is sent.
func (s *Store) Recover(ctx context.Context) error {
	if s.Shared() {
		if err := s.recognise(ctx); err != nil {
			return err
		}
	}
	// First the fence: after that no claim of the former holder can appear behind our look at open claims.
	if err := s.fence.take(ctx, s.db, s.Node); err != nil {
		return err
	}
	return s.lose(ctx, "the program ended while the order was being sent", "state = 'Sending' and number > $1", 0)
}

// Lose concludes the claim of an operation whose outcome could not be recorded, if the claim is open.
func (s *Store) Lose(ctx context.Context, t Task) error {
	return s.lose(ctx, "what became of it could not be recorded", "state = 'Sending' and number = $1", t.number)
}

func (s *Store) lose(ctx context.Context, message, where string, number int64) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		// An instance that was replaced must not conclude anything, because the open claim may be its
		// successor's.
		if err := s.fence.check(ctx, tx); err != nil {
			return err
		}

		open, err := sqldb.Collect(ctx, tx, s.scan, "select "+columns+" from operations where "+where+" order by number", number)
		if err != nil {
			return err
		}
		for _, t := range open {
			if _, err := s.move(ctx, tx, t, Move{Cause: life.Lost, Message: message, Actor: actor, Due: s.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("conclude open claims: %w", err)
	}
	return nil
}

// Operation returns an operation with its history.
func (s *Store) Operation(ctx context.Context, id registrar.OperationID) (op registrar.Operation, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		t, err := s.find(ctx, tx, "number = $1", s.numberOf(id))
		if err != nil {
			return err
		}
		t.History, err = history(ctx, tx, t.number)
		op = t.Operation
		return err
	})
	return op, err
}

// Task returns an operation with its order; after the operation has ended the order is empty.
func (s *Store) Task(ctx context.Context, id registrar.OperationID) (t Task, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		if t, err = s.find(ctx, tx, "number = $1", s.numberOf(id)); err != nil || t.State.Final() {
			return err
		}
		return s.fill(ctx, tx, &t)
	})
	return t, err
}

func history(ctx context.Context, tx *sql.Tx, number int64) ([]registrar.Step, error) {
	return sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (step registrar.Step, err error) {
		return step, row.Scan(sqldb.At(&step.At), &step.State, &step.Message, &step.Actor, &step.Evidence)
	}, "select at, state, message, actor, evidence from steps where operation = $1 order by number", number)
}

// Count returns how many operations have not ended, and how many of them wait for a person.
func (s *Store) Count(ctx context.Context) (n, waiting int, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select count(*), count(case when state in ('NeedsAction', 'Uncertain') then 1 end) from operations where finished_at is null").Scan(&n, &waiting)
	})
	return n, waiting, err
}
