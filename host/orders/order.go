package orders

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// State is the state of an order's payment.
type State string

const (
	Unpaid    State = "unpaid"    // nothing is sent
	Paid      State = "paid"      // submitted, or being submitted
	Cancelled State = "cancelled" // withdrawn before it was submitted
)

// States lists every state.
func States() []State { return []State{Unpaid, Paid, Cancelled} }

// Order is what a customer, or the provider, asked the panel for.
type Order struct {
	ID        registrar.OrderID
	Kind      registrar.OperationKind
	Domain    string // ACE
	Customer  string
	Registrar string
	State     State
	Standing
	Own         bool // the provider's own, which needs no payment
	Nameservers []registrar.Nameserver
	PaidTill    registrar.Date // for a renewal: the expiry it starts from
	Years       int            // the term; 0 = the shortest that its registrar offers
	DS          []registrar.DelegationSigner
	Roles       []registrar.ContactRole // of the contacts besides the registrant
	Operation   registrar.OperationID   // "" = the registrar has not taken it yet
	Refusal     string                  // why the registrar will not take it; "" = it did not refuse
	WaitsFor    string                  // what must happen next; "" = nothing
	WaitsUntil  time.Time               // until when that is expected; zero = there is no limit
	Attempt     int                     // 1, and one more for each time that it was tried again
	Submission  registrar.OrderID       // the registrar's ID of this attempt; for the first one the order's ID
	BegunAt     time.Time               // when the attempt could be submitted; zero = not yet
	CreatedAt   time.Time
	PaidAt      time.Time           // zero = not paid
	ClosedAt    time.Time           // zero = not concluded
	ExpiresAt   time.Time           // unpaid: when it ends by itself; zero = it does not
	RefundedAt  time.Time           // zero = the payment was not given back
	DismissedAt time.Time           // zero = if the order failed, it waits for a person
	Reference   string              // the caller's own name for it; "" = none
	Notes       []registrar.Problem // what a person should know before paying, found just now; not stored
	Again       bool                // the request that it answers was a repetition; not stored
	Digest      string              // keyed digest of what was asked, by which a repetition is recognised
}

// NewOrder asks for an order. See [registrar.Order] for what each kind needs.
type NewOrder struct {
	ID          registrar.OrderID // the caller's choice; "" = the panel makes one, and no request repeats it
	Reference   string            // the caller's own name for it; may be left out
	Kind        registrar.OperationKind
	Domain      string // Unicode or ACE
	Customer    string // may be left out for a renewal or an update
	Own         bool   // the provider's own: it is paid at once
	Registrant  *registrar.Registrant
	Nameservers []registrar.Nameserver
	AuthCode    registrar.AuthCode
	PaidTill    registrar.Date  // for a renewal; zero = as the domain list has it
	Years       int             // the term; 0 = the shortest that the registrar offers
	AcceptPrice registrar.Price // for a name that has a price of its own: what the customer agreed to pay
	DS          []registrar.DelegationSigner
	Contacts    registrar.Contacts // besides the registrant
}

// begun is the status of a domain when its order is paid; other kinds do not change it.
var begun = map[registrar.OperationKind]registrar.DomainStatus{
	registrar.KindRegister: registrar.StatusRegistering,
	registrar.KindTransfer: registrar.StatusTransferring,
}

// private is the part of an order that is stored sealed.
type private struct {
	Registrant *registrar.Registrant `json:"registrant,omitempty"`
	AuthCode   string                `json:"auth_code,omitempty"`

	AcceptPrice registrar.Price              `json:"accept_price,omitzero"`
	DS          []registrar.DelegationSigner `json:"ds,omitempty"` // public, but kept beside what is ordered with it
	Contacts    registrar.Contacts           `json:"contacts,omitempty"`
}

// personal reports whether there is a contact.
func (p private) personal() bool { return p.Registrant != nil || len(p.Contacts) > 0 }

// seal seals what an attempt at an order asks for.
func (l *ledger) seal(id registrar.OrderID, o registrar.Order) ([]byte, error) {
	text, err := json.Marshal(private{Registrant: o.Registrant, AuthCode: string(o.AuthCode), AcceptPrice: o.AcceptPrice, DS: o.DS, Contacts: o.Contacts})
	if err != nil {
		return nil, fmt.Errorf("seal order %s: %w", id, err)
	}
	return l.box.Seal(text, sealContext(id)), nil
}

func (l *ledger) unseal(id registrar.OrderID, sealed []byte) (p private, err error) {
	text, err := l.box.Open(sealed, sealContext(id))
	if err != nil {
		return p, err
	}
	if json.Unmarshal(text, &p) != nil {
		return p, fmt.Errorf("unseal order %s: its contents are damaged", id)
	}
	return p, nil
}

func sealContext(id registrar.OrderID) string { return "order|" + string(id) }

// newID returns an ID that sorts by time and can't be guessed.
func (s *Service) newID() (registrar.OrderID, error) {
	var id [10]byte // 48 bits of milliseconds, 32 of chance: 16 characters
	binary.BigEndian.PutUint64(id[:8], uint64(s.now().UnixMilli())<<16)
	if _, err := io.ReadFull(s.random, id[6:]); err != nil {
		return "", fmt.Errorf("make order ID: %w", err)
	}
	return registrar.OrderID(strings.ToLower(base32.HexEncoding.EncodeToString(id[:]))), nil
}
