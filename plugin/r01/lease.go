package r01

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/shared/registrar"
)

// lease decides which of several instances watches the mailbox, sends and keeps the
// schedule. What an instance that lost it does too late, the fence of the store forbids.
type lease interface {
	// Take tries to get it, and tells who has it.
	Take(ctx context.Context) (holder string, held bool, err error)
	// Keep holds what was taken, and returns when work must stop: nil when ctx has ended.
	Keep(ctx context.Context) error
	// Release lets others have it at once.
	Release(ctx context.Context) error
}

var (
	_ lease = alone{}
	_ lease = (*sqldb.Lease)(nil)
)

// alone is the lease of an instance whose store is a file: the directory is locked for it.
type alone struct{}

func (alone) Take(context.Context) (holder string, held bool, err error) { return "", true, nil }

func (alone) Keep(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (alone) Release(context.Context) error { return nil }

const releaseWithin = 5 * time.Second

// takeEvery is how often an instance that stands by asks for the lease.
func takeEvery(t sqldb.LeaseTiming) time.Duration { return t.RenewEvery * 2 / 5 }

// nodeName tells this instance from all others, and people where it is.
func nodeName() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("name this node: %w", err)
	}
	return fmt.Sprintf("%s (process %d, %s)", host, os.Getpid(), rand.Text()[:6]), nil
}

// leaderTasks are the tasks of the holder of the lease.
type leaderTasks struct {
	parts   map[string]func(context.Context) error
	mailbox *mailbox.Watcher
}

// leadership says for Health who has the lease.
type leadership struct {
	mu     sync.Mutex
	holder string
	tasks  *leaderTasks // nil = the lease is not ours
	err    error
}

// set reports whether anything is new.
func (s *leadership) set(holder string, d *leaderTasks, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.holder != holder || s.tasks != d || (s.err == nil) != (err == nil)
	s.holder, s.tasks, s.err = holder, d, err
	return fresh
}

func (s *leadership) get() (registrar.Component, *leaderTasks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := registrar.Component{Name: "lease", OK: s.err == nil}
	switch {
	case s.err != nil:
		c.Detail = s.err.Error()
	case s.tasks != nil:
		c.Detail = "this instance works: " + s.holder
	default:
		c.Detail = "standby: " + s.holder + " holds the lease"
	}
	return c, s.tasks
}

// tryLead tries to take the lease. With the lease it takes over the store of the last holder;
// without it, it follows the progress of the holder.
func (r *Registrar) tryLead(ctx context.Context) (d *leaderTasks, err error) {
	holder, held, err := r.lease.Take(ctx)
	switch {
	case err != nil:
	case held:
		d, err = r.takeOver(ctx)
	default:
		err = r.follow(ctx, holder)
	}
	if r.standing.set(holder, d, err) && r.shared {
		r.log.Info("lease", "held", d != nil, "holder", holder, "err", err)
	}
	return d, err
}

// serve works whenever the lease is ours, until ctx ends.
func (r *Registrar) serve(ctx context.Context, d *leaderTasks) {
	for ctx.Err() == nil {
		if d != nil {
			if err := r.lead(ctx, d); err != nil {
				r.standing.set("", nil, err)
				r.log.Warn("stopped working", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(takeEvery(r.timing)):
			d, _ = r.tryLead(ctx) // why not is in its standing
		}
	}
}

// lead runs the tasks of which there may be one instance, until the lease can't be relied on.
func (r *Registrar) lead(ctx context.Context, d *leaderTasks) error {
	ctx, end := context.WithCancel(ctx)
	var loops sync.WaitGroup
	for name, run := range d.parts {
		loops.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("stopped working", "part", name, "err", err)
			}
		})
	}
	err := r.lease.Keep(ctx)
	end()
	loops.Wait()
	return err
}
