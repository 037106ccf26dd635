package api

import "time"

// Reader names who asks for a secret; it is recorded.
type Reader struct {
	By string `json:"by"`
}

// TransferCode is the code (AuthInfo) of a transfer.
type TransferCode struct {
	Code string `json:"code"`
}

// Order is an order. Operation is the operation's ID.
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
	PaidTill  *string    `json:"paid_till"`       // for a renewal: the expiry that it starts from
	Years     *int       `json:"years"`           // the term; null = the shortest that its registrar offers
	DS        []string   `json:"ds"`              // DS records that it asks for, as zone files have them
	Roles     []string   `json:"contact_roles"`   // of the contacts besides the registrant
	Notes     []Problem  `json:"notes,omitempty"` // after placing and paying: what to know before; they hinder nothing
}

// NewOrder asks for an order of any kind.
type NewOrder struct {
	ID          string       `json:"id,omitempty"`        // the caller's choice, 1 to 64 of A-Z a-z 0-9 . _ -; the same again is the same order
	Reference   string       `json:"reference,omitempty"` // the caller's own name for it, such as an invoice
	Kind        string       `json:"kind"`                // register | transfer | renew | update | delete | restore | lock | unlock | auth-code | trade, if the registrar declares it
	Domain      string       `json:"domain"`
	Customer    string       `json:"customer"`
	Own         bool         `json:"own"` // needs no payment
	Contact     Contact      `json:"contact,omitempty"`
	Nameservers []Nameserver `json:"nameservers,omitempty"`
	AuthCode    string       `json:"auth_code,omitempty"`
	PaidTill    string       `json:"paid_till,omitempty"` // required for a renewal: the expiry the caller believes in
	Years       int          `json:"years,omitempty"`     // the term, of those that the registrar offers; without it the shortest
	DS          []string     `json:"ds,omitempty"`        // for a registration or update: DS records as zone files have them, "12345 13 2 9f86…"

	// Contacts are those besides the registrant, by role: admin, tech, billing, or another word that
	// the registrar offers.
	Contacts map[string]Contact `json:"contacts,omitempty"`

	AcceptPrice *Price `json:"accept_price,omitempty"` // required for a name that has a price of its own: what the customer agreed to pay
}

// Changed is an order after a payment or cancellation.
type Changed struct {
	Order
	Changed bool `json:"changed"` // false: it was so already
}

// Preview is the mail that an order would send first.
type Preview struct {
	Preview string `json:"preview"`
}
