package manual

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

var (
	label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	mail  = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
)

func fields() []registrar.Field {
	return []registrar.Field{
		{Key: "name", Label: map[string]string{"en": "Name", "ru": "Имя"}, Type: registrar.FieldText, Required: true,
			Example: "Sidor Sidorov", Class: registrar.DataPersonal},
		{Key: "emails", Label: map[string]string{"en": "E-mail", "ru": "Электронная почта"}, Type: registrar.FieldEmail, Required: true,
			Multiple: true, Pattern: mail.String(), Example: "sidorov@example.com", Class: registrar.DataPersonal},
	}
}

// form is the same for every TLD: staff know what a registry wants.
func form(q registrar.FormQuery) (registrar.Form, error) {
	if checkName("a."+q.TLD) != "" {
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "%q is not a zone that names are registered in", q.TLD)
	}
	if !slices.Contains(registrar.RegistrantKinds(), q.Registrant) {
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "a registrant is one of %v", registrar.RegistrantKinds())
	}
	f := registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant}
	if q.Kind.Acquires() {
		f.Fields = fields()
	}
	return f, nil
}

// checkName returns what is wrong with a domain name; "" = nothing.
func checkName(name string) string {
	labels := strings.Split(name, ".")
	if len(labels) < 2 || len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !label.MatchString(l) }) {
		return "must be a domain name in ACE, lower case, without a final dot"
	}
	return ""
}

// check finds every problem of an order.
func check(o registrar.Order) []registrar.Problem {
	var problems []registrar.Problem
	add := func(when bool, path, message string) {
		if when {
			problems = append(problems, registrar.Problem{Path: path, Message: message})
		}
	}

	add(!o.ID.Valid(), "id", "must be 1 to 64 of A-Z a-z 0-9 . _ -")
	name := checkName(o.Domain)
	add(name != "", "domain", name)
	add(!slices.Contains(registrar.OperationKinds(), o.Kind), "kind", fmt.Sprintf("must be one of %v", registrar.OperationKinds()))
	starts := o.Kind.Acquires()
	add(starts && o.Customer == "", "customer", "is required")
	add(starts && o.Registrant == nil, "contact", "is required")
	add(o.Kind == registrar.KindRegister && len(o.Nameservers) == 0, "nameservers", "is required to register")
	add(o.Kind == registrar.KindTransfer && o.AuthCode == "", "auth_code", "is required to transfer")
	add(o.Kind == registrar.KindRenew && o.PaidTill.IsZero(), "paid_till", "is required: the expiry to renew from")
	add(o.Kind == registrar.KindUpdate && len(o.Nameservers) == 0 && len(o.DS) == 0 && o.Registrant == nil, "nameservers", "is required: there is nothing to update")

	for i, ns := range o.Nameservers {
		add(checkName(ns.Host) != "", fmt.Sprintf("nameservers[%d]", i), "must be a host name")
	}

	problems = append(problems, registrar.DelegationProblems(o.DS)...)
	if o.Registrant != nil {
		problems = append(problems, checkRegistrant(*o.Registrant)...)
	}

	return problems
}

func checkRegistrant(r registrar.Registrant) []registrar.Problem {
	var problems []registrar.Problem
	known := map[string]registrar.Field{}
	for _, f := range fields() {
		known[f.Key] = f
		if f.Required && r.Get(f.Key) == "" {
			problems = append(problems, registrar.Problem{Path: "contact." + f.Key, Message: "is required"})
		}
	}

	for key, values := range r.Fields {
		f, ok := known[key]
		if !ok {
			continue // staff may be told more than they ask for
		}
		for i, v := range values {
			if f.Pattern != "" && !regexp.MustCompile(f.Pattern).MatchString(v) {
				problems = append(problems, registrar.Problem{Path: fmt.Sprintf("contact.%s[%d]", key, i), Message: "is not of the right form"})
			}
		}
	}

	return problems
}

// instruction says what staff have to do; it holds no personal data.
func instruction(o registrar.Order) string {
	text := fmt.Sprintf("%s %s for customer %s", o.Kind, o.Domain, o.Customer)
	for _, ns := range o.Nameservers {
		text += "\nnameserver " + ns.Host + " " + strings.Join(ns.IPs, " ")
	}
	for _, s := range o.DS {
		text += "\nDS " + s.String()
	}
	return strings.TrimSpace(text)
}
