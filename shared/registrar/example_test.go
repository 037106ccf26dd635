package registrar_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"registrar.panel/shared/registrar"
)

// ledger is a registrar that keeps orders in memory; a real one keeps them in a database.
type ledger struct {
	orders map[registrar.OrderID]registrar.Order
	events []registrar.Event
}

// Submit knows a repeated order by its ID, and by its contents that it is the same.
func (l *ledger) Submit(_ context.Context, o registrar.Order) (registrar.Operation, error) {
	known, again := l.orders[o.ID]
	if again && !bytes.Equal(known.Canonical(), o.Canonical()) {
		return registrar.Operation{}, registrar.Errorf(registrar.Conflict, "order %s is known here with other contents", o.ID)
	}
	op := registrar.Operation{ID: registrar.OperationID("op-" + o.ID), Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}
	if !again {
		l.orders[o.ID] = o
		l.events = append(l.events, registrar.Event{Cursor: registrar.Cursor(len(l.events) + 1), Name: o.Domain, Operation: op.ID, Message: "the order was taken"})
	}
	return op, nil
}

// Events would wait for more at its end; this one is for an example.
func (l *ledger) Events(_ context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for _, e := range l.events {
			if e.Cursor > after && !yield(e, nil) {
				return
			}
		}
	}
}

// An order is submitted until it is answered. Repeating it is harmless, because the caller has
// chosen its ID; the same ID for another order is a conflict.
func ExampleOrders() {
	ctx, r := context.Background(), &ledger{orders: map[registrar.OrderID]registrar.Order{}}
	order := registrar.Order{ID: "2026-0001", Kind: registrar.KindRegister, Domain: "example.ru", Customer: "c1"}
	for range 2 { // the first answer was lost
		op, err := r.Submit(ctx, order)
		fmt.Println(op.ID, op.State, err)
	}

	order.Domain = "other.ru"
	_, err := r.Submit(ctx, order)
	fmt.Println(errors.Is(err, registrar.Conflict), err)

	for e := range r.Events(ctx, 0) {
		fmt.Println(e.Cursor, e.Name, e.Message)
	}
	// Output:
	// op-2026-0001 Queued <nil>
	// op-2026-0001 Queued <nil>
	// true order 2026-0001 is known here with other contents
	// 1 example.ru the order was taken
}

// All mistakes are reported at once, each with its field.
func ExampleInvalidOrder() {
	err := registrar.InvalidOrder([]registrar.Problem{
		{Path: "domain", Message: "is required"},
		{Path: "contact.passport[0]", Message: "must be four digits, a blank and six digits"},
	})
	var mistakes *registrar.Error
	if errors.As(err, &mistakes) {
		for _, p := range mistakes.Problems {
			fmt.Println(p)
		}
	}
	fmt.Println(registrar.CodeOf(err))
	// Output:
	// domain: is required
	// contact.passport[0]: must be four digits, a blank and six digits
	// invalid
}

// What a status means for a panel is asked of the status.
func ExampleDomainStatus_Held() {
	for _, s := range []registrar.DomainStatus{registrar.StatusRegistering, registrar.StatusExpired, registrar.StatusDeleted} {
		fmt.Printf("%s: held %v, gone %v\n", s, s.Held(), s.Gone())
	}
	// Output:
	// Registering: held false, gone false
	// Expired: held true, gone false
	// Deleted: held false, gone true
}
