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

// advance is the one way a request moves, by evidence that was weighed and is to be applied:
// record, carry out the effects, tell.
func (en *Engine) advance(tx *store.Tx, r *store.Request, v lifecycle.Verdict, f Fact) (err error) {
	d, ok := v.Decision()
	if !ok {
		return fmt.Errorf("advance request %s: %q was not to be applied (%s)", r.ID, v.Event(), v.Rule())
	}

	f.Event = v.Event()
	if !d.State().WaitsForPerson() && d.State() != registrar.Failed && d.State() != registrar.Cancelled {
		f.Reason = "" // it explains nothing
	}
	if f.Reason, err = en.Redactor.Redact(tx, f.Reason, *r); err != nil {
		return err
	}
	if f.Note, err = en.Redactor.Redact(tx, f.Note, *r); err != nil {
		return err
	}

	c, before := en.change(*r, d, f), r.Stall
	ops, err := tx.Requests.Advance(r, d, c)
	if err != nil {
		return err
	}

	if SaysEarly(*r, f.Result) {
		if err := tx.Renewals.SetEarly(r.ID, en.now()); err != nil {
			return err
		}
	}

	en.log.Info("request moved", "request", r.ID, "kind", r.Kind, "object", r.Object, "event", f.Event,
		"state", d.State(), "hold", d.Stall(), "attempt", r.Attempt, "rule", v.Rule())

	for _, e := range d.Effects() {
		if err := en.carryOut(tx, e, r, f, ops); err != nil {
			return fmt.Errorf("%s after %s: %w", e, f.Event, err)
		}
	}

	for _, op := range ops {
		if err := en.Timeline.Tell(tx, op, typeOf(f), c); err != nil {
			return err
		}
		if d.State().Final() { // what the registry contradicted is over
			if err := en.Alarms.Clear(tx, RegistryAlarm(op.Domain), op.Domain); err != nil {
				return err
			}
		}
	}

	if err := en.alert(tx, d, r.Lifecycle(), f, ops); err != nil {
		return err
	}

	return en.endPause(tx, before, d.Stall())
}

// alert comes last, so that the log tells what happened before what to think of it.
func (en *Engine) alert(tx *store.Tx, d lifecycle.Decision, r lifecycle.Request, f Fact, ops []store.Operation) error {
	switch {
	case d.Has(lifecycle.RaiseAlarm):
		return en.Alarm(tx, r, f, ops)
	case d.Has(lifecycle.ClearAlarm):
		return en.clearAlarms(tx, ops)
	}
	return nil
}
