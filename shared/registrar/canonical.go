package registrar

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Canonical returns the contents of the order in a form that never changes: two orders ask for the same
// thing if and only if their canonical forms are equal. A digest that recognises a repeated order must be
// made from this form only: a digest of the struct changes with the next field of the contract, and a paid
// order would be refused.
//
// The form is lines "name=value", each ended by LF, in the order of the code below. The ID is not part of
// the contents. Empty values are left out, so a field that is added to Order later is appended at the end
// and changes no older order. In a name or value, a backslash is written as \\, LF as \n, CR as \r, and "="
// in the key of a registrant's field as \=.
//
// It holds personal data and the transfer code in clear: use it in a keyed digest, and never in a store,
// log or message.
func (o Order) Canonical() []byte {
	var c canonical
	o.write(&c)
	return c.lines
}

// FirstOrderFields lists the fields that orders had in the first version of the contract. Every registrar
// is assumed to read them.
func FirstOrderFields() []string {
	return []string{"kind", "domain", "customer", "contact", "nameservers", "auth_code", "paid_till"}
}

// OrderFields lists the fields of orders except the ID, by the paths of their problems. A field that is
// added to Order later is appended here; registrars that read it declare it.
func OrderFields() []string {
	return append(FirstOrderFields(), "years", "accept_price", "ds", "contacts")
}

// Fields lists the fields that the order fills, among [OrderFields].
func (o Order) Fields() []string {
	var c canonical
	o.write(&c)
	return c.fields
}

// write writes the whole order, field by field. A field that is missing here does not belong to the order's
// identity, and Unread does not find it.
func (o Order) write(c *canonical) {
	c.field = "kind"
	c.add("kind", string(o.Kind))
	c.field = "domain"
	c.add("domain", o.Domain)
	c.field = "customer"
	c.add("customer", o.Customer)

	c.field = "contact"
	if r := o.Registrant; r != nil {
		c.add("registrant", string(r.Kind))
		c.answers("registrant.", *r)
	}

	c.field = "nameservers"
	for _, ns := range o.Nameservers {
		c.add("nameserver", ns.Host)
		for _, ip := range ns.IPs {
			c.add("nameserver.ip", ip)
		}
	}

	c.field = "auth_code"
	c.add("auth_code", string(o.AuthCode))
	c.field = "paid_till"
	c.add("paid_till", o.PaidTill.String())

	// Fields of later versions come last, and only if they are not empty: the form of an older order stays
	// the same, and so does its digest.
	c.field = "years"
	if o.Years != 0 {
		c.add("years", strconv.Itoa(o.Years))
	}

	c.field = "accept_price"
	c.add("accept_price", o.AcceptPrice.String())
	c.field = "ds"
	for _, s := range o.DS {
		c.add("ds", s.String())
	}

	c.field = "contacts"
	for _, role := range o.Contacts.Roles() {
		c.add("contact", string(role))
		c.add("contact.kind", string(o.Contacts[role].Kind))
		c.answers("contact.field.", o.Contacts[role])
	}
}

// answers writes the answers to a form, each under a name with this prefix.
func (c *canonical) answers(prefix string, r Registrant) {
	for _, key := range slices.Sorted(maps.Keys(r.Fields)) {
		for _, value := range r.Fields[key] {
			c.add(prefix+escapeKey.Replace(key), value)
		}
	}
}

// canonical is the form of an order while it is written, and the fields that it contains.
type canonical struct {
	lines  []byte
	field  string // the field that is being written
	fields []string
}

func (c *canonical) add(name, value string) {
	if value == "" {
		return
	}
	if !slices.Contains(c.fields, c.field) {
		c.fields = append(c.fields, c.field)
	}
	c.lines = append(c.lines, name+"="+escapeValue.Replace(value)+"\n"...)
}

var (
	escapeValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	escapeKey   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "=", `\=`)
)
