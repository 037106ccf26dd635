package kit

import (
	"context"
	"fmt"
	"slices"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

var _ registrar.ContactReader = (*Registrar)(nil)

// Contacts implements registrar.ContactReader: the contacts that orders for the domain have brought.
func (r *Registrar) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	return store.Contacts(ctx, r.store, name)
}

// forms returns the form for the contact of a role.
type forms func(role registrar.ContactRole, r registrar.Registrant) registrar.Form

// formsFor returns the forms for the contacts of an order.
func formsFor(a Adapter, o registrar.Order) forms {
	tld := tldOf(o.Domain, a.Describe().TLDs)
	return func(role registrar.ContactRole, r registrar.Registrant) registrar.Form {
		if role == registrar.RoleRegistrant {
			role = ""
		}
		q := registrar.FormQuery{TLD: tld, Kind: o.Kind, Registrant: r.Kind, Role: role}
		return registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Role: q.Role, Fields: a.Form(q)}
	}
}

// contactProblems checks the contacts of an order, each by the form for its role.
func contactProblems(a Adapter, o registrar.Order) []registrar.Problem {
	var p problems
	d := a.Describe()
	offer, sold := d.Offered(o.Domain, o.Kind)
	p = append(p, d.MissingContacts(o)...)

	everyone, form := o.Everyone(), formsFor(a, o)
	for _, role := range everyone.Roles() {
		taken := role == registrar.RoleRegistrant && o.Registrant != nil ||
			slices.ContainsFunc(offer.Contacts, func(c registrar.ContactOffer) bool { return c.Role == role })
		if !taken { // Unoffered has reported it
			continue
		}

		r := everyone[role]
		served := slices.Contains(d.Registrants, r.Kind)
		p.add(!served, role.Path()+".kind", fmt.Sprintf("must be one of %v", d.Registrants))
		// Without a kind of registrant and an offer there is no form to check by; both are already reported.
		if served && sold {
			p = append(p, slices.DeleteFunc(form(role, r).Problems(r), func(p registrar.Problem) bool { return passedOver(o.Kind, p) })...)
		}
	}
	return p
}

// personalOf lists the values of an order that only the registrar may know: those of its contacts that their
// forms do not call public, and the transfer code.
func personalOf(o registrar.Order, form forms) []string {
	all := []string{string(o.AuthCode)}
	for role, r := range o.Everyone() {
		public := map[string]bool{}
		for _, f := range form(role, r).Fields {
			public[f.Key] = f.Class == registrar.DataPublic
		}
		for key, values := range r.Fields {
			// A field that no form knows is hidden, too: a contact may be kept for several registrars.
			if !public[key] {
				all = append(all, values...)
			}
		}
	}
	return all
}

// readsContacts adds the field contacts to those that the registrar reads, if it offers roles.
func readsContacts(d registrar.Description) []string {
	offered := slices.ContainsFunc(d.Offers, func(o registrar.Offer) bool {
		return slices.ContainsFunc(o.Kinds, func(k registrar.KindOffer) bool { return len(k.Contacts) > 0 })
	})
	if !offered || slices.Contains(d.OrderFields, "contacts") {
		return d.OrderFields
	}
	return append(slices.Clone(d.OrderFields), "contacts")
}
