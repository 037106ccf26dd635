package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// tell appends an event, with the present record of its domain.
func (s *Store) tell(ctx context.Context, tx *sql.Tx, e registrar.Event) error {
	e.At = s.Now().UTC()
	d, err := s.readDomain(ctx, tx, e.Name)
	switch {
	case err == nil:
		e.Domain = &d
	case !errors.Is(err, registrar.NotFound):
		return err
	}

	// Without gaps, because writers come one at a time.
	if err := tx.QueryRowContext(ctx, "select coalesce(max(cursor), 0) + 1 from events").Scan(&e.Cursor); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "insert into events (cursor, event) values ($1, $2)", int64(e.Cursor), string(text)); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	return nil
}

// Changed implements registrarkit.Record.
func (s *Store) Changed() <-chan struct{} { return s.changed.Next() }

// EventsAfter implements registrarkit.Record.
func (s *Store) EventsAfter(ctx context.Context, after registrar.Cursor) (batch []registrar.Event, err error) {
	const atOnce = 500
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		batch, err = sqldb.Collect(ctx, tx, sqldb.JSON[registrar.Event], "select event from events where cursor > $1 order by cursor limit $2", int64(after), atOnce)
		return err
	})
	return batch, err
}
