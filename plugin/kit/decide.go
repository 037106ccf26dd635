package kit

import (
	"time"

	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// byAnswer is the contract's word for an answer of an API as evidence.
const byAnswer = registrar.EvidenceAnswer

// decide returns the move that an answer causes; false = nothing new, and the kit asks again. No other
// function decides an outcome without a person.
func decide(t store.Task, a Answer, now time.Time, timing Timing) (store.Move, bool) {
	word := store.Move{Actor: "registrar", Evidence: byAnswer, Reference: a.reference}
	switch a.outcome {
	case done:
		word.Cause, word.Message, word.Change = life.Finished, "the registrar has carried it out", changeOf(t, a.facts)
		return word, true
	case refused:
		word.Cause, word.Error = life.Refused, a.why
		if word.Error == "" {
			word.Error = "the registrar refused it, and gave no reason"
		}
		word.Message = "the registrar refused it: " + word.Error
		return word, true
	case pending:
		return takenOrLate(t, word, now, timing)
	case needsPerson:
		// The person has been told: a further answer would only repeat the step and the event.
		if t.State == registrar.NeedsAction {
			return store.Move{}, false
		}
		word.Cause, word.WaitsFor, word.Message, word.Due = life.Handed, a.why, "a person is needed: "+a.why, now.Add(timing.First)
		return word, true
	case notSent:
		return unsentOrUnheard(t, a, now, timing)
	}

	// Right after sending, silence makes the outcome unknown. Later it says nothing new: the order stays as
	// the last answer left it.
	if t.State == registrar.Sending {
		return store.Move{Cause: life.Lost, Actor: "plugin", Message: "no answer that is understood: " + a.why, Due: now.Add(timing.First)}, true
	}
	return overdue(t, now)
}

// takenOrLate returns the move if the registrar has not finished.
func takenOrLate(t store.Task, word store.Move, now time.Time, timing Timing) (store.Move, bool) {
	switch t.State {
	case registrar.Sending, registrar.Uncertain:
		word.Cause, word.Message = life.Taken, "the registrar has it"
		word.Due, word.Deadline = now.Add(timing.First), now.Add(timing.Deadline)
		return word, true
	}
	return overdue(t, now)
}

// unsentOrUnheard returns the move if the registrar has not got the order. Right after sending, the order may
// still be on its way.
func unsentOrUnheard(t store.Task, a Answer, now time.Time, timing Timing) (store.Move, bool) {
	switch {
	case t.State == registrar.Sending:
		return store.Move{Cause: life.Unsent, Actor: "plugin", Message: "it did not reach the registrar: " + a.why, Due: now.Add(timing.pause(t.Tries))}, true
	case t.State == registrar.Accepted:
		// The registrar may have carried out what it once had: a person looks, and nothing is sent again.
		return store.Move{Cause: life.Disowned, Actor: "registrar", Message: "the registrar had it, and knows nothing of it now", Due: now.Add(timing.Most)}, true
	case t.State == registrar.Uncertain && now.Sub(t.ClaimedAt) >= timing.Settle:
		return store.Move{Cause: life.Unheard, Actor: "registrar", Evidence: byAnswer, Message: "the registrar has never got it; it is sent again"}, true
	}
	return store.Move{}, false
}

// overdue returns the move if the registrar has taken too long.
func overdue(t store.Task, now time.Time) (store.Move, bool) {
	if t.State != registrar.Accepted || t.Deadline.IsZero() || now.Before(t.Deadline) {
		return store.Move{}, false
	}
	return store.Move{Cause: life.Overdue, Actor: "plugin", Message: "the registrar has not finished in time"}, true
}

// changeOf returns the change of the domain's record by a success.
func changeOf(t store.Task, f Facts) store.Change {
	c := store.Change{PaidTill: f.PaidTill, Nameservers: f.Nameservers, Handle: f.Handle, States: f.States}
	if t.Kind == registrar.KindAuthCode {
		c.AuthCode = f.AuthCode
	}
	if t.Kind == registrar.KindUpdate && len(t.Contents.Nameservers) > 0 && len(f.Nameservers) == 0 {
		c.Nameservers = t.Contents.Nameservers
	}
	return c
}

// complete reports whether the facts contain all that an operation's success must show.
func complete(t store.Task, f Facts) bool {
	switch {
	case t.Kind.Acquires():
		return !f.PaidTill.IsZero()
	case t.Kind == registrar.KindRenew:
		return t.Contents.PaidTill.AddYears(max(t.Contents.Years, 1) - 1).Before(f.PaidTill) // the last year has begun
	case t.Kind == registrar.KindAuthCode:
		return f.AuthCode != ""
	}
	return true
}
