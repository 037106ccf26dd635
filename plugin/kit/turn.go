package kit

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

const (
	// lookAgain bounds how long it goes unseen what another instance on the same server has stored.
	lookAgain = time.Second

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

// turn decides which of several instances on one server carries operations out. The others answer, take
// orders and record what people decide.
type turn struct {
	lease  *sqldb.Lease
	timing sqldb.LeaseTiming
	follow func(ctx context.Context, holder string) error // what is done by one that stands by
	log    *slog.Logger

	standing standing
}

// Run does work whenever it is this instance's turn, until ctx ends.
func (t *turn) Run(ctx context.Context, work func(context.Context)) {
	for ctx.Err() == nil {
		holder, held, err := t.lease.Take(ctx)
		if t.standing.set(holder, held, err) {
			t.log.Info("lease", "held", held, "holder", holder, "err", err)
		}

		switch {
		case err != nil:
		case held:
			t.hold(ctx, work)
		default:
			t.standing.failed(t.follow(ctx, holder))
		}

		select {
		case <-ctx.Done():
		case <-time.After(t.timing.RenewEvery * 2 / 5):
		}
	}

	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	if err := t.lease.Release(within); err != nil {
		t.log.Warn("the lease can't be given back, and lasts on", "err", err)
	}
}

// hold does work until the lease can't be relied on.
func (t *turn) hold(ctx context.Context, work func(context.Context)) {
	ctx, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { work(ctx) })
	err := t.lease.Keep(ctx)
	end()
	t.standing.failed(err)
	if err != nil {
		t.log.Warn("stopped working", "err", err)
	}
	all.Wait()
}

func (t *turn) component() registrar.Component { return t.standing.component() }

// standing says for Health whose turn it is.
type standing struct {
	mu     sync.Mutex
	holder string
	held   bool
	err    error
}

// set reports whether anything is new.
func (s *standing) set(holder string, held bool, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.holder != holder || s.held != held || (s.err == nil) != (err == nil)
	s.holder, s.held, s.err = holder, held, err
	return fresh
}

// failed records why this instance can neither work nor stand by; nil = it can.
func (s *standing) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *standing) component() registrar.Component {
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
	return c
}
