// Package sqldb opens the databases that hold the panel's and the plugins' truth.
//
// What it guarantees: a commit that was acknowledged survives a crash and a power cut
// (SQLite in WAL mode with synchronous=FULL, read back on every connection's behalf at
// start); one writer at a time, so a transaction sees no other's half; the schema is
// migrated forward on opening, and a database newer than the program is refused. A missing
// database is made only when the caller says so: starting afresh by mistake would forget
// what has been paid for.
//
// SQL given to it uses $1, $2 … for arguments. Migrations are written in SQLite's STRICT
// dialect, and translated for PostgreSQL: types, and nothing else that the two say differently.
//
// With Options.Server it is a PostgreSQL database, for several nodes at once, with the same
// promises: writers take turns there, too, and whoever reads sees one unchanging view. It
// works through PgBouncer in transaction mode. One thing differs: after a failed statement
// only a rollback is left of a transaction, so what may exist already is inserted with "on
// conflict do nothing".
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"registrar.panel/internal/secret"
)

// Options says which database to open.
type Options struct {
	// Path is the SQLite file.
	Path string
	// Server is the URL of a PostgreSQL database to use instead; it may hold a password.
	Server secret.String
	// Owner tells a store on a server from others, which need databases of their own.
	Owner string
	// Create permits making the file, or the tables on the server, when they are missing.
	Create bool
	// Migrations holds goose migrations, NNNNN_name.sql, at its root; those that PostgreSQL
	// needs in other words it holds once more in the directory postgres.
	Migrations fs.FS
}

// ErrMissing: there is no database, and creating one was not permitted.
var ErrMissing = errors.New("the database does not exist")

// Querier runs statements, inside a transaction or outside one.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is one database: writing connections, of which one works at a time, and reading ones.
type DB struct {
	writer *sql.DB
	reader *sql.DB
	group  *group // of writers; nil = each commits alone

	// Of PostgreSQL only.
	lease      *sql.DB        // so that a lease waits for nothing
	beginWrite string         // the first statement of a writing transaction
	readOnly   *sql.TxOptions // of a reading one
	within     time.Duration  // how long a transaction may take; 0 = as long as it likes
}

// Open opens, checks and migrates.
func Open(ctx context.Context, o Options) (*DB, error) {
	if !o.Server.IsEmpty() {
		db, err := openServer(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("open the PostgreSQL database of %s: %w", o.Owner, err)
		}
		return db, nil
	}
	if err := makeFile(o); err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	db, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	return db, nil
}

// makeFile creates the file itself, because SQLite would give it the umask's mode; the WAL
// takes over the mode of the file.
func makeFile(o Options) error {
	_, err := os.Stat(o.Path)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !o.Create {
		return ErrMissing
	}
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func open(ctx context.Context, o Options) (*DB, error) {
	writer, err := openPool(dsn(o.Path, false))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err := openPool(dsn(o.Path, true))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	db := &DB{writer: writer, reader: reader, readOnly: &sql.TxOptions{ReadOnly: true}}
	db.group = &group{commit: db.commit}
	if err := errors.Join(check(ctx, writer), migrate(ctx, writer, goose.DialectSQLite3, o.Migrations), check(ctx, reader)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// readers bounds the reading connections, and with them the memory of their caches.
const readers = 4

// dsn sets every pragma in the data source name, so that each connection of a pool has it.
// With secure_delete no page keeps what was replaced.
func dsn(path string, readOnly bool) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
		"foreign_keys(1)", "cache_size(-8192)", "trusted_schema(0)", "secure_delete(1)",
	}}
	if readOnly {
		q.Set("_txlock", "deferred")
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-4096)") // each reader has a cache of its own
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// safeVersion is the first SQLite that cannot corrupt a WAL database with two connections.
const safeVersion = "3.51.3"

// check reads back what durability rests on.
func check(ctx context.Context, db *sql.DB) error {
	var version, journal string
	var synchronous, foreignKeys int
	row := db.QueryRowContext(ctx, `select sqlite_version(), (select journal_mode from pragma_journal_mode),
		(select synchronous from pragma_synchronous), (select foreign_keys from pragma_foreign_keys)`)
	if err := row.Scan(&version, &journal, &synchronous, &foreignKeys); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	const full = 2
	switch {
	case olderVersion(version, safeVersion):
		return fmt.Errorf("SQLite %s can corrupt a database; need %s or newer", version, safeVersion)
	case journal != "wal" || synchronous != full || foreignKeys != 1:
		return fmt.Errorf("settings did not take: journal_mode=%s synchronous=%d foreign_keys=%d", journal, synchronous, foreignKeys)
	}
	return nil
}

func olderVersion(have, want string) bool {
	var h, w [3]int
	fmt.Sscanf(have, "%d.%d.%d", &h[0], &h[1], &h[2])
	fmt.Sscanf(want, "%d.%d.%d", &w[0], &w[1], &w[2])
	for i := range h {
		if h[i] != w[i] {
			return h[i] < w[i]
		}
	}
	return false
}

// migrate brings the schema forward, and refuses one that this program does not know.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, migrations fs.FS, more ...goose.ProviderOption) error {
	provider, err := goose.NewProvider(dialect, db, migrations, append(more, goose.WithLogger(goose.NopLogger()))...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	sources := provider.ListSources()
	switch know := sources[len(sources)-1].Version; {
	case have > know:
		return fmt.Errorf("its schema is version %d and this program knows only %d: use the newer program", have, know)
	case have == know:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Write runs fn, one writer at a time, and commits when it returns nil; otherwise nothing that
// fn did remains. A commit that is reported has reached the disk. Writers that come at the
// same time may share one transaction. fn must not wait for anything but the database, and
// must not end the transaction.
func (db *DB) Write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if db.group == nil {
		return db.commit(ctx, fn)
	}
	return db.group.write(ctx, fn)
}

// commit runs fn in a transaction of its own.
func (db *DB) commit(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return db.inTx(ctx, db.writer, nil, db.beginWrite, fn)
}

// Read runs fn on one unchanging view of the database.
func (db *DB) Read(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return db.inTx(ctx, db.reader, db.readOnly, "", fn)
}

func (db *DB) inTx(ctx context.Context, pool *sql.DB, o *sql.TxOptions, begin string, fn func(tx *sql.Tx) error) error {
	if db.within > 0 {
		limited, cancel := context.WithTimeout(ctx, db.within)
		defer cancel()
		ctx = limited
	}
	tx, err := pool.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if begin != "" {
		if _, err := tx.ExecContext(ctx, begin); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Close closes all connections.
func (db *DB) Close() error {
	err := errors.Join(db.reader.Close(), db.writer.Close())
	if db.lease != nil {
		err = errors.Join(err, db.lease.Close())
	}
	return err
}

// isUniqueFile is IsUnique of SQLite.
func isUniqueFile(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
