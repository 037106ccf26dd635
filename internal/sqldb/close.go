package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// settleWithin bounds how long the closing of a file waits for connections that are in use.
const settleWithin = 30 * time.Second

// closePools closes pools, and returns when their connections are closed. A pool's Close
// does not wait for connections that are in use, and the connection of a reader that was
// cut off ends a moment later. The last connection to a SQLite file removes a -wal of
// that name, which by then may belong to another database that was put in its place.
func closePools(pools ...*sql.DB) error {
	var err error
	for _, p := range pools {
		err = errors.Join(err, p.Close())
	}

	end := time.Now().Add(settleWithin)
	for open(pools) > 0 {
		if time.Now().After(end) {
			return errors.Join(err, fmt.Errorf("close database: %d connections were in use for %s", open(pools), settleWithin))
		}
		time.Sleep(time.Millisecond) // database/sql does not report when a connection ends
	}

	return err
}

func open(pools []*sql.DB) int {
	n := 0
	for _, p := range pools {
		n += p.Stats().OpenConnections
	}
	return n
}
