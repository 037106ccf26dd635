// Package sqldb opens the databases that hold the panel's and the plugins' truth.
//
// Its guarantees: a commit that was acknowledged survives a crash and a power cut (SQLite in
// WAL mode with synchronous=FULL; both are checked at start). There is one writer at a time,
// so a transaction never sees another's half. The schema is migrated forward on opening, and
// a database newer than the program is refused. A missing database is made only when the
// caller permits it: starting afresh by mistake would forget what has been paid for.
//
// Its SQL uses $1, $2 … for arguments. Migrations are written in SQLite's STRICT dialect
// and translated for PostgreSQL: their types, and nothing else in which the two differ.
//
// Options.Server names a PostgreSQL database, for several nodes at once, with the same promises:
// there, too, writers take turns and a reader sees one unchanging view. It works through
// PgBouncer in transaction mode. One thing differs: after a failed statement a transaction can
// only be rolled back, so a row that may exist already is inserted with "on conflict do nothing".
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"registrar.panel/shared/secret"
)

// Options says which database to open.
type Options struct {
	// Path is the SQLite file.
	Path string
	// Server is the URL of a PostgreSQL database to use instead; it may hold a password.
	Server secret.String
	// Owner names the program whose store is on the server; each program needs a database of its own.
	Owner string
	// Create permits making the file, or the tables on the server, if they are missing.
	Create bool
	// Migrations holds goose migrations, NNNNN_name.sql, at its root. Its directory
	// postgres holds other versions of those that PostgreSQL needs in other words.
	Migrations fs.FS
}

// ErrMissing means that there is no database, and creating one was not permitted.
var ErrMissing = errors.New("the database does not exist")

// Querier runs statements, inside a transaction or outside one.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is one database. It has writing connections, of which one works at a time, and reading ones.
type DB struct {
	writer   *sql.DB
	reader   *sql.DB
	readOnly *sql.TxOptions // for reading transactions
	rotating sync.Mutex     // held while the key is exchanged

	// Only with SQLite.
	group *group // writers that share a commit
	files files  // the files that it was opened from

	// Only with PostgreSQL.
	lease      *sql.DB       // a pool of its own, so that a lease waits for nothing
	beginWrite string        // the first statement of a writing transaction
	within     time.Duration // how long a transaction may take
}

// Open opens, checks and migrates a database.
func Open(ctx context.Context, o Options) (*DB, error) {
	if !o.Server.IsEmpty() {
		db, err := openServer(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("open the PostgreSQL database of %s: %w", o.Owner, err)
		}
		return db, nil
	}

	// Another database in the same place may have been closed only now,
	// and have removed the -wal: opened again, this one makes a new -wal.
	db, err := openFile(ctx, o)
	if errors.Is(err, ErrMoved) {
		db, err = openFile(ctx, o)
	}
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	return db, nil
}

// isCurrent reports whether the schema is the newest that this program knows. It looks at the names
// of the migrations alone: to read their texts takes longer than the rest of opening a database.
func isCurrent(ctx context.Context, db *sql.DB, migrations fs.FS) bool {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return false
	}

	var have, know int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return false // migrate reports which one it is
		}
		know = max(know, version)
	}

	err = db.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from goose_db_version").Scan(&have)
	return err == nil && have == know
}

// migrate brings the schema forward, and refuses a schema that is newer than this program.
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

// Write runs fn, one writer at a time, and commits if it returns nil; otherwise nothing that fn did
// remains. When Write returns nil, the commit has reached the disk. Writers that come at the same time may
// share one transaction. fn must not wait for anything but the database, and must not end the transaction.
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
	// On a server other nodes wait until a writer's transaction ends.
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

// Close closes all connections. Those to a file are closed when
// it returns; one that stays in use for long is an error.
func (db *DB) Close() error {
	if db.lease == nil {
		return closePools(db.reader, db.writer)
	}
	return errors.Join(db.reader.Close(), db.writer.Close(), db.lease.Close())
}
