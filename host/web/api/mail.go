package api

import "time"

// Review is a mail that waits for a person.
type Review struct {
	ID         string     `json:"id"`
	ReceivedAt time.Time  `json:"received_at"`
	From       string     `json:"from"`
	Subject    string     `json:"subject"`
	Reason     string     `json:"reason"`
	Candidates []string   `json:"candidates"` // operations
	Mail       string     `json:"mail"`
	Text       *string    `json:"text"` // with one entry only; masked
	ResolvedAt *time.Time `json:"resolved_at"`
	ResolvedBy *string    `json:"resolved_by"`
	Outcome    *string    `json:"outcome"`
	Version    *string    `json:"version"`  // of what is shown, candidates included; a decision hands it back
	Stranger   bool       `json:"stranger"` // it waits in the list of strangers
	Note       *string    `json:"note"`     // why it was resolved so
}

// ReviewDecision is a person's reading of a mail. Version is the version of the entry that the person
// saw. OperationVersion is needed if Operation is none of the entry's candidates.
//
// A decision on an entry or operation that has changed since is a CONFLICT (409) and changes nothing.
type ReviewDecision struct {
	Version          string `json:"version"`
	Outcome          string `json:"outcome"`
	Operation        string `json:"operation,omitempty"`
	OperationVersion string `json:"operation_version,omitempty"`
	By               string `json:"by"`
	Reason           string `json:"reason,omitempty"` // for the timeline
}

// Mail is a stored mail, masked.
type Mail struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Out     bool      `json:"out"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
}

// RawMail is a stored mail as it came, masked: encoded parts are shown decoded.
type RawMail struct {
	ID  string `json:"id"`
	Raw string `json:"raw"`
}

// CapturedMail is a mail to try the rules on. Registrar may be empty if only one works by mail.
type CapturedMail struct {
	Raw       []byte `json:"raw"` // base64
	Registrar string `json:"registrar,omitempty"`
}

// Recognition reports how a mail would be understood, and what would become of it. If no store was asked, bindings
// have no operations, and the fate assumes that the request which the mail seems to be about waits for an answer.
type Recognition struct {
	From        string    `json:"from"`
	Subject     string    `json:"subject"`
	Kind        string    `json:"kind"`
	Results     []Result  `json:"results"`
	Doubt       *string   `json:"doubt"`        // why none of the results would be applied
	Bindings    []Binding `json:"bindings"`     // strongest first
	Proof       *string   `json:"proof"`        // proved | not-asked | missing | unavailable
	ProofDetail *string   `json:"proof_detail"` // why it is not proved
	Fate        *string   `json:"fate"`         // apply | note | wait | ignore
	Reason      *string   `json:"reason"`
	Stored      bool      `json:"stored"`
}

// Binding is something in a mail that ties it to a request of ours, or to another's.
type Binding struct {
	By        string  `json:"by"` // thread | token | handle | hint | against
	Value     string  `json:"value"`
	Operation *string `json:"operation"`
}

// Result is one result within a mail.
type Result struct {
	Rule     string  `json:"rule"`
	Outcome  string  `json:"outcome"`
	Domain   *string `json:"domain"`
	Handle   *string `json:"handle"`
	Task     *string `json:"task"`
	Message  *string `json:"message"`
	State    *string `json:"state"`
	PaidTill *string `json:"paid_till"`
}

// Rule is a configuration block that would recognise a mail, with the stored mails that it would have recognised.
type Rule struct {
	Rule     string        `json:"rule"`     // as plugin.hcl would have it, or a comment that says why there is none
	Block    *string       `json:"block"`    // type of the block of settings; null = no rule can be made
	Name     *string       `json:"name"`     // its label
	Settings []RuleSetting `json:"settings"` // its attributes
	Why      *string       `json:"why"`      // why no rule can be made

	Tried   int         `json:"tried"`   // stored mails that it was tried on, the newest
	Matched int         `json:"matched"` // how many of them it recognises
	Matches []RuleMatch `json:"matches"` // the newest of those
}

// RuleSetting is an attribute of a rule, and its value.
type RuleSetting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RuleMatch is a stored mail that a rule recognises.
type RuleMatch struct {
	Mail    string    `json:"mail"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Outcome string    `json:"outcome"` // how it would be read
	Domain  *string   `json:"domain"`  // the domain that it would be about
	State   string    `json:"state"`   // what has become of it
}
