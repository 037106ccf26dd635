package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// admit asks the registrar, before money is taken, for every mistake of an order, and the
// registry whether a name is still to be had. What is not known is a note, no mistake.
func (s *Service) admit(ctx context.Context, name string, o registrar.Order) (notes []registrar.Problem, err error) {
	r, err := s.board.Registrar(name)
	if err != nil {
		return nil, err
	}
	v, err := r.Validate(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("validate order: %w", err)
	}
	if len(v.Problems) > 0 || o.Kind != registrar.KindRegister {
		return v.Notes, registrar.InvalidOrder(v.Problems)
	}
	a := registrar.Availability{Name: o.Domain}
	s.board.Check(ctx, map[string][]*registrar.Availability{name: {&a}})
	switch a.Status {
	case registrar.Taken:
		return nil, registrar.InvalidOrder([]registrar.Problem{taken(a)})
	case registrar.AvailabilityUnknown:
		return append(v.Notes, unknownYet(a)), nil
	}
	return v.Notes, nil
}

// readmit is admit for an order that is about to be paid. A registrar that does not answer
// hinders no payment: the order waits for it.
func (s *Service) readmit(ctx context.Context, id registrar.OrderID) (notes []registrar.Problem, err error) {
	var o Order
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		o, err = selectOrder(ctx, tx, id)
		return err
	})
	if err != nil || o.State != Unpaid || !s.board.Runs(o.Registrar) {
		return nil, err
	}
	asked, err := s.reveal(ctx, o)
	if err != nil {
		return nil, err
	}
	notes, err = s.admit(ctx, o.Registrar, asked)
	var e *registrar.Error
	switch {
	case errors.Is(err, registrar.Invalid) && errors.As(err, &e):
		return nil, &registrar.Error{Code: registrar.Invalid, Problems: e.Problems,
			Detail: fmt.Sprintf("order %s is not paid, for it would be refused now; cancel it", id)}
	case err != nil:
		s.log.Warn("an order is paid without asking again", "order", id, "registrar", o.Registrar, "err", err)
		return nil, nil
	}
	return notes, nil
}

func taken(a registrar.Availability) registrar.Problem {
	name := input.Unicode(a.Name)
	return told("domain", "taken", map[string]string{"domain": name, "detail": a.Detail},
		name+" is taken: "+a.Detail, name+" уже занято: "+a.Detail)
}

func unknownYet(a registrar.Availability) registrar.Problem {
	name := input.Unicode(a.Name)
	return told("domain", "availability_unknown", map[string]string{"domain": name, "detail": a.Detail},
		"the registry was not heard on whether "+name+" is free: "+a.Detail, "реестр не ответил, свободно ли "+name+": "+a.Detail)
}

func told(path, code string, params map[string]string, en, ru string) registrar.Problem {
	return registrar.Problem{Path: path, Code: code, Params: params, Message: en, Texts: map[string]string{"en": en, "ru": ru}}
}
