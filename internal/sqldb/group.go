package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// group lets concurrent writers share one transaction, and so one flush of the disk. Each has a
// savepoint of its own, so that a writer that fails undoes only its own changes.
//
// A writer never waits for a batch to fill. The first one writes alone; those that come while
// it writes are the next batch, and the first of them commits it for all.
type group struct {
	commit func(ctx context.Context, fn func(tx *sql.Tx) error) error // in one transaction

	mu      sync.Mutex
	leading bool
	waiting []*writing
}

// largest bounds how long a batch may keep the next one waiting.
const largest = 128

// writing is one writer's turn.
type writing struct {
	ctx    context.Context
	fn     func(tx *sql.Tx) error
	turn   chan bool // true = commit a batch, yours is part of it; false = done
	err    error
	thrown any // by fn, in the goroutine of another writer
}

var errAbandoned = errors.New("the transaction was abandoned")

func (g *group) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	w := &writing{ctx: ctx, fn: fn, turn: make(chan bool, 1)}
	if !g.lead(w) && !g.wait(w) {
		return w.outcome()
	}

	// Deferred, because fn may panic: the queue must not wait for a leader that is gone.
	defer g.pass()
	g.run(append([]*writing{w}, g.take()...))
	return w.outcome()
}

// lead reports whether a writer leads at once; otherwise it is in the queue.
func (g *group) lead(w *writing) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leading {
		g.waiting = append(g.waiting, w)
		return false
	}
	g.leading = true
	return true
}

// wait waits for a writer's turn and reports whether it is to lead.
func (g *group) wait(w *writing) bool {
	select {
	case lead := <-w.turn:
		return lead
	case <-w.ctx.Done():
	}
	if g.leave(w) {
		w.err = fmt.Errorf("begin: %w", w.ctx.Err())
		return false
	}

	// It has left the queue already. Either a leader has it in the batch under way, whose outcome it
	// must report, or the lead was passed to it, which it must pass on.
	return <-w.turn
}

func (g *group) leave(w *writing) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.waiting, w)
	if at < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, at, at+1)
	return true
}

// take takes the writers that wait into the leader's batch.
func (g *group) take() []*writing {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), largest-1)
	batch := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return batch
}

// pass makes the next in the queue the leader.
func (g *group) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leading = len(g.waiting) > 0; g.leading {
		next := g.waiting[0]
		g.waiting = slices.Delete(g.waiting, 0, 1)
		next.turn <- true
	}
}

func (w *writing) outcome() error {
	if w.thrown != nil {
		panic(w.thrown)
	}
	return w.err
}

// run commits a batch and wakes all its writers but the first, its leader.
func (g *group) run(batch []*writing) {
	leader, others := batch[0], batch[1:]
	if len(others) == 0 {
		leader.err = g.commit(leader.ctx, leader.fn)
		return
	}

	for _, w := range batch {
		w.err = errAbandoned // unless we come to the end
	}

	// Deferred, because a part may end this goroutine: no writer may be left waiting for its turn.
	defer func() {
		for _, w := range others {
			w.turn <- false
		}
	}()

	// The leader's context must not end the work of the others.
	outcomes := make([]error, len(batch))
	err := g.commit(context.WithoutCancel(leader.ctx), func(tx *sql.Tx) error {
		for i, w := range batch {
			var broken error
			if outcomes[i], broken = w.within(tx); broken != nil {
				return broken
			}
		}
		return nil
	})
	for i, w := range batch {
		if w.err = outcomes[i]; w.err == nil {
			w.err = err
		}
	}
}

// within does one writer's part. broken means that the transaction
// is lost: SQLite ends it by itself when the disk is full or fails.
func (w *writing) within(tx *sql.Tx) (err, broken error) {
	if err := w.ctx.Err(); err != nil {
		return fmt.Errorf("begin: %w", err), nil
	}
	if _, err := tx.Exec("savepoint part"); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}

	// A part that goes on after the end of its context has failed, even if fn ignores
	// those errors and returns nil: half of its work would be committed with the others'.
	err = w.call(tx)
	if err == nil && w.ctx.Err() != nil {
		err = fmt.Errorf("commit: %w", w.ctx.Err())
	}

	// Exec has no context here, so that a part is undone even after its writer's context has ended.
	// A rollback leaves the savepoint open; released, it does not enclose the next writer's.
	if err != nil {
		if _, undone := tx.Exec("rollback to part"); undone != nil {
			return err, fmt.Errorf("the transaction was lost by another writer: %w", err)
		}
		_, broken = tx.Exec("release part")
		return err, broken
	}

	_, broken = tx.Exec("release part")
	return nil, broken
}

// call catches a panic of fn, for the goroutine that fn belongs to.
func (w *writing) call(tx *sql.Tx) (err error) {
	defer func() {
		if w.thrown = recover(); w.thrown != nil {
			err = fmt.Errorf("panic: %v", w.thrown)
		}
	}()
	return w.fn(tx)
}
