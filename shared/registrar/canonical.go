package registrar

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Canonical returns the contents of the order in a form that never changes: two orders ask
// for the same if and only if their canonical forms are equal. Make the digest by which a
// repeated order is known of it, and of nothing else: a digest of the struct itself changes
// with the next field that the contract gains, and a paid order would be refused.
//
// The form is lines "name=value", each ended by LF, in the order of the code below. The ID is
// no part of the contents. Empty values are left out, and so a field that is added to Order
// later changes no older order: it is appended at the end. In a name or value, a backslash is
// written as \\, LF as \n, CR as \r, and "=" in the key of a registrant's field as \=.
//
// It holds personal data and the transfer code in clear: put it into a keyed digest, and
// never into a store, log or message.
func (o Order) Canonical() []byte {
	var c canonical
	o.write(&c)
	return c.lines
}

// FirstOrderFields lists the fields that orders had in the first version of the contract. Every
// registrar is taken to read them.
func FirstOrderFields() []string {
	return []string{"kind", "domain", "customer", "contact", "nameservers", "auth_code", "paid_till"}
}

// OrderFields lists the fields of orders, the ID apart, by the paths of their problems. One that
// is added to Order later is appended here, and read by the registrars that declare it.
func OrderFields() []string {
	return append(FirstOrderFields(), "years", "accept_price", "ds", "contacts")
}

// Fields lists the fields that the order has, of [OrderFields].
func (o Order) Fields() []string {
	var c canonical
	o.write(&c)
	return c.fields
}

// write says the whole order, field by field: what is not said here has no effect on its
// identity, and is not held against what a registrar reads.
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

	// What later versions added comes last and is left out where it is empty: the form of an order from
	// before stays what it was, and so does the digest by which it is known.
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

// answers says what was answered to a form, each line under a name that begins so.
func (c *canonical) answers(prefix string, r Registrant) {
	for _, key := range slices.Sorted(maps.Keys(r.Fields)) {
		for _, value := range r.Fields[key] {
			c.add(prefix+escapeKey.Replace(key), value)
		}
	}
}

// canonical is the form of an order, and the list of the fields that are in it.
type canonical struct {
	lines  []byte
	field  string // that is being written
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
