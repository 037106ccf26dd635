package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
)

// Look runs fn on one view of a database that may be at work in
// another process. It does not make, migrate or change the database.
func Look(ctx context.Context, o Options, fn func(tx *sql.Tx) error) error {
	var pool *sql.DB
	if o.Server.IsEmpty() {
		// SQLite would make the file that is missing, and take an empty one for a database without tables.
		info, err := os.Stat(o.Path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
			return ErrMissing
		}

		if err != nil {
			return err
		}
		if pool, err = openPool(dsn(o.Path, true)); err != nil {
			return err
		}
	} else {
		c, err := parseServer(o.Server)
		if err != nil {
			return err
		}
		pool = serverPool(c, 1)
	}

	db := &DB{reader: pool}
	return errors.Join(db.inTx(ctx, pool, &sql.TxOptions{ReadOnly: true}, "", fn), closePools(pool))
}
