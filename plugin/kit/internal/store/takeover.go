package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// takeovers has the schema of a book, and the migration that makes it a store. A book is the store that the
// plugin manual had before it was built with the kit: operations that staff conclude, domains, events.
//
//go:embed takeover/*.sql
var takeovers embed.FS

// unread is the setting of a store that was a book and whose sealed orders have not been read yet.
const unread = "book"

// takeOver turns a book into a store, if there is one in place of the store.
func takeOver(ctx context.Context, o sqldb.Options) error {
	is := false
	// Look changes nothing. Opening a store of the kit with the migrations of a book would spoil it.
	err := sqldb.Look(ctx, o, func(tx *sql.Tx) (err error) {
		is, err = isBook(ctx, tx, !o.Server.IsEmpty())
		return err
	})
	if errors.Is(err, sqldb.ErrMissing) || err == nil && !is {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a book: %w", err)
	}

	if o.Migrations, err = fs.Sub(takeovers, "takeover"); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("take over book: %w", err)
	}
	return db.Close()
}

// isBook reports whether a database is a book: no store of the kit has that column.
func isBook(ctx context.Context, tx *sql.Tx, onServer bool) (bool, error) {
	query := "select count(*) from pragma_table_info('operations') where name = 'decided_by'"
	if onServer {
		query = "select count(*) from pg_attribute where attrelid = to_regclass('operations') and attname = 'decided_by' and not attisdropped"
	}
	n := 0
	err := tx.QueryRowContext(ctx, query).Scan(&n)
	return n > 0, err
}

// bookOrder is an order as a book has it: with only a digest of a transfer code, and after erasing without
// code and contact.
type bookOrder struct {
	registrar.Order
	Code   string
	Erased bool
}

// bookAtOnce is how many rows of a book are read in one transaction.
const bookAtOnce = 200

// Instructions returns what an order asks for, and what staff have to do; "" = nothing, it is sent.
type Instructions func(o registrar.Order) (message, byHand string)

// bookReader adds to a store what the sealed orders of a book contain.
type bookReader struct {
	*Store
	instructions Instructions
}

// readBook reads the sealed orders, if that was not done yet.
func readBook(ctx context.Context, s *Store) error {
	var state string
	err := s.db.Read(ctx, func(tx *sql.Tx) (err error) { state, err = setting(ctx, tx, unread); return err })
	if err != nil || state == "" {
		return err
	}

	r := bookReader{s, s.Instructions}
	if err := r.all(ctx, r.operations); err != nil {
		return fmt.Errorf("read the orders of the book: %w", err)
	}
	if err := r.all(ctx, r.domains); err != nil {
		return fmt.Errorf("read the domains of the book: %w", err)
	}
	// Last, so that a start that is interrupted reads again: orders that were read have a digest and are
	// skipped, and domains get the same result.
	return s.db.Write(ctx, func(tx *sql.Tx) error { return setSetting(ctx, tx, unread, "") })
}

// all reads page after page, each in a transaction: the rows after a key, until there are no more.
func (r bookReader) all(ctx context.Context, page func(ctx context.Context, tx *sql.Tx, after string) (last string, err error)) error {
	for after, first := "", true; first || after != ""; first = false {
		err := r.db.Write(ctx, func(tx *sql.Tx) (err error) { after, err = page(ctx, tx, after); return err })
		if err != nil {
			return err
		}
	}
	return nil
}

// operations reads some orders that were not read yet.
func (r bookReader) operations(ctx context.Context, tx *sql.Tx, after string) (last string, err error) {
	list, err := sqldb.Collect(ctx, tx, r.scan, "select "+columns+" from operations where digest = '' and order_id > $1 order by order_id limit $2", after, bookAtOnce)
	if err != nil {
		return "", err
	}
	for _, t := range list {
		if err := r.operation(ctx, tx, t); err != nil {
			return "", fmt.Errorf("order %s: %w", t.Order, err)
		}
		last = string(t.Order)
	}
	return last, nil
}

func (r bookReader) operation(ctx context.Context, tx *sql.Tx, t Task) error {
	text, err := r.box.Open(t.sealed, sealedAs(t.Order))
	if err != nil {
		return err
	}
	var o bookOrder
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	o.AuthCode = "" // it is never written

	message, byHand := r.instructions(o.Order)
	todo := cmp.Or(byHand, waitsFor(t.State))
	// An operation that has ended keeps only the digest of its order, like any other.
	if t.State.Final() {
		t.sealed, todo = []byte{}, ""
	} else if t.sealed, err = r.orders.seal(o.Order); err != nil {
		return err
	}

	_, err = tx.ExecContext(ctx, "update operations set digest = $1, customer = $2, waits_for = $3, sealed_order = $4 where number = $5",
		r.orders.digestOf(o), o.Customer, todo, t.sealed, t.number)
	if err != nil {
		return err
	}
	// The migration could not open the order, so it left the first step without a message.
	_, err = tx.ExecContext(ctx, "update steps set message = $1 where operation = $2 and number = 1", message, t.number)
	return err
}

// domains reads to whom some domains belong.
func (r bookReader) domains(ctx context.Context, tx *sql.Tx, after string) (last string, err error) {
	list, err := sqldb.Collect(ctx, tx, sqldb.JSON[registrar.Domain], "select record from domains where name > $1 order by name limit $2", after, bookAtOnce)
	if err != nil {
		return "", err
	}
	for _, d := range list {
		if err := putDomain(ctx, tx, d); err != nil {
			return "", err
		}
		last = d.Name
	}
	return last, nil
}
