package engine

import (
	"sync"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Waits tells people what keeps a request in the queue; "" = nothing but its turn.
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

// Holds tells what keeps a queued request from being sent. stopped is until when nothing is handed to
// the relay; zero = it is.
func (l *Limits) Holds(tx *store.Tx, r store.Request, stopped time.Time) (Waits, error) {
	return l.holds(tx, r, stopped, func() (Allowance, error) { return l.Allowance(tx) })
}

func (l *Limits) holds(tx *store.Tx, r store.Request, stopped time.Time, allowed func() (Allowance, error)) (Waits, error) {
	all, err := tx.Setting(PauseAll)
	switch {
	case err != nil:
		return Waits{}, err
	case all != "":
		return Waits{For: lifecycle.WaitsFor(lifecycle.Request{State: registrar.NeedsAction, Stall: lifecycle.AuthFailed})}, nil
	case !stopped.IsZero():
		return Waits{"the mail relay, which refuses or says nothing", stopped}, nil
	}

	if due := r.DueAt; due.After(l.now()) && due.Before(l.now().Add(store.LongestWait)) {
		why := "the mail relay, which did not take it"
		if r.Error != "" {
			why = "the mail relay: " + r.Error
		}
		return Waits{why, due}, nil
	}

	if !r.Kind.Paid() {
		return Waits{}, nil
	}
	return l.holdsMoney(tx, r, allowed)
}

func (l *Limits) holdsMoney(tx *store.Tx, r store.Request, allowed func() (Allowance, error)) (Waits, error) {
	paid, err := tx.Setting(PausePaid)
	if err != nil {
		return Waits{}, err
	}
	if paid != "" {
		return Waits{For: lifecycle.WaitsFor(lifecycle.Request{State: registrar.NeedsAction, Stall: lifecycle.NoFunds})}, nil
	}

	a, err := allowed()
	if err != nil {
		return Waits{}, err
	}
	share := a.Ordered
	scheduled, err := tx.Requests.IsScheduled(r.ID)
	if scheduled {
		share = a.Scheduled
	}
	return Waits{share.Held, share.Until}, err
}

// mostTold bounds how many operations one round tells of.
const mostTold = 100

// tellHeld tells what holds the requests in the queue, once each time that this changes: whoever
// looks at a list of domains or orders sees what they wait for.
func (ro *Rounds) tellHeld(tx *store.Tx) error {
	queued, err := tx.Requests.InState(registrar.Queued)
	if err != nil {
		return err
	}

	told, stopped := 0, ro.stopped()
	allowed := sync.OnceValues(func() (Allowance, error) { return ro.limits.Allowance(tx) }) // the same for all of them
	for _, r := range queued {
		if told >= mostTold {
			return nil
		}
		w, err := ro.limits.holds(tx, r, stopped, allowed)
		if err != nil {
			return err
		}

		n, err := ro.tellWaits(tx, r, w)
		if err != nil {
			return err
		}
		told += n
	}
	return nil
}

// tellWaits stores what the operations of a request wait for, and tells of a hold that is new.
func (ro *Rounds) tellWaits(tx *store.Tx, r store.Request, w Waits) (told int, err error) {
	text := w.For
	if text == "" {
		text = lifecycle.WaitsFor(r.Lifecycle())
	}

	ops, err := tx.Operations.OpenOf(r.ID)
	if err != nil {
		return 0, err
	}
	for _, op := range ops {
		if op.WaitsFor == text || op.State != registrar.Queued {
			continue
		}
		if err := tx.Operations.SetWaitsFor(op.ID, text); err != nil {
			return told, err
		}
		if told++; w.For == "" {
			continue
		}
		tx.Emit(registrar.Event{At: ro.now(), Type: registrar.EventOperation, Level: registrar.LevelInfo, Actor: ByPlugin, Name: op.Domain,
			Order: op.Order, Operation: op.ID, Kind: op.Kind, State: op.State,
			Message: Nouns[op.Kind] + " of " + mailform.Unicode(op.Domain) + " waits for " + w.String()})
	}
	return told, nil
}

// HeldBy says until when nothing is handed to the relay. It is called once, before the rounds begin.
func (ro *Rounds) HeldBy(stopped func() time.Time) { ro.stopped = stopped }
