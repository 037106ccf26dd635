package engine

import (
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A transfer to R01, a transfer code, a change of registrant and a deletion are assisted: R01 has no mail
// for them. If a client has a part in one, a mail first makes sure that R01 knows the client. Then the
// operation stands, with the steps in its history, until the registry or a person says what came of it. The
// panel keeps the code of a transfer to R01: here it is only part of the order's fingerprint. r01-mail 2.9
const (
	TransferCloses = -7                  // days from paid-till until a registrar takes no application for a transfer
	PersonWithin   = 10 * 24 * time.Hour // until a reminder, when no day comes before
)

// LastDay is the last day on which R01 takes what a person is to apply for; zero = the day is not known.
func LastDay(k lifecycle.Kind, paidTill registrar.Date) registrar.Date {
	if paidTill.IsZero() {
		return paidTill
	}
	if k == lifecycle.Transfer || k == lifecycle.AuthCode {
		return paidTill.AddDays(TransferCloses)
	}
	return paidTill
}

// RemindAt is when a person is reminded of a request that is left to a person now.
func (en *Engine) RemindAt(k lifecycle.Kind, paidTill registrar.Date) time.Time {
	at := en.now().Add(PersonWithin)
	if last := LastDay(k, paidTill); !last.IsZero() {
		at = Earlier(at, last.In(registry.Moscow))
	}
	return at
}

// Earlier returns the first of two instants; zero stands for none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// remindPerson reminds once of a request that only a person can go on with.
func (ro *Rounds) remindPerson(tx *store.Tx, r store.Request) error {
	// Only once: without a deadline the request is not overdue any more.
	if err := tx.Requests.SetDeadline(r, time.Time{}); err != nil {
		return err
	}
	ops, err := tx.Operations.OpenOf(r.ID)
	if err != nil {
		return err
	}

	text := "the " + NounOf(r) + " is late: finish it in R01's web interface, or resolve it"
	if d, err := tx.Domains.Get(r.Object); err == nil {
		if last := LastDay(r.Kind, d.PaidTill); !last.IsZero() {
			text += "; R01 takes no application after " + last.String()
		}
	}
	for _, op := range ops {
		if err := ro.alarms.Raise(tx, alarmOf(op.ID), op.Domain, text); err != nil {
			return err
		}
	}
	return nil
}
