package orders

import (
	"context"
	"database/sql"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// TransferCode opens the transfer code of an order for a person who needs it, and records
// in the Action Log who that was. There is no other way to it.
func (s *Service) TransferCode(ctx context.Context, id registrar.OrderID, by, forWhom string) (code string, err error) {
	if err := input.Mistakes(append(input.Person(by), input.Behalf(forWhom)...)); err != nil {
		return "", err
	}

	o, err := s.Order(ctx, id)
	if err != nil {
		return "", err
	}

	order, err := s.contents(ctx, o)
	if err != nil {
		return "", err
	}

	if code = string(order.AuthCode); code == "" {
		return "", registrar.Errorf(registrar.Precondition, "order %s has no transfer code", id)
	}

	err = s.write(ctx, func(tx *sql.Tx) error {
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: by, Level: registrar.LevelWarning,
			Event: registrar.EventDecision, Message: fmt.Sprintf("the transfer code of order %s was shown to %s", id, by) + input.OnBehalf(forWhom), Order: id, Operation: o.Operation})
	})
	if err != nil {
		return "", fmt.Errorf("record who reads the code of order %s: %w", id, err)
	}

	return code, nil
}
