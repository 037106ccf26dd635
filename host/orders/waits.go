package orders

import (
	"context"
	"slices"

	"registrar.panel/shared/registrar"
)

// waiting fills in what orders wait for, where the registrar has not told it.
func (s *Service) waiting(list []Order) {
	for i, o := range list {
		switch {
		case o.State == Unpaid:
			list[i].WaitsFor, list[i].WaitsUntil = "the customer to pay", o.ExpiresAt
		case o.stage() == stage{Paid, open} && o.Operation == "":
			list[i].WaitsFor = s.submission(o)
		case o.forPerson():
			list[i].WaitsFor = "a person: to try it again, to refund or to dismiss it"
		}
	}
}

// shown is waiting for one order.
func (s *Service) shown(o Order) Order {
	one := []Order{o}
	s.waiting(one)
	return one[0]
}

// forPerson reports whether an order has come to nothing, and nobody has said what follows.
func (o Order) forPerson() bool {
	return o.State == Paid && slices.Contains([]registrar.Outcome{failed, withdrawn}, o.Outcome) && o.DismissedAt.IsZero()
}

// submission is what an order waits for that its registrar has not taken yet.
func (s *Service) submission(o Order) string {
	if _, err := s.board.Registrar(o.Registrar); err != nil {
		return s.lateness().whyNot(o)
	}
	return "registrar " + o.Registrar + " to take it"
}

// ask brings what the registrar says now into an order whose operation is queued: what holds it is
// not told each time that it changes. One that does not answer changes nothing.
func (s *Service) askOrder(ctx context.Context, o *Order) {
	if op, ok := s.queued(ctx, o.Registrar, o.Operation, o.OperationState); ok {
		o.Standing, o.WaitsFor, o.WaitsUntil = of(op), op.WaitsFor, op.Deadline
	}
}

// askDomain does so for a domain.
func (s *Service) askDomain(ctx context.Context, d *Domain) {
	if d.Operation == nil {
		return
	}
	if op, ok := s.queued(ctx, d.Registrar, d.Operation.ID, d.Operation.State); ok {
		op.History = nil
		d.Operation, d.Standing = &op, of(op)
	}
}

// queued is an operation as its registrar shows it now, if it was queued and still is.
func (s *Service) queued(ctx context.Context, name string, id registrar.OperationID, last registrar.OperationState) (op registrar.Operation, ok bool) {
	if id == "" || last != registrar.Queued {
		return op, false
	}
	r, err := s.board.Registrar(name)
	if err != nil {
		return op, false
	}
	op, err = r.Operation(ctx, id)
	return op, err == nil && op.State == registrar.Queued
}
