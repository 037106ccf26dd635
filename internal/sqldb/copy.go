package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrOnServer is returned for what works on files only.
var ErrOnServer = errors.New("the database is on a PostgreSQL server, which has means of its own for that: pg_dump, or copies of the server")

// Copy writes the database, as of one moment, into a new file that only its owner may read.
// Reading and writing go on meanwhile. When it returns, the file is on the disk. It returns
// ErrOnServer if the database is not in files of ours.
func (db *DB) Copy(ctx context.Context, path string) error {
	if db.lease != nil {
		return fmt.Errorf("copy database: %w", ErrOnServer)
	}
	if err := reserve(path); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}

	err := db.vacuumInto(ctx, path)
	if err == nil {
		err = errors.Join(syncPath(path), syncPath(filepath.Dir(path)))
	}
	if err != nil {
		// A part of a copy is of no use. The name was free, so this removes no other file.
		return errors.Join(fmt.Errorf("copy database: %w", err), os.Remove(path))
	}
	return nil
}

// reserve makes an empty file that only its owner may read. SQLite writes into it; a file that
// SQLite makes has the umask's mode, and other accounts could read it until the copy is complete.
func reserve(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// vacuumInto borrows a reading connection, so that the writer is not kept waiting.
func (db *DB) vacuumInto(ctx context.Context, path string) error {
	conn, err := db.reader.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()

	// SQLite counts "vacuum into" as writing, which a reading connection refuses.
	if _, err := conn.ExecContext(ctx, "pragma query_only(0)"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "vacuum into $1", path)

	// Also when ctx has ended, because the pool gives the connection to readers again.
	_, back := conn.ExecContext(context.WithoutCancel(ctx), "pragma query_only(1)")
	return errors.Join(err, back)
}

// syncPath flushes a file, or the names in a directory, to the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
