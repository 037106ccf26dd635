package operator

import (
	"io"
	"strconv"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// pageFlags choose a page of a list.
type pageFlags struct {
	Limit int    `default:"1000" placeholder:"N" help:"At most N (${default})."`
	After string `placeholder:"MARK" help:"Those behind this mark, which the end of the page before names."`
}

func (p pageFlags) query() map[string][]string {
	return map[string][]string{"limit": {strconv.Itoa(p.Limit)}, "after": {p.After}}
}

// listPage shows a page of a list, and says on stderr how to see the next one.
func listPage[T any](c *command.Call, path string, query map[string][]string, text func([]T) func(io.Writer)) error {
	page, err := command.GetPage[T](c, path, query)
	if err != nil {
		return err
	}
	// Scripts expect an empty list in JSON, not null.
	if page.List == nil {
		page.List = []T{}
	}
	if err := c.Show(page.List, text(page.List)); err != nil {
		return err
	}
	if next := page.Mark(); next != "" {
		command.Line(c.Stderr, "There are more: --after "+next)
	}
	return command.Absent(page.Missing)
}

// Mail shows a stored mail, masked, or lists them.
type Mail struct {
	ID  string `arg:"" optional:"" help:"As the log and the timeline show it. Without it, all mails are listed, the newest first."`
	Raw bool   `help:"As it came: every header field and part, decoded, and masked all the same."`
	pageFlags
}

// Run prints one mail, or the list.
func (p *Mail) Run(c *command.Call) error {
	if p.ID == "" {
		return p.list(c)
	}
	if p.Raw {
		return p.raw(c)
	}
	m, err := command.Get[api.Mail](c, api.Path("mails", p.ID), nil)
	if err != nil {
		return err
	}
	return c.Show(m, func(w io.Writer) { command.Block(w, m.Text) })
}

func (p *Mail) raw(c *command.Call) error {
	client, server, err := c.Client()
	if err != nil {
		return err
	}
	text, err := client.RawMail(c.Ctx, p.ID)
	if err != nil {
		return command.Explain(err, server)
	}
	return c.Show(api.RawMail{ID: p.ID, Raw: text}, func(w io.Writer) { command.Block(w, text) })
}

func (p *Mail) list(c *command.Call) error {
	return listPage(c, api.Path("mails"), p.query(), func(list []api.MailEntry) func(io.Writer) {
		return func(w io.Writer) {
			command.Head(w, "MAIL", "AT", "", "FROM", "TO", "SUBJECT", "STATE")
			for _, m := range list {
				way := "in"
				if m.Out {
					way = "out"
				}
				command.Row(w, m.ID, m.At, command.Name(way), m.From, m.To, m.Subject, command.Word("mail", m.State))
			}
		}
	})
}
