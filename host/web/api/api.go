// Package api is the panel's JSON API: its words, which are a promise to scripts outside
// this repository, and a client.
//
// In all of it times are RFC 3339 in UTC, dates YYYY-MM-DD, what is unknown is null, and a
// list is never null. New keys may appear; none is renamed.
//
// A call that the panel refused returns an [*Error] with the panel's code and words. When
// no panel answers the error is [ErrNotServing].
package api

import (
	"fmt"
	"strings"
)

<<<<<<< HEAD
// Domain is a domain as the panel shows it.
type Domain struct {
	Name        string       `json:"name"` // ACE
	Unicode     string       `json:"unicode"`
	Status      string       `json:"status"`
	Registrar   string       `json:"registrar"`
	Customer    string       `json:"customer"`
	Handle      *string      `json:"handle"`
	PaidTill    *string      `json:"paid_till"`
	Renewal     *string      `json:"renewal"` // auto | manual
	Nameservers []Nameserver `json:"nameservers"`
	Registry    []string     `json:"registry"`  // what the registry itself says of it, as it writes it, when it was last asked
	Operation   *Operation   `json:"operation"` // the open one
	Standing
	Alarms   []Alarm `json:"alarms"`
	Locked   bool    `json:"locked"`             // transfers to another registrar are refused, by an order of ours
	Timeline []Entry `json:"timeline,omitempty"` // with one domain only: its Action Log
}

// Nameserver is a host, with addresses when it lies in the domain itself.
type Nameserver struct {
	Host string   `json:"host"`
	IPs  []string `json:"ips"`
}

// Reader names who asks for a secret; it is recorded.
type Reader struct {
	By string `json:"by"`
}

// TransferCode is the code (AuthInfo) of a transfer.
type TransferCode struct {
	Code string `json:"code"`
}

// Availability reports whether a name may be registered: available | taken | invalid |
// unknown. It is available only by the registry's own word.
type Availability struct {
	Name    string            `json:"name"`
	Unicode string            `json:"unicode"`
	Status  string            `json:"status"`
	Detail  *string           `json:"detail"`
	Texts   map[string]string `json:"texts,omitempty"` // the detail by language: "en", "ru"

	Advice []Advice `json:"advice,omitempty"` // what else can be done with the name
	Reason string   `json:"reason,omitempty"` // taken | reserved | blocked | premium | invalid | no-answer, or a later one
	Price  *Price   `json:"price,omitempty"`  // of a registration, where the name has one of its own; an order must accept it
}

// Price is an amount of money.
type Price struct {
	Amount   string `json:"amount"`   // decimal, with a dot: 1200, 12.50
	Currency string `json:"currency"` // by ISO 4217: RUB
}

// Alarm stands until what it tells of is over.
type Alarm struct {
	Key     string    `json:"key"`
	Since   time.Time `json:"since"`
	Message string    `json:"message"`
}

// Operation is something a registrar does. Within a domain the keys from order on are
// left out.
type Operation struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	State    string     `json:"state"`
	WaitsFor *string    `json:"waits_for"`
	Error    *string    `json:"error"`
	Version  *string    `json:"version"`  // of what is shown; a decision hands it back
	Deadline *time.Time `json:"deadline"` // until when the next word is expected

	*OperationDetails
}

// OperationDetails is what only the operation itself tells.
type OperationDetails struct {
	Order      *string    `json:"order"` // null = begun by the registrar's schedule
	Domain     string     `json:"domain"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	FinishedAt *time.Time `json:"finished_at"`
	History    []Step     `json:"history"`
	Advice     []Advice   `json:"advice,omitempty"` // what a person can do while it waits for one
}

// Step is one entry of an operation's history.
type Step struct {
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Message  string    `json:"message"`
	Actor    string    `json:"actor"`
	Evidence *string   `json:"evidence"`
	Mail     *string   `json:"mail"`
}

// Order is an order. Operation is the ID.
type Order struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind"`
	Domain    string  `json:"domain"`
	Unicode   string  `json:"unicode"`
	Customer  string  `json:"customer"`
	State     string  `json:"state"` // unpaid | paid | cancelled
	Operation *string `json:"operation"`
	Registrar string  `json:"registrar"`
	Own       bool    `json:"own"`
	Error     *string `json:"error"` // why it failed
	OrderStanding
	CreatedAt time.Time  `json:"created_at"`
	PaidAt    *time.Time `json:"paid_at"`
	ClosedAt  *time.Time `json:"closed_at"`
	Reference *string    `json:"reference"`       // the caller's own name for it
	PaidTill  *string    `json:"paid_till"`       // of a renewal: the expiry that it starts from
	Years     *int       `json:"years"`           // the term; null = the shortest that its registrar offers
	DS        []string   `json:"ds"`              // DS records that it asks for, as zone files have them
	Roles     []string   `json:"contact_roles"`   // of the contacts that it brings beside the registrant
	Notes     []Problem  `json:"notes,omitempty"` // of placing and paying: what to know before; they hinder nothing
}

// NewOrder asks for an order of any kind.
type NewOrder struct {
	ID          string       `json:"id,omitempty"`        // the caller's choice, 1 to 64 of A-Z a-z 0-9 . _ -; the same again is the same order
	Reference   string       `json:"reference,omitempty"` // the caller's own name for it, such as an invoice
	Kind        string       `json:"kind"`                // register | transfer | renew | update | delete | restore | lock | unlock | auth-code | trade, of those that the registrar declares
	Domain      string       `json:"domain"`
	Customer    string       `json:"customer"`
	Own         bool         `json:"own"` // needs no payment
	Contact     Contact      `json:"contact,omitempty"`
	Nameservers []Nameserver `json:"nameservers,omitempty"`
	AuthCode    string       `json:"auth_code,omitempty"`
	PaidTill    string       `json:"paid_till,omitempty"` // required of a renewal: the expiry the caller believes in
	Years       int          `json:"years,omitempty"`     // the term, of those that the registrar offers; without it the shortest
	DS          []string     `json:"ds,omitempty"`        // of a registration or update: DS records as zone files have them, "12345 13 2 9f86…"

	// Contacts are those beside the registrant, by role: admin, tech, billing, or another word that the
	// registrar offers.
	Contacts map[string]Contact `json:"contacts,omitempty"`

	AcceptPrice *Price `json:"accept_price,omitempty"` // required of a name that has a price of its own: what the customer agreed to pay
}

// Changed is an order after a payment or cancellation.
type Changed struct {
	Order
	Changed bool `json:"changed"` // false: it was so already
}

// Entry is a line of the Action Log.
type Entry struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Domain    *string   `json:"domain"`
	Actor     string    `json:"actor"`
	Level     string    `json:"level"` // info | warning | error
	Event     string    `json:"event"`
	Message   string    `json:"message"`
	Operation *string   `json:"operation"`
	Mail      *string   `json:"mail"`
	Order     *string   `json:"order"`
	Registrar string    `json:"registrar"`
	Standing
}

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

// ReviewDecision is a person's reading of a mail. Version is that of the entry which the person
// saw. OperationVersion is needed when Operation is none of the entry's candidates.
//
// A decision on an entry or operation that has moved on is a CONFLICT (409) and changes nothing.
type ReviewDecision struct {
	Version          string `json:"version"`
	Outcome          string `json:"outcome"`
	Operation        string `json:"operation,omitempty"`
	OperationVersion string `json:"operation_version,omitempty"`
	By               string `json:"by"`
	Reason           string `json:"reason,omitempty"` // for the timeline
}

// Decision is a person's verdict on an operation. Version is that of the operation which the
// person saw, as reading it tells: on one that has moved on the decision is a CONFLICT (409) and
// changes nothing.
type Decision struct {
	Version string `json:"version"`
	Outcome string `json:"outcome"` // done | failed | resend | cancel
	By      string `json:"by"`
	Note    string `json:"note,omitempty"`

	AuthCode string `json:"auth_code,omitempty"` // the transfer code that was got: with done, of an operation of kind auth-code
}

// Plugin is how a registrar's process stands.
type Plugin struct {
	Name         string      `json:"name"`
	Plugin       *string     `json:"plugin"` // as the plugin calls itself; several registrars may be accounts of one
	Title        string      `json:"title"`
	Version      string      `json:"version"`
	State        string      `json:"state"`
	TLDs         []string    `json:"tlds"`
	Kinds        []string    `json:"kinds"`
	Offers       []Offer     `json:"offers"` // what is sold per TLD; none = every kind everywhere, without a term to choose
	Capabilities []string    `json:"capabilities"`
	Restarts     int         `json:"restarts"`
	Since        time.Time   `json:"since"`
	Error        *string     `json:"error"`
	Health       []Component `json:"health"`
}

// renewalsComponent is the part of a registrar's health that tells of its renewal passes.
const renewalsComponent = "renewals"

// RenewalState is what a registrar that renews by schedule tells of its last pass; empty = nothing.
func RenewalState(p Plugin) (all []Component) {
	for _, c := range p.Health {
		if c.Component == renewalsComponent {
			all = append(all, c)
		}
	}
	return all
}

// Offer is what a registrar sells below some TLDs.
type Offer struct {
	TLDs  []string    `json:"tlds"` // none = all that no other offer names
	Kinds []KindOffer `json:"kinds"`
}

// KindOffer is one kind of order that is sold.
type KindOffer struct {
	Kind                string `json:"kind"`
	Years               *Years `json:"years"`                // the terms to choose from; null = an order names none
	NameserversOptional bool   `json:"nameservers_optional"` // a registration may come without

	Contacts []ContactOffer `json:"contacts"` // that an order may bring beside the registrant
}

// ContactOffer is a role whose contact an order may bring.
type ContactOffer struct {
	Role     string `json:"role"`     // admin, tech, billing, or another word of the registrar's
	Required bool   `json:"required"` // an order must bring it; an update need not
}

// Years is a range of terms.
type Years struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Setting is one value that a plugin works with.
type Setting struct {
	Name    string  `json:"name"`    // "smtp.address"
	Value   *string `json:"value"`   // as JSON; null = it is a secret, or there is none
	Secret  bool    `json:"secret"`  // it is set, and not shown
	Default bool    `json:"default"` // plugin.hcl does not say it
	About   *string `json:"about"`
}

// Upgrade puts the program and settings that plugin.hcl names now in a plugin's place.
type Upgrade struct {
	By string `json:"by"`
}

// Component is one part of a plugin's health.
type Component struct {
	Component string `json:"component"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`

	Advice []Advice `json:"advice,omitempty"` // what to do about it

	*Figures
}

// Figures are what a component tells of itself in numbers, each where it knows it.
type Figures struct {
	LookedAt *time.Time `json:"looked_at,omitempty"` // when all that waited in the mailbox had been fetched
	HeardAt  *time.Time `json:"heard_at,omitempty"`  // when the registry last answered
	PassedAt *time.Time `json:"passed_at,omitempty"` // when the last renewal pass completed
	NextAt   *time.Time `json:"next_at,omitempty"`   // when the next one is made
	Left     *int       `json:"left,omitempty"`      // requests that cost money and may still be sent now
	Most     *int       `json:"most,omitempty"`      // such requests that may be sent in an hour, at most; 0 = none go out until that is settled
	Queued   *int       `json:"queued,omitempty"`    // such requests that wait to be sent, planned renewals included
	Waiting  *int       `json:"waiting,omitempty"`   // mails that wait for a person
}

// Form is what an order must say.
type Form struct {
	TLD        string  `json:"tld"`
	Kind       string  `json:"kind"`
	Registrant string  `json:"registrant"`
	Fields     []Field `json:"fields"`

	Years               *Years `json:"years"`                // the terms to choose from; null = an order names none
	NameserversOptional bool   `json:"nameservers_optional"` // a registration may come without

	DS       bool           `json:"ds"`       // an order may bring DS records
	Role     *string        `json:"role"`     // whose contact it asks for; null = the registrant's
	Contacts []ContactOffer `json:"contacts"` // that an order may bring beside the registrant: each has a form of its own, by role
}

// Field is one question.
type Field struct {
	Key      string            `json:"key"`   // in the contact
	Label    map[string]string `json:"label"` // by language
	Type     string            `json:"type"`
	Required bool              `json:"required"`
	Multiple bool              `json:"multiple"`
	Pattern  *string           `json:"pattern"` // RE2
	Example  *string           `json:"example"`
	Class    string            `json:"class"`

	Help      map[string]string `json:"help,omitempty"`       // by language: what to write; of an agreement, what is accepted
	Choices   []Choice          `json:"choices,omitempty"`    // the values that it may have
	When      []Condition       `json:"when,omitempty"`       // it is asked only where all of them hold
	MinLength int               `json:"min_length,omitempty"` // of a value, in characters
	MaxLength int               `json:"max_length,omitempty"` // of a value, in characters
	Link      string            `json:"link,omitempty"`       // https address of what is to be read first
}

// Choice is one of the values that a field may have.
type Choice struct {
	Value string            `json:"value"`
	Label map[string]string `json:"label,omitempty"` // by language; without it the value itself
}

// Condition holds where another field of the form, which stands before, is asked and has one of the
// values; "" is for a field without an answer.
type Condition struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
}

// Handle is a registrant as a registrar knows it.
type Handle struct {
	Handle    string `json:"handle"`
	Customer  string `json:"customer"`
	Registrar string `json:"registrar"`
	Kind      string `json:"kind"`
	State     string `json:"state"`
}

// NewHandle takes over a handle. Registrar may be empty when only one works with handles.
type NewHandle struct {
	Handle    string `json:"handle"`
	Registrar string `json:"registrar,omitempty"`
}

// Customer is all the panel knows of one.
type Customer struct {
	ID      string   `json:"id"`
	Handles []Handle `json:"handles"`
	Domains []Domain `json:"domains"`
	Orders  []Order  `json:"orders"`
}

// Import takes over a domain. Registrar may be empty: the one that serves the TLD.
type Import struct {
	Customer  string `json:"customer"`
	Handle    string `json:"handle"`
	PaidTill  string `json:"paid_till"`
	Registrar string `json:"registrar,omitempty"`
}

// Move hands a domain to another registrar's plugin. Handle and PaidTill are for a plugin
// that has to take it over; empty = as the panel knows them.
type Move struct {
	To       string `json:"to"`
	By       string `json:"by"`
	Handle   string `json:"handle,omitempty"`
	PaidTill string `json:"paid_till,omitempty"`
}

// Moved is a domain after a move.
type Moved struct {
	Domain
	Changed bool `json:"changed"` // false: it was there already
}

// Correction says what a person knows better of a domain. What is left out stays.
type Correction struct {
	Handle   string `json:"handle,omitempty"`
	PaidTill string `json:"paid_till,omitempty"`
	Reason   string `json:"reason"`
	By       string `json:"by"`
}

// Corrected is a domain after a correction.
type Corrected struct {
	Domain
	Changed bool `json:"changed"` // false: it was so already
}

// Forgetting says why a domain is to be taken off the list, and who decides it.
type Forgetting struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// Renewal chooses how a domain is renewed: auto | manual.
type Renewal struct {
	Mode string `json:"mode"`
}

// RenewalRun asks for a pass.
type RenewalRun struct {
	DryRun bool `json:"dry_run"`
}

// RenewalStep is one line of a renewal pass.
type RenewalStep struct {
	Domain    string  `json:"domain"`
	Registrar string  `json:"registrar"`
	PaidTill  *string `json:"paid_till"`
	Action    string  `json:"action"` // send | announce | hold
	Reason    string  `json:"reason"`
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

// RawMail is a stored mail as it came, masked: what is encoded in it stands there decoded.
type RawMail struct {
	ID  string `json:"id"`
	Raw string `json:"raw"`
}

// CapturedMail is a mail to try the rules on. Registrar may be empty when only one works
// by mail.
type CapturedMail struct {
	Raw       []byte `json:"raw"` // base64
	Registrar string `json:"registrar,omitempty"`
}

// Recognition tells how a mail would be understood, and what would become of it. Where no store
// was asked, bindings have no operations, and the fate supposes that the request which the mail
// seems to be about waits for an answer.
type Recognition struct {
	From        string    `json:"from"`
	Subject     string    `json:"subject"`
	Kind        string    `json:"kind"`
	Results     []Result  `json:"results"`
	Doubt       *string   `json:"doubt"`        // why nothing of the results would be applied
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

// Preview is the mail that an order would send first.
type Preview struct {
	Preview string `json:"preview"`
}

// Rule is a configuration block that would recognise a mail, and which of the stored mails it would have
// recognised.
type Rule struct {
	Rule     string        `json:"rule"`     // as it is to stand in plugin.hcl, or a comment that says why there is none
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

// Advice is something that a person can do next.
type Advice struct {
	Action     string            `json:"action"` // read-code | by-hand | give-code | settings | read-mails | read-strangers | compare | import; new ones may come
	Parameters map[string]string `json:"parameters,omitempty"`
}

// RuleMatch is a stored mail that a rule recognises.
type RuleMatch struct {
	Mail    string    `json:"mail"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Outcome string    `json:"outcome"` // as which it would be read
	Domain  *string   `json:"domain"`  // that it would be about
	State   string    `json:"state"`   // what has become of it
}

=======
>>>>>>> main
// Failure is the body of every answer that is no success.
type Failure struct {
	Error Error `json:"error"`
}

// Error is a refused call.
type Error struct {
	Code     string    `json:"code"` // a registrar.Code, or UNAUTHORIZED, FORBIDDEN, BAD_REQUEST
	Message  string    `json:"message"`
	Problems []Problem `json:"problems"`
	Order    *string   `json:"order,omitempty"` // the order that stands in the way
}

// Problem is one mistake, by field path.
type Problem struct {
	Path    string            `json:"path"`
	Message string            `json:"message"`          // in English
	Code    string            `json:"code,omitempty"`   // for programs
	Params  map[string]string `json:"params,omitempty"` // what the texts speak of
	Texts   map[string]string `json:"texts,omitempty"`  // the message by language: "en", "ru"
}

// RequestMistakes is the message of mistakes that the panel finds by itself in what it was given:
// INVALID with any other message is the word of a registrar.
const RequestMistakes = "the request has mistakes"

// Error tells the message and every problem, one a line: words of others make no lines of
// their own.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(oneLine(e.Message))
	for _, p := range e.Problems {
		fmt.Fprintf(&text, "\n  %s: %s", oneLine(p.Path), oneLine(p.Message))
	}
	return text.String()
}

var lineBreaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func oneLine(text string) string { return lineBreaks.Replace(text) }
