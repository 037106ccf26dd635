package orders

import (
	"context"
	"database/sql"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Order returns one order.
func (s *Service) Order(ctx context.Context, id registrar.OrderID) (o Order, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		o, err = selectOrder(ctx, tx, id)
		return err
	})
	if err != nil {
		return o, err
	}
	o = s.waits().shown(o)
	s.waits().askOrder(ctx, &o)
	return o, nil
}

// Domain returns one domain; its name may be in Unicode or in ACE.
func (s *Service) Domain(ctx context.Context, name string) (Domain, error) {
	ace, err := input.ACE(name)
	if err != nil {
		return Domain{}, err
	}
	d, err := s.find(ctx, ace)
	if err == nil && d.Name == "" {
		err = registrar.Errorf(registrar.NotFound, "there is no domain %s here", input.Unicode(ace))
	}
	if err != nil {
		return d, err
	}
	s.waits().askDomain(ctx, &d)
	one := []Domain{d}
	err = s.db.Read(ctx, func(tx *sql.Tx) error { return s.lateness().warn(ctx, tx, one) })
	return one[0], err
}

// find returns the zero Domain for an unknown name.
func (l *ledger) find(ctx context.Context, ace string) (d Domain, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		d, err = selectDomain(ctx, tx, ace)
		return err
	})
	return d, err
}
