package engine

import (
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// Limits says how many requests may be sent that cost money.
type Limits struct {
	settings *Settings
	now      func() time.Time
	clock    *Clock
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// Allowance is how many requests that cost money may be sent now: those that customers have
// ordered, and renewals that our own schedule began, which leave the reserve to the former.
type Allowance struct {
	Ordered   Share
	Scheduled Share
}

// Share is what may be sent of one kind.
type Share struct {
	May   int
	Held  string    // why it is none; "" = it is some
	Until time.Time // when there may be more; zero = when a person, or an answer, has settled it
}

// PerHour is how many requests that cost money may be sent in an hour at most.
func (l *Limits) PerHour() int { return l.settings.Brake.PerHour }

// Reason is why no request may be sent, and until when.
func (s Share) Reason() string {
	if s.Held == "" || s.Until.IsZero() {
		return s.Held
	}
	return s.Held + "; the next may go at " + stamp(s.Until) + " UTC"
}

// Allowance returns what may be sent now, counted from the rows of what was sent, so that no restart forgets anything.
func (l *Limits) Allowance(tx *store.Tx) (Allowance, error) { return l.AtLeast(tx, 0) }

// AtLeast is Allowance for a caller who needs only as many requests as enough says. If that
// many are plainly allowed, it may return less than the whole allowance, because it does not
// look at each request that was sent. If enough is 0, it returns the whole allowance.
func (l *Limits) AtLeast(tx *store.Tx, enough int) (Allowance, error) {
	all, err := tx.Setting(PauseAll)
	if err != nil {
		return Allowance{}, err
	}
	paid, err := tx.Setting(PausePaid)
	doubt := l.clock.Doubt()

	// A clock in doubt can't count what was sent in the last hour or day.
	switch {
	case err != nil:
		return Allowance{}, err
	case doubt != "":
		return nothing(doubt), nil
	case all != "":
		return nothing("R01 refuses the agreement or its password: nothing is sent"), nil
	case paid != "":
		return nothing("the R01 account has no funds: nothing that costs money is sent"), nil
	}
	return l.brake(tx, enough)
}

func nothing(why string) Allowance { return Allowance{Share{Held: why}, Share{Held: why}} }

func (l *Limits) brake(tx *store.Tx, enough int) (Allowance, error) {
	b := l.settings.Brake
	all, scheduled, err := l.spent(tx, b, enough)
	if err != nil {
		return Allowance{}, err
	}

	total, err := l.left(tx, b, all, false)
	if err != nil {
		return Allowance{}, err
	}

	// The schedule has its own limit within the total: the total without the reserve.
	own, err := l.left(tx, Brake{PerHour: b.PerHour - b.reserved(b.PerHour), PerDay: b.PerDay - b.reserved(b.PerDay)}, scheduled, true)
	if err != nil {
		return Allowance{}, err
	}

	a := Allowance{Ordered: total, Scheduled: Share{May: min(total.May, own.May), Until: total.Until}}
	if own.Until.After(total.Until) {
		a.Scheduled.Until = own.Until
	}

	limit := fmt.Sprintf("the spending limit (brake) holds: %d paid requests an hour and %d a day may be sent", b.PerHour, b.PerDay)
	if a.Ordered.May == 0 {
		a.Ordered.Held = limit
	}
	if a.Scheduled.May == 0 {
		a.Scheduled.Held = limit
		if kept := b.reserved(b.PerHour); kept > 0 {
			a.Scheduled.Held += fmt.Sprintf(", of which %d an hour are kept for what customers have ordered", kept)
		}
	}
	return a, nil
}

// spent counts what may have cost money: everything, and scheduled renewals alone. If enough is
// left even so, it counts everything that was sent as both.
func (l *Limits) spent(tx *store.Tx, b Brake, enough int) (all, scheduled store.Spending, err error) {
	from, lately, to := l.now().Add(-day), l.now().Add(-hour), l.now().Add(ClockSkew) // what is later was written by a clock that was wrong
	if enough > 0 {
		sent, err := tx.Requests.Transmitted(from, lately, to)
		left := min(b.PerHour-b.reserved(b.PerHour)-sent.Lately, b.PerDay-b.reserved(b.PerDay)-sent.All)
		if err != nil || left >= enough {
			return sent, sent, err
		}
	}
	return tx.Requests.Spent(from, lately, to)
}

// left returns what is left of a limit, for all requests or for scheduled renewals.
func (l *Limits) left(tx *store.Tx, b Brake, spent store.Spending, scheduled bool) (Share, error) {
	s := Share{May: max(0, min(b.PerHour-spent.Lately, b.PerDay-spent.All))}

	for _, window := range []struct {
		long       time.Duration
		most, sent int
	}{{hour, b.PerHour, spent.Lately}, {day, b.PerDay, spent.All}} {
		if window.sent < window.most {
			continue
		}

		// Once this request is older than the window, another one fits into it.
		frees, err := tx.Requests.SpentAt(l.now().Add(-window.long), l.now().Add(ClockSkew), scheduled, window.sent-window.most)
		if err != nil {
			return Share{}, err
		}
		if free := frees.Add(window.long); free.After(s.Until) {
			s.Until = free
		}
	}
	return s, nil
}

// Paused reports whether requests of a kind must wait because of what R01 has answered to others.
func (l *Limits) Paused(tx *store.Tx, k lifecycle.Kind) (bool, error) {
	all, err := tx.Setting(PauseAll)
	if err != nil || all != "" || !k.Paid() {
		return all != "", err
	}
	paid, err := tx.Setting(PausePaid)
	return paid != "", err
}
