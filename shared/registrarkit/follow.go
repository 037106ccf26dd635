package registrarkit

import (
	"context"
	"iter"
	"time"

	"registrar.panel/shared/registrar"
)

// Record is where a registrar's events are stored.
type Record interface {
	// EventsAfter returns events in the order of their cursors; none if there are none yet.
	EventsAfter(ctx context.Context, after registrar.Cursor) ([]registrar.Event, error)
	// Changed returns a channel that closes when there may be more events.
	Changed() <-chan struct{}
}

// Follow yields the events after a cursor and waits for more, until ctx ends or the record can't be read;
// that error is the last thing it yields. It also looks again after every lookAgain, for events that another
// process stored; 0 = it does not.
func Follow(ctx context.Context, r Record, after registrar.Cursor, lookAgain time.Duration) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for {
			changed := r.Changed() // before looking, so that no change is missed
			batch, err := r.EventsAfter(ctx, after)
			if err != nil {
				yield(registrar.Event{}, err)
				return
			}

			for _, e := range batch {
				if !yield(e, nil) {
					return
				}
				after = e.Cursor
			}

			// More may have come while these were handled, and a batch need not contain all that were there.
			if len(batch) > 0 {
				continue
			}

			if err := wait(ctx, changed, lookAgain); err != nil {
				yield(registrar.Event{}, err)
				return
			}
		}
	}
}

func wait(ctx context.Context, changed <-chan struct{}, most time.Duration) error {
	var timeout <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		timeout = timer.C
	}

	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-timeout:
	}
	return nil
}
