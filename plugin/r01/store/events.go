package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Emit appends an event to the record. It gets its cursor when the transaction ends, and an
// event about a known domain takes the domain's record along as the transaction leaves it.
func (tx *Tx) Emit(e registrar.Event) { tx.emitted = append(tx.emitted, e) }

// chunks cuts a list into pieces for a statement each. They have few sizes, because a statement
// is kept for each.
func chunks[T any](all []T) (pieces [][]T) {
	for _, n := range []int{64, 8, 1} {
		for len(all) >= n {
			pieces, all = append(pieces, all[:n]), all[n:]
		}
	}
	return pieces
}

// record stores what was emitted.
func (tx *Tx) record() error {
	if len(tx.emitted) == 0 {
		return nil
	}

	n := int64(len(tx.emitted))
	last, err := tx.count("event", n, n)
	if err != nil {
		return fmt.Errorf("emit event: %w", err)
	}

	domains, err := tx.domainsOf(tx.emitted)
	if err != nil {
		return fmt.Errorf("emit event: %w", err)
	}

	for i := range tx.emitted {
		e := &tx.emitted[i]
		e.Cursor, e.Domain = registrar.Cursor(last-n+1+int64(i)), domains[e.Name]
	}

	for _, some := range chunks(tx.emitted) {
		if err := tx.insertEvents(some); err != nil {
			return fmt.Errorf("emit event: %w", err)
		}
	}

	return nil
}

// domainsOf returns the records of the known domains that events are about.
func (tx *Tx) domainsOf(events []registrar.Event) (map[string]*registrar.Domain, error) {
	var names []any
	found := map[string]*registrar.Domain{"": nil}
	for _, e := range events {
		if _, listed := found[e.Name]; !listed {
			found[e.Name] = nil
			names = append(names, e.Name)
		}
	}

	for _, some := range chunks(names) {
		list, err := tx.Domains.whole("where d.name in ("+placeholders(1, len(some))+")", some...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			found[list[i].Name] = &list[i]
		}
	}

	return found, nil
}

func (tx *Tx) insertEvents(events []registrar.Event) error {
	var rows []string
	var args []any
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		rows = append(rows, "("+placeholders(len(args)+1, 2)+")")
		args = append(args, int64(e.Cursor), string(text))
	}
	return tx.exec("insert into events (cursor, event) values "+strings.Join(rows, ", "), args...)
}

// placeholders are n of them from a number on: $3, $4.
func placeholders(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("$", from+i))
	}
	return strings.Join(all, ", ")
}

// errOnlyReads: what a reading transaction emits would be lost.
var errOnlyReads = errors.New("emit event: the transaction only reads")

// Events lists at most limit events after a cursor, oldest first.
func (tx *Tx) Events(after registrar.Cursor, limit int) ([]registrar.Event, error) {
	return collect(tx, sqldb.JSON[registrar.Event], "select event from events where cursor > $1 order by cursor limit $2", int64(after), limit)
}
