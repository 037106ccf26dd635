package engine

import (
	"errors"
	"time"

	"registrar.panel/plugin/r01/store"
)

const brakeAlarm = "brake"

// watch raises and ends the alarms that depend on time and not on an event: that the brake holds
// requests, that there are still no funds, that no renewal pass completes, that the mailbox is shared.
func (ro *Rounds) watch(tx *store.Tx) error {
	return errors.Join(ro.watchBrake(tx), ro.watchFunds(tx), ro.watchPasses(tx), ro.watchShared(tx), ro.boundDeadlines(tx))
}

// SharedAlarm stands while answers to another account's requests come. Under this key the time
// of the last one is stored.
const SharedAlarm = "shared-mailbox"

// sharedFor is how long after such an answer the mailbox is taken to be shared.
const sharedFor = 2 * day

// watchShared ends the alarm about a shared mailbox once no answers to another account come any more.
func (ro *Rounds) watchShared(tx *store.Tx) error {
	last, err := tx.Time(SharedAlarm)
	if err != nil || last.IsZero() || ro.now().Sub(last) < sharedFor {
		return err
	}
	return ro.alarms.Clear(tx, SharedAlarm, "")
}

// boundDeadlines brings deadlines nearer that a wrong clock has put far off.
func (ro *Rounds) boundDeadlines(tx *store.Tx) error {
	if ro.clock.Doubt() != "" {
		return nil
	}
	return tx.Requests.BoundDeadlines(ro.now().Add(max(ro.settings.QueuedWithin, ro.settings.DoneWithin, PersonWithin) + hour))
}

// watchBrake keeps one alarm while paid requests wait for the brake.
func (ro *Rounds) watchBrake(tx *store.Tx) error {
	may, err := ro.limits.brake(tx, 0)
	if err != nil {
		return err
	}

	ordered, scheduled, err := tx.Requests.PaidDue(ro.now())
	if err != nil {
		return err
	}

	// One planned renewal is enough: it waits to be begun because of the same limit.
	planned, err := tx.Renewals.Planned(ro.settings.Agreement, ro.now(), 1)
	scheduled += len(planned)
	switch {
	case err != nil:
		return err
	case may.Ordered.May == 0 && ordered > 0:
		return ro.alarms.remind(tx, brakeAlarm, may.Ordered.Held+"; what waits goes out as time passes, what customers have ordered first")
	case may.Scheduled.May == 0 && scheduled > 0:
		return ro.alarms.remind(tx, brakeAlarm, may.Scheduled.Held+"; what waits goes out as time passes")
	case ordered+scheduled == 0:
		return ro.alarms.Clear(tx, brakeAlarm, "")
	}

	return nil
}

func (ro *Rounds) watchFunds(tx *store.Tx) error {
	paused, err := tx.Setting(PausePaid)
	if err != nil || paused == "" {
		return err
	}
	return ro.alarms.remind(tx, PausePaid, NoFundsMessage)
}

// NoFundsMessage is the text of the alarm that stands while R01's account has no funds.
const NoFundsMessage = "the R01 account has no funds: nothing that costs money is sent until an operator resolves a held operation with resend"

// watchPasses raises the dead man's alarm. At the very first start its time begins to run.
func (ro *Rounds) watchPasses(tx *store.Tx) error {
	last, err := tx.Time(PassCompleted)
	switch {
	case err != nil:
		return err
	case last.IsZero() || last.After(ro.now().Add(ClockSkew)):
		// A wrong clock wrote this time in the future, and with it no alarm would ever come.
		return tx.SetTime(PassCompleted, ro.now())
	case ro.now().Sub(last) > DeadMan:
		return ro.alarms.Raise(tx, PassAlarm, "", "no renewal pass has completed since "+last.UTC().Format(time.RFC3339))
	}
	return nil
}

// PassCompleted is when the last renewal pass looked at everything.
const PassCompleted = "renewal:completed"

// DeadMan is how long no renewal pass may complete before a person must know.
const DeadMan = 36 * time.Hour
