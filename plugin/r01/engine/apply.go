package engine

import (
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Fact is something that happened to a request, in words, and what shows it.
type Fact struct {
	Event    lifecycle.Event // as it was weighed
	Result   mailform.Result // what R01 said; zero when it was not R01
	Actor    string
	Evidence registrar.EvidenceKind
	Mail     registrar.MailID
	Reason   string    // why it failed or stalled, in the words of its source
	Note     string    // what a person adds to a decision
	DueAt    time.Time // for a request that goes back to the queue
}

// advance is evidence that was weighed and is to be applied to its request.
type advance struct {
	request *store.Request
	verdict lifecycle.Verdict
	fact    Fact
}

// advance moves one request.
func (en *Engine) advance(tx *store.Tx, r *store.Request, v lifecycle.Verdict, f Fact) error {
	return en.advanceAll(tx, []advance{{r, v, f}})
}

// advanceAll is the only way in which requests move, by evidence that was weighed and is to be
// applied: it records the moves, carries out their effects and reports them. Each request occurs once.
func (en *Engine) advanceAll(tx *store.Tx, all []advance) error {
	moves, stalls := make([]store.Move, len(all)), make([]lifecycle.StallReason, len(all))
	for i := range all {
		m, err := en.move(tx, &all[i])
		if err != nil {
			return err
		}
		// The reason for which it was held until now: to record the move changes the request.
		moves[i], stalls[i] = m, m.Request.Stall
	}

	ops, err := tx.Requests.AdvanceAll(moves)
	if err != nil {
		return err
	}

	for i, a := range all {
		if err := en.follow(tx, a, moves[i], ops[i]); err != nil {
			return err
		}
		if err := en.endPause(tx, stalls[i], moves[i].Decision.Stall()); err != nil {
			return err
		}
	}
	return nil
}

// move returns what is to be recorded, in words that may be shown.
func (en *Engine) move(tx *store.Tx, a *advance) (m store.Move, err error) {
	r, v, f := a.request, a.verdict, &a.fact
	d, ok := v.Decision()
	if !ok {
		return m, fmt.Errorf("advance request %s: %q was not to be applied (%s)", r.ID, v.Event(), v.Rule())
	}

	f.Event = v.Event()
	if !d.State().WaitsForPerson() && d.State() != registrar.Failed && d.State() != registrar.Cancelled {
		f.Reason = "" // it explains nothing
	}

	// Before anything is recorded: history, events and errors repeat these words.
	if f.Reason, err = en.Redactor.Redact(tx, f.Reason, *r); err != nil {
		return m, err
	}
	if f.Note, err = en.Redactor.Redact(tx, f.Note, *r); err != nil {
		return m, err
	}
	return store.Move{Request: r, Decision: d, Change: en.change(*r, d, *f)}, nil
}

// follow carries out what a move that is recorded leads to.
func (en *Engine) follow(tx *store.Tx, a advance, m store.Move, ops []store.Operation) error {
	r, d, f := a.request, m.Decision, a.fact
	// The schedule finds this mark, and asks again after five days or when the renewal is due. r01-mail 4.1
	if SaysEarly(*r, f.Result) {
		if err := tx.Renewals.SetEarly(r.ID, en.now()); err != nil {
			return err
		}
	}

	en.log.Info("request moved", "request", r.ID, "kind", r.Kind, "object", r.Object, "event", f.Event,
		"state", d.State(), "hold", d.Stall(), "attempt", r.Attempt, "rule", a.verdict.Rule())

	for _, e := range d.Effects() {
		if err := en.carryOut(tx, e, r, f, ops); err != nil {
			return fmt.Errorf("%s after %s: %w", e, f.Event, err)
		}
	}

	for _, op := range ops {
		if err := en.Timeline.Tell(tx, op, typeOf(f), m.Change); err != nil {
			return err
		}
		if d.State().Final() { // what the registry contradicted is over
			if err := en.Alarms.Clear(tx, RegistryAlarm(op.Domain), op.Domain); err != nil {
				return err
			}
		}
	}

	return en.alert(tx, d, r.Lifecycle(), f, ops)
}

// alert comes last, so that the log says what happened before it says what to think of it.
func (en *Engine) alert(tx *store.Tx, d lifecycle.Decision, r lifecycle.Request, f Fact, ops []store.Operation) error {
	switch {
	case d.Has(lifecycle.RaiseAlarm):
		return en.Alarm(tx, r, f, ops)
	case d.Has(lifecycle.ClearAlarm):
		return en.clearAlarms(tx, ops)
	}
	return nil
}
