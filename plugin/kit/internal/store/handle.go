package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// adopt records that a customer has a handle; "" = none.
func adopt(ctx context.Context, tx *sql.Tx, customer, handle string) error {
	if handle == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `insert into handles (number, customer, handle) values ((select coalesce(max(number), 0) + 1 from handles), $1, $2)
		on conflict do nothing`, customer, handle)
	if err != nil {
		return fmt.Errorf("adopt handle: %w", err)
	}
	return nil
}

// handleOf returns the customer's handle that was adopted last; "" = none.
func handleOf(ctx context.Context, tx *sql.Tx, customer string) (handle string, err error) {
	err = tx.QueryRowContext(ctx, "select handle from handles where customer = $1 order by number desc limit 1", customer).Scan(&handle)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return handle, err
}

// AdoptHandle records that a customer has a handle.
func (s *Store) AdoptHandle(ctx context.Context, customer, handle string) error {
	return s.write(ctx, func(tx *sql.Tx) error { return adopt(ctx, tx, customer, handle) })
}

// Handles lists a customer's handles, in the order in which they became known.
func (s *Store) Handles(ctx context.Context, customer string) (list []registrar.Handle, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (registrar.Handle, error) {
			h := registrar.Handle{Customer: customer, State: registrar.HandleRegistered}
			return h, row.Scan(&h.Handle)
		}, "select handle from handles where customer = $1 order by number", customer)
		return err
	})
	return list, err
}
