package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func tempDB(t *testing.T) *DB {
	t.Helper()
	return mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
}

func insert(tx *sql.Tx, name string) error {
	_, err := tx.Exec("insert into things (name) values ($1)", name)
	return err
}

func names(t *testing.T, db *DB) (all []string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *sql.Tx) (err error) {
		all, err = Collect(t.Context(), tx, func(s Scanner) (name string, err error) { return name, s.Scan(&name) }, "select name from things order by name")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// together holds the database until n writers wait, and lets them go as one batch.
func together(t *testing.T, db *DB, n int, start func()) {
	t.Helper()

	held, release := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		if err := db.Write(t.Context(), func(*sql.Tx) error { close(held); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})

	<-held
	start()

	for {
		db.group.mu.Lock()
		waiting := len(db.group.waiting)
		db.group.mu.Unlock()
		if waiting == n {
			break
		}
		time.Sleep(time.Millisecond) // goroutines of ours on their way into the queue
	}

	close(release)
	first.Wait()
}

var errRefused = errors.New("refused")

// Any batch of writers: what succeeded is there, what failed left nothing, and each was told
// the truth.
func TestGroupKeepsWhatSucceeded(t *testing.T) {
	t.Parallel()

	db := tempDB(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		plans := rapid.SliceOfN(rapid.SampledFrom([]string{"succeed", "refuse", "clash", "panic", "cancelled", "overlooked"}), 2, 12).Draw(rt, "writers")
		before := names(t, db)
		var want []string
		told := make([]string, len(plans))
		var running sync.WaitGroup
		together(t, db, len(plans), func() {
			for i, plan := range plans {
				name := fmt.Sprintf("%04d-%02d", round, i)
				if plan == "succeed" {
					want = append(want, name)
				}
				running.Go(func() { told[i] = attempt(t.Context(), db, plan, name) })
			}
		})

		running.Wait()

		for i, plan := range plans {
			// Who is cancelled in the queue may be too late to leave it, and then finds out inside.
			if told[i] != plan {
				rt.Errorf("writer %d was to %s and was told %s", i, plan, told[i])
			}
		}

		if got := slices.DeleteFunc(names(t, db), func(n string) bool { return slices.Contains(before, n) }); !slices.Equal(got, want) {
			rt.Errorf("stored %v, want %v", got, want)
		}
	})
}

// attempt writes by a plan and returns the outcome.
func attempt(ctx context.Context, db *DB, plan, name string) (told string) {
	defer func() {
		if thrown := recover(); thrown == "thrown by "+name {
			told = "panic"
		}
	}()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	err := db.Write(ctx, func(tx *sql.Tx) error {
		if err := insert(tx, name); err != nil {
			return err
		}

		switch plan {
		case "refuse":
			return errRefused
		case "clash":
			return insert(tx, name)
		case "panic":
			panic("thrown by " + name)
		case "cancelled":
			cancel()
			return ctx.Err()
		case "overlooked": // whatever it did from here on has failed, and it did not care
			cancel()
		}

		return nil
	})
	switch {
	case plan == "overlooked" && errors.Is(err, context.Canceled):
		return plan
	case err == nil:
		return "succeed"
	case errors.Is(err, errRefused):
		return "refuse"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}

	return "clash"
}

// One whose context ends in the queue leaves it, and the others go on.
func TestGroupIsLeft(t *testing.T) {
	t.Parallel()

	db := tempDB(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var left, stayed error
	together(t, db, 1, func() {
		gone := make(chan struct{})
		running.Go(func() {
			left = db.Write(ctx, func(tx *sql.Tx) error { return insert(tx, "left") })
			close(gone)
		})
		cancel()
		<-gone
		running.Go(func() { stayed = db.Write(t.Context(), func(tx *sql.Tx) error { return insert(tx, "stayed") }) })
	})

	running.Wait()
	if !errors.Is(left, context.Canceled) || stayed != nil || !slices.Equal(names(t, db), []string{"stayed"}) {
		t.Errorf("left %v, stayed %v, stored %v", left, stayed, names(t, db))
	}
}

// A batch is one transaction: it takes one flush, however many are in it.
func TestGroupSharesOneCommit(t *testing.T) {
	t.Parallel()

	db := tempDB(t)
	commits, commit := 0, db.group.commit
	db.group.commit = func(ctx context.Context, fn func(tx *sql.Tx) error) error { commits++; return commit(ctx, fn) }
	var running sync.WaitGroup
	together(t, db, 50, func() {
		for i := range 50 {
			running.Go(func() {
				if err := db.Write(t.Context(), func(tx *sql.Tx) error { return insert(tx, fmt.Sprint(i)) }); err != nil {
					t.Error(err)
				}
			})
		}
	})

	running.Wait()
	if commits != 2 || len(names(t, db)) != 50 { // the one that held the database is the first
		t.Errorf("%d commits for %d rows", commits, len(names(t, db)))
	}
}

// When the transaction itself is lost, no writer is told that its part was stored.
func TestGroupLosesATransaction(t *testing.T) {
	t.Parallel()

	db := tempDB(t)
	told := make([]error, 3)
	var running sync.WaitGroup
	together(t, db, len(told), func() {
		for i := range told {
			running.Go(func() {
				told[i] = db.Write(t.Context(), func(tx *sql.Tx) error {
					if err := insert(tx, fmt.Sprint(i)); err != nil {
						return err
					}

					if i == 1 { // as a full disk does
						if _, err := tx.Exec("rollback"); err != nil {
							return err
						}
						return errRefused
					}

					return nil
				})
			})
		}
	})

	running.Wait()
	stored := names(t, db)
	for i, err := range told {
		if (err == nil) != slices.Contains(stored, fmt.Sprint(i)) {
			t.Errorf("writer %d was told %v; stored %v", i, err, stored)
		}
	}

	if err := db.Write(t.Context(), func(tx *sql.Tx) error { return insert(tx, "next") }); err != nil {
		t.Errorf("after it: %v", err)
	}
}
