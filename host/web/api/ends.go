package api

import "time"

// Standing is the state of an operation, and its outcome. An order has that of its operation; a domain, that of
// the operation under way or of the last one that ended; a line of the Action Log, that right after the line.
type Standing struct {
	Outcome        *string `json:"outcome"`         // succeeded | failed | cancelled; null = it has not ended
	Reason         *string `json:"reason"`          // why it ended so, or does not move
	OperationState *string `json:"operation_state"` // null = there is no operation
}

// OrderStanding is what an order waits for, and what was decided after it failed.
type OrderStanding struct {
	Standing
	WaitsFor    *string    `json:"waits_for"`
	WaitsUntil  *time.Time `json:"waits_until"`
	Attempt     int        `json:"attempt"`      // 1, and one more for each time that it was tried again
	ExpiresAt   *time.Time `json:"expires_at"`   // unpaid: when it ends by itself
	RefundedAt  *time.Time `json:"refunded_at"`  // the payment was given back
	DismissedAt *time.Time `json:"dismissed_at"` // it failed, and needs no person any more
}

// Retry tries an order again that was paid and has failed: the same payment, another operation. A
// field that is left out stays as it was. Attempt is the one that failed, as the caller saw it: if
// that was tried again already, nothing changes.
type Retry struct {
	By      string  `json:"by"`
	Attempt int     `json:"attempt,omitempty"`
	Contact Contact `json:"contact,omitempty"`

	Contacts map[string]Contact `json:"contacts,omitempty"` // of some roles besides the registrant

	Nameservers []Nameserver `json:"nameservers,omitempty"`
	AuthCode    string       `json:"auth_code,omitempty"`
}

// GiveUp says who refunds or dismisses an order that has failed.
type GiveUp struct {
	By   string `json:"by"`
	Note string `json:"note,omitempty"`
}

// ContactReader names who asks for the contact data of an order, and why; it is recorded.
type ContactReader struct {
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// OrderContact is the contact data of an order as they were given, in the form of a contact file.
// Its key contacts has the contacts besides the registrant, by role, each in the same form.
type OrderContact map[string]any

// MaskedContact is a contact that a registrar has for a domain. Staff can recognise its values, and can't copy them.
type MaskedContact struct {
	Role   string              `json:"role"` // registrant, admin, tech, billing, or a registrar's own word
	Kind   string              `json:"kind"`
	Fields map[string][]string `json:"fields"` // masked
}
