package api

import (
	"cmp"
	"time"

	"registrar.panel/shared/registrar"
)

// Plugin is the state of a registrar's process.
type Plugin struct {
	Name         string      `json:"name"`
	Plugin       *string     `json:"plugin"` // as the plugin calls itself; several registrars may use one plugin
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

// renewalsComponent is the part of a registrar's health that is about its renewal passes.
const renewalsComponent = "renewals"

// RenewalState returns what a registrar that renews by schedule reports of its last pass; empty = nothing.
func RenewalState(p Plugin) (all []Component) {
	for _, c := range p.Health {
		if c.Component == renewalsComponent {
			all = append(all, c)
		}
	}
	return all
}

// FiguresOf returns the figures of all parts of a registrar. If several parts report a figure, the first counts.
func FiguresOf(p Plugin) (all Figures) {
	for _, c := range p.Health {
		if more := c.Figures; more != nil {
			all.LookedAt, all.HeardAt = cmp.Or(all.LookedAt, more.LookedAt), cmp.Or(all.HeardAt, more.HeardAt)
			all.PassedAt, all.NextAt = cmp.Or(all.PassedAt, more.PassedAt), cmp.Or(all.NextAt, more.NextAt)
			all.Left, all.Most = cmp.Or(all.Left, more.Left), cmp.Or(all.Most, more.Most)
			all.Queued, all.Waiting = cmp.Or(all.Queued, more.Queued), cmp.Or(all.Waiting, more.Waiting)
			all.UnansweredAt, all.Sent = cmp.Or(all.UnansweredAt, more.UnansweredAt), cmp.Or(all.Sent, more.Sent)
			all.Read, all.Applied, all.ForReview = cmp.Or(all.Read, more.Read), cmp.Or(all.Applied, more.Applied), cmp.Or(all.ForReview, more.ForReview)
		}
	}
	return all
}

// Unanswered is the request that has waited longest for a registrar's first answer.
type Unanswered struct {
	Operation string // operation of the request; "" = not reported
	Domain    string // in ACE; "" = not reported
	Since     time.Time
}

// LongestUnanswered returns what a registrar reports of that request; nil = none waits, or none is reported.
func LongestUnanswered(p Plugin) *Unanswered {
	since := FiguresOf(p).UnansweredAt
	if since == nil {
		return nil
	}
	u := Unanswered{Since: *since}
	for _, c := range p.Health {
		for _, a := range c.Advice {
			if a.Action == string(registrar.AdviseSeeOperation) {
				u.Operation, u.Domain = a.Parameters["operation"], a.Parameters["domain"]
			}
		}
	}
	return &u
}

// Offer is what a registrar sells below some TLDs.
type Offer struct {
	TLDs  []string    `json:"tlds"` // none = all TLDs that no other offer names
	Kinds []KindOffer `json:"kinds"`
}

// KindOffer is one kind of order that is sold.
type KindOffer struct {
	Kind                string `json:"kind"`
	Years               *Years `json:"years"`                // the terms to choose from; null = an order names none
	NameserversOptional bool   `json:"nameservers_optional"` // a registration may come without nameservers

	Contacts []ContactOffer `json:"contacts"` // that an order may bring besides the registrant
}

// ContactOffer is a role whose contact an order may bring.
type ContactOffer struct {
	Role     string `json:"role"`     // admin, tech, billing, or a registrar's own word
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
	Secret  bool    `json:"secret"`  // the value is set, and not shown
	Default bool    `json:"default"` // plugin.hcl does not set it
	About   *string `json:"about"`
}

// Upgrade replaces a plugin's program and settings by those that plugin.hcl names now.
type Upgrade struct {
	By string `json:"by"`
}

// Component is one part of a plugin's health.
type Component struct {
	Component string `json:"component"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`

	Advice []Advice `json:"advice,omitempty"` // what to do about it

	*Figures
}

// Figures are what a component reports in numbers, as far as it knows them.
type Figures struct {
	LookedAt *time.Time `json:"looked_at,omitempty"` // when all that waited in the mailbox had been fetched
	HeardAt  *time.Time `json:"heard_at,omitempty"`  // when the registry last answered
	PassedAt *time.Time `json:"passed_at,omitempty"` // when the last renewal pass completed
	NextAt   *time.Time `json:"next_at,omitempty"`   // when the next pass is made
	Left     *int       `json:"left,omitempty"`      // requests that cost money and may still be sent now
	Most     *int       `json:"most,omitempty"`      // such requests that may be sent in an hour, at most; 0 = none go out until that is settled
	Queued   *int       `json:"queued,omitempty"`    // such requests that wait to be sent, planned renewals included
	Waiting  *int       `json:"waiting,omitempty"`   // mails that wait for a person

	UnansweredAt *time.Time `json:"unanswered_at,omitempty"` // when the request was sent that has waited longest for a first answer; advice "see-operation" has its operation

	// Of the last 24 hours.
	Sent      *int `json:"sent,omitempty"`       // requests that were sent
	Read      *int `json:"read,omitempty"`       // mails that came and were read
	Applied   *int `json:"applied,omitempty"`    // of these, the answers that were applied
	ForReview *int `json:"for_review,omitempty"` // of these, those that a person must still read
}
