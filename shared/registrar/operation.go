package registrar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// OperationID names an operation; the plugin chooses it.
type OperationID string

// OperationState is the state of an operation.
type OperationState string

const (
	Queued      OperationState = "Queued"      // stored, not sent
	Sending     OperationState = "Sending"     // intent on disk, transmission under way
	Sent        OperationState = "Sent"        // handed over, no answer yet
	Accepted    OperationState = "Accepted"    // the registrar has it in its queue
	NeedsAction OperationState = "NeedsAction" // a person must act; WaitsFor says what
	Uncertain   OperationState = "Uncertain"   // may or may not have been executed
	Succeeded   OperationState = "Succeeded"   // evidence says it was done
	Failed      OperationState = "Failed"      // evidence says it was not done
	Cancelled   OperationState = "Cancelled"   // withdrawn before anything was sent
)

// OperationStates lists every state.
func OperationStates() []OperationState {
	return []OperationState{Queued, Sending, Sent, Accepted, NeedsAction, Uncertain, Succeeded, Failed, Cancelled}
}

// Final reports whether the operation has ended.
func (s OperationState) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Outcome is how something has ended; "" = it has not.
type Outcome string

// [OutcomeSucceeded]: evidence shows that it was done. [OutcomeFailed]: evidence shows that it was not.
const (
	OutcomeSucceeded Outcome = "succeeded"
	OutcomeFailed    Outcome = "failed"
	OutcomeCancelled Outcome = "cancelled" // withdrawn, and nothing was done
)

// Outcomes lists every outcome.
func Outcomes() []Outcome { return []Outcome{OutcomeSucceeded, OutcomeFailed, OutcomeCancelled} }

// Outcome returns the outcome that a state is; "" = the state is not final.
func (s OperationState) Outcome() Outcome {
	switch s {
	case Succeeded:
		return OutcomeSucceeded
	case Failed:
		return OutcomeFailed
	case Cancelled:
		return OutcomeCancelled
	}
	return ""
}

// WaitsForPerson reports whether only a person can move the operation on.
func (s OperationState) WaitsForPerson() bool { return s == NeedsAction || s == Uncertain }

// Version names the state of an operation or a review entry that a person saw. It is opaque: compare it,
// show it, and pass it back with the decision. "" = none.
//
// An operation's version changes with every step of its history: a move of the operation or of a request
// that it shares, an attempt to send, and a late message that moved nothing but which a person should know
// before deciding. It changes with nothing else, and never returns to an earlier value.
type Version string

// Operation is one durable thing a registrar does.
type Operation struct {
	ID       OperationID
	Order    OrderID // empty if the registrar's own schedule began it
	Kind     OperationKind
	Domain   string
	State    OperationState
	WaitsFor string // for people; empty when final
	Error    string // why it failed, was withdrawn or is stalled, in the registrar's words; "" = none of these
	Version  Version

	CreatedAt  time.Time
	UpdatedAt  time.Time
	Deadline   time.Time // when silence becomes an alarm; zero = none
	FinishedAt time.Time // zero until final

	History []Step   // oldest first; filled by Orders.Operation only
	Advice  []Advice // what a person can do while it waits for a person; filled by Orders.Operation only
}

// Step is one entry of an operation's history.
type Step struct {
	At       time.Time
	State    OperationState // the state after it
	Message  string
	Actor    string       // "plugin", "registrar", "registry", "cron", or a person's name
	Evidence EvidenceKind // what justified it; "" = an act of our own
	Mail     MailID       // the mail behind it, if one
}

// EvidenceKind is what justified a step.
type EvidenceKind string

const (
	EvidenceReply    EvidenceKind = "reply"    // a recognised mail of the registrar
	EvidenceRelay    EvidenceKind = "relay"    // the mail relay's definite answer
	EvidenceCopy     EvidenceKind = "copy"     // our own blind copy came back
	EvidenceRegistry EvidenceKind = "registry" // whois or a zone list
	EvidencePerson   EvidenceKind = "person"   // an operator's decision
	EvidenceAnswer   EvidenceKind = "answer"   // the registrar's answer to our call
)

// Verdict is a person's decision on an operation.
type Verdict string

const (
	VerdictDone   Verdict = "done"   // it was executed
	VerdictFailed Verdict = "failed" // it was not, and shall not be
	VerdictResend Verdict = "resend" // it was not; send it again
	VerdictCancel Verdict = "cancel" // withdraw it; only while Queued
)

// Verdicts lists every verdict.
func Verdicts() []Verdict {
	return []Verdict{VerdictDone, VerdictFailed, VerdictResend, VerdictCancel}
}

// Decision is a verdict and who gave it.
type Decision struct {
	Operation OperationID
	Version   Version // of the operation as the person saw it; required
	Verdict   Verdict
	By        string // who decided; required
	Note      string
	AuthCode  AuthCode // the code that was obtained: with [VerdictDone] on an operation of [KindAuthCode]
}

// Problems reports what the decision lacks or has wrong.
func (d Decision) Problems() []Problem {
	return decisionProblems(d.By, d.Verdict, Verdicts(), d.Version, "the operation")
}

func decisionProblems[T ~string](by string, outcome T, allowed []T, seen Version, what string) []Problem {
	var problems []Problem
	if strings.TrimSpace(by) == "" {
		problems = append(problems, Problem{Path: "by", Message: "is required: who decides"})
	}
	if !slices.Contains(allowed, outcome) {
		problems = append(problems, Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v", allowed)})
	}
	if seen == "" {
		problems = append(problems, unseen("version", what))
	}
	return problems
}

// unseen returns the problem of a decision that does not name the version that the person saw.
func unseen(path, what string) Problem {
	return Problem{Path: path, Message: "is required: that of " + what + " as the person who decides saw it; read it, and hand its version back"}
}

// CheckVersion compares the version that a person saw with the operation's present one. It returns nil if
// they are the same, [Invalid] if no version is named, and otherwise a [Conflict] that says what has
// happened meanwhile, as far as History is filled.
func (o Operation) CheckVersion(seen Version) error { return o.checkVersion("version", seen) }

func (o Operation) checkVersion(path string, seen Version) error {
	switch seen {
	case "":
		return InvalidDecision([]Problem{unseen(path, "the operation")})
	case o.Version:
		return nil
	}
	now := fmt.Sprintf("it is %s now", o.State)
	if n := len(o.History); n > 0 {
		last := o.History[n-1]
		now += fmt.Sprintf(", by %s at %s: %s", last.Actor, last.At.UTC().Format(time.RFC3339), last.Message)
	}
	return outdated(path, fmt.Sprintf("operation %s", o.ID), seen, o.Version, now)
}

// outdated returns the error for a decision about something that has moved on since the person looked.
func outdated(path, what string, seen, have Version, now string) error {
	return &Error{Code: Conflict, Detail: what + " has moved on since it was looked at, and nothing was changed: " + now, Problems: []Problem{
		{Path: path, Message: fmt.Sprintf("%q was seen, and %q is the present one: look again before deciding", seen, have)}}}
}
