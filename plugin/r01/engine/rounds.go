package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// Rounds does what time alone brings about: deadlines that pass, limits and pauses that stand,
// renewal passes that do not complete, a clock that jumps.
type Rounds struct {
	engine   *Engine
	alarms   *Alarms
	clock    *Clock
	limits   *Limits
	settings *Settings
	store    Store
	log      *slog.Logger
	now      func() time.Time
	stopped  func() time.Time
	// heldAfter is the request behind which the next round continues to read the queue; ""
	// = from its beginning. Only Expire uses it, which the loop calls.
	heldAfter string
}

// NewRounds composes the rounds of an engine.
func NewRounds(en *Engine) *Rounds {
	return &Rounds{engine: en, alarms: en.Alarms, clock: en.Clock, limits: en.Limits, settings: en.settings, store: en.store, log: en.log, now: en.now, stopped: func() time.Time { return time.Time{} }}
}

// Run makes the rounds until ctx ends.
func (ro *Rounds) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { ro.deadlineLoop(ctx) })
	loops.Go(func() { ro.ClockLoop(ctx) })
	loops.Wait()
}

const (
	// ClockAlarm stands while the time of day is in doubt.
	ClockAlarm = "clock"
	// clockAlive is when the clock was believed last.
	clockAlive = "clock:alive"
)

// StartClock compares the clock with our own record, if there is one.
func (ro *Rounds) StartClock(tx *store.Tx) error {
	last, err := tx.Time(clockAlive)
	if err == nil && last.IsZero() {
		last, err = tx.Time(PassCompleted)
	}
	if err != nil || last.IsZero() {
		return err
	}
	switch gone := ro.now().Sub(last); {
	case gone > away:
		ro.clock.jumped(fmt.Sprintf("nothing was recorded between %s and %s", stamp(last), stamp(ro.now())))
	case gone < -agrees:
		ro.clock.jumped(fmt.Sprintf("this machine says %s, and was at work on %s already", stamp(ro.now()), stamp(last)))
	}
	return nil
}

// ClockLoop watches the clock for jumps, and keeps the alarm about it.
func (ro *Rounds) ClockLoop(ctx context.Context) {
	never := make(wake.Signal)
	before := ro.now()
	for ctx.Err() == nil {
		if err := ro.KeepClock(ctx); err != nil && ctx.Err() == nil {
			ro.log.Error("recording the state of the clock failed, will be tried again", "err", err)
		}
		Sleep(ctx, never, LookAgain)

		now := ro.now()
		if passed := now.Sub(before); passed > agrees || passed < -agrees {
			ro.clock.jumped(fmt.Sprintf("it went from %s to %s within a minute", stamp(before), stamp(now)))
		}
		before = now // and not later, or a jump while the state is recorded would go unseen
	}
}

// KeepClock records that the clock is believed, and reports when it no longer is, or is again.
// Then what waited for it goes on.
func (ro *Rounds) KeepClock(ctx context.Context) error {
	doubt := ro.clock.Doubt()
	last, err := Look(ctx, ro.store, func(tx *store.Tx) (time.Time, error) { return tx.Time(clockAlive) })
	if err != nil {
		return err
	}

	since := ro.now().Sub(last)
	if doubt == ro.clock.told && (doubt != "" || since >= 0 && since < aliveEvery) {
		return nil
	}

	err = ro.engine.Write(ctx, func(tx *store.Tx) error {
		if doubt != "" {
			return ro.alarms.Raise(tx, ClockAlarm, "", doubt+". Nothing that costs money is sent, no renewal pass is made and no deadline passes until the clock is agreed with again. "+
				"Set it if it is wrong (timedatectl); if it is right, any mail that arrives at "+ro.settings.Callback+" shows it")
		}
		return errors.Join(tx.SetTime(clockAlive, ro.now()), ro.alarms.Clear(tx, ClockAlarm, ""))
	})
	// Only a doubt that was recorded counts as reported: an alarm that failed is raised at the next look.
	if err == nil {
		ro.clock.told = doubt
	}

	return err
}

// deadlineLoop notices when R01 stays silent.
func (ro *Rounds) deadlineLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := ro.Expire(ctx); err != nil && ctx.Err() == nil {
			ro.log.Error("checking deadlines failed, will be tried again", "err", err)
		}
		Sleep(ctx, never, LookAgain)
	}
}

// Expire brings every request whose deadline has passed before a person. No request is sent again. r01-mail 4.4
func (ro *Rounds) Expire(ctx context.Context) error {
	// In a reading transaction, because a long queue must not hold up writers.
	changed, err := ro.findHeld(ctx)
	if err != nil {
		return err
	}

	return ro.engine.Write(ctx, func(tx *store.Tx) error {
		if err := ro.tellHeld(tx, changed); err != nil {
			return err
		}
		// While the clock is in doubt nothing is called overdue; alarms are kept all the same.
		if ro.clock.Doubt() != "" {
			return ro.watch(tx)
		}

		overdue, err := tx.Requests.Overdue(ro.now())
		if err != nil {
			return err
		}

		for _, r := range overdue {
			// R01 need not answer what a person carries out.
			if r.Kind.ByPerson() {
				if err := ro.remindPerson(tx, r); err != nil {
					return err
				}
				continue
			}

			e := lifecycle.Evidence{Source: lifecycle.FromDeadline, Event: lifecycle.Overdue, Proof: lifecycle.OwnWord}
			f := Fact{Actor: ByPlugin, Reason: "nothing heard since " + since(r).Format(time.RFC3339)}
			if _, err := ro.engine.Weigh(tx, &r, e, f); err != nil {
				return err
			}
		}

		return ro.watch(tx)
	})
}

func since(r store.Request) time.Time {
	if r.SentAt.IsZero() {
		return r.ClaimedAt
	}
	return r.SentAt
}
