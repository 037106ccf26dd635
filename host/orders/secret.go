package orders

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/shared/registrar"
)

// TransferCode opens the transfer code of an order for a person who needs it, and records in the Action Log
// who that was. It is the code that the order was given, or has brought. There is no other way to see it.
func (s *Service) TransferCode(ctx context.Context, id registrar.OrderID, by, forWhom string) (code string, err error) {
	if err := input.Mistakes(append(input.Person(by), input.Behalf(forWhom)...)); err != nil {
		return "", err
	}

	o, err := s.Order(ctx, id)
	if err != nil {
		return "", err
	}

	if code, err = codeOf(ctx, s.ledger, s.board, o); err != nil {
		return "", err
	}

	// Recorded before it is shown: what can't be recorded is not shown.
	err = s.write(ctx, func(tx *sql.Tx) error {
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: by, Level: registrar.LevelWarning,
			Event: registrar.EventDecision, Message: fmt.Sprintf("the transfer code of order %s was shown to %s", id, by) + input.OnBehalf(forWhom), Order: id, Operation: o.Operation})
	})
	if err != nil {
		return "", fmt.Errorf("record who reads the code of order %s: %w", id, err)
	}

	return code, nil
}

// codeOf returns the code that an order was given; for an order that asks for a code, the code that
// it has brought and that its registrar keeps.
func codeOf(ctx context.Context, book *ledger, board *switchboard.Board, o Order) (string, error) {
	if o.Kind != registrar.KindAuthCode {
		asked, err := book.contents(ctx, o)
		if err == nil && asked.AuthCode == "" {
			err = registrar.Errorf(registrar.Precondition, "order %s has no transfer code", o.ID)
		}
		return string(asked.AuthCode), err
	}

	if o.Outcome != succeeded {
		return "", registrar.Errorf(registrar.Precondition, "order %s has brought no transfer code yet: it is %s", o.ID, cmp.Or(string(o.OperationState), string(o.State)))
	}
	r, err := board.Registrar(o.Registrar)
	if err != nil {
		return "", err
	}
	code, err := r.TransferCode(ctx, o.Operation)
	return string(code), err
}
