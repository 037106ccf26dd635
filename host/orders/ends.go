package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// link records which registrar has an operation, and which attempt at an order it carries out.
func link(ctx context.Context, tx *sql.Tx, name string, submission registrar.OrderID, op registrar.OperationID) error {
	if err := exec(ctx, tx, "insert into operations (id, registrar) values ($1, $2) on conflict do nothing", op, name); err != nil {
		return err
	}
	return exec(ctx, tx, `update orders set operation = $1
		where submission = $2 and registrar = $3 and state = 'paid' and outcome = '' and operation = ''`, op, submission, name)
}

// orderOf returns the order to which a registrar's ID is an attempt; any other ID is returned as it is.
func orderOf(ctx context.Context, tx *sql.Tx, name string, submission registrar.OrderID) (id registrar.OrderID, err error) {
	if submission == "" {
		return "", nil
	}

	// Late reports of a registrar about an earlier attempt belong to the same order.
	err = tx.QueryRowContext(ctx, `select id from orders where submission = $1 and registrar = $2
		union all select "order" from attempts where submission = $1`, submission, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return submission, nil
	}
	return id, fault(err, "look for the order")
}

// stands records the state of an operation with the order that it carries out, and concludes the
// order if the operation has ended. An order that has ended stays as it is.
func (l *ledger) stands(ctx context.Context, tx *sql.Tx, name string, op registrar.Operation) error {
	s := of(op)
	var closed time.Time
	if s.Outcome != open {
		closed, op.WaitsFor, op.Deadline = l.now(), "", time.Time{}
	}
	return exec(ctx, tx, standsStatement, s.OperationState, s.Outcome, s.Reason, op.WaitsFor, sqldb.Millis(op.Deadline), sqldb.Millis(closed), name, op.ID)
}

const standsStatement = `update orders set operation_state = $1, outcome = $2, reason = $3, waits_for = $4, waits_until = $5,
		closed_at = coalesce(closed_at, $6)
	where registrar = $7 and operation = $8 and operation <> '' and ` + isPaid + ` and outcome || '' = ''`

// ends updates the order of an operation by what an event reports. If the event has no state, the operation is
// taken to have ended when its domain has none, or another one; [asker] then asks the registrar how it ended.
func (f follower) ends(ctx context.Context, tx *sql.Tx, e registrar.Event) error {
	shown := e.Domain != nil && e.Domain.Operation != nil && e.Domain.Operation.ID == e.Operation
	switch {
	case e.State != "":
		op := registrar.Operation{ID: e.Operation, State: e.State, Error: e.Reason}
		if shown {
			op.WaitsFor, op.Deadline = e.Domain.Operation.WaitsFor, e.Domain.Operation.Deadline
		}
		return f.stands(ctx, tx, f.registrar, op)
	case shown:
		return f.stands(ctx, tx, f.registrar, *e.Domain.Operation)
	case e.Domain != nil:
		return exec(ctx, tx, concludeStatement, sqldb.Millis(f.now()), e.Domain.Name, f.registrar, e.Operation)
	}
	return nil
}

const concludeStatement = "update orders set closed_at = $1 where domain = $2 and registrar = $3 and operation = $4 and closed_at is null"

// standingIn returns the standing of an event's operation, as the event reports it.
func standingIn(e registrar.Event) Standing {
	if e.Operation == "" {
		return Standing{}
	}
	return of(registrar.Operation{State: e.State, Error: e.Reason})
}

// standingOf returns the standing of a domain after an event: of what is under way, or else of what ended last.
func standingOf(said, shown Domain, e registrar.Event) Standing {
	switch in := standingIn(e); {
	case said.Operation != nil:
		return of(*said.Operation)
	case in.Outcome != open:
		return in
	case shown.Outcome != open:
		return shown.Standing
	}
	return Standing{} // what was under way has ended, and its registrar did not say how
}

// asker asks registrars how operations have ended, if they reported only that they did.
type asker struct {
	*Service
	again map[registrar.OrderID]time.Time // not before
}

const (
	askAtOnce  = 100
	askAgainIn = time.Hour // for orders whose registrar did not know
)

// askEnds asks about some orders, and records the answers.
func (a asker) askEnds(ctx context.Context) error {
	var untold []Order
	err := a.db.Read(ctx, func(tx *sql.Tx) (err error) {
		untold, err = selectOrders(ctx, tx, "where "+unheard)
		return err
	})

	if err != nil {
		return err
	}

	// Each question may take its whole time limit, and the same round reports late orders.
	asked := 0
	for _, o := range untold {
		if asked == askAtOnce || ctx.Err() != nil {
			break
		}
		if a.now().Before(a.again[o.ID]) {
			continue
		}
		asked++
		if err := a.askEnd(ctx, o); err != nil {
			return err
		}
	}

	return nil
}

func (a asker) askEnd(ctx context.Context, o Order) error {
	// Before the question, so that one without an answer counts as well.
	a.again[o.ID] = a.now().Add(askAgainIn)
	r, err := a.board.Registrar(o.Registrar)
	if err != nil {
		return nil // asked again
	}

	op, err := r.Operation(ctx, o.Operation)
	if err != nil || !op.State.Final() {
		a.log.Debug("how an order has ended is not known", "order", o.ID, "operation", o.Operation, "err", err)
		return nil
	}

	// Before the record is made: if that fails, the next round asks again, and not the next hour.
	delete(a.again, o.ID)
	err = a.write(ctx, func(tx *sql.Tx) error {
		if err := a.stands(ctx, tx, o.Registrar, op); err != nil {
			return err
		}
		s := of(op)
		// Only if the list shows no end, which may be that of a later operation.
		return exec(ctx, tx, "update domains set operation_state = $1, outcome = $2, reason = $3 where name = $4 and operation = 'null' and outcome = ''",
			s.OperationState, s.Outcome, s.Reason, o.Domain)
	})

	if err != nil {
		return fmt.Errorf("record how order %s has ended: %w", o.ID, err)
	}
	return nil
}
