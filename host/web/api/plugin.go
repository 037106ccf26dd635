package api

import "time"

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
}
