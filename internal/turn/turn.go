// Package turn lets one of several instances on one database work, while the others stand by.
//
// The holder of a lease works. An instance that lost the lease and does not
// know it yet may act too late: a fence in the store must forbid that.
package turn

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// ReleaseWithin bounds how long it takes to give a lease back.
const ReleaseWithin = 5 * time.Second

// lease decides whose turn it is. It is a sqldb.Lease or Alone.
type lease interface {
	// Take tries to get the lease, and returns who has it.
	Take(ctx context.Context) (holder string, held bool, err error)
	// Keep holds a lease that was taken, and returns when work must stop: nil when ctx has ended.
	Keep(ctx context.Context) error
	// Release lets others have the lease at once.
	Release(ctx context.Context) error
}

// Alone is the lease of an instance that shares nothing.
type Alone struct{}

// Take always gets the lease.
func (Alone) Take(context.Context) (holder string, held bool, err error) { return "", true, nil }

// Keep returns when ctx has ended.
func (Alone) Keep(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Release does nothing.
func (Alone) Release(context.Context) error { return nil }

// Node names this instance. No other instance has the name, and people can find the process by it.
func Node() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("name this node: %w", err)
	}
	return fmt.Sprintf("%s (process %d, %s)", host, os.Getpid(), rand.Text()[:6]), nil
}

// Every returns how often an instance that stands by asks for a lease that is renewed at the given interval.
func Every(renewed time.Duration) time.Duration { return renewed * 2 / 5 }

// Work is what the holder does. Run returns when ctx has ended and nothing is under way any more.
type Work interface{ Run(ctx context.Context) }

// Func is work that is one function.
type Func func(ctx context.Context)

// Run implements Work.
func (f Func) Run(ctx context.Context) { f(ctx) }

// Turn works whenever it is this instance's turn. Its fields are set before it is used.
type Turn struct {
	Lease    lease
	Every    time.Duration                                  // how often an instance that stands by asks
	TakeOver func(ctx context.Context) (Work, error)        // runs first when the lease is ours
	Follow   func(ctx context.Context, holder string) error // runs while another instance has it
	Log      *slog.Logger

	mu     sync.Mutex
	holder string
	work   Work  // nil = it is not our turn
	err    error // why this instance can neither work nor stand by
}

// Try asks for the lease once. With the lease it takes over from the last
// holder and returns the work to do; without, it follows the holder.
func (t *Turn) Try(ctx context.Context) (Work, error) {
	var work Work
	holder, held, err := t.Lease.Take(ctx)
	switch {
	case err != nil:
	case held:
		work, err = t.TakeOver(ctx)
	default:
		err = t.Follow(ctx, holder)
	}
	if err != nil {
		work = nil
	}

	// An instance that stands by asks every few seconds: only a change is worth a line.
	if t.set(holder, work, err) {
		t.Log.Info("lease", "held", work != nil, "holder", holder, "err", err)
	}
	return work, err
}

// Run does the work that Try returned, nil for none, and works whenever the lease is ours, until ctx ends.
func (t *Turn) Run(ctx context.Context, work Work) {
	for ctx.Err() == nil {
		if work != nil {
			if err := t.hold(ctx, work); err != nil {
				t.set("", nil, err)
				t.Log.Warn("stopped working", "err", err)
			}
		}

		// Also after the lease was lost: a question at once would get the same answer.
		select {
		case <-ctx.Done():
		case <-time.After(t.Every):
			work, _ = t.Try(ctx) // Component reports why there is none
		}
	}
}

// hold works until the lease can't be relied on.
func (t *Turn) hold(ctx context.Context, work Work) error {
	ctx, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { work.Run(ctx) })
	err := t.Lease.Keep(ctx)

	// Keep returns while the lease is still ours for some seconds, in which the work can end. Only
	// then is the lease asked for again, so that no two works of this instance run side by side.
	end()
	all.Wait()
	return err
}

// Release lets others have their turn at once, also when ctx has ended.
func (t *Turn) Release(ctx context.Context) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), ReleaseWithin)
	defer cancel()
	return t.Lease.Release(within)
}

// set reports whether anything has changed.
func (t *Turn) set(holder string, work Work, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := t.holder != holder || (t.work == nil) != (work == nil) || (t.err == nil) != (err == nil)
	t.holder, t.work, t.err = holder, work, err
	return fresh
}

// Work returns what this instance does; nil = it is not its turn.
func (t *Turn) Work() Work {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.work
}

// Component reports for Health whose turn it is.
func (t *Turn) Component() registrar.Component {
	t.mu.Lock()
	defer t.mu.Unlock()

	c := registrar.Component{Name: "lease", OK: t.err == nil}
	switch {
	case t.err != nil:
		c.Detail = t.err.Error()
	case t.work != nil:
		c.Detail = "this instance works: " + t.holder
	default:
		c.Detail = "standby: " + t.holder + " holds the lease"
	}
	return c
}
