package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LeaseTiming says how long a lease lasts. A holder without an answer for SafeFor since it last
// asked stops working. Others may take over after TTL; until then it can end what is under way.
type LeaseTiming struct{ TTL, RenewEvery, SafeFor time.Duration }

// DefaultLeaseTiming is the timing of the lease that decides which node works: docs/nodes.md.
func DefaultLeaseTiming() LeaseTiming {
	return LeaseTiming{TTL: 15 * time.Second, RenewEvery: 5 * time.Second, SafeFor: 10 * time.Second}
}

// ErrLeaseLost means that another instance has the lease now, or may have it soon.
var ErrLeaseLost = errors.New("the lease is lost")

// Lease makes one of several instances the one that works. It is a row that expires, by the clock
// of the database, unless its holder renews it. A holder that was stopped and wakes up does not
// know at once that it was replaced; what it must not do then needs a fence of its own.
type Lease struct {
	beat   func(ctx context.Context) (holder string, beats int64, err error) // takes or renews the lease; returns its holder
	free   func(ctx context.Context) error
	holder string
	timing LeaseTiming
	beats  int64     // how often the row was renewed when it was last ours
	sure   time.Time // the lease is ours until then
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

// Take tries to get the lease and returns its holder. held is false, although the holder's name
// is ours, in a database that was put in the place of the one in which we took the lease.
func (l *Lease) Take(ctx context.Context) (holder string, held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.timing.RenewEvery)
	defer cancel()

	// Before the question: the database counts from when it got the
	// question. We don't know that time, and it was not earlier than this.
	asked := time.Now()
	holder, beats, err := l.beat(ctx)
	if err != nil {
		return "", false, err
	}

	// If our own lease was renewed less often than we remember, the database is an older one: nothing
	// there is ours until we have taken over. Counting starts anew, so that the next Take gets the lease.
	held = holder == l.holder && beats > l.beats
	if l.beats = 0; held {
		l.beats, l.sure = beats, asked.Add(l.timing.SafeFor)
	}

	return holder, held, nil
}

// Keep renews a lease that was taken, and returns when it can't be
// relied on any longer: ErrLeaseLost, or nil when ctx has ended.
func (l *Lease) Keep(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(l.timing.RenewEvery, time.Until(l.sure))):
		}

		// A question without an answer must not last beyond the time for which the lease is sure.
		beat, cancel := context.WithDeadline(ctx, l.sure)
		holder, held, err := l.Take(beat)
		cancel()

		// An error alone loses nothing: the lease is ours until l.sure, and the next question may be answered.
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

// Release lets others have the lease at once.
func (l *Lease) Release(ctx context.Context) error { return l.free(ctx) }
