package orders

import (
	"context"
	"database/sql"
	"fmt"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Pay opens the gate: the order will be submitted. It reports whether that changed anything;
// an order that is paid already stays as it is. What would be refused now is not paid for.
func (s *Service) Pay(ctx context.Context, id registrar.OrderID) (o Order, changed bool, err error) {
	notes, err := s.readmit(ctx, id)
	if err != nil {
		return o, false, err
	}
	o, changed, err = s.move(ctx, id, pay)
	if changed {
		o.Notes = notes
		s.toSubmit[o.Registrar].Wake()
	}
	return o, changed, err
}

// Cancel withdraws an order that is not paid; or a paid one whose registrar is not run any
// more and has never had it.
func (s *Service) Cancel(ctx context.Context, id registrar.OrderID) (o Order, changed bool, err error) {
	return s.move(ctx, id, cancel)
}

func (s *Service) move(ctx context.Context, id registrar.OrderID, a action) (o Order, changed bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		before, err := selectOrder(ctx, tx, id)
		if err != nil {
			return err
		}
		if o, err = s.settle(ctx, tx, before, a); err != nil {
			return err
		}
		changed = o.State != before.State
		return nil
	})
	if changed {
		s.log.Info("order moved", "order", o.ID, "domain", o.Domain, "state", o.State)
	}
	return o, changed, err
}

// settle is the one way an order's payment moves.
func (s *Service) settle(ctx context.Context, tx *sql.Tx, o Order, a action) (Order, error) {
	if a == cancel && stranded(o, s.board) {
		a = withdraw
	}
	next, ok := transitions[o.State][a]
	if !ok {
		return o, registrar.Errorf(registrar.Precondition, "can't %s order %s: it is %s", a, o.ID, o.State)
	}
	if next == o.State {
		return o, nil
	}
	if next == Paid && !s.board.Runs(o.Registrar) {
		return o, switchboard.Explained(s.board.NotRun(o.Registrar), fmt.Sprintf("can't pay order %s: ", o.ID), "; cancel it")
	}
	o.State = next
	if next == Cancelled {
		o.ClosedAt = s.time()
		return o, s.cancelled(ctx, tx, o)
	}
	o.PaidAt = s.time()
	return o, s.paid(ctx, tx, o)
}

// stranded reports whether an order was paid, and neither had by its registrar nor will be.
func stranded(o Order, board *switchboard.Board) bool {
	return o.State == Paid && o.Operation == "" && o.Refusal == "" && !board.Runs(o.Registrar)
}

func (s *Service) paid(ctx context.Context, tx *sql.Tx, o Order) error {
	if err := exec(ctx, tx, "update orders set state = $1, paid_at = $2 where id = $3", o.State, sqldb.Millis(o.PaidAt), o.ID); err != nil {
		return err
	}
	if status, ok := begun[o.Kind]; ok {
		if err := exec(ctx, tx, "update domains set status = $1 where name = $2", status, o.Domain); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("order %s is paid", o.ID)
	if o.Own {
		text = fmt.Sprintf("order %s is the provider's own and needs no payment", o.ID)
	}
	return s.record(ctx, tx, o, OrderPaid, registrar.LevelInfo, text)
}

// cancelled also forgets a domain that was never more than ordered.
func (s *Service) cancelled(ctx context.Context, tx *sql.Tx, o Order) error {
	if err := exec(ctx, tx, "update orders set state = $1, closed_at = $2 where id = $3", o.State, sqldb.Millis(o.ClosedAt), o.ID); err != nil {
		return err
	}
	if o.Kind.Acquires() {
		if err := exec(ctx, tx, "delete from domains where name = $1 and status in ($2, $3)", o.Domain, registrar.StatusPending, begun[o.Kind]); err != nil {
			return err
		}
	}
	if o.PaidAt.IsZero() {
		return s.record(ctx, tx, o, OrderCancelled, registrar.LevelInfo, fmt.Sprintf("order %s is cancelled", o.ID))
	}
	return s.record(ctx, tx, o, OrderCancelled, registrar.LevelWarning,
		fmt.Sprintf("order %s is withdrawn: it was paid, and registrar %s, which is not run any more, never had it", o.ID, o.Registrar))
}
