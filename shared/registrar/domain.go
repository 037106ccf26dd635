package registrar

import (
	"slices"
	"time"
)

// DomainStatus is the status that the panel shows.
type DomainStatus string

const (
	StatusPending         DomainStatus = "Pending"         // ordered, not paid; only panels use it
	StatusRegistering     DomainStatus = "Registering"     // paid, not yet registered and delegated
	StatusRegistered      DomainStatus = "Registered"      // evidence of registration and delegation
	StatusTransferring    DomainStatus = "Transferring"    // on its way to this registrar
	StatusError           DomainStatus = "Error"           // registration or transfer failed
	StatusExpired         DomainStatus = "Expired"         // past paid-till
	StatusDeleted         DomainStatus = "Deleted"         // gone from the registry
	StatusTransferredAway DomainStatus = "TransferredAway" // with another registrar now
)

// DomainStatuses lists every status.
func DomainStatuses() []DomainStatus {
	return []DomainStatus{StatusPending, StatusRegistering, StatusRegistered, StatusTransferring,
		StatusError, StatusExpired, StatusDeleted, StatusTransferredAway}
}

// HeldStatuses lists the statuses of a domain that the registrar holds for us: it can be renewed, changed
// and moved.
func HeldStatuses() []DomainStatus { return []DomainStatus{StatusRegistered, StatusExpired} }

// Held reports whether the registrar holds a domain of this status for us.
func (s DomainStatus) Held() bool { return slices.Contains(HeldStatuses(), s) }

// GoneStatuses lists the statuses of a domain that is not ours, or has not become ours.
func GoneStatuses() []DomainStatus {
	return []DomainStatus{StatusError, StatusDeleted, StatusTransferredAway}
}

// Gone reports whether a domain of this status is not ours, or has not become ours.
func (s DomainStatus) Gone() bool { return slices.Contains(GoneStatuses(), s) }

// RenewalMode is who starts a renewal.
type RenewalMode string

const (
	RenewAuto   RenewalMode = "auto"   // the registrar plugin's schedule
	RenewManual RenewalMode = "manual" // a person or the panel's billing; the schedule only announces
)

// RenewalModes lists every mode.
func RenewalModes() []RenewalMode { return []RenewalMode{RenewAuto, RenewManual} }

// Domain is the registrar's record of one domain.
type Domain struct {
	Name        string
	Customer    string
	Status      DomainStatus
	Handle      string // of the registrant; "" = none known
	PaidTill    Date   // expiry; zero = not known yet
	Renewal     RenewalMode
	Nameservers []Nameserver
	Operation   *Operation // the open one, without History; nil = none
	Alarms      []Alarm    // those that stand
	Locked      bool       // transfers to another registrar are refused, because we ordered that

	// Registry is the registry's own status of the domain when it was last asked, in its own words:
	// "DELEGATED", "clientHold", "redemptionPeriod". Empty if it was not asked or does not say. Everything
	// is decided by Status, and not by this.
	Registry []string
}

// Alarm is a message to a person that stays until it is cleared.
type Alarm struct {
	Key     string    // names the alarm; raising it again changes nothing
	Since   time.Time // first raised
	Message string
}

// MaxPage is the most domains in one page.
const MaxPage = 1000

// Page asks for a part of a list.
type Page struct {
	After string // the last name of the previous page; "" = from the start
	Size  int    // 0 = MaxPage
}

// DomainPage is a part of a list.
type DomainPage struct {
	Domains []Domain
	Next    string // Page.After for the next page; "" = this was the last
}

// Import is a domain that exists at the registrar and becomes known here.
type Import struct {
	Domain   string
	Customer string
	Handle   string
	PaidTill Date
}

// Handle is a registrant as the registrar knows it.
type Handle struct {
	Handle   string
	Customer string
	Kind     RegistrantKind
	State    HandleState
}

// HandleState is whether a handle can be used.
type HandleState string

const (
	HandlePending    HandleState = "pending"    // asked for, not confirmed
	HandleRegistered HandleState = "registered" // confirmed by the registrar, or adopted
	HandleFailed     HandleState = "failed"     // refused
)

// HandleStates lists every state.
func HandleStates() []HandleState {
	return []HandleState{HandlePending, HandleRegistered, HandleFailed}
}

// RenewalStep is one line of a renewal pass.
type RenewalStep struct {
	Domain   string
	PaidTill Date
	Action   RenewalAction
	Reason   string
}

// RenewalAction is what a pass does, or would do, with a domain.
type RenewalAction string

const (
	RenewalSend     RenewalAction = "send"     // a renewal is begun
	RenewalAnnounce RenewalAction = "announce" // manual: it is announced
	RenewalHold     RenewalAction = "hold"     // due, but something forbids it now
)

// RenewalActions lists every action.
func RenewalActions() []RenewalAction {
	return []RenewalAction{RenewalSend, RenewalAnnounce, RenewalHold}
}
