package registrartest

import (
	"fmt"
	"maps"
	"slices"

	"registrar.panel/shared/registrar"
)

var roleChecks = []check{
	{Rule{ID: "contacts/offered", Level: Must,
		Demand: "A role that an offer names is a word, there once and not the registrant's; contacts are declared in OrderFields where a role is offered; each role has a form that says whose it is.", Place: "KindOffer.Contacts, ContactRole.Valid, FormQuery.Role",
		Remedy: "Correct the offer that is named; return the query's role in the form."}, offersRoles},
	{Rule{ID: "contacts/judged", Level: Must, Needs: []Need{NeedSettings, NeedRoles},
		Demand: "The contact of a role is judged by the form for it, at paths as contacts[\"admin\"].KEY; one that is required and absent is a problem, and so is one for a role that is not offered.", Place: "Order.Contacts, ContactRole.Path, Description.Unoffered, Description.MissingContacts",
		Remedy: "Judge with the form of the role by Form.Problems, and the roles by Unoffered and MissingContacts."}, judgesRoles},
	{Rule{ID: "contacts/masked", Level: Must, Capability: registrar.CapContacts, Needs: []Need{NeedSettings},
		Demand: "Contacts returns the contacts that an order has brought, and shows no value whole; an unknown domain is NotFound.", Place: "ContactReader, DataClass.Masked",
		Remedy: "Mask every value by DataClass.Masked."}, masksContacts},
}

// rolesOf lists the contacts that are offered for an order of a kind.
func rolesOf(r *run, tld string, kind registrar.OperationKind) []registrar.ContactOffer {
	offer, _ := r.description.Offered(tld, kind)
	return offer.Contacts
}

// roleForm returns the form for the contact of a role.
func roleForm(e *exam, p registrar.Catalogue, kind registrar.OperationKind, role registrar.ContactRole) (registrar.Form, error) {
	q := e.query(kind)
	q.Role = role
	form, err := p.Form(e.ctx, q)
	if err != nil {
		return form, fmt.Errorf("read the form for the role %s: %w", role, err)
	}
	return form, nil
}

// withContacts adds the contacts of the chosen roles to an order, by the examples of their forms.
func withContacts(e *exam, p registrar.Catalogue, o registrar.Order, chosen func(registrar.ContactOffer) bool) (registrar.Order, error) {
	for _, c := range rolesOf(e.run, o.Domain, o.Kind) {
		if !chosen(c) {
			continue
		}
		form, err := roleForm(e, p, o.Kind, c.Role)
		if err != nil {
			return o, err
		}
		if o.Contacts == nil {
			o.Contacts = registrar.Contacts{}
		}
		o.Contacts[c.Role] = *exampleOf(form, e.registrantKind())
	}
	return o, nil
}

func offersRoles(e *exam) error {
	if e.fault != nil {
		return e.fault
	}
	l, err := e.catalogue()
	if err != nil {
		return err
	}

	for _, offer := range e.description.Offers {
		for _, k := range offer.Kinds {
			seen := map[registrar.ContactRole]bool{}
			for _, c := range k.Contacts {
				if !c.Role.Valid() || c.Role == registrar.RoleRegistrant || seen[c.Role] {
					e.broken("to %s, the role %q is offered: it is no word, the registrant's, or there twice", k.Kind, c.Role)
				}
				seen[c.Role] = true
			}
			if len(k.Contacts) > 0 && !slices.Contains(e.description.OrderFields, "contacts") {
				e.broken("to %s, contacts are offered, and OrderFields does not have them", k.Kind)
			}
			formsOfRoles(e, l, offer, k)
		}
	}
	return nil
}

// formsOfRoles asks for the form of each role of an offer.
func formsOfRoles(e *exam, p registrar.Catalogue, offer registrar.Offer, k registrar.KindOffer) {
	tld := e.tld()
	if len(offer.TLDs) > 0 {
		tld = offer.TLDs[0]
	}
	for _, c := range k.Contacts {
		q := registrar.FormQuery{TLD: tld, Kind: k.Kind, Registrant: e.registrantKind(), Role: c.Role}
		form, err := p.Form(e.ctx, q)
		switch {
		case err != nil:
			e.broken("no form to %s a .%s domain for the role %s: %s", k.Kind, tld, c.Role, told(err))
		case form.Role != c.Role:
			e.broken("asked for the role %s, it is the form for %q", c.Role, form.Role)
		}
	}
}

func judgesRoles(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err == nil {
		good, err = withContacts(e, l, good, func(registrar.ContactOffer) bool { return true })
	}
	if err != nil {
		return err
	}

	if v, err := l.Validate(e.ctx, good); err != nil || len(v.Problems) > 0 {
		e.broken("an order with a contact for each role that is offered: %s, %v", pathsOf(v.Problems), err)
		return nil
	}

	faulty, err := faultyContacts(e, l, good)
	if err != nil {
		return err
	}
	for _, f := range faulty {
		v, err := l.Validate(e.ctx, f.order)
		if err != nil {
			return err
		}
		for _, path := range f.paths {
			if !names(v.Problems, path) {
				e.broken("%s: %s, and none at %s", f.why, pathsOf(v.Problems), path)
			}
		}
	}
	return nil
}

// faultyContacts returns orders with one mistake in their contacts each.
func faultyContacts(e *exam, l *life, good registrar.Order) ([]faulty, error) {
	with := func(change func(registrar.Contacts)) registrar.Order {
		return e.spoil(good, func(o *registrar.Order) {
			o.Contacts = maps.Clone(o.Contacts)
			change(o.Contacts)
		})
	}

	const foreign = registrar.ContactRole("conformance")
	all := []faulty{{"a contact for a role that is not offered", []string{foreign.Path()},
		with(func(c registrar.Contacts) { c[foreign] = registrar.Registrant{Kind: e.registrantKind()} })}}
	for _, offered := range rolesOf(e.run, good.Domain, good.Kind) {
		role := offered.Role
		if offered.Required {
			all = append(all, faulty{"no contact for the role " + string(role), []string{role.Path()}, with(func(c registrar.Contacts) { delete(c, role) })})
		}

		form, err := roleForm(e, l, good.Kind, role)
		if err != nil {
			return nil, err
		}
		for _, f := range form.Asked(good.Contacts[role]) {
			if !f.Required {
				continue
			}
			all = append(all, faulty{"no " + f.Key + " for the role " + string(role), []string{role.Path() + "." + f.Key}, with(func(c registrar.Contacts) {
				r := c[role]
				r.Fields = maps.Clone(r.Fields)
				delete(r.Fields, f.Key)
				c[role] = r
			})})
		}
	}
	return all, nil
}

func masksContacts(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, err = l.Contacts(e.ctx, e.domain())
	e.mustBe("Contacts of a domain that is not known", err, registrar.NotFound)

	o, err := e.order(l)
	if err == nil {
		o, err = withContacts(e, l, o, func(registrar.ContactOffer) bool { return true })
	}
	if err != nil {
		return err
	}
	op, err := l.Submit(e.ctx, o)
	if err == nil {
		_, err = e.conclude(l, op.ID)
	}
	if err != nil {
		return err
	}

	have, err := l.Contacts(e.ctx, o.Domain)
	if err != nil {
		return fmt.Errorf("read the contacts of a domain: %w", err)
	}
	for _, role := range o.Everyone().Roles() {
		if _, ok := have[role]; !ok {
			e.broken("the contact of the role %s is not told, which the order has brought", role)
		}
	}
	for role, r := range have {
		for key, values := range r.Fields {
			// A masked value stays the same if masked again, so a value that changes was shown whole or in
			// part.
			if slices.ContainsFunc(values, func(v string) bool { return registrar.DataPersonal.Masked(v) != v }) {
				e.broken("%s of the role %s is not masked", key, role) // without quoting it
			}
		}
	}
	return nil
}
