package operator

import (
	"fmt"
	"io"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// Form lists the fields that an order needs.
type Form struct {
	TLD   string `arg:"" name:"tld" help:"For example ru or рф."`
	Kind  string `enum:"person,organization,sole-trader" default:"person" help:"Of registrant: person, organization or sole-trader."`
	Role  string `placeholder:"ROLE" help:"Whose contact is asked for, of those that panel form names; the registrant's without it."`
	Order string `enum:"register,transfer,renew,update,delete,restore,lock,unlock,auth-code,trade" default:"register" help:"Kind of order: register, transfer, renew, update, delete, restore, lock, unlock, auth-code or trade, of those that the registrar declares."`
}

// Run prints the fields, and below the table the further properties of some of them.
func (p *Form) Run(c *command.Call) error {
	f, err := command.Get[api.Form](c, api.Path("form", p.TLD), map[string][]string{"registrant": {p.Kind}, "kind": {p.Order}, "role": {p.Role}})
	if err != nil {
		return err
	}
	return c.Show(f, func(w io.Writer) {
		command.Head(w, "KEY", "LABEL", "TYPE", "REQUIRED", "SEVERAL", "EXAMPLE")
		for _, field := range f.Fields {
			command.Row(w, field.Key, command.InWords(field.Label), field.Type, field.Required, field.Multiple, field.Example)
		}
		if f.Years != nil {
			command.Row(w, "--years", fmt.Sprintf("%d to %d", f.Years.Min, f.Years.Max))
		}
		for _, contact := range f.Contacts {
			command.Row(w, "--contact-for "+contact.Role, "", "", contact.Required)
		}
		for _, field := range f.Fields {
			furtherText(w, field)
		}
	})
}

// furtherText writes the properties that only some fields have, one per line.
func furtherText(w io.Writer, f api.Field) {
	if len(f.Help) > 0 {
		command.Row(w, f.Key, command.Name("HELP"), command.InWords(f.Help))
	}
	if f.Link != "" {
		command.Row(w, f.Key, command.Name("LINK"), f.Link)
	}

	for _, c := range f.Choices {
		command.Row(w, f.Key, command.Name("CHOICE"), c.Value, command.InWords(c.Label))
	}
	for _, c := range f.When {
		for _, v := range c.Values {
			command.Row(w, f.Key, command.Name("ASKED IF"), fmt.Sprintf("%s=%s", c.Field, v))
		}
	}

	if f.MinLength > 0 {
		command.Row(w, f.Key, command.Name("FEWEST"), f.MinLength)
	}
	if f.MaxLength > 0 {
		command.Row(w, f.Key, command.Name("MOST"), f.MaxLength)
	}
}
