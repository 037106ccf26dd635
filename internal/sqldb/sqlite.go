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
)

// makeFile creates the file itself, because SQLite would give it
// the umask's mode. SQLite gives the WAL the mode of the file.
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

func openFile(ctx context.Context, o Options) (*DB, error) {
	if err := makeFile(o); err != nil {
		return nil, err
	}

	writer, err := openPool(dsn(o.Path, false))
	if err != nil {
		return nil, err
	}

	// Writers wait for this connection, and stop waiting when their context
	// ends. SQLite itself would make them ask for the lock again and again.
	writer.SetMaxOpenConns(1)
	reader, err := openPool(dsn(o.Path, true))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}

	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers) // to open one costs more than the reading itself
	reader.SetConnMaxIdleTime(time.Minute)
	db := &DB{writer: writer, reader: reader, readOnly: &sql.TxOptions{ReadOnly: true}}
	db.group = &group{commit: db.commit}

	// In this order: nothing is migrated through a connection that lacks its settings.
	if err = check(ctx, writer); err == nil {
		err = migrateFile(ctx, writer, o.Migrations)
	}
	if err == nil {
		err = check(ctx, reader)
	}
	if err == nil {
		db.files, err = remember(o.Path)
	}

	if err != nil {
		return nil, errors.Join(err, db.Close())
	}

	return db, nil
}

func migrateFile(ctx context.Context, db *sql.DB, migrations fs.FS) error {
	if isCurrent(ctx, db, migrations) {
		return nil
	}
	return migrate(ctx, db, goose.DialectSQLite3, whole{migrations})
}

// readers bounds the reading connections, and with them the memory of their caches.
const readers = 4

// dsn sets every pragma in the data source name, so that each connection of a pool has it.
func dsn(path string, readOnly bool) string {
	// "immediate", because a transaction that asks for the lock only when it first writes
	// fails, without waiting, if another process has written since it began to read. The
	// caches are small, because the system caches the file's pages as well, and each
	// connection has its own. With secure_delete no page keeps what was replaced.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
		"foreign_keys(1)", "cache_size(-2048)", "trusted_schema(0)", "secure_delete(1)",
	}}
	if readOnly {
		q.Set("_txlock", "deferred")
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-1024)")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// safeVersion is the first SQLite that can't corrupt a WAL database with two connections.
const safeVersion = "3.51.3"

// check reads back the settings on which durability depends.
func check(ctx context.Context, db *sql.DB) error {
	var version, journal string
	var synchronous, foreignKeys int
	row := db.QueryRowContext(ctx, `select sqlite_version(), (select journal_mode from pragma_journal_mode),
		(select synchronous from pragma_synchronous), (select foreign_keys from pragma_foreign_keys)`)
	if err := row.Scan(&version, &journal, &synchronous, &foreignKeys); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}

	// SQLite ignores a pragma that it can't obey. On a file system
	// without shared memory, for example, the journal is not WAL.
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

// isUniqueFile is IsUnique for SQLite.
func isUniqueFile(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
