package kit

import (
	"context"
	"encoding/json"
	"errors"

	"registrar.panel/shared/registrar"
)

// Adapter says what a registrar sells and which data it needs. Its methods have no effects, answer
// always the same, and may be called concurrently.
type Adapter interface {
	// Describe introduces the registrar: name, title, version, TLDs, kinds, registrants, schema of
	// the settings; with [registrar.CapCheck] where Check can be certain. The kit adds the powers
	// that it has itself.
	Describe() registrar.Description

	// Form lists the fields that an order needs, or, where the query names a role, the contact for
	// that role of an offer. The kit judges orders by it: what is required, patterns and types.
	Form(q registrar.FormQuery) []registrar.Field

	// Configure makes the way to the registrar of settings that match the schema. It does no I/O;
	// mistakes are [registrar.InvalidSettings], by attribute path.
	Configure(config json.RawMessage) (Remote, error)
}

// Remote is the registrar at the other end. Its methods may be called concurrently, honour their
// context, and never repeat a request by themselves.
type Remote interface {
	// Check answers for names that are well formed. An error, or a name that is left out, is
	// "unknown". One with a price of its own has that, and the reason premium; the adapter then lists
	// accept_price in Description.OrderFields, and Send pays the AcceptPrice of the order and no other.
	Check(ctx context.Context, names []string) ([]registrar.Availability, error)

	// Send has the registrar carry an order out. Only an answer of the registrar is [Done],
	// [Pending] or [Refused]; [NotSent] is for what certainly did not reach it, as [NeverLeft] of
	// an error. An error says that the outcome is not known.
	Send(ctx context.Context, o Order) (Answer, error)

	// Ask finds out what became of an order that was sent, or may have been. [NotSent] says that
	// the registrar was asked and has never got it. It must change nothing there.
	Ask(ctx context.Context, o Order) (Answer, error)

	// Read returns what the registrar has on a domain. One that it does not hold for us is the
	// zero Facts. Of a registrar whose records can't be read it is [ErrNoRecord]: then a person's
	// word counts.
	Read(ctx context.Context, domain string) (Facts, error)
}

// Rules is what an [Adapter] may have besides: mistakes in orders that the form can't express.
type Rules interface {
	// Problems reports them by the paths of fields, and repeats no value.
	Problems(o registrar.Order) []registrar.Problem
}

// Prober is what a [Remote] may have besides.
type Prober interface {
	// Probe logs in to the registrar, or the like, and changes nothing.
	Probe(ctx context.Context) []registrar.Component
}

// Staffed is what a [Remote] may have besides: orders that no call carries out, but people, because the
// registrar has no call for them, or has no calls at all.
type Staffed interface {
	// ByHand says what the staff have to do to carry an order out; "" = it is sent. Such an order
	// waits for a person's verdict from the beginning, and nothing is sent or asked.
	ByHand(o registrar.Order) (what string)
}

// Reporter is what a [Remote] may have besides: its own word on how it is, in place of what became of the
// last call.
type Reporter interface {
	// Report does no I/O.
	Report() registrar.Component
}

// ErrNoRecord is what Read returns of a registrar whose records can't be read.
var ErrNoRecord = errors.New("the registrar's records can't be read")

// Order is an order on its way to the registrar.
type Order struct {
	registrar.Order        // AuthCode, Registrant and Contacts are secret: for the registrar only
	Reference       string // the registrar's name for it, from an earlier answer; "" = none
	Handle          string // by which the registrar knows the customer, as far as was adopted; "" = none
}

// Facts are what the registrar has on a domain that it holds for us.
type Facts struct {
	Held        bool
	PaidTill    registrar.Date // zero = it does not say
	Nameservers []registrar.Nameserver
	Handle      string // of the registrant; "" = it has none

	// AuthCode is the transfer code that an order of kind auth-code has brought: in [Done] only.
	AuthCode registrar.AuthCode
	// States are the registry's own words about the domain, as it writes them: "clientHold".
	States []string
}
