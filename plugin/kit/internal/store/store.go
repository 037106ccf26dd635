// Package store keeps what a registrar must not forget: operations with their sealed orders and histories,
// domains, handles and events, in one SQLite file, or in a PostgreSQL database that several instances share.
// Things that belong together are written in one transaction, and an operation moves only by the table in
// package life.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

//go:embed migrations/*.sql
var migrations embed.FS

// sealedOrders is the sealed column of orders.
var sealedOrders = sqldb.Sealed{Table: "operations", Key: "number", Column: "sealed_order", Context: "'order|' || order_id"}

// Options are the options of Open.
type Options struct {
	Dir          string        // contains key and mark, and the database unless there is a server
	Server       secret.String // URL of a PostgreSQL database; empty = a file
	Node         string        // this instance's name among those that share a server
	Name         string        // the registrar's: operations are called NAME-1, NAME-2 …
	Files        string        // the names of the files, without .db, .key and .mark; "" = registrar
	Create       bool          // permits creating the store
	Now          func() time.Time
	Instructions Instructions // for the orders of a book that is taken over
	Masked       Masked       // nil = no contacts are kept
}

// Masked returns the contacts of an order as they may be kept after it has ended, and shown to staff.
type Masked func(o registrar.Order) registrar.Contacts

func (o Options) file(kind string) string { return filepath.Join(o.Dir, o.Files+kind) }

// Store is the store of one registrar. Open returns one; its methods may be called concurrently.
type Store struct {
	Options
	db     *sqldb.DB
	box    *seal.Box
	orders envelope
	mark   markFile
	fence  fence

	changed wake.Broadcast // at each event
	due     wake.Signal    // when an operation may be due
}

// Open opens a store. A file is compared at once with the last one used here: see Restored. A database on a
// server is compared when its instance begins to work: see Recover.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.Files = cmp.Or(o.Files, "registrar")
	s, err := openFiles(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}

	err = readBook(ctx, s)
	if err == nil && !s.Shared() {
		err = s.recognise(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return s, nil
}

func openFiles(ctx context.Context, o Options) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	where := sqldb.Options{Path: o.file(".db"), Server: o.Server, Owner: "plugin " + o.Name, Create: o.Create, Migrations: files}
	// A book first: the migrations of a store don't know it.
	if err := takeOver(ctx, where); err != nil {
		return nil, err
	}

	db, err := sqldb.Open(ctx, where)
	if err != nil {
		return nil, err
	}
	box, err := db.OpenBox(ctx, o.file(".key"), o.Create, sealedOrders, sealedContacts)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{Options: o, db: db, box: box, orders: envelope{box}, mark: markFile{file: o.file(".mark")}, due: wake.NewSignal()}, nil
}

// Shared reports whether other instances may use the store at the same time.
func (s *Store) Shared() bool { return !s.Server.IsEmpty() }

// Close closes the files.
func (s *Store) Close() error {
	return errors.Join(s.db.Close(), s.mark.close())
}

// Due returns the channel that wakes the worker, which then looks for due operations.
func (s *Store) Due() <-chan struct{} { return s.due }

// write commits what fn does, and wakes those who wait for it.
func (s *Store) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if err := s.db.Write(ctx, fn); err != nil {
		return err
	}
	s.changed.Wake()
	s.due.Wake()
	return nil
}

func setting(ctx context.Context, tx *sql.Tx, name string) (value string, err error) {
	err = tx.QueryRowContext(ctx, "select value from settings where name = $1", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

func setSetting(ctx context.Context, tx *sql.Tx, name, value string) error {
	_, err := tx.ExecContext(ctx, "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value", name, value)
	return err
}
