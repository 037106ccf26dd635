package registrar

import (
	"maps"
	"slices"
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

	c.add("kind", string(o.Kind))
	c.add("domain", o.Domain)
	c.add("customer", o.Customer)

	if r := o.Registrant; r != nil {
		c.add("registrant", string(r.Kind))
		for _, key := range slices.Sorted(maps.Keys(r.Fields)) {
			for _, value := range r.Fields[key] {
				c.add("registrant."+escapeKey.Replace(key), value)
			}
		}
	}

	for _, ns := range o.Nameservers {
		c.add("nameserver", ns.Host)
		for _, ip := range ns.IPs {
			c.add("nameserver.ip", ip)
		}
	}

	c.add("auth_code", string(o.AuthCode))
	c.add("paid_till", o.PaidTill.String())
	return c.lines
}

type canonical struct{ lines []byte }

func (c *canonical) add(name, value string) {
	if value == "" {
		return
	}
	c.lines = append(c.lines, name+"="+escapeValue.Replace(value)+"\n"...)
}

var (
	escapeValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	escapeKey   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "=", `\=`)
)
