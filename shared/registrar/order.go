package registrar

import (
	"slices"
	"strings"
)

// OrderID names an order. The caller chooses it: 1 to 64 of A-Z a-z 0-9 . _ -
type OrderID string

// maxOrderID is the most characters of an OrderID.
const maxOrderID = 64

// Valid reports whether an OrderID is well formed.
func (id OrderID) Valid() bool {
	return id != "" && len(id) <= maxOrderID && !strings.ContainsFunc(string(id), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

// OperationKind is what an order asks for.
type OperationKind string

// [KindRegister] asks for a domain that is not registered yet, and [KindTransfer] for one that is with another
// registrar. [KindRenew] lengthens the registration of a domain that is ours; [KindUpdate] changes its contacts,
// nameservers or DS records.
const (
	KindRegister OperationKind = "register"
	KindTransfer OperationKind = "transfer"
	KindRenew    OperationKind = "renew"
	KindUpdate   OperationKind = "update"
	KindDelete   OperationKind = "delete"    // give the domain up
	KindRestore  OperationKind = "restore"   // bring a deleted or expired domain back
	KindLock     OperationKind = "lock"      // have transfers to another registrar refused
	KindUnlock   OperationKind = "unlock"    // have them allowed again
	KindAuthCode OperationKind = "auth-code" // get the transfer code: [CodeKeeper]
	KindTrade    OperationKind = "trade"     // change the registrant
)

// OperationKinds lists every kind. The list grows: a registrar declares which it takes.
func OperationKinds() []OperationKind {
	return []OperationKind{KindRegister, KindTransfer, KindRenew, KindUpdate,
		KindDelete, KindRestore, KindLock, KindUnlock, KindAuthCode, KindTrade}
}

// FirstOperationKinds lists the kinds that the first version of the contract had: those of a
// registrar that declares none.
func FirstOperationKinds() []OperationKind { return OperationKinds()[:4] }

// AcquiringKinds lists the kinds that ask for a domain which is not ours yet.
func AcquiringKinds() []OperationKind { return []OperationKind{KindRegister, KindTransfer} }

// Acquires reports whether the kind asks for a domain which is not ours yet.
func (k OperationKind) Acquires() bool { return slices.Contains(AcquiringKinds(), k) }

// NeedsRegistrant reports whether an order of the kind names the domain's new owner.
func (k OperationKind) NeedsRegistrant() bool { return k.Acquires() || k == KindTrade }

// Suits reports whether the kind can be ordered for a domain of a status; "" = the domain is not known.
func (k OperationKind) Suits(s DomainStatus) bool {
	switch {
	case k.Acquires():
		return s == "" || s.Gone()
	case k == KindRestore:
		return s == StatusExpired || s == StatusDeleted
	}
	return s.Held()
}

// RegistrantKind is what a registrant is. New ones may come: a registrar declares those it serves.
type RegistrantKind string

// [Person] is a natural person, [Organization] a legal entity.
const (
	Person       RegistrantKind = "person"
	Organization RegistrantKind = "organization"
	SoleTrader   RegistrantKind = "sole-trader" // a person who trades under a number of the state
)

// RegistrantKinds lists every kind.
func RegistrantKinds() []RegistrantKind { return []RegistrantKind{Person, Organization, SoleTrader} }

// Registrant is who will own the domain: the answers to a [Form].
type Registrant struct {
	Kind RegistrantKind
	// Fields holds the values by Field.Key. A field with one value has one element; a
	// yes/no field holds "true" or "false", an agreement that is accepted "true"; a date is
	// YYYY-MM-DD.
	Fields map[string][]string
}

// Get returns the first value of a field, or "".
func (r Registrant) Get(key string) string {
	if v := r.Fields[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// AuthCode is a transfer code. It never prints. An order that is written as JSON loses its code: a panel
// keeps the code separately, and sealed.
type AuthCode string

const hidden = "***"

// String returns "***", or "" for no code.
func (c AuthCode) String() string {
	if c == "" {
		return ""
	}
	return hidden
}

// GoString returns what String does, for %#v.
func (c AuthCode) GoString() string { return c.String() }

// MarshalText returns what String does, for JSON and the like.
func (c AuthCode) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Nameserver is a host and, if the host lies inside the domain itself, its addresses.
type Nameserver struct {
	Host string   `json:"host"` // ACE, lower case, no trailing dot
	IPs  []string `json:"ips,omitempty"`
}

// Order asks for one operation on one domain.
type Order struct {
	ID       OrderID
	Kind     OperationKind
	Domain   string
	Customer string // the panel's name for the customer; handles are known per customer

	// Registrant is required to register, transfer and trade. In an update it holds the contact data to
	// change; nil changes nothing.
	Registrant *Registrant
	// Nameservers is required to register, unless the offer says otherwise. In an update it is the full new
	// set; empty changes nothing. A transfer may do without: the domain keeps those it has.
	Nameservers []Nameserver
	// AuthCode is required to transfer.
	AuthCode AuthCode
	// PaidTill is required to renew: the expiry that the caller knows. A renewal for another expiry is
	// refused, so that no misunderstanding pays for a year twice.
	PaidTill Date
	// Years is the term to register, renew or transfer for, among those that the registrar offers
	// ([KindOffer]); 0 = the shortest, or the registry's own if no term can be chosen.
	Years int
	// AcceptPrice is required to register a name that has its own price ([Availability.Price]): the price
	// that the customer agreed to pay.
	AcceptPrice Price

	// DS signs the delegation; [DelegationProblems] reports invalid records. In an update it is the full
	// new set; empty changes nothing. Only for registrars that declare the field in OrderFields.
	DS []DelegationSigner

	// Contacts are the contacts besides the registrant, by role. In an update they are the contacts to
	// change; the others stay. Only for registrars that declare the field in OrderFields, and the roles in
	// their offers.
	Contacts Contacts
}

// Validation is the verdict on an order.
type Validation struct {
	Problems []Problem // empty = Submit would accept it
	Notes    []Problem // what a person should know before paying; they don't prevent the order
	Preview  string    // what would be sent first, masked; "" when there are problems
}
