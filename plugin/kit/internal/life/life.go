// Package life is the course of an operation: its states, the causes that move it, and one table of where
// they lead. It knows no clock, store or network.
package life

import (
	"slices"

	"registrar.panel/shared/registrar"
)

// Cause is what moves an operation. The zero Cause moves none.
type Cause string

const (
	Claimed   Cause = "claimed"   // it is about to be sent
	Unsent    Cause = "unsent"    // the registrar certainly took nothing
	Taken     Cause = "taken"     // the registrar has it, and has not finished
	Handed    Cause = "handed"    // the registrar has it, and a person must do something for it to go on
	Finished  Cause = "finished"  // the registrar did it
	Refused   Cause = "refused"   // the registrar will not do it
	Lost      Cause = "lost"      // no answer that could be understood, or the program ended before one came
	Unheard   Cause = "unheard"   // the registrar was asked, and has never got it
	Overdue   Cause = "overdue"   // the registrar has had it for too long
	Disowned  Cause = "disowned"  // the registrar had it, and knows nothing of it now
	Forgotten Cause = "forgotten" // the store was restored: what happened since is not known

	SaidDone   Cause = "said-done"   // a person found out that it was done
	SaidFailed Cause = "said-failed" // a person found out that it was not done, and shall not be
	SaidAgain  Cause = "said-again"  // a person found out that it was not done, and wants it sent again
	Withdrawn  Cause = "withdrawn"   // a person cancelled it before anything was sent
)

// Causes lists every cause.
func Causes() []Cause {
	return []Cause{Claimed, Unsent, Taken, Handed, Finished, Refused, Lost, Unheard, Overdue, Disowned, Forgotten,
		SaidDone, SaidFailed, SaidAgain, Withdrawn}
}

// States lists every state that an operation can have here. The contract's Sent is not among them: an API
// answers that it has an order, or nothing is known.
func States() []registrar.OperationState {
	return []registrar.OperationState{registrar.Queued, registrar.Sending, registrar.Accepted, registrar.NeedsAction,
		registrar.Uncertain, registrar.Succeeded, registrar.Failed, registrar.Cancelled}
}

// Transition is one line of the table.
type Transition struct {
	From  registrar.OperationState
	Cause Cause
	To    registrar.OperationState
}

// Table lists every transition. An operation begins as Queued; as NeedsAction if people carry it out and
// nothing is ever sent; or as Uncertain if the store was restored, because it may have been sent before.
//
// Sending is entered only from Queued, and Queued is entered again only if the registrar took nothing, or on
// a person's word: so an order is never sent twice.
func Table() []Transition {
	return []Transition{
		{registrar.Queued, Claimed, registrar.Sending},
		{registrar.Queued, Withdrawn, registrar.Cancelled},
		{registrar.Queued, Forgotten, registrar.Uncertain},

		{registrar.Sending, Unsent, registrar.Queued},
		{registrar.Sending, Taken, registrar.Accepted},
		{registrar.Sending, Handed, registrar.NeedsAction},
		{registrar.Sending, Finished, registrar.Succeeded},
		{registrar.Sending, Refused, registrar.Failed},
		{registrar.Sending, Lost, registrar.Uncertain},

		{registrar.Uncertain, Unheard, registrar.Queued},
		{registrar.Uncertain, Taken, registrar.Accepted},
		{registrar.Uncertain, Handed, registrar.NeedsAction},
		{registrar.Uncertain, Finished, registrar.Succeeded},
		{registrar.Uncertain, Refused, registrar.Failed},
		{registrar.Uncertain, SaidDone, registrar.Succeeded},
		{registrar.Uncertain, SaidFailed, registrar.Failed},
		{registrar.Uncertain, SaidAgain, registrar.Queued},

		{registrar.Accepted, Finished, registrar.Succeeded},
		{registrar.Accepted, Refused, registrar.Failed},
		{registrar.Accepted, Handed, registrar.NeedsAction},
		{registrar.Accepted, Overdue, registrar.NeedsAction},
		{registrar.Accepted, Disowned, registrar.NeedsAction},

		// A late answer still counts: the registrar may finish while a person looks.
		{registrar.NeedsAction, Finished, registrar.Succeeded},
		{registrar.NeedsAction, Refused, registrar.Failed},
		{registrar.NeedsAction, SaidDone, registrar.Succeeded},
		{registrar.NeedsAction, SaidFailed, registrar.Failed},
		{registrar.NeedsAction, SaidAgain, registrar.Queued},
	}
}

// Next returns where a cause leads from a state; ok = false: nowhere.
func Next(from registrar.OperationState, c Cause) (to registrar.OperationState, ok bool) {
	table := Table()
	i := slices.IndexFunc(table, func(t Transition) bool { return t.From == from && t.Cause == c })
	if i < 0 {
		return "", false
	}
	return table[i].To, true
}

// Said returns the cause for a person's verdict.
func Said(v registrar.Verdict) Cause {
	switch v {
	case registrar.VerdictDone:
		return SaidDone
	case registrar.VerdictFailed:
		return SaidFailed
	case registrar.VerdictResend:
		return SaidAgain
	case registrar.VerdictCancel:
		return Withdrawn
	}
	return ""
}
