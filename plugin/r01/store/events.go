package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Emit appends an event to the record. The event gets its cursor when the transaction ends, and
// if it is about a known domain it takes along the domain's record as the transaction leaves it.
func (tx *Tx) Emit(e registrar.Event) { tx.emitted = append(tx.emitted, e) }

// record stores the emitted events.
func (tx *Tx) record() error {
	if len(tx.emitted) == 0 {
		return nil
	}

	n := int64(len(tx.emitted))
	// The cursors of all events at once. Writers take turns, so cursors are dense and in the order of commits.
	last, err := tx.count("event", n, n)
	if err != nil {
		return fmt.Errorf("emit event: %w", err)
	}

	// Each domain is read once, after everything that the transaction has changed.
	about := map[string]bool{}
	for _, e := range tx.emitted {
		if e.Name != "" {
			about[e.Name] = true
		}
	}
	domains, err := tx.Domains.GetAll(slices.Collect(maps.Keys(about)))
	if err != nil {
		return fmt.Errorf("emit event: %w", err)
	}

	for i := range tx.emitted {
		e := &tx.emitted[i]
		e.Cursor = registrar.Cursor(last - n + 1 + int64(i))
		if d, known := domains[e.Name]; known {
			e.Domain = &d
		}
	}

	err = insert(tx, "events (cursor, event)", tx.emitted, func(e registrar.Event) ([]any, error) {
		text, err := json.Marshal(e)
		return []any{int64(e.Cursor), string(text)}, err
	})
	if err != nil {
		return fmt.Errorf("emit event: %w", err)
	}
	return nil
}

// errOnlyReads means that an event would be lost, because the transaction only reads.
var errOnlyReads = errors.New("emit event: the transaction only reads")

// Events lists at most limit events after a cursor, oldest first.
func (tx *Tx) Events(after registrar.Cursor, limit int) ([]registrar.Event, error) {
	return collect(tx, sqldb.JSON[registrar.Event], "select event from events where cursor > $1 order by cursor limit $2", int64(after), limit)
}
