package orders

import (
	"context"
	"slices"

	"registrar.panel/host/switchboard"
	"registrar.panel/shared/registrar"
)

// waits says what orders and domains wait for, by what their registrars say now.
type waits struct {
	*ledger
	board *switchboard.Board
}

func (s *Service) waits() waits { return waits{s.ledger, s.board} }

// waiting fills in what orders wait for, if the registrar has not reported it.
func (w waits) waiting(list []Order) {
	for i, o := range list {
		switch {
		case o.State == Unpaid:
			list[i].WaitsFor, list[i].WaitsUntil = "the customer to pay", o.ExpiresAt
		case o.stage() == stage{Paid, open} && o.Operation == "":
			list[i].WaitsFor = w.submission(o)
		case o.forPerson():
			list[i].WaitsFor = "a person: to try it again, to refund or to dismiss it"
		}
	}
}

// shown is waiting for one order.
func (w waits) shown(o Order) Order {
	one := []Order{o}
	w.waiting(one)
	return one[0]
}

// forPerson reports whether an order has failed or was withdrawn, and waits for a person's decision.
func (o Order) forPerson() bool {
	return o.State == Paid && slices.Contains([]registrar.Outcome{failed, withdrawn}, o.Outcome) && o.DismissedAt.IsZero()
}

// submission says what an order waits for that its registrar has not taken yet.
func (w waits) submission(o Order) string {
	if _, err := w.board.Registrar(o.Registrar); err != nil {
		return lateness(w).whyNot(o)
	}
	return "registrar " + o.Registrar + " to take it"
}

// askOrder copies what the registrar says now into an order whose operation is queued, because registrars
// do not report each change of what holds it. If the registrar does not answer, nothing changes.
func (w waits) askOrder(ctx context.Context, o *Order) {
	if op, ok := w.queued(ctx, o.Registrar, o.Operation, o.OperationState); ok {
		o.Standing, o.WaitsFor, o.WaitsUntil = of(op), op.WaitsFor, op.Deadline
	}
}

// askDomain does so for a domain.
func (w waits) askDomain(ctx context.Context, d *Domain) {
	if d.Operation == nil {
		return
	}
	if op, ok := w.queued(ctx, d.Registrar, d.Operation.ID, d.Operation.State); ok {
		op.History = nil
		d.Operation, d.Standing = &op, of(op)
	}
}

// queued returns an operation as its registrar shows it now, if the operation was queued and still is.
func (w waits) queued(ctx context.Context, name string, id registrar.OperationID, last registrar.OperationState) (op registrar.Operation, ok bool) {
	if id == "" || last != registrar.Queued {
		return op, false
	}
	r, err := w.board.Registrar(name)
	if err != nil {
		return op, false
	}
	op, err = r.Operation(ctx, id)
	return op, err == nil && op.State == registrar.Queued
}
