package operator

import (
	"fmt"
	"io"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

type Form struct {
	TLD   string `arg:"" name:"tld" help:"For example ru or рф."`
	Kind  string `enum:"person,organization,sole-trader" default:"person" help:"Of registrant: person, organization or sole-trader."`
	Order string `enum:"register,transfer,renew,update" default:"register" help:"Kind of order: register, transfer, renew or update."`
}

func (p *Form) Run(c *command.Call) error {
	f, err := command.Get[api.Form](c, api.Path("form", p.TLD), map[string][]string{"registrant": {p.Kind}, "kind": {p.Order}})
	if err != nil {
		return err
	}
	return c.Show(f, func(w io.Writer) {
		command.Row(w, "KEY", "LABEL", "TYPE", "REQUIRED", "SEVERAL", "EXAMPLE")
		for _, field := range f.Fields {
			command.Row(w, field.Key, field.Label["en"], field.Type, field.Required, field.Multiple, field.Example)
		}
		furtherText(w, f.Fields)
	})
}

// furtherText writes below the table what only some fields have, a line each.
func furtherText(w io.Writer, fields []api.Field) {
	begun := false
	for _, f := range fields {
		for _, line := range further(f) {
			if !begun {
				command.Row(w, "")
				begun = true
			}
			command.Row(w, f.Key, line)
		}
	}
}

func further(f api.Field) (lines []string) {
	if help := f.Help["en"]; help != "" {
		lines = append(lines, help)
	}
	if f.Link != "" {
		lines = append(lines, "read first: "+f.Link)
	}
	for _, c := range f.Choices {
		lines = append(lines, "one of: "+strings.TrimSpace(c.Value+" "+bracketed(c.Label["en"])))
	}
	for _, c := range f.When {
		lines = append(lines, fmt.Sprintf("asked where %s is %s", c.Field, orNone(c.Values)))
	}

	switch {
	case f.MinLength > 0 && f.MaxLength > 0:
		lines = append(lines, fmt.Sprintf("%d to %d characters", f.MinLength, f.MaxLength))
	case f.MinLength > 0:
		lines = append(lines, fmt.Sprintf("%d characters at least", f.MinLength))
	case f.MaxLength > 0:
		lines = append(lines, fmt.Sprintf("%d characters at most", f.MaxLength))
	}
	return lines
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// orNone lists values; the empty one is for no answer.
func orNone(values []string) string {
	words := make([]string, len(values))
	for i, v := range values {
		if words[i] = v; v == "" {
			words[i] = "not answered"
		}
	}
	return strings.Join(words, " or ")
}
