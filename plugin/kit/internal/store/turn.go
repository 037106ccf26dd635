package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync/atomic"

	"registrar.panel/internal/sqldb"
)

// Settings by which instances that share a store take turns.
const (
	fenceSetting  = "fence"  // how often an instance has begun to work
	holderSetting = "holder" // which was the last one
)

// Turn is the lease by which one of several instances on a server carries operations out. The fence stops an
// instance that has lost it and acts too late: see Recover.
func (s *Store) Turn(t sqldb.LeaseTiming) *sqldb.Lease { return s.db.Lease(s.Name, s.Node, t) }

// fence is the number under which an instance claims. The holder of an older one can't claim any more.
type fence struct{ mine atomic.Int64 }

// take gives this instance, a node of a name, a fence.
func (f *fence) take(ctx context.Context, db *sqldb.DB, node string) error {
	var number int64
	err := db.Write(ctx, func(tx *sql.Tx) (err error) {
		if number, err = readFence(ctx, tx); err != nil {
			return err
		}
		number++
		if err := setSetting(ctx, tx, holderSetting, node); err != nil {
			return err
		}
		return setSetting(ctx, tx, fenceSetting, strconv.FormatInt(number, 10))
	})
	if err != nil {
		return fmt.Errorf("take fence: %w", err)
	}
	// Once it is committed: until then another instance may be the holder.
	f.mine.Store(number)
	return nil
}

func readFence(ctx context.Context, tx *sql.Tx) (int64, error) {
	text, err := setting(ctx, tx, fenceSetting)
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// ErrOthersTurn means that another instance on the server has begun to carry operations out.
var ErrOthersTurn = errors.New("another instance carries operations out by now")

func (f *fence) check(ctx context.Context, tx *sql.Tx) error {
	number, err := readFence(ctx, tx)
	if err == nil && number != f.mine.Load() {
		err = ErrOthersTurn
	}
	return err
}

// Follow moves the mark of an instance that stands by to what the working one has committed, so that it
// recognises an older database when its turn comes. A new holder may not have recognised it yet, either.
func (s *Store) Follow(ctx context.Context, holder string) error {
	left, err := s.mark.read()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("follow: %w", err)
	}

	var have mark
	var at string
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if have, err = position(ctx, tx); err != nil {
			return err
		}
		at, err = setting(ctx, tx, holderSetting)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}

	// The mark stays while the new holder has not begun, and if the database is older: it is what shows that
	// the database went back.
	if at != holder || !missing && have.isOlder(left, true) {
		return nil
	}
	return s.mark.move(have)
}
