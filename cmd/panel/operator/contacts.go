package operator

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// otherContacts are the contacts of an order other than the registrant's.
type otherContacts struct {
	Admin   string   `name:"contact-admin" placeholder:"FILE" help:"JSON file about the contact who decides about the domain, with registrars that take one; panel form tells. - is stdin."`
	Tech    string   `name:"contact-tech" placeholder:"FILE" help:"Likewise, who looks after its nameservers and records."`
	Billing string   `name:"contact-billing" placeholder:"FILE" help:"Likewise, who gets the bills for it."`
	Others  []string `name:"contact-for" sep:"none" placeholder:"ROLE=FILE" help:"Likewise, a contact for another role that panel form names; repeat it."`
}

// read reads the files; nil = there are none.
func (o otherContacts) read(c *command.Call) (map[string]api.Contact, error) {
	// Roles with a flag of their own are entered first, so that a role that is given both ways is refused.
	files := map[string]string{"admin": o.Admin, "tech": o.Tech, "billing": o.Billing}
	for _, given := range o.Others {
		role, file, ok := strings.Cut(given, "=")
		switch {
		case !ok || role == "" || file == "":
			return nil, fmt.Errorf("--contact-for: want ROLE=FILE, not %q", given)
		case files[role] != "":
			return nil, fmt.Errorf("--contact-for: a contact for the role is given twice: %s", role)
		}
		files[role] = file
	}
	maps.DeleteFunc(files, func(_, file string) bool { return file == "" })

	var contacts map[string]api.Contact
	for _, role := range slices.Sorted(maps.Keys(files)) {
		contact, err := readContact(c, files[role])
		if err != nil {
			return nil, err
		}
		if contacts == nil {
			contacts = map[string]api.Contact{}
		}
		contacts[role] = contact
	}
	return contacts, nil
}

type domainContactsCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
}

func (p *domainContactsCommand) Run(c *command.Call) error {
	list, err := command.Get[[]api.MaskedContact](c, api.Path("domains", p.Name, "contacts"), nil)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "ROLE", "KIND", "KEY", "VALUE")
		for _, one := range list {
			for _, key := range slices.Sorted(maps.Keys(one.Fields)) {
				for _, v := range one.Fields[key] {
					command.Row(w, one.Role, command.Word("registrant", one.Kind), key, v)
				}
			}
		}
	})
}

// contactRows shows a contact as it was given; role is empty for the registrant's.
func contactRows(w io.Writer, role string, contact map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(contact)) {
		if others, ok := contact[key].(map[string]any); ok && role == "" && key == "contacts" {
			for _, other := range slices.Sorted(maps.Keys(others)) {
				if fields, ok := others[other].(map[string]any); ok {
					contactRows(w, other, fields)
				}
			}
			continue
		}

		values, several := contact[key].([]any)
		if !several {
			values = []any{contact[key]}
		}
		name := key
		if role != "" {
			name = role + "." + key
		}
		for _, v := range values {
			command.Row(w, name, fmt.Sprint(v))
		}
	}
}
