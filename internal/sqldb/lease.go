package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LeaseTiming says how long a lease lasts. A holder that hears nothing for SafeFor after it last
// asked stops working; until TTL has passed, when others may take over, it can end what is under way.
type LeaseTiming struct{ TTL, RenewEvery, SafeFor time.Duration }

// DefaultLeaseTiming is the timing of the lease that decides which node works: docs/nodes.md.
func DefaultLeaseTiming() LeaseTiming {
	return LeaseTiming{TTL: 15 * time.Second, RenewEvery: 5 * time.Second, SafeFor: 10 * time.Second}
}

// ErrLeaseLost: another instance has the lease now, or may have it soon.
var ErrLeaseLost = errors.New("the lease is lost")

// Lease makes one of several instances the one that works. It is a row that expires, by the
// clock of the database, unless its holder renews it. A holder that was stopped and wakes
// up does not know at once that it was replaced; what must not happen then needs a fence of
// its own.
type Lease struct {
	beat   func(ctx context.Context) (holder string, beats int64, err error) // takes or renews it, and returns its holder
	free   func(ctx context.Context) error
	holder string
	timing LeaseTiming
	beats  int64     // how often the row was renewed when it was last ours
	sure   time.Time // it is ours until then
}

// Lease returns a lease on a PostgreSQL database. holder is a name that no other instance has.
func (db *DB) Lease(name, holder string, t LeaseTiming) *Lease {
	return &Lease{holder: holder, timing: t,
		beat: func(ctx context.Context) (string, int64, error) { return db.beat(ctx, name, holder, t.TTL) },
		free: func(ctx context.Context) error {
			_, err := db.lease.ExecContext(ctx, "delete from leases where name = $1 and holder = $2", name, holder)
			return err
		}}
}

// beat is one statement, so that it needs no transaction and holds no lock.
func (db *DB) beat(ctx context.Context, name, holder string, lasts time.Duration) (now string, beats int64, err error) {
	err = db.lease.QueryRowContext(ctx, `with taken as (
			insert into leases (name, holder, until) values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
			on conflict (name) do update set holder = excluded.holder, until = excluded.until, beats = leases.beats + 1
				where leases.holder = excluded.holder or leases.until < clock_timestamp()
			returning holder, beats)
		select holder, beats from taken union all select holder, beats from leases where name = $1 limit 1`,
		name, holder, lasts.Milliseconds()).Scan(&now, &beats)
	if err != nil {
		return "", 0, fmt.Errorf("ask for lease %s: %w", name, err)
	}
	return now, beats, nil
}

// Take tries to get the lease and returns its holder. It is not held, although the holder's name is
// ours, in a database that was put in the place of the one in which we took it.
func (l *Lease) Take(ctx context.Context) (holder string, held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.timing.RenewEvery)
	defer cancel()

	// Before the question: the database counts from when it got it, which we don't know, and which was
	// not earlier than this.
	asked := time.Now()
	holder, beats, err := l.beat(ctx)
	if err != nil {
		return "", false, err
	}

	// A lease of ours that is older than it was belongs to an older database: nothing is ours there until
	// we have taken over. Counting starts anew, so that the next Take gets it.
	held = holder == l.holder && beats > l.beats
	if l.beats = 0; held {
		l.beats, l.sure = beats, asked.Add(l.timing.SafeFor)
	}

	return holder, held, nil
}

// Keep renews a lease that was taken, and returns when it can be relied on no longer:
// ErrLeaseLost, or nil when ctx has ended.
func (l *Lease) Keep(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(l.timing.RenewEvery, time.Until(l.sure))):
		}

		// A question without an answer must not last beyond the time in which the lease is sure.
		beat, cancel := context.WithDeadline(ctx, l.sure)
		holder, held, err := l.Take(beat)
		cancel()

		// An error alone loses nothing: until then the lease is ours, and the next question may be answered.
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && !held:
			return fmt.Errorf("%w: %s has it", ErrLeaseLost, holder)
		case err != nil && !time.Now().Before(l.sure):
			return fmt.Errorf("%w: %w", ErrLeaseLost, err)
		}
	}
}

// Release lets others have it at once.
func (l *Lease) Release(ctx context.Context) error { return l.free(ctx) }
