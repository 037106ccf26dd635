// Package store keeps the R01 plugin's data: clients, requests, operations, domains, mails and
// the event record. It is the only room of the plugin that knows SQL.
//
// Guarantees: if Write returned nil, what it wrote survives any crash. A request changes state
// only by compare-and-swap; [ErrMoved] means that another writer was first, and the caller reads
// again. Unique indexes ensure that what may exist once exists once, and a violation is
// [ErrExists]. Registrants, orders, request bodies and mails are sealed before they are written,
// and their digests are keyed. Cursors of events are dense and in the order of commits.
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
	"strconv"
	"sync"
	"time"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

var (
	// ErrNotFound means that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrMoved means that the row is no longer in the state that the caller saw.
	ErrMoved = errors.New("it has moved on meanwhile")
	// ErrExists means that a unique index forbids a second row.
	ErrExists = errors.New("there is one already")
)

//go:embed migrations/*.sql migrations/postgres/*.sql
var embedded embed.FS

// Files in the plugin's directory.
const (
	database = "r01.db"
	keyFile  = "r01.key"
)

// sealed lists the sealed columns.
var sealed = []sqldb.Sealed{
	{Table: "clients", Key: "id", Column: "sealed_contact", Context: "'clients|' || id"},
	{Table: "operations", Key: "id", Column: "sealed_order", Context: "'operations|' || id"},
	{Table: "operations", Key: "id", Column: "sealed_code", Context: "'operations|code|' || id"},
	{Table: "requests", Key: "id", Column: "sealed_body", Context: "'requests|' || id"},
	{Table: "mails", Key: "id", Column: "sealed_raw", Context: "'mails|' || id"},
	{Table: "mails", Key: "id", Column: "sealed_heading", Context: "'mails|heading|' || id"},
	{Table: "ignored_senders", Key: "sender", Column: "sealed_address", Context: "'ignored_senders|' || sender"},
}

// Store is one plugin's database.
type Store struct {
	db  *sqldb.DB
	box *seal.Box
	dir string

	shared  bool // with other instances
	marking sync.Mutex
	marked  *os.File  // once the mark has been moved
	last    watermark // written to it since DetectRestore
}

func migrations() fs.FS {
	sub, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the name is not well-formed
	}
	return sub
}

// Options says where a store is.
type Options struct {
	Dir    string        // holds the key, and the database unless there is a server
	Server secret.String // URL of a PostgreSQL database; empty = a file
	Create bool          // permits making it
}

// Open opens a store.
func Open(ctx context.Context, o Options) (*Store, error) {
	// The database first: if there is a database without its key, nothing may be created.
	db, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(o.Dir, database), Server: o.Server, Owner: "plugin r01", Create: o.Create, Migrations: migrations()})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	box, err := db.OpenBox(ctx, filepath.Join(o.Dir, keyFile), o.Create, sealed...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	s := &Store{db: db, box: box, dir: o.Dir, shared: !o.Server.IsEmpty()}
	if err := s.keyDigests(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	return s, nil
}

// Lease decides which of several instances on one server works; holder names this one.
func (s *Store) Lease(holder string, t sqldb.LeaseTiming) *sqldb.Lease {
	return s.db.Lease("r01", holder, t)
}

// Close closes the database.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.marked != nil {
		err = errors.Join(err, s.marked.Close())
	}
	return err
}

// Fingerprint returns a keyed digest by which two things can be compared without being kept.
func (s *Store) Fingerprint(parts ...string) string { return s.box.Fingerprint(parts...) }

// InPlace returns an error when the database is no longer where it was opened: deleted, moved, or
// another file in its place.
func (s *Store) InPlace() error {
	if err := s.db.InPlace(); err != nil {
		return fmt.Errorf("look at the store: %w", err)
	}
	return nil
}

// Purge takes removed and replaced data out of the database's files.
func (s *Store) Purge(ctx context.Context) error { return s.db.Purge(ctx) }

// RotateKey exchanges the key of the store, or continues an exchange.
func (s *Store) RotateKey(ctx context.Context) (fingerprint string, n int64, err error) {
	n, err = s.db.RotateKey(ctx, s.box, sealed...)
	return s.box.Name(), n, err
}

// Tx is one transaction, with the rows that can be reached in it. It is valid only within the
// function that is given to Write or Read, and so is its context.
type Tx struct {
	Requests   Requests
	Operations Operations
	Mails      Mails
	Reviews    Reviews
	Domains    Domains
	Clients    Clients
	Renewals   Renewals
	Registry   Registry
	Erasures   Erasures

	ctx     context.Context
	sql     *sql.Tx
	box     *seal.Box
	emitted []registrar.Event // not recorded yet
	memo    memo
}

// The rows of a transaction, by their subject.
type (
	Requests   struct{ tx *Tx } // what is sent to R01
	Operations struct{ tx *Tx } // what was ordered, and its history
	Mails      struct{ tx *Tx } // what came and what left
	Reviews    struct{ tx *Tx } // mails that wait for a person
	Domains    struct{ tx *Tx }
	Clients    struct{ tx *Tx } // registrants, as R01 knows them
	Renewals   struct{ tx *Tx } // what the schedule plans and announces
	Registry   struct{ tx *Tx } // zone lists that were read, and doubts
)

// begun wraps a transaction that has begun.
func (s *Store) begun(ctx context.Context, t *sql.Tx) *Tx {
	tx := &Tx{ctx: ctx, sql: t, box: s.box, memo: memo{records: map[string]registrar.Domain{}}}
	tx.Requests, tx.Operations, tx.Mails, tx.Reviews = Requests{tx}, Operations{tx}, Mails{tx}, Reviews{tx}
	tx.Domains, tx.Clients, tx.Renewals, tx.Registry = Domains{tx}, Clients{tx}, Renewals{tx}, Registry{tx}
	tx.Erasures = Erasures{tx}
	return tx
}

// Write runs fn as the only writer and commits if it returns nil.
func (s *Store) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return s.db.Write(ctx, func(t *sql.Tx) error {
		tx := s.begun(ctx, t)
		if err := fn(tx); err != nil {
			return err
		}
		// Last, because an event takes along its domain as the transaction leaves it.
		return tx.record()
	})
}

// Read runs fn on one view of the data that does not change.
func (s *Store) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return s.db.Read(ctx, func(t *sql.Tx) error {
		tx := s.begun(ctx, t)
		if err := fn(tx); err != nil {
			return err
		}
		if len(tx.emitted) > 0 {
			return errOnlyReads
		}
		return nil
	})
}

// Part runs fn within the transaction; if it fails, what it did is undone and the rest stays.
// Parts do not nest.
func (tx *Tx) Part(fn func() error) error {
	if err := tx.exec("savepoint step"); err != nil {
		return err
	}
	emitted := len(tx.emitted)
	err := fn()
	end := *tx
	end.ctx = context.WithoutCancel(tx.ctx) // else nothing is undone when fn failed of that
	if err != nil {
		tx.emitted, tx.memo = tx.emitted[:emitted], memo{records: map[string]registrar.Domain{}}
		if undone := end.exec("rollback to step"); undone != nil {
			return errors.Join(err, undone)
		}
	}
	return errors.Join(err, end.exec("release step"))
}

func (tx *Tx) exec(query string, args ...any) error {
	_, err := tx.sql.ExecContext(tx.ctx, query, args...)
	return translate(err)
}

// swap runs a conditional update that must change exactly one row.
func (tx *Tx) swap(query string, args ...any) error { return tx.swapAll(1, query, args...) }

// swapAll runs a conditional update that must change that many rows.
func (tx *Tx) swapAll(rows int, query string, args ...any) error {
	n, err := sqldb.Changed(tx.ctx, tx.sql, query, args...)
	if err != nil {
		return translate(err)
	}
	if n != int64(rows) {
		return ErrMoved
	}
	return nil
}

func collect[T any](tx *Tx, scan func(sqldb.Scanner) (T, error), query string, args ...any) ([]T, error) {
	all, err := sqldb.Collect(tx.ctx, tx.sql, scan, query, args...)
	return all, translate(err)
}

func one[T any](tx *Tx, scan func(sqldb.Scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(tx.sql.QueryRowContext(tx.ctx, query, args...))
	return v, translate(err)
}

func translate(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case sqldb.IsUnique(err):
		return ErrExists
	}
	return err
}

// Setting returns a small value, "" when it was never set.
func (tx *Tx) Setting(name string) (string, error) {
	value, err := one(tx, scanText, "select value from settings where name = $1", name)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return value, err
}

// SetSetting stores a small value.
func (tx *Tx) SetSetting(name, value string) error {
	return tx.exec(`insert into settings (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`, name, value)
}

// Time returns a moment that is stored as a setting; zero when it was never set.
func (tx *Tx) Time(name string) (at time.Time, err error) {
	text, err := tx.Setting(name)
	if err != nil || text == "" {
		return at, err
	}
	if err := at.UnmarshalText([]byte(text)); err != nil {
		return at, fmt.Errorf("read setting %s: %w", name, err)
	}
	return at, nil
}

// SetTime stores a moment as a setting.
func (tx *Tx) SetTime(name string, at time.Time) error {
	return tx.SetSetting(name, at.UTC().Format(time.RFC3339Nano))
}

// Count adds one to a counter and returns it. A counter that was never used gives first.
func (tx *Tx) Count(name string, first int64) (int64, error) { return tx.count(name, first, 1) }

// count adds to a counter and returns the sum. A counter that was never used gives first.
func (tx *Tx) count(name string, first, add int64) (int64, error) {
	text, err := one(tx, scanText, `insert into settings (name, value) values ($1, $2)
		on conflict (name) do update set value = cast(cast(settings.value as bigint) + $3 as text) returning value`,
		name, strconv.FormatInt(first, 10), add)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", name, err)
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", name, err)
	}
	return count, nil
}

func scanText(s sqldb.Scanner) (string, error) {
	var text string
	err := s.Scan(&text)
	return text, err
}
