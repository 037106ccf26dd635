package orders

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Pay opens the gate: the order will be submitted. It reports whether that changed anything; an order
// that is paid already stays as it is. It refuses payment for an order that would be refused now.
func (s *Service) Pay(ctx context.Context, id registrar.OrderID) (o Order, changed bool, err error) {
	notes, err := s.readmit(ctx, id)
	if err != nil {
		return o, false, err
	}
	o, changed, err = s.move(ctx, id, pay)
	if changed {
		o.Notes = notes
		// A panel that dies before this submits the order all the same, when it looks at the rows.
		s.toSubmit[o.Registrar].Wake()
	}
	return o, changed, err
}

// Cancel withdraws an order that is not paid; or a paid one whose registrar is not run any more and has never had it.
func (s *Service) Cancel(ctx context.Context, id registrar.OrderID) (o Order, changed bool, err error) {
	return s.move(ctx, id, cancel)
}

func (s *Service) move(ctx context.Context, id registrar.OrderID, a action) (o Order, changed bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		before, err := selectOrder(ctx, tx, id)
		if err != nil {
			return err
		}
		if o, err = s.gate().settle(ctx, tx, before, a); err != nil {
			return err
		}
		changed = o.State != before.State
		return nil
	})
	if changed {
		s.log.Info("order moved", "order", o.ID, "domain", o.Domain, "state", o.State)
	}
	return s.waits().shown(o), changed, err
}

// gate is the payment gate: it opens for an order, or closes on it.
type gate struct {
	*ledger
	board  *switchboard.Board
	unpaid time.Duration
}

func (s *Service) gate() gate { return gate{s.ledger, s.board, s.unpaid} }

// settle is the only way in which an order is paid for, or ends without having been carried out.
func (g gate) settle(ctx context.Context, tx *sql.Tx, o Order, a action) (Order, error) {
	if a == cancel && stranded(o, g.board) {
		a = withdraw
	}
	next, ok := o.after(a)
	if !ok {
		return o, o.refusedTo(a)
	}

	// Done already: doing it again changes nothing and makes no entry.
	if next == o.stage() {
		return o, nil
	}
	if next.State == Paid {
		return g.open(ctx, tx, o)
	}
	o.State, o.Outcome, o.ClosedAt = next.State, next.Outcome, g.time()
	return g.close(ctx, tx, o, a)
}

// open opens the gate for an order.
func (g gate) open(ctx context.Context, tx *sql.Tx, o Order) (Order, error) {
	if !g.board.Runs(o.Registrar) {
		return o, switchboard.Explained(g.board.NotRun(o.Registrar), fmt.Sprintf("can't pay order %s: ", o.ID), "; cancel it")
	}
	if overdue(o, g.time()) {
		return o, registrar.Errorf(registrar.Precondition, "can't pay order %s: it was to be paid by %s; order again", o.ID, stamp(o.ExpiresAt))
	}

	// Asked again, now that no other writer comes in between: the domain may have been moved, or renewed, since readmit.
	d, err := selectDomain(ctx, tx, o.Domain)
	if err != nil {
		return o, err
	}
	if err := payable(o, d); err != nil {
		return o, err
	}
	o.State, o.PaidAt = Paid, g.time()
	o.BegunAt = o.PaidAt
	return o, g.paid(ctx, tx, o)
}

// stranded reports whether an order is paid and its registrar does not have it and never will.
func stranded(o Order, board *switchboard.Board) bool {
	return o.stage() == stage{Paid, open} && o.Operation == "" && !board.Runs(o.Registrar)
}

func (g gate) paid(ctx context.Context, tx *sql.Tx, o Order) error {
	if err := exec(ctx, tx, "update orders set state = $1, paid_at = $2, begun_at = $2 where id = $3", o.State, sqldb.Millis(o.PaidAt), o.ID); err != nil {
		return err
	}
	if status, ok := begun[o.Kind]; ok {
		if err := exec(ctx, tx, "update domains set status = $1 where name = $2", status, o.Domain); err != nil {
			return err
		}

		// If a person had taken the name off the list, the registrar's events about it count again from now on.
		if err := remember(ctx, tx, o.Domain); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("order %s is paid", o.ID)
	if o.Own {
		text = fmt.Sprintf("order %s is the provider's own and needs no payment", o.ID)
	}
	return g.record(ctx, tx, o, OrderPaid, registrar.LevelInfo, text)
}

// closing is how the log reports an order that ends without having been carried out.
var closing = map[action]struct {
	event registrar.EventType
	level registrar.Level
}{
	cancel:   {OrderCancelled, registrar.LevelInfo},
	withdraw: {OrderCancelled, registrar.LevelWarning},
	expire:   {OrderExpired, registrar.LevelWarning},
}

// close also forgets a domain that was never more than ordered.
func (g gate) close(ctx context.Context, tx *sql.Tx, o Order, a action) (Order, error) {
	o.Reason = map[action]string{
		cancel:   "cancelled before it was paid",
		withdraw: fmt.Sprintf("it was paid, and registrar %s, which is not run any more, never had it", o.Registrar),
		expire:   "not paid by " + stamp(o.ExpiresAt),
	}[a]

	err := exec(ctx, tx, "update orders set state = $1, outcome = $2, reason = $3, closed_at = $4 where id = $5",
		o.State, o.Outcome, o.Reason, sqldb.Millis(o.ClosedAt), o.ID)
	if err != nil {
		return o, err
	}

	if o.Kind.Acquires() {
		// Only if the domain was never more than ordered. A withdrawn order was paid, so its domain is one
		// status further than Pending.
		if err := exec(ctx, tx, "delete from domains where name = $1 and status in ($2, $3)", o.Domain, registrar.StatusPending, begun[o.Kind]); err != nil {
			return o, err
		}
	}

	text := map[action]string{cancel: "order %s is cancelled", withdraw: "order %s is withdrawn: %s", expire: "order %s has expired: %s"}[a]
	message := fmt.Sprintf(text, o.ID)
	if a != cancel {
		message = fmt.Sprintf(text, o.ID, o.Reason)
	}
	return o, g.record(ctx, tx, o, closing[a].event, closing[a].level, message)
}
