package gateway

import (
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Brake limits what may be sent that costs money, so that no mistake of ours spends it all.
type Brake struct {
	PerHour int
	PerDay  int
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// allowance tells how many requests that cost money may be sent now, and if none, why. It
// is counted from the rows of what was sent, so no restart forgets anything.
func (g *Gateway) allowance(tx *store.Tx) (may int, held string, err error) {
	all, err := tx.Setting(pauseAll)
	if err != nil {
		return 0, "", err
	}
	paid, err := tx.Setting(pausePaid)
	doubt := g.DoubtClock()
	switch {
	case err != nil:
		return 0, "", err
	case doubt != "":
		return 0, doubt, nil
	case all != "":
		return 0, "R01 refuses the agreement or its password: nothing is sent", nil
	case paid != "":
		return 0, "the R01 account has no funds: nothing that costs money is sent", nil
	}
	return g.brake(tx)
}

func (g *Gateway) brake(tx *store.Tx) (may int, held string, err error) {
	upTo := g.now().Add(clockSkew) // what is later was written by a clock that was wrong
	perHour, err := tx.PaidBetween(g.now().Add(-hour), upTo)
	if err != nil {
		return 0, "", err
	}
	perDay, err := tx.PaidBetween(g.now().Add(-day), upTo)
	if err != nil {
		return 0, "", err
	}
	may = max(0, min(g.settings.Brake.PerHour-perHour, g.settings.Brake.PerDay-perDay))
	if may == 0 {
		held = fmt.Sprintf("the brake holds: %d paid requests an hour and %d a day may be sent", g.settings.Brake.PerHour, g.settings.Brake.PerDay)
	}
	return may, held, nil
}

// within leaves out paid requests beyond what may be sent.
func within(due []store.Request, may int) []store.Request {
	var kept []store.Request
	for _, r := range due {
		if r.Kind.Paid() {
			if may == 0 {
				continue
			}
			may--
		}
		kept = append(kept, r)
	}
	return kept
}

const brakeAlarm = "brake"

// watch looks at what nobody reports: that the brake holds, that there are still no funds,
// that no renewal pass completes.
func (g *Gateway) watch(tx *store.Tx) error {
	return errors.Join(g.watchBrake(tx), g.watchFunds(tx), g.watchPasses(tx), g.boundDeadlines(tx))
}

// boundDeadlines brings near what a clock that was wrong has put far off.
func (g *Gateway) boundDeadlines(tx *store.Tx) error {
	if g.DoubtClock() != "" {
		return nil
	}
	return tx.BoundDeadlines(g.now().Add(max(g.settings.QueuedWithin, g.settings.DoneWithin, transferWithin) + hour))
}

// watchBrake keeps one alarm while paid requests wait for the brake.
func (g *Gateway) watchBrake(tx *store.Tx) error {
	may, held, err := g.brake(tx)
	if err != nil {
		return err
	}
	waiting, err := tx.PaidDue(g.now())
	if err != nil {
		return err
	}
	planned, err := tx.Planned(g.settings.Agreement, g.now(), 1)
	waiting += len(planned)
	switch {
	case err != nil:
		return err
	case may == 0 && waiting > 0:
		return g.remind(tx, brakeAlarm, held+"; what waits goes out as time passes")
	case waiting == 0:
		return g.clear(tx, brakeAlarm, "")
	}
	return nil
}

func (g *Gateway) watchFunds(tx *store.Tx) error {
	paused, err := tx.Setting(pausePaid)
	if err != nil || paused == "" {
		return err
	}
	return g.remind(tx, pausePaid, noFundsMessage)
}

const noFundsMessage = "the R01 account has no funds: nothing that costs money is sent until an operator resolves a held operation with resend"

// watchPasses is the dead man's alarm. At the very first start the clock begins to run.
func (g *Gateway) watchPasses(tx *store.Tx) error {
	last, err := tx.Time(passCompleted)
	switch {
	case err != nil:
		return err
	case last.IsZero() || last.After(g.now().Add(clockSkew)):
		return tx.SetTime(passCompleted, g.now())
	case g.now().Sub(last) > deadMan:
		return g.raise(tx, passAlarm, "", "no renewal pass has completed since "+last.UTC().Format(time.RFC3339))
	}
	return nil
}

// remind keeps an alarm standing and tells of it once a day at most.
func (g *Gateway) remind(tx *store.Tx, key, message string) error {
	if _, err := tx.RaiseAlarm(registrar.Alarm{Key: key, Since: g.now(), Message: message}, ""); err != nil {
		return err
	}
	told, err := tx.Time("told:" + key)
	if err != nil || g.now().Sub(told) < day && !g.now().Before(told) {
		return err
	}
	if err := tx.SetTime("told:"+key, g.now()); err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventAlarm, Level: registrar.LevelError, Message: message, Actor: byPlugin})
	return nil
}

// endPause lifts a pause once nothing is held for it any more: nobody could resolve what
// is not there.
func (g *Gateway) endPause(tx *store.Tx, before, now lifecycle.Hold) error {
	which := map[lifecycle.Hold]string{lifecycle.NoFunds: pausePaid, lifecycle.AuthFailed: pauseAll}[before]
	if which == "" || now == before {
		return nil
	}
	paused, err := tx.Setting(which)
	if err != nil || paused == "" {
		return err
	}
	held, err := tx.Held(before)
	if err != nil || len(held) > 0 {
		return err
	}
	return g.resume(tx, which)
}
