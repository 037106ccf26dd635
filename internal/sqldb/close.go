package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// settleWithin bounds how long the closing of a file waits for connections that are in use.
const settleWithin = 30 * time.Second

// closePools closes pools, and returns when their connections are closed. A pool's Close leaves those
// in use to their users, and one whose reader was cut off ends a moment later: the last of a SQLite
// file then removes a -wal of that name, which may be that of a database that was put in its place
// meanwhile.
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
		time.Sleep(time.Millisecond) // database/sql tells no one when a connection ends
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
