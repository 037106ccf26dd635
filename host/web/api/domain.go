package api

import "time"

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
	Registry    []string     `json:"registry"`  // what the registry itself said of the domain when it was last asked
	Operation   *Operation   `json:"operation"` // the open operation
	Standing
	Alarms   []Alarm `json:"alarms"`
	Locked   bool    `json:"locked"`             // transfers to another registrar are refused, by an order of ours
	Timeline []Entry `json:"timeline,omitempty"` // with one domain only: its Action Log
}

// Nameserver is a host, with addresses if its name is within the domain.
type Nameserver struct {
	Host string   `json:"host"`
	IPs  []string `json:"ips"`
}

// Availability reports whether a name may be registered: available | taken | invalid | unknown.
// Only the registry's own word makes it available.
type Availability struct {
	Name    string            `json:"name"`
	Unicode string            `json:"unicode"`
	Status  string            `json:"status"`
	Detail  *string           `json:"detail"`
	Texts   map[string]string `json:"texts,omitempty"` // the detail by language: "en", "ru"

	Advice []Advice `json:"advice,omitempty"` // what else can be done with the name
	Reason string   `json:"reason,omitempty"` // taken | reserved | blocked | premium | invalid | no-answer, or a later one
	Price  *Price   `json:"price,omitempty"`  // of a registration, if the name has a price of its own; an order must accept it
}

// Price is an amount of money.
type Price struct {
	Amount   string `json:"amount"`   // decimal, with a dot: 1200, 12.50
	Currency string `json:"currency"` // by ISO 4217: RUB
}

// Alarm stands until its reason is over.
type Alarm struct {
	Key     string    `json:"key"`
	Since   time.Time `json:"since"`
	Message string    `json:"message"`
}

// Import takes over a domain. Registrar may be empty: then it is the one that serves the TLD.
type Import struct {
	Customer  string `json:"customer"`
	Handle    string `json:"handle"`
	PaidTill  string `json:"paid_till"`
	Registrar string `json:"registrar,omitempty"`
}

// Move moves a domain to another registrar's plugin. Handle and PaidTill are for a plugin that has
// to take it over; empty = as the panel knows them.
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

// Correction is what a person knows better about a domain. A field that is left out stays as it is.
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

// Forgetting says why a domain is to be removed from the list, and who decides it.
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
