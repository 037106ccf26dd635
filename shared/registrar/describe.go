package registrar

import (
	"encoding/json"
	"slices"
)

// Capability is an optional power that a registrar declares.
type Capability string

const (
	CapRenewals Capability = "renewals"   // renews by its own schedule: [Renewer]
	CapHandles  Capability = "handles"    // registrants have handles, things can be taken over: [HandleKeeper]
	CapReviews  Capability = "reviews"    // has a review queue: [Reviews]
	CapMail     Capability = "mail"       // works by mail: [Mails]
	CapCheck    Capability = "check"      // Check can say available and taken, not only unknown
	CapQueue    Capability = "queue"      // lists mails in pages, and resolves many at once: [Queue]
	CapBackup   Capability = "backup"     // copies its store while at work: [BackerUp]
	CapErase    Capability = "erase"      // removes personal data that need not be kept: [Eraser]
	CapKeys     Capability = "keys"       // exchanges the key that its store is sealed with: [KeyChanger]
	CapCodes    Capability = "auth-codes" // keeps the transfer codes that orders have brought: [CodeKeeper]
	CapRefresh  Capability = "refresh"    // asks the registry now: [Refresher]
	CapContacts Capability = "contacts"   // reports which contacts it has for a domain: [ContactReader]
)

// Capabilities lists every capability.
func Capabilities() []Capability {
	return []Capability{CapRenewals, CapHandles, CapReviews, CapMail, CapQueue, CapCheck, CapBackup, CapErase, CapKeys, CapCodes, CapRefresh, CapContacts}
}

// CapabilitiesOf lists the powers that a registrar has as optional interfaces: all but [CapCheck], which
// has no interface. A nil of the type that Start returns is enough.
func CapabilitiesOf(r Registrar) []Capability {
	var list []Capability
	if _, ok := r.(Renewer); ok {
		list = append(list, CapRenewals)
	}
	if _, ok := r.(HandleKeeper); ok {
		list = append(list, CapHandles)
	}
	// One interface for three powers: a plugin in Go has all of them or none.
	if _, ok := r.(MessageQueue); ok {
		list = append(list, CapReviews, CapMail, CapQueue)
	}

	if _, ok := r.(BackerUp); ok {
		list = append(list, CapBackup)
	}
	if _, ok := r.(Eraser); ok {
		list = append(list, CapErase)
	}
	if _, ok := r.(KeyChanger); ok {
		list = append(list, CapKeys)
	}
	if _, ok := r.(CodeKeeper); ok {
		list = append(list, CapCodes)
	}
	if _, ok := r.(Refresher); ok {
		list = append(list, CapRefresh)
	}
	if _, ok := r.(ContactReader); ok {
		list = append(list, CapContacts)
	}
	return list
}

// Description introduces a registrar.
type Description struct {
	Name         string          // of the plugin, as the panel's configuration names it: "acme"
	Title        string          // for people: "ACME by its API"
	Version      string          // semantic version of the plugin
	TLDs         []string        // that it can serve, in ACE; empty = any
	Kinds        []OperationKind // that it takes anywhere; Offers say where
	Registrants  []RegistrantKind
	Capabilities []Capability
	Schema       Schema // of its configuration

	// Offers are what is sold in each TLD, among Kinds; none = every kind everywhere, without a term to
	// choose: see [Description.Offered].
	Offers []Offer

	// OrderFields lists the fields of orders that the registrar reads, among [OrderFields]; empty =
	// [FirstOrderFields]. An order with a field that it would ignore is never submitted: see
	// [Description.Unread].
	OrderFields []string

	// Phrases are the registrar's sentences for people, in languages besides English; none = English only.
	Phrases []Phrase
}

// Unread reports the fields of an order that the registrar does not read. A host submits no order that has
// any: a plugin of an earlier version would ignore the field, and carry out something else than what was
// paid for.
func (d Description) Unread(o Order) []Problem {
	reads := d.OrderFields
	if len(reads) == 0 {
		reads = FirstOrderFields()
	}

	var problems []Problem
	for _, field := range o.Fields() {
		if !slices.Contains(reads, field) {
			problems = append(problems, Problem{Path: field, Code: "unread", Params: map[string]string{"registrar": d.Name},
				Message: "is nothing that this registrar's plugin reads: leave it out, or use a plugin that declares it"})
		}
	}
	return problems
}

// Has reports whether a capability is declared.
func (d Description) Has(c Capability) bool {
	for _, have := range d.Capabilities {
		if have == c {
			return true
		}
	}
	return false
}

// AttributeType is the type of a configuration value.
type AttributeType string

// [TypeString] is a JSON string, [TypeInt] a JSON number within 64 bits, without fraction or exponent, and
// [TypeBool] true or false.
const (
	TypeString   AttributeType = "string"
	TypeInt      AttributeType = "int"
	TypeBool     AttributeType = "bool"
	TypeDuration AttributeType = "duration" // a string such as "90s", "24h", "55d": [ParseDuration]
	TypeStrings  AttributeType = "strings"  // a list of strings
)

// Schema describes a block of settings: attributes and nested blocks. Each host has its own syntax for
// them.
type Schema struct {
	Attributes []Attribute
	Blocks     []Block
}

// Attribute is one setting.
type Attribute struct {
	Name        string
	Type        AttributeType
	Required    bool
	Default     string   // as text: true, 10, 5m; "" = none
	OneOf       []string // the allowed values; empty = any
	Sensitive   bool     // must be given as secret("env"|"file", name), and is never printed
	Description string
}

// Block is a nested block.
type Block struct {
	Name        string
	Labels      []string // names of its labels; none for most
	Repeated    bool     // may occur any number of times; otherwise at most once, and absent means empty
	Schema      Schema
	Description string
}

// Settings is what a host hands to Configure.
type Settings struct {
	// Config is a JSON object shaped by the schema. An absent attribute has its default or null. A single
	// block is an object; if it is absent, it has its defaults. A repeated block is a list of objects,
	// which have the labels by their names. Secrets are resolved.
	Config json.RawMessage
	// Account is the panel's name for this account at the registrar; one plugin may serve several. IDs of
	// operations that begin with it belong to no other account. "" = the plugin's name.
	Account string
	// DataDir is the plugin's own directory: it exists, is absolute, and has mode 0700.
	DataDir string
	// Create permits creating the plugin's store if there is none. Otherwise a missing store is an error,
	// so that a lost disk is not mistaken for a fresh start.
	Create bool
}
