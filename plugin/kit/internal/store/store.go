// Package store keeps what a registrar must not forget: operations with their sealed orders and
// histories, domains, handles and events, in one SQLite file. Whatever belongs together is written
// in one transaction, and an operation is moved only by the table in package life.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
)

//go:embed migrations/*.sql
var migrations embed.FS

// sealedOrders is what is sealed in a store.
var sealedOrders = sqldb.Sealed{Table: "operations", Key: "number", Column: "sealed_order", Context: "'order|' || order_id"}

// The files of a store, in the plugin's directory.
const (
	database = "registrar.db"
	keyFile  = "registrar.key"
	markFile = "registrar.mark"
)

// Options says which store to open.
type Options struct {
	Dir    string
	Name   string // of the registrar: operations are called NAME-1, NAME-2 …
	Create bool   // permits making it
	Now    func() time.Time
}

// Store is the store of one registrar. Make it with Open; its methods may be called concurrently.
type Store struct {
	db   *sqldb.DB
	box  *seal.Box
	dir  string
	name string
	now  func() time.Time

	marking sync.Mutex
	mark    *os.File // how far the store had come
	marked  int64    // what it says

	changed wake.Broadcast // at each event
	due     wake.Signal    // when an operation may be due
}

// Open opens a store, and finds out whether it is the one that was last used here: see Restored.
func Open(ctx context.Context, o Options) (*Store, error) {
	db, err := openDatabase(ctx, filepath.Join(o.Dir, database), o.Create)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}

	box, err := db.OpenBox(ctx, filepath.Join(o.Dir, keyFile), o.Create, sealedOrders)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}

	s := &Store{db: db, box: box, dir: o.Dir, name: o.Name, now: o.Now, due: wake.NewSignal()}
	if err := s.recognise(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return s, nil
}

func openDatabase(ctx context.Context, path string, create bool) (*sqldb.DB, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return sqldb.Open(ctx, sqldb.Options{Path: path, Create: create, Migrations: files})
}

// Close closes the files.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.mark != nil {
		err = errors.Join(err, s.mark.Close())
	}
	return err
}

// Due returns what wakes the one that looks for what is due.
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
