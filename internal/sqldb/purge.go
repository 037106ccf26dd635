package sqldb

import (
	"context"
	"errors"
	"fmt"
)

// ErrBusy: the database is being read, and what was removed may still lie in its files.
var ErrBusy = errors.New("the database is being read; try again in a moment")

// Purge takes what was removed or replaced out of the database's files. SQLite overwrites it with
// zeros where it lay (secure_delete), but earlier copies of the pages stand in the write-ahead log
// until that has been copied into the database and cut. A server is left to itself: what it does
// with old rows, and when, is its own.
func (db *DB) Purge(ctx context.Context) error {
	if db.lease != nil {
		return nil
	}
	var busy, inLog, copied int
	if err := db.writer.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &inLog, &copied); err != nil {
		return fmt.Errorf("purge database: %w", err)
	}
	if busy != 0 {
		return fmt.Errorf("purge database: %w", ErrBusy)
	}
	return nil
}
