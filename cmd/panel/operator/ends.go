package operator

import (
	"io"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// retryCommand tries again what was paid for and has failed. It looks up the failed
// attempt first, so that a command that is repeated in a hurry asks for the same attempt.
type retryCommand struct {
	Order   string   `arg:"" help:"Its ID; panel orders --outcome failed lists those that have failed."`
	Contact string   `placeholder:"FILE" help:"JSON file with the whole contact, if it was wrong. - is stdin."`
	NS      []string `name:"ns" sep:"none" placeholder:"HOST[=IP,…]" help:"A nameserver of the full new set, if they were wrong; repeat it."`
	Auth    string   `placeholder:"CODE" help:"The transfer code (AuthInfo), if it was wrong."`
	otherContacts
	byCaller
	patience
}

func (p *retryCommand) Run(c *command.Call) (err error) {
	in := api.Retry{By: p.By, AuthCode: p.Auth}
	if p.Contact != "" {
		if in.Contact, err = readContact(c, p.Contact); err != nil {
			return command.Usage(err)
		}
	}

	if in.Contacts, err = p.read(c); err != nil {
		return command.Usage(err)
	}
	if in.Nameservers, err = nameservers(p.NS); err != nil {
		return command.Usage(err)
	}

	seen, err := command.Get[api.Order](c, api.Path("orders", p.Order), nil)
	if err != nil {
		return err
	}
	if seen.Outcome != nil {
		// The request names the attempt that failed. So a command that is
		// repeated because its answer was lost does not try a second time.
		in.Attempt = seen.Attempt
	}

	o, err := command.Post[api.Changed](c, api.Path("orders", p.Order, "retry"), in)
	if err != nil {
		return err
	}
	if !o.Changed {
		command.Hint(c.Stderr, "it is being tried again already; nothing has changed")
	}
	if err := c.Show(o, orderText(o.Order)); err != nil {
		return err
	}

	tellNotes(c, o.Order)
	return p.await(c, o.Domain)
}

// giveUpCommand settles an order that has failed.
type giveUpCommand struct {
	Order string `arg:"" help:"Its ID; panel orders --outcome failed lists those that have failed."`
	Note  string `help:"For the Action Log."`
	byCaller
}

func (p *giveUpCommand) give(c *command.Call, how, already string) error {
	o, err := command.Post[api.Changed](c, api.Path("orders", p.Order, how), api.GiveUp{By: p.By, Note: p.Note})
	if err != nil {
		return err
	}
	if !o.Changed {
		command.Hint(c.Stderr, already)
	}
	return c.Show(o, orderText(o.Order))
}

type refundCommand struct{ giveUpCommand }

func (p *refundCommand) Run(c *command.Call) error {
	return p.give(c, "refund", "it was refunded already; nothing has changed")
}

type dismissCommand struct{ giveUpCommand }

func (p *dismissCommand) Run(c *command.Call) error {
	return p.give(c, "dismiss", "it was dismissed already; nothing has changed")
}

type contactCommand struct {
	Order  string `arg:"" help:"Its ID; panel orders lists them."`
	Reason string `help:"Why; for the Action Log."`
	byCaller
}

func (p *contactCommand) Run(c *command.Call) error {
	contact, err := command.Post[api.OrderContact](c, api.Path("orders", p.Order, "contact"), api.ContactReader{By: p.By, Reason: p.Reason})
	if err != nil {
		return err
	}
	return c.Show(contact, func(w io.Writer) { contactRows(w, "", contact) })
}

// tellNotes shows the notes on an order.
func tellNotes(c *command.Call, o api.Order) {
	for _, n := range o.Notes {
		command.Hint(c.Stderr, n.Path+": "+n.Message)
	}
}

// next returns the command that an order waits for; "" = it waits for none.
func next(o api.Order) string {
	switch {
	case o.State == "unpaid":
		return "panel order pay " + o.ID
	case o.State == "paid" && o.Outcome != nil && *o.Outcome != "succeeded" && o.DismissedAt == nil && o.Own:
		return "panel order retry " + o.ID + ", or panel order dismiss " + o.ID
	case o.State == "paid" && o.Outcome != nil && *o.Outcome != "succeeded" && o.DismissedAt == nil:
		return "panel order retry " + o.ID + ", or panel order refund " + o.ID
	case o.Kind == "auth-code" && o.Outcome != nil && *o.Outcome == "succeeded":
		return "panel order secret " + o.ID + " --by YOU"
	}
	return ""
}

// because returns a reason after a colon.
func because(reason *string) string {
	if reason == nil || strings.TrimSpace(*reason) == "" {
		return ""
	}
	return ": " + *reason
}
