package engine

import (
	"context"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Waits says for people what keeps a request in the queue; "" = only its turn.
type Waits struct {
	For   string
	Until time.Time // zero = when it is settled
}

func (w Waits) String() string {
	if w.For == "" || w.Until.IsZero() {
		return w.For
	}
	return w.For + "; not before " + stamp(w.Until) + " UTC"
}

// Holds reports what keeps a queued request from being sent. stopped is until when nothing is
// handed to the relay; zero = sending is not stopped.
func (l *Limits) Holds(tx *store.Tx, r store.Request, stopped time.Time) (Waits, error) {
	scheduled, err := tx.Requests.IsScheduled(r.ID)
	if err != nil {
		return Waits{}, err
	}
	b, err := l.barriers(tx, stopped)
	return b.hold(r, scheduled), err
}

// barriers are what keeps requests from being sent at a moment, the same for all of them.
type barriers struct {
	now         time.Time
	refused     bool      // R01 refuses the agreement or its password
	stopped     time.Time // the relay takes nothing until then
	noFunds     bool
	ordered     Share
	ofScheduled Share
}

func (l *Limits) barriers(tx *store.Tx, stopped time.Time) (barriers, error) {
	all, err := tx.Setting(PauseAll)
	if err != nil {
		return barriers{}, err
	}
	paid, err := tx.Setting(PausePaid)
	if err != nil {
		return barriers{}, err
	}
	a, err := l.Allowance(tx)
	return barriers{now: l.now(), refused: all != "", stopped: stopped, noFunds: paid != "", ordered: a.Ordered, ofScheduled: a.Scheduled}, err
}

// hold reports what keeps one request from being sent.
func (b barriers) hold(r store.Request, scheduled bool) Waits {
	switch {
	case b.refused:
		return Waits{For: lifecycle.WaitsFor(lifecycle.Request{State: registrar.NeedsAction, Stall: lifecycle.AuthFailed})}
	case !b.stopped.IsZero():
		return Waits{"the mail relay, which refuses or says nothing", b.stopped}
	}

	// A due time further off was written by a clock that was wrong, and holds nothing.
	if due := r.DueAt; due.After(b.now) && due.Before(b.now.Add(store.LongestWait)) {
		why := "the mail relay, which did not take it"
		if r.Error != "" {
			why = "the mail relay: " + r.Error
		}
		return Waits{why, due}
	}

	switch {
	case !r.Kind.Paid():
		return Waits{}
	case b.noFunds:
		return Waits{For: lifecycle.WaitsFor(lifecycle.Request{State: registrar.NeedsAction, Stall: lifecycle.NoFunds})}
	case scheduled:
		return Waits{b.ofScheduled.Held, b.ofScheduled.Until}
	}
	return Waits{b.ordered.Held, b.ordered.Until}
}

const (
	// mostTold bounds how many operations one round reports as held: each one is written.
	mostTold = 100
	// queuePage and mostPages bound how much of the queue one round reads; the next round continues from there.
	queuePage = 500
	mostPages = 20
)

// held is an operation in the queue that waits for something else than what people were told.
type held struct {
	op    store.Operation
	text  string
	waits Waits
}

// findHeld reads what holds the requests in the queue, and returns what has changed since
// people were told. Writers do not wait for it.
func (ro *Rounds) findHeld(ctx context.Context) ([]held, error) {
	return Look(ctx, ro.store, func(tx *store.Tx) (changed []held, err error) {
		b, err := ro.limits.barriers(tx, ro.stopped())
		if err != nil {
			return nil, err
		}

		for range mostPages {
			page, err := tx.Requests.QueuedPage(ro.heldAfter, queuePage)
			if err != nil {
				return nil, err
			}

			for _, q := range page {
				changed = append(changed, changedHolds(q, b.hold(q.Request, q.Scheduled))...)
				// Each change costs a write, so their number is bounded: the next round goes on behind this request.
				if ro.heldAfter = q.Request.ID; len(changed) >= mostTold {
					return changed, nil
				}
			}
			if len(page) < queuePage {
				ro.heldAfter = ""
				return changed, nil
			}
		}

		return changed, nil
	})
}

func changedHolds(q store.Queued, w Waits) (changed []held) {
	text := w.For
	if text == "" {
		text = lifecycle.WaitsFor(q.Request.Lifecycle())
	}
	for _, op := range q.Operations {
		if op.WaitsFor != text {
			changed = append(changed, held{op, text, w})
		}
	}
	return changed
}

// tellHeld stores what operations wait for, and reports each new hold once: people see it in
// the lists of domains and orders. An operation that has moved meanwhile is left out.
func (ro *Rounds) tellHeld(tx *store.Tx, changed []held) error {
	for _, h := range changed {
		known, err := tx.Operations.SetWaitsFor(h.op, h.text)
		if err != nil {
			return err
		}
		if !known || h.waits.For == "" {
			continue
		}
		tx.Emit(registrar.Event{At: ro.now(), Type: registrar.EventOperation, Level: registrar.LevelInfo, Actor: ByPlugin, Name: h.op.Domain,
			Order: h.op.Order, Operation: h.op.ID, Kind: h.op.Kind, State: h.op.State,
			Message: Nouns[h.op.Kind] + " of " + mailform.Unicode(h.op.Domain) + " waits for " + h.waits.String()})
	}
	return nil
}

// HeldBy sets the function that returns until when nothing is handed to the relay. It is called
// once, before the rounds begin.
func (ro *Rounds) HeldBy(stopped func() time.Time) { ro.stopped = stopped }
