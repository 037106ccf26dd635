package registrar

import (
	"fmt"
	"slices"
	"time"
)

// MailID names a mail that was sent or received.
type MailID string

// Mail is a stored mail as a person may see it.
type Mail struct {
	ID      MailID
	At      time.Time
	Out     bool // we sent it
	From    string
	To      string
	Subject string
	Text    string    // header and body, masked; filled by Mails.Mail only
	State   MailState // "" = the registrar does not say
}

// MailState is what became of a mail. New states may come.
type MailState string

const (
	MailSent    MailState = "sent"    // we sent it
	MailNew     MailState = "new"     // it is not read yet
	MailApplied MailState = "applied" // what it says is recorded
	MailReview  MailState = "review"  // it waits for a person, or last did
	MailIgnored MailState = "ignored" // it means nothing to us
)

// ReviewID names an entry of the review queue.
type ReviewID string

// Review is a received mail that waits for a person.
type Review struct {
	ID         ReviewID
	Mail       MailID
	ReceivedAt time.Time
	From       string
	Subject    string
	Reason     string        // why no rule could decide
	Candidates []OperationID // operations it may belong to
	Version    Version       // changes when the entry is resolved, and when a candidate's version does
	Text       string        // masked; filled by Reviews.Review only
	ResolvedAt time.Time     // zero = waiting
	ResolvedBy string
	Outcome    ReplyOutcome
	Stranger   bool   // it waits in the list of strangers
	Note       string // why it was resolved in this way; "" = not said
}

// Setting is an attribute of a block of settings, with its value.
type Setting struct{ Name, Value string }

// ReplyOutcome is what a reply says.
type ReplyOutcome string

// [ReplyQueued]: the registrar has the request in its queue, and the result is yet to come. [ReplyDone]:
// the request was carried out. [ReplyNotDelegated]: the domain is registered and not delegated, which is
// not a success. [ReplyRejected]: the request was refused. [ReplyNoFunds]: the account at the registrar
// lacks the funds. [ReplyAuthFailed]: the registrar refused our agreement or its password. [ReplyVerify]:
// not executed, because it is done already or can't be done now; a person should look. [ReplyNotice]: news
// that answers no request. [ReplyIgnore]: the mail means nothing to us.
const (
	ReplyQueued       ReplyOutcome = "queued"
	ReplyDone         ReplyOutcome = "done"
	ReplyNotDelegated ReplyOutcome = "done_not_delegated"
	ReplyRejected     ReplyOutcome = "rejected"
	ReplyNoFunds      ReplyOutcome = "no_funds"
	ReplyAuthFailed   ReplyOutcome = "auth_failed"
	ReplyVerify       ReplyOutcome = "verify"
	ReplyNotice       ReplyOutcome = "notice"
	ReplyIgnore       ReplyOutcome = "ignore"
)

// ReplyOutcomes lists every outcome.
func ReplyOutcomes() []ReplyOutcome {
	return []ReplyOutcome{ReplyQueued, ReplyDone, ReplyNotDelegated, ReplyRejected, ReplyNoFunds,
		ReplyAuthFailed, ReplyVerify, ReplyNotice, ReplyIgnore}
}

// ReviewDecision is a person's reading of a mail.
type ReviewDecision struct {
	Review    ReviewID
	Version   Version // of the entry as the person saw it; required
	Outcome   ReplyOutcome
	Operation OperationID // required unless the outcome is notice or ignore, or there is one candidate
	By        string      // who decided; required
	Note      string      // why, for the timeline

	// OperationVersion is the version of Operation that the person saw. It is required if Operation is not
	// among the entry's candidates, which the entry's version covers, and compared if given.
	OperationVersion Version
}

// Problems reports what the decision lacks or has wrong.
func (d ReviewDecision) Problems() []Problem {
	return decisionProblems(d.By, d.Outcome, ReplyOutcomes(), d.Version, "the review entry")
}

// CheckVersion compares the version that a person saw with the entry's present one, as
// [Operation.CheckVersion] does.
func (r Review) CheckVersion(seen Version) error {
	switch seen {
	case "":
		return InvalidDecision([]Problem{unseen("version", "the review entry")})
	case r.Version:
		return nil
	}
	now := "an operation that it may belong to has moved"
	if !r.ResolvedAt.IsZero() {
		now = fmt.Sprintf("it was resolved as %q by %s at %s", r.Outcome, r.ResolvedBy, r.ResolvedAt.UTC().Format(time.RFC3339))
	}
	return outdated("version", fmt.Sprintf("review entry %s", r.ID), seen, r.Version, now)
}

// CheckOperation compares the version that a person saw of the operation that the decision on an entry
// moves with its present one.
func (d ReviewDecision) CheckOperation(r Review, o Operation) error {
	if d.OperationVersion == "" && slices.Contains(r.Candidates, o.ID) {
		return nil // the entry's version covers it
	}
	return o.checkVersion("operation_version", d.OperationVersion)
}

// Recognition describes how a mail would be understood.
type Recognition struct {
	From    string
	Subject string
	Kind    string // "reply", "bounce", "auto-reply", "copy", "unreadable"
	Results []RecognisedResult
	Doubt   string // why none of the results would be applied; "" = they are clear

	Bindings    []Binding // what ties it to a request, strongest first; none = nothing does
	Proof       Proof
	ProofDetail string // what proves the sender, or why it does not

	Fate   Fate
	Reason string // why that fate, for people
	// Stored means that the store was asked. Otherwise bindings have no operations, and Fate assumes that
	// the request waits for an answer.
	Stored bool
}

// Binding is something in a mail that ties it to a request of ours, or to another mail.
type Binding struct {
	By        BindingKind
	Value     string      // a Message-ID, a token, a handle, a domain, the registrar's number
	Operation OperationID // the operation of that request; "" = none that is known
}

// BindingKind is a way in which a mail is tied to a request. New kinds may come.
type BindingKind string

const (
	BindingThread  BindingKind = "thread"  // it answers a mail of ours
	BindingToken   BindingKind = "token"   // it repeats our token
	BindingHandle  BindingKind = "handle"  // it names a handle that we made
	BindingHint    BindingKind = "hint"    // a name or number that is not secret: it proves nothing
	BindingAgainst BindingKind = "against" // it answers something that is not ours
)

// Proof is how far the sender of a mail is proved. New values may come.
type Proof string

const (
	ProofGiven       Proof = "proved"      // signed, or vouched for by our own mail server
	ProofNotAsked    Proof = "not-asked"   // the settings require no proof
	ProofMissing     Proof = "missing"     // required, and not there
	ProofUnavailable Proof = "unavailable" // it can't be checked now
)

// Fate is what would become of a mail. New values may come.
type Fate string

const (
	FateApply  Fate = "apply"  // it moves a request
	FateNote   Fate = "note"   // it is recorded, and moves nothing
	FateWait   Fate = "wait"   // a person must look
	FateIgnore Fate = "ignore" // it means nothing to us
)

// SuggestedRule is a rule that would recognise mails like a given one, and the stored mails that it
// recognises. It is a block of settings of the registrar's schema; front ends show it in the syntax of
// their configuration.
type SuggestedRule struct {
	Block    string // type of the block, for example "reply"; "" = no rule can be made, and Why says why
	Name     string // its label
	Settings []Setting
	Why      string // for people

	Tried   int         // stored mails that it was tried on, the newest ones; 0 = it was not tried
	Matched int         // how many of them it recognises
	Matches []RuleMatch // the newest of those
}

// RuleMatch is a stored mail that a suggested rule recognises.
type RuleMatch struct {
	Mail    MailID
	At      time.Time
	From    string
	Subject string       // masked
	Outcome ReplyOutcome // how the rule reads it
	Domain  string       // the domain that it would be about; "" = it names none
	State   MailState    // what became of it
}

// RecognisedResult is one result within a mail.
type RecognisedResult struct {
	Rule     string // name of the rule that matched
	Outcome  ReplyOutcome
	Domain   string
	Handle   string
	Task     string
	Message  string
	State    string
	PaidTill Date
}

// Component is one part of a plugin's health.
type Component struct {
	Name   string
	OK     bool
	Detail string   // what is wrong, or the state in words
	Advice []Advice // what to do about it

	Figures map[Figure]float64 // for monitoring
}

// Probed returns the Component for a probe: OK with the given text, or not OK with the error's message.
func Probed(name string, err error, well string) Component {
	if err != nil {
		return Component{Name: name, Detail: err.Error()}
	}
	return Component{Name: name, OK: true, Detail: well}
}
