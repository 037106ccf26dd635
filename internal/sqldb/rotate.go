package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/internal/seal"
)

// Sealed names a column whose values are sealed.
type Sealed struct {
	Table   string
	Key     string // column that is the table's primary key
	Column  string
	Context string // SQL expression for the context that a value is sealed under: "'order|' || id"
}

func (c Sealed) sample() string {
	return fmt.Sprintf("select %s, %s from %s where length(%s) > 0 order by %s limit 1", c.Column, c.Context, c.Table, c.Column, c.Key)
}

// page lists some rows whose keys are greater than $1, with the sizes of their values.
func (c Sealed) page() string {
	return fmt.Sprintf("select %s, length(%s) from %s where length(%s) > 0 and %s > $1 order by %s limit 100", c.Key, c.Column, c.Table, c.Column, c.Key, c.Key)
}

func (c Sealed) value() string {
	return fmt.Sprintf("select %s, %s from %s where %s = $1", c.Column, c.Context, c.Table, c.Key)
}

func (c Sealed) put() string {
	return fmt.Sprintf("update %s set %s = $1 where %s = $2", c.Table, c.Column, c.Key)
}

// resealAtOnce bounds, in bytes, how much one transaction seals again, and so how long writers wait for it.
const resealAtOnce = 1 << 20

// ErrShared means that several nodes share the database, and each has a copy of its keys.
var ErrShared = errors.New("the database is on a PostgreSQL server, and each node has a copy of its key: it can't be exchanged on one of them")

// RotateKey exchanges the key of the database's sealed columns, or continues an
// exchange that was interrupted. Reading and writing go on meanwhile. When it
// returns without an error, nothing in the database's files is sealed with the
// former key, which is forgotten. It returns how many values it has sealed again.
func (db *DB) RotateKey(ctx context.Context, box *seal.Box, columns ...Sealed) (n int64, err error) {
	if db.lease != nil {
		return 0, fmt.Errorf("exchange key: %w", ErrShared)
	}

	db.rotating.Lock()
	defer db.rotating.Unlock()

	// From here on new values are sealed with the new key, so the pass through the columns comes to
	// an end. The file keeps both keys until Forget, so that everything can be read after a crash.
	if err := box.Renew(); err != nil {
		return 0, err
	}

	for _, c := range columns {
		done, err := db.reseal(ctx, box, c)
		if n += done; err != nil {
			return n, fmt.Errorf("seal %s.%s again: %w", c.Table, c.Column, err)
		}
	}

	// Before Forget: after a crash in between, the database would know only the forgotten key and refuse its own.
	err = db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "update keeper set key_check = $1", box.Check())
		return err
	})
	if err != nil {
		return n, fmt.Errorf("record the key's fingerprint: %w", err)
	}

	// Earlier copies of the pages, sealed with the former key, are still in the write-ahead log. If
	// a reader keeps them there, the former key stays, and the next exchange continues from here.
	if err := db.Purge(ctx); err != nil {
		return n, err
	}

	return n, box.Forget()
}

// reseal goes through a column in the order of its keys, in small transactions.
// Values written meanwhile are sealed with the present key already.
func (db *DB) reseal(ctx context.Context, box *seal.Box, c Sealed) (n int64, err error) {
	var after any = int64(-1) // before every number, and in SQLite before every text
	for {
		var done []any
		var changed int64
		err := db.Write(ctx, func(tx *sql.Tx) (err error) {
			done, changed, err = c.again(ctx, tx, box, after)
			return err
		})
		if err != nil || len(done) == 0 {
			return n, err
		}
		n, after = n+changed, done[len(done)-1]
	}
}

// again seals the next values again, those whose keys are greater
// than a given one. An empty done means that none are left.
func (c Sealed) again(ctx context.Context, tx *sql.Tx, box *seal.Box, after any) (done []any, changed int64, err error) {
	// The page has sizes and no values: a page of large mails may not fit into memory.
	rows, err := Collect(ctx, tx, scanSized, c.page(), after)
	if err != nil {
		return nil, 0, err
	}

	left := int64(resealAtOnce)
	for _, r := range rows {
		if left <= 0 {
			break
		}

		left -= r.size
		done = append(done, r.key)

		var s sample
		if err := tx.QueryRowContext(ctx, c.value(), r.key).Scan(&s.sealed, &s.context); err != nil {
			return nil, 0, err
		}

		again, is, err := box.Again(s.sealed, s.context)
		if err != nil {
			return nil, 0, err
		}

		if !is {
			continue
		}

		changed++
		if _, err := tx.ExecContext(ctx, c.put(), again, r.key); err != nil {
			return nil, 0, err
		}
	}

	return done, changed, nil
}

// sized is a row with the size of its sealed value.
type sized struct {
	key  any
	size int64
}

func scanSized(s Scanner) (r sized, err error) {
	err = s.Scan(&r.key, &r.size)
	if text, ok := r.key.([]byte); ok {
		r.key = string(text)
	}
	return r, err
}
