// Package lifecycle decides what becomes of a request to R01.
//
// A request is one mail: registering a client, registering a domain, prolonging it,
// changing it; or, if R01 has no mail for it, what a person carries out there. An operation is
// carried out by one request after another, and its state is the state of its current one; two
// operations of one new customer share the request that registers the client.
//
// Everything here is data and pure functions: no clock, no I/O. Whatever can move a request is
// one value, [Evidence]: who says it and how that is proved, what ties it to the request, when
// it was made, what it says. [Weigh] looks it up in one table, [Rules], and answers whether it
// is applied, noted, or for a person. Applied evidence is looked up in a second one, [Table]:
// a state and an event make a new state, with effects as values that package engine carries out
// in the same transaction. What the tables do not list is an error, never a silent stay.
//
// Three rules shape them. Success needs evidence: only a reply, the registry or a person
// leads to Succeeded. Nothing leads from Uncertain back to Queued but a person's decision: a
// request that may have been executed is never sent again by itself. And a [Decision] is made
// by Weigh alone, so nothing moves that was not weighed.
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

	// R01 has no mail for these: a person carries them out there. r01-mail 2.9
	Transfer Kind = "transfer"
	AuthCode Kind = "auth-code"
	Trade    Kind = "trade"
	Delete   Kind = "delete"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{NewClient, NewDomain, Prolong, UpdateDomain, UpdateClient, Transfer, AuthCode, Trade, Delete}
}

// OperationKinds lists the kinds of operations that R01 is asked for: those that it has mails for, and
// those that it has none for. What gives a domain up comes last.
func OperationKinds() []registrar.OperationKind {
	return append(registrar.FirstOperationKinds(), registrar.KindAuthCode, registrar.KindTrade, registrar.KindDelete)
}

// Assisted is the request for which a person carries an operation of a kind out; ok is false when R01
// has mails for it. r01-mail 2.9
func Assisted(k registrar.OperationKind) (by Kind, ok bool) {
	by, ok = map[registrar.OperationKind]Kind{
		registrar.KindTransfer: Transfer, registrar.KindAuthCode: AuthCode, registrar.KindTrade: Trade, registrar.KindDelete: Delete,
	}[k]
	return by, ok
}

// ByPerson reports whether a person carries it out, because R01 has no mail for it.
func (k Kind) ByPerson() bool { return k == Transfer || k == AuthCode || k == Trade || k == Delete }

// Witnessed reports whether the registry's record can show that it was carried out.
func (k Kind) Witnessed() bool { return !k.AboutClient() && k != AuthCode && k != Trade }

// Paid reports whether R01 charges for it: such a request is never sent twice without proof
// or a person's decision.
func (k Kind) Paid() bool { return k == NewDomain || k == Prolong }

// AboutClient reports whether its object is a handle and not a domain.
func (k Kind) AboutClient() bool { return k == NewClient || k == UpdateClient }

// StallReason says why a request waits in NeedsAction or Uncertain.
type StallReason string

const (
	NotStalled    StallReason = ""
	AuthFailed    StallReason = "auth_failed"   // R01 refused agreement or password
	NoFunds       StallReason = "no_funds"      // R01 had no money to take
	NotDelegated  StallReason = "not_delegated" // registered, but not delegated. r01-mail 3.1
	NoResult      StallReason = "no_result"     // queued long ago, no result by the deadline
	NoAnswer      StallReason = "no_answer"     // sent, no answer at all by the deadline
	FateUnknown   StallReason = "fate_unknown"  // the relay's answer never reached us
	NeedsOperator StallReason = "by_hand"       // R01 offers no mail action for it. r01-mail 2.9
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
	SaidNot   Event = "said-not"  // a person: it was not and shall not be
	Resend    Event = "resend"    // a person: send it again
	Released  Event = "released"  // what held it is gone, and it is proved that nothing was executed
	Withdrawn Event = "withdrawn" // cancelled before it was sent
	Unneeded  Event = "unneeded"  // what it should follow failed
	ByHand    Event = "by-hand"   // its turn has come, and a person must do it
	Restored  Event = "restored"  // the store is an older one: it may have been sent since
)

// Events lists every event.
func Events() []Event {
	return []Event{Claimed, Deferred, Refused, Relayed, Lost, CopySeen, Bounced, Queuing, Done, HalfDone,
		Rejected, Unfunded, Unauth, Doubted, Overdue, Confirmed, SaidDone, SaidNot, Resend, Released, Withdrawn, Unneeded, ByHand, Restored}
}

// EventOf maps the outcome of a reply to an event; notices and ignored mails are none.
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

// Effect is something to be done in the transaction that records a transition.
type Effect string

const (
	BeginDomain  Effect = "begin-domain"  // the client is as it should be: send the domain requests that wait for it
	FailWaiting  Effect = "fail-waiting"  // the client is refused: fail what waits for it
	PauseAll     Effect = "pause-all"     // send nothing more. r01-mail 4.5
	PausePaid    Effect = "pause-paid"    // send nothing more that costs money
	ResumePaid   Effect = "resume-paid"   // a paid request succeeded: there is money
	ResumeAll    Effect = "resume-all"    // a person says it is mended
	RaiseAlarm   Effect = "raise-alarm"   // a person should know
	ClearAlarm   Effect = "clear-alarm"   // it has moved on
	FinishObject Effect = "finish-object" // record what the request achieved: handle, paid-till, nameservers
)

// Request is what is known of a request.
type Request struct {
	Kind    Kind
	State   State
	Stall   StallReason
	Version string // of what a person sees of it; changes with every move
	// MayRun: R01 may be carrying out a transmission of it of which no refusal tells.
	MayRun bool
	// Releasable: R01's refusal proves that nothing runs, so what it lacked may release it.
	Releasable bool
	Leads      bool // requests for domains follow it
	Settled    bool // what was handed over can't be carried out any more. ARCHITECTURE.md, the durable step
}

// Decision is a new state with what follows from it. Only Weigh makes one; the zero Decision
// is invalid.
type Decision struct {
	state      State
	hold       StallReason
	effects    []Effect
	mayRun     bool
	releasable bool
}

// State is the new state.
func (d Decision) State() State { return d.state }

// Stall is why it waits there.
func (d Decision) Stall() StallReason { return d.hold }

// Effects are what is to be done with it.
func (d Decision) Effects() []Effect { return d.effects }

// MayRun is that of [Request], from now on.
func (d Decision) MayRun() bool { return d.mayRun }

// Releasable is that of [Request], from now on.
func (d Decision) Releasable() bool { return d.releasable }

// Has reports whether an effect was decided.
func (d Decision) Has(e Effect) bool { return slices.Contains(d.effects, e) }

// NoTransitionError says that an event does not suit a state.
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

// effects follow from the kind, the event and the new state alone.
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

// MayHappen reports whether a request that is held so may yet be carried out.
func MayHappen(h StallReason) bool { return slices.Contains(undecided(), h) }

// undecided are the holds under which R01 has said nothing, or nothing final.
func undecided() []StallReason { return []StallReason{NoResult, NoAnswer, FateUnknown} }
