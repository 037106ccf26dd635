// Package lifecycle decides what becomes of a request to R01.
//
// A request is one mail: registering a client, registering a domain, prolonging it, changing it; or, if R01
// has no mail for something, what a person carries out there. An operation is carried out by one request
// after another, and its state is the state of its current one. Two operations of one new customer share the
// request that registers the client.
//
// Everything here is data and pure functions: no clock, no I/O. Whatever can move a request is one value,
// [Evidence]: who says it and how that is proved, what ties it to the request, when it was made, what it
// says. [Weigh] looks evidence up in one table, [Rules], and decides whether it is applied, noted, or left to
// a person. Applied evidence is looked up in a second one, [Table]: a state and an event make a new state,
// with effects as values that package engine carries out in the same transaction. A combination that the
// tables do not list is an error, and never passes in silence.
//
// Three rules shape the tables. Success needs evidence: only a reply, the registry or a person leads to
// Succeeded. Only a person's decision leads from Uncertain back to Queued: a request that may have been
// executed is never sent again automatically. And only Weigh makes a [Decision], so nothing moves that was
// not weighed.
package lifecycle

import (
	"fmt"
	"slices"

	"registrar.panel/shared/registrar"
)

// State is the state of a request, and of the operation that it belongs to.
type State = registrar.OperationState

// Kind is what a request asks R01 for.
type Kind string

const (
	NewClient    Kind = "new-client"    // NEW, PERSON or ORGANIZATION template
	NewDomain    Kind = "new-domain"    // NEW, DOMAIN template
	Prolong      Kind = "prolong"       // PROLONG
	UpdateDomain Kind = "update-domain" // UPDATE, DOMAIN template
	UpdateClient Kind = "update-client" // UPDATE, PERSON or ORGANIZATION template

	// R01 has no mail for these, so a person carries them out there. r01-mail 2.9
	Transfer Kind = "transfer"
	AuthCode Kind = "auth-code"
	Trade    Kind = "trade"
	Delete   Kind = "delete"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{NewClient, NewDomain, Prolong, UpdateDomain, UpdateClient, Transfer, AuthCode, Trade, Delete}
}

// OperationKinds lists the kinds of operations that R01 is asked for: those that it has mails for, and then
// the others. Those that give a domain up come last.
func OperationKinds() []registrar.OperationKind {
	return append(registrar.FirstOperationKinds(), registrar.KindAuthCode, registrar.KindTrade, registrar.KindDelete)
}

// Assisted returns the request by which a person carries out an operation of a kind; ok is false if R01 has
// mails for it. r01-mail 2.9
func Assisted(k registrar.OperationKind) (by Kind, ok bool) {
	by, ok = map[registrar.OperationKind]Kind{
		registrar.KindTransfer: Transfer, registrar.KindAuthCode: AuthCode, registrar.KindTrade: Trade, registrar.KindDelete: Delete,
	}[k]
	return by, ok
}

// ByPerson reports whether a person carries the request out, because R01 has no mail for it.
func (k Kind) ByPerson() bool { return k == Transfer || k == AuthCode || k == Trade || k == Delete }

// Witnessed reports whether the registry's record can show that the request was carried out.
func (k Kind) Witnessed() bool { return !k.AboutClient() && k != AuthCode && k != Trade }

// Paid reports whether R01 charges for the request: it is never sent twice without proof or a person's
// decision.
func (k Kind) Paid() bool { return k == NewDomain || k == Prolong }

// AboutClient reports whether the request's object is a handle and not a domain.
func (k Kind) AboutClient() bool { return k == NewClient || k == UpdateClient }

// StallReason is why a request waits in NeedsAction or Uncertain.
type StallReason string

const (
	NotStalled    StallReason = ""
	AuthFailed    StallReason = "auth_failed"   // R01 refused agreement or password
	NoFunds       StallReason = "no_funds"      // R01 found no money in the account
	NotDelegated  StallReason = "not_delegated" // registered, but not delegated. r01-mail 3.1
	NoResult      StallReason = "no_result"     // queued long ago, no result by the deadline
	NoAnswer      StallReason = "no_answer"     // sent, no answer at all by the deadline
	FateUnknown   StallReason = "fate_unknown"  // the relay's answer never reached us
	NeedsOperator StallReason = "by_hand"       // R01 has no mail for it. r01-mail 2.9
	ToVerify      StallReason = "to_verify"     // R01 says that there is nothing to renew, or not now
)

// StallReasons lists every reason.
func StallReasons() []StallReason {
	return []StallReason{NotStalled, AuthFailed, NoFunds, NotDelegated, NoResult, NoAnswer, FateUnknown, NeedsOperator, ToVerify}
}

// Event is what happened to a request.
type Event string

const (
	Claimed   Event = "claimed"   // the sender is about to transmit; committed before DATA
	Deferred  Event = "deferred"  // the relay took nothing: it may be tried again
	Refused   Event = "refused"   // the relay refused it for good
	Relayed   Event = "relayed"   // the relay answered 250 after the final dot
	Lost      Event = "lost"      // the relay's answer is unknown, or we died while sending
	CopySeen  Event = "copy-seen" // our blind copy came back, so the relay took the mail
	Bounced   Event = "bounced"   // it came back as undeliverable for good
	Queuing   Event = "queuing"   // R01: put in the queue
	Done      Event = "done"      // R01: executed
	HalfDone  Event = "half-done" // R01: registered, not delegated
	Rejected  Event = "rejected"  // R01: refused, not executed
	Unfunded  Event = "unfunded"  // R01: no money, not executed
	Unauth    Event = "unauth"    // R01: agreement or password wrong, not executed
	Doubted   Event = "doubted"   // R01: not executed, it is renewed already or can't be renewed now
	Overdue   Event = "overdue"   // the deadline passed in silence
	Confirmed Event = "confirmed" // the registry shows it executed
	SaidDone  Event = "said-done" // a person: it was executed
	SaidNot   Event = "said-not"  // a person: it was not executed, and shall not be
	Resend    Event = "resend"    // a person: send it again
	Released  Event = "released"  // its obstacle is gone, and it is proved that nothing was executed
	Withdrawn Event = "withdrawn" // cancelled before it was sent
	Unneeded  Event = "unneeded"  // the request that it should follow failed
	ByHand    Event = "by-hand"   // its turn has come, and a person must carry it out
	Restored  Event = "restored"  // the store is an older one: the request may have been sent since
)

// Events lists every event.
func Events() []Event {
	return []Event{Claimed, Deferred, Refused, Relayed, Lost, CopySeen, Bounced, Queuing, Done, HalfDone,
		Rejected, Unfunded, Unauth, Doubted, Overdue, Confirmed, SaidDone, SaidNot, Resend, Released, Withdrawn, Unneeded, ByHand, Restored}
}

// EventOf returns the event of a reply's outcome; notices and ignored mails have none.
func EventOf(o registrar.ReplyOutcome) (Event, bool) {
	e, ok := map[registrar.ReplyOutcome]Event{
		registrar.ReplyQueued:       Queuing,
		registrar.ReplyDone:         Done,
		registrar.ReplyNotDelegated: HalfDone,
		registrar.ReplyRejected:     Rejected,
		registrar.ReplyNoFunds:      Unfunded,
		registrar.ReplyAuthFailed:   Unauth,
		registrar.ReplyVerify:       Doubted,
	}[o]
	return e, ok
}

// Effect is an action in the transaction that records a transition.
type Effect string

const (
	BeginDomain  Effect = "begin-domain"  // the client is ready: send the domain requests that wait for it
	FailWaiting  Effect = "fail-waiting"  // the client is refused: fail the requests that wait for it
	PauseAll     Effect = "pause-all"     // send nothing more. r01-mail 4.5
	PausePaid    Effect = "pause-paid"    // send nothing more that costs money
	ResumePaid   Effect = "resume-paid"   // a paid request succeeded: there is money
	ResumeAll    Effect = "resume-all"    // a person says that the fault is mended
	RaiseAlarm   Effect = "raise-alarm"   // a person should know
	ClearAlarm   Effect = "clear-alarm"   // the request has moved on
	FinishObject Effect = "finish-object" // record what the request achieved: handle, paid-till, nameservers
)

// Request is what is known about a request.
type Request struct {
	Kind    Kind
	State   State
	Stall   StallReason
	Version string // of what a person sees of the request; changes with every move
	// MayRun means that R01 may be carrying out a transmission of the request that no refusal covers.
	MayRun bool
	// Releasable means that R01's refusal proves that nothing runs, so that the request may go back into the
	// queue when its obstacle is gone.
	Releasable bool
	Leads      bool // requests for domains follow it
	Settled    bool // what was handed over can't be carried out any more. ARCHITECTURE.md, the durable step
}

// Decision is a new state and its consequences. Only Weigh makes one; the zero Decision is invalid.
type Decision struct {
	state      State
	hold       StallReason
	effects    []Effect
	mayRun     bool
	releasable bool
}

// State returns the new state.
func (d Decision) State() State { return d.state }

// Stall returns why the request waits there.
func (d Decision) Stall() StallReason { return d.hold }

// Effects returns the actions that go with the new state.
func (d Decision) Effects() []Effect { return d.effects }

// MayRun returns [Request.MayRun] for the new state.
func (d Decision) MayRun() bool { return d.mayRun }

// Releasable returns [Request.Releasable] for the new state.
func (d Decision) Releasable() bool { return d.releasable }

// Has reports whether an effect was decided.
func (d Decision) Has(e Effect) bool { return slices.Contains(d.effects, e) }

// NoTransitionError is the error for an event that does not suit a state.
type NoTransitionError struct {
	State State
	Stall StallReason
	Event Event
}

func (e *NoTransitionError) Error() string {
	if e.Stall == NotStalled {
		return fmt.Sprintf("a request that is %s can't take %q", e.State, e.Event)
	}
	return fmt.Sprintf("a request that is %s (%s) can't take %q", e.State, e.Stall, e.Event)
}

// decide applies an event.
func decide(r Request, e Event) (Decision, error) {
	e = meant(r.Kind, e)
	for _, t := range table {
		if t.suits(r, e) {
			return Decision{state: t.To, hold: t.Stall, effects: effects(r, e, t.To)}, nil
		}
	}
	return Decision{}, &NoTransitionError{r.State, r.Stall, e}
}

// effects returns the effects, which depend only on the kind, the event and the new state.
func effects(r Request, e Event, to State) []Effect {
	var all []Effect
	add := func(when bool, e Effect) {
		if when {
			all = append(all, e)
		}
	}
	add(to == registrar.Succeeded || e == HalfDone, FinishObject)
	add((r.Kind == NewClient || r.Leads) && to == registrar.Succeeded, BeginDomain)
	add(r.Kind == NewClient && (to == registrar.Failed || to == registrar.Cancelled), FailWaiting)
	add(e == Unauth, PauseAll)
	add(e == Unfunded, PausePaid)
	add(r.Kind.Paid() && to == registrar.Succeeded, ResumePaid)
	add(e == Resend, ResumeAll)
	add(to == registrar.NeedsAction || to == registrar.Uncertain || to == registrar.Failed, RaiseAlarm)
	add(r.State.WaitsForPerson() && !to.WaitsForPerson() && to != registrar.Failed, ClearAlarm)
	return all
}

// MayHappen reports whether a request that waits for this reason may yet be carried out.
func MayHappen(h StallReason) bool { return slices.Contains(undecided(), h) }

// undecided returns the reasons under which R01 has said nothing, or nothing final.
func undecided() []StallReason { return []StallReason{NoResult, NoAnswer, FateUnknown} }
