package kit

import (
	"context"
	"encoding/json"
	"errors"

	"registrar.panel/shared/registrar"
)

// Adapter says what a registrar sells and which data it needs. Its methods have no effects, always return the
// same, and may be called concurrently.
type Adapter interface {
	// Describe introduces the registrar: name, title, version, TLDs, kinds, registrants, schema of the
	// settings, and [registrar.CapCheck] if Check can be certain. The kit adds its own powers.
	Describe() registrar.Description

	// Form lists the fields that an order needs; if the query names a role, the fields for the contact of
	// that role in an offer. The kit checks orders by it: required fields, patterns and types.
	Form(q registrar.FormQuery) []registrar.Field

	// Configure returns the way to the registrar, by settings that match the schema. It does no I/O; mistakes
	// are [registrar.InvalidSettings], by attribute path.
	Configure(config json.RawMessage) (Remote, error)
}

// Remote is the registrar at the other end. Its methods may be called concurrently, honour their context, and
// never repeat a request by themselves.
type Remote interface {
	// Check answers for well-formed names. An error, or a missing name, means "unknown". A name with its own
	// price has that price and the reason premium; the adapter then lists accept_price in
	// Description.OrderFields, and Send pays exactly the order's AcceptPrice.
	Check(ctx context.Context, names []string) ([]registrar.Availability, error)

	// Send asks the registrar to carry an order out. Only an answer of the registrar is [Done], [Pending] or
	// [Refused]; [NotSent] is for an order that certainly did not reach it, such as an error for which
	// [NeverLeft] is true. An error means that the outcome is unknown.
	Send(ctx context.Context, o Order) (Answer, error)

	// Ask finds out what became of an order that was sent, or may have been. [NotSent] means that the
	// registrar was asked and has never got it. Ask must change nothing there.
	Ask(ctx context.Context, o Order) (Answer, error)

	// Read returns what the registrar has on a domain: the zero Facts if it does not hold the domain for us,
	// and [ErrNoRecord] if its records can't be read; then a person's word counts.
	Read(ctx context.Context, domain string) (Facts, error)
}

// Rules is an optional interface of an [Adapter], for mistakes in orders that the form can't express.
type Rules interface {
	// Problems reports the mistakes by the paths of fields, and repeats no value.
	Problems(o registrar.Order) []registrar.Problem
}

// Prober is an optional interface of a [Remote].
type Prober interface {
	// Probe logs in to the registrar, or does something similar, and changes nothing.
	Probe(ctx context.Context) []registrar.Component
}

// Staffed is an optional interface of a [Remote], for orders that people carry out, because the registrar has
// no call for them, or no calls at all.
type Staffed interface {
	// ByHand returns what the staff have to do to carry an order out; "" = it is sent. Such an order waits
	// for a person's verdict from the beginning, and nothing is sent or asked.
	ByHand(o registrar.Order) (what string)
}

// Reporter is an optional interface of a [Remote]: its own report on how it is, instead of the outcome of the
// last call.
type Reporter interface {
	// Report does no I/O.
	Report() registrar.Component
}

// ErrNoRecord is the error of Read if the registrar's records can't be read.
var ErrNoRecord = errors.New("the registrar's records can't be read")

// Order is an order on its way to the registrar.
type Order struct {
	registrar.Order        // AuthCode, Registrant and Contacts are secret: only for the registrar
	Reference       string // the registrar's name for it, from an earlier answer; "" = none
	Handle          string // the registrar's name for the customer, if one was adopted; "" = none
}

// Facts are what the registrar has on a domain that it holds for us.
type Facts struct {
	Held        bool
	PaidTill    registrar.Date // zero = it does not say
	Nameservers []registrar.Nameserver
	Handle      string // of the registrant; "" = it has none

	// AuthCode is the transfer code that an order of kind auth-code has brought: only in [Done].
	AuthCode registrar.AuthCode
	// States are the registry's statuses of the domain, in its own words: "clientHold".
	States []string
}
