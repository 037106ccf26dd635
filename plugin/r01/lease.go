package r01

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
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
	_ lease = (*lock)(nil)
	_ lease = (*sqldb.Lease)(nil)
)

// Limits of being one of several.
const (
	takeEvery     = 2 * time.Second // how often an instance that stands by asks for the lease
	releaseWithin = 5 * time.Second
)

// nodeName tells this instance from all others, and people where it is.
func nodeName() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("name this node: %w", err)
	}
	return fmt.Sprintf("%s (process %d, %s)", host, os.Getpid(), rand.Text()[:6]), nil
}

// standing is who has the lease, for Health.
type standing struct {
	mu     sync.Mutex
	holder string
	held   bool
	err    error
}

// set tells whether anything is new.
func (s *standing) set(holder string, held bool, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.holder != holder || s.held != held || (s.err == nil) != (err == nil)
	s.holder, s.held, s.err = holder, held, err
	return fresh
}

func (s *standing) get() (registrar.Component, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := registrar.Component{Name: "lease", OK: s.err == nil}
	switch {
	case s.err != nil:
		c.Detail = s.err.Error()
	case s.held:
		c.Detail = "this instance works: " + s.holder
	default:
		c.Detail = "standby: " + s.holder + " holds the lease"
	}
	return c, s.held
}

// enter tries to take the lease, and if it is ours takes the store over from whoever had it.
func (p *Plugin) enter(ctx context.Context, w *work) (bool, error) {
	holder, held, err := w.lease.Take(ctx)
	if err == nil && held {
		err = w.takeOver(ctx)
	}
	if held = held && err == nil; w.standing.set(holder, held, err) && w.shared {
		p.log.Info("lease", "held", held, "holder", holder, "err", err)
	}
	return held, err
}

// serve works whenever the lease is ours, until ctx ends.
func (p *Plugin) serve(ctx context.Context, w *work, held bool) {
	for ctx.Err() == nil {
		if held {
			if err := p.tenure(ctx, w); err != nil {
				w.standing.set("", false, err)
				p.log.Warn("stopped working", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(takeEvery):
			held, _ = p.enter(ctx, w) // why not is in its standing
		}
	}
}

// tenure runs what only one instance may run, until the lease can be relied on no longer.
func (p *Plugin) tenure(ctx context.Context, w *work) error {
	ctx, end := context.WithCancel(ctx)
	var loops sync.WaitGroup
	for name, run := range w.parts {
		loops.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				p.log.Error("stopped working", "part", name, "err", err)
			}
		})
	}
	err := w.lease.Keep(ctx)
	end()
	loops.Wait()
	return err
}
