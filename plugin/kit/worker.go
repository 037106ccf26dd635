package kit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// journal is the part of the store that a worker uses.
type journal interface {
	Recover(ctx context.Context) error
	Next(ctx context.Context, most int) (due []store.Task, next time.Time, err error)
	Claim(ctx context.Context, t store.Task) (store.Task, error)
	Conclude(ctx context.Context, t store.Task, m store.Move) error
	Postpone(ctx context.Context, t store.Task, due time.Time) error
	Lose(ctx context.Context, t store.Task) error
	Due() <-chan struct{}
}

// worker carries operations out. It depends only on what is stored, so it continues where any other stopped.
type worker struct {
	remote  Remote
	journal journal
	adapter Adapter
	secrets []string // of the settings
	timing  Timing
	now     func() time.Time
	log     *slog.Logger
	atOnce  int
	freed   chan struct{} // when an operation has been handled

	// lookAgain bounds how late the worker sees what another instance has stored; 0 = there is no other.
	lookAgain time.Duration

	mu   sync.Mutex
	busy map[registrar.OperationID]bool // those that are being handled
	last string                         // why the last call to the registrar failed; "" = it did not
}

// Run handles due operations until ctx ends, and returns when none is in progress. Calls to the registrar end
// with calls.
func (w *worker) Run(ctx, calls context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	// Nothing is begun before the claims of an earlier process are concluded: until then an order that may
	// have been sent looks as if it were still on its way.
	for !w.recovered(ctx) {
		if !w.sleep(ctx, w.timing.First) {
			return
		}
	}

	for ctx.Err() == nil {
		pause := w.round(ctx, func(t store.Task) { all.Go(func() { w.take(calls, t) }) })
		if w.lookAgain > 0 {
			pause = min(pause, w.lookAgain)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-w.journal.Due():
		case <-w.freed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (w *worker) recovered(ctx context.Context) bool {
	err := w.journal.Recover(ctx)
	if err != nil && ctx.Err() == nil {
		w.log.Error("claims that were left open can't be concluded", "err", err)
	}
	return err == nil
}

func (w *worker) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// round begins as many due operations as there is room for, and returns how long no other will be due.
func (w *worker) round(ctx context.Context, start func(store.Task)) time.Duration {
	under := w.underway()
	// An operation in progress stays due until its answer is recorded, so as many more are read.
	due, next, err := w.journal.Next(ctx, under+w.atOnce)
	if err != nil {
		if ctx.Err() == nil {
			w.log.Error("what is due can't be read", "err", err)
		}
		return w.timing.First
	}

	for _, t := range due {
		if under == w.atOnce {
			break
		}
		if w.reserve(t.ID) {
			under++
			start(t)
		}
	}
	// No operation is due later. A new order wakes the loop.
	if next.IsZero() {
		return w.timing.Most
	}
	return max(next.Sub(w.now()), 0)
}

func (w *worker) underway() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.busy)
}

// reserve marks an operation as being handled, and reports whether it was not before.
func (w *worker) reserve(id registrar.OperationID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] {
		return false
	}
	w.busy[id] = true
	return true
}

func (w *worker) release(id registrar.OperationID) {
	w.mu.Lock()
	delete(w.busy, id)
	w.mu.Unlock()
	// One signal is enough for several operations that end: the loop looks at everything that is due.
	select {
	case w.freed <- struct{}{}:
	default:
	}
}

// take handles a reserved operation. If the store fails, a claim may be left open that nothing would look at
// again: take concludes it as a start does, as soon as the store works. If it is another instance's turn,
// that one handles the operation.
func (w *worker) take(calls context.Context, t store.Task) {
	defer w.release(t.ID)
	err := w.attend(calls, t)
	if errors.Is(err, store.ErrOthersTurn) {
		// The operation is still due, and stays reserved until the loop has had time to learn that the lease
		// is lost.
		w.sleep(calls, w.timing.First)
		return
	}
	for err != nil && !moved(err) {
		w.log.Error("an operation can't be moved", "operation", t.ID, "err", err)
		if !w.sleep(calls, w.timing.First) {
			return
		}
		err = w.journal.Lose(calls, t)
	}
}

// moved reports whether an error means that an operation has moved meanwhile: then the stored state counts.
func moved(err error) bool {
	return errors.Is(err, registrar.Conflict) || errors.Is(err, registrar.Precondition) || errors.Is(err, store.ErrOthersTurn)
}

// attend takes the next step of an operation: it claims and sends it, or asks about it.
func (w *worker) attend(calls context.Context, t store.Task) error {
	call := w.remote.Ask
	if t.State == registrar.Queued {
		// On the disk before anything leaves: after a crash the claim shows that the order may have left.
		claimed, err := w.journal.Claim(calls, t)
		if err != nil {
			return err
		}
		t, call = claimed, w.remote.Send
	}

	answer := w.answer(calls, t, call)

	// The outcome is recorded even if no caller waits for it any more.
	ctx := context.WithoutCancel(calls)
	now := w.now()
	if m, ok := decide(t, answer, now, w.timing); ok {
		w.log.Info("an operation moves", "operation", t.ID, "domain", t.Domain, "cause", string(m.Cause))
		return w.journal.Conclude(ctx, t, m)
	}
	return w.journal.Postpone(ctx, t, now.Add(w.timing.pause(t.Tries)))
}
