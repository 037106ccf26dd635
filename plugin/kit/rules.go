package kit

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// longestName is the most characters of a domain name.
const longestName = 253

var goodName = lazyregexp.New(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func isName(text string) bool { return len(text) <= longestName && goodName.MatchString(text) }

// tldOf returns the TLD that a name lies in, or its last label if there is no list; "" = none.
func tldOf(name string, tlds []string) (tld string) {
	if len(tlds) == 0 {
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	return registrar.ZoneOf(name, tlds)
}

// form answers a query with an adapter's fields.
func form(a Adapter, q registrar.FormQuery) (registrar.Form, error) {
	d := a.Describe()
	switch {
	// A TLD is checked as the end of a name, so that labels have one rule.
	case !isName("a." + q.TLD), len(d.TLDs) > 0 && !slices.Contains(d.TLDs, q.TLD):
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "the TLD %q is not served", q.TLD)
	case !slices.Contains(d.Registrants, q.Registrant):
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "a registrant is one of %v", d.Registrants)
	case !slices.Contains(d.Kinds, q.Kind):
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "a kind is one of %v", d.Kinds)
	}

	offer, _ := d.Offered(q.TLD, q.Kind)
	if q.Role != "" && !slices.ContainsFunc(offer.Contacts, func(c registrar.ContactOffer) bool { return c.Role == q.Role }) {
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "no contact for the role %q is taken", q.Role)
	}
	return registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Role: q.Role, Fields: a.Form(q)}, nil
}

// problems collects the mistakes in an order.
type problems []registrar.Problem

func (p *problems) add(when bool, path, message string) {
	if when {
		*p = append(*p, registrar.Problem{Path: path, Message: message})
	}
}

// judge returns every mistake in an order.
func judge(a Adapter, o registrar.Order) []registrar.Problem {
	var p problems
	d := a.Describe()

	p.add(!o.ID.Valid(), "id", "must be 1 to 64 of A-Z a-z 0-9 . _ -")
	p = append(p, d.Unoffered(o)...)
	good := isName(o.Domain)
	p.add(!good, "domain", "must be a domain name in ACE, lower case, without a final dot")
	p.add(good && tldOf(o.Domain, d.TLDs) == "", "domain", fmt.Sprintf("must be below one of %v", d.TLDs))

	// Only an order that acquires a domain needs a customer: the record of a held domain has one.
	acquires := o.Kind.Acquires()
	p.add(acquires && o.Customer == "", "customer", "is required")
	p.add(o.Kind.NeedsRegistrant() && o.Registrant == nil, "contact", "is required")
	offer, _ := d.Offered(o.Domain, o.Kind)
	p.add(o.Kind == registrar.KindRegister && len(o.Nameservers) == 0 && !offer.NameserversOptional, "nameservers", "is required to register")
	p.add(o.Kind == registrar.KindTransfer && o.AuthCode == "", "auth_code", "is required to transfer")
	p.add(o.Kind == registrar.KindRenew && o.PaidTill.IsZero(), "paid_till", "is required: the expiry to renew from")
	p.add(o.Kind == registrar.KindUpdate && len(o.Nameservers) == 0 && len(o.DS) == 0 && len(o.Everyone()) == 0, "nameservers", "is required: there is nothing to update")

	for i, ns := range o.Nameservers {
		p.add(!isName(ns.Host), fmt.Sprintf("nameservers[%d]", i), "must be a host name")
	}
	p = append(p, registrar.DelegationProblems(o.DS)...)
	p = append(p, contactProblems(a, o)...)

	if more, ok := a.(Rules); ok {
		p = append(p, more.Problems(o)...)
	}
	return p
}

// passedOver reports whether a problem does not count: a contact may be kept for several registrars, and have
// fields that only others ask for. In an update it counts, because the change would be lost.
func passedOver(kind registrar.OperationKind, p registrar.Problem) bool {
	return kind != registrar.KindUpdate && p.Code == registrar.ProblemNotAsked
}

// instruction says what an order asks for, without personal data.
func instruction(o registrar.Order) string {
	text := string(o.Kind) + " " + o.Domain
	if o.Customer != "" {
		text += " for customer " + o.Customer
	}

	if !o.PaidTill.IsZero() {
		text += ", paid till " + o.PaidTill.String()
	}
	if o.Years != 0 {
		text += fmt.Sprintf(", for %d years", o.Years)
	}
	if !o.AcceptPrice.IsZero() {
		text += ", at the price " + o.AcceptPrice.String()
	}

	for _, ns := range o.Nameservers {
		text += ", nameserver " + strings.TrimSpace(ns.Host+" "+strings.Join(ns.IPs, " "))
	}
	for _, s := range o.DS {
		text += ", DS " + s.String()
	}
	// Only the role is named, because a contact's data are personal.
	for _, role := range o.Contacts.Roles() {
		text += ", with a contact for " + string(role)
	}

	return text
}
