package sqldb

import (
	"context"
	"errors"
	"fmt"
)

// ErrBusy means that the database is being read, and its files may still contain what was removed.
var ErrBusy = errors.New("the database is being read; try again in a moment")

// Purge takes what was removed or replaced out of the database's files. SQLite
// overwrites such data in place with zeros (secure_delete), but the write-ahead log has
// earlier copies of the pages until it has been copied into the database and cut. On a
// server Purge does nothing: the server decides what becomes of old rows, and when.
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
