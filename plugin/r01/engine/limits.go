package engine

import (
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// Limits says how much may be sent that costs money.
type Limits struct {
	settings *Settings
	now      func() time.Time
	clock    *Clock
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// Allowance tells how many requests that cost money may be sent now, and if none, why. It
// is counted from the rows of what was sent, so no restart forgets anything.
func (l *Limits) Allowance(tx *store.Tx) (may int, held string, err error) {
	all, err := tx.Setting(PauseAll)
	if err != nil {
		return 0, "", err
	}
	paid, err := tx.Setting(PausePaid)
	doubt := l.clock.Doubt()
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
	return l.brake(tx)
}

func (l *Limits) brake(tx *store.Tx) (may int, held string, err error) {
	upTo := l.now().Add(ClockSkew) // what is later was written by a clock that was wrong
	perHour, err := tx.Requests.PaidBetween(l.now().Add(-hour), upTo)
	if err != nil {
		return 0, "", err
	}
	perDay, err := tx.Requests.PaidBetween(l.now().Add(-day), upTo)
	if err != nil {
		return 0, "", err
	}
	may = max(0, min(l.settings.Brake.PerHour-perHour, l.settings.Brake.PerDay-perDay))
	if may == 0 {
		held = fmt.Sprintf("the brake holds: %d paid requests an hour and %d a day may be sent", l.settings.Brake.PerHour, l.settings.Brake.PerDay)
	}
	return may, held, nil
}

// Paused reports whether requests of a kind must wait, by what R01 has answered to others.
func (l *Limits) Paused(tx *store.Tx, k lifecycle.Kind) (bool, error) {
	all, err := tx.Setting(PauseAll)
	if err != nil || all != "" || !k.Paid() {
		return all != "", err
	}
	paid, err := tx.Setting(PausePaid)
	return paid != "", err
}
