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
	fenceSetting  = "fence"  // how often an instance began to work
	holderSetting = "holder" // which was the last
)

// Turn is the lease by which one of several instances on a server carries operations out. What one that
// has lost it does too late, the fence forbids: see Recover.
func (s *Store) Turn(t sqldb.LeaseTiming) *sqldb.Lease { return s.db.Lease(s.Name, s.Node, t) }

// fence is the number under which an instance claims. The holder of an older one can claim nothing any
// more.
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
	// Once it is committed: until then another may be the holder.
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

// ErrOthersTurn: another instance on the server carries operations out since this one began to.
var ErrOthersTurn = errors.New("another instance carries operations out by now")

func (f *fence) check(ctx context.Context, tx *sql.Tx) error {
	number, err := readFence(ctx, tx)
	if err == nil && number != f.mine.Load() {
		err = ErrOthersTurn
	}
	return err
}

// Follow moves the mark of an instance that stands by to what the one at work has committed, so that it
// knows an older database when its turn comes. One that has just got the turn may not know it either.
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

	// The mark stays as it is while the new holder has not begun, and of an older database: it is what
	// shows that the database went back.
	if at != holder || !missing && have.isOlder(left, true) {
		return nil
	}
	return s.mark.move(have)
}
