package registrar

import "time"

// OperationID names an operation; the plugin chooses it.
type OperationID string

// OperationState says where an operation stands.
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

// Final tells whether nothing more will happen.
func (s OperationState) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// WaitsForPerson tells whether only a person can move it on.
func (s OperationState) WaitsForPerson() bool { return s == NeedsAction || s == Uncertain }

// Operation is one durable thing a registrar does.
type Operation struct {
	ID       OperationID
	Order    OrderID // empty when the registrar's own schedule began it
	Kind     OperationKind
	Domain   string
	State    OperationState
	WaitsFor string // for people; empty when final
	Error    string // why it failed or stands still, in the registrar's words; else ""

	CreatedAt  time.Time
	UpdatedAt  time.Time
	Deadline   time.Time // when silence becomes an alarm; zero = none
	FinishedAt time.Time // zero until final

	History []Step // oldest first; filled by Orders.Operation only
}

// Step is one entry of an operation's history.
type Step struct {
	At       time.Time
	State    OperationState // the state after it
	Message  string
	Actor    string       // "plugin", "registrar", "registry", "cron", or a person's name
	Evidence EvidenceKind // what justified it; "" for our own acts
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

// Decision is a verdict with its author.
type Decision struct {
	Operation OperationID
	Verdict   Verdict
	By        string // who decided; required
	Note      string
}
