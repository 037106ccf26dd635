package operator

import (
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

type correctCommand struct {
	Name     string `arg:"" help:"In Unicode or in ACE."`
	PaidTill string `placeholder:"DATE" help:"Till when it is paid. YYYY-MM-DD."`
	Handle   string `placeholder:"H" help:"The registrant, as the registrar knows it."`
	Reason   string `required:"" help:"How it is known; for the Action Log."`
	byCaller
}

func (p *correctCommand) Run(c *command.Call) error {
	d, err := command.Post[api.Corrected](c, api.Path("domains", p.Name, "correct"), api.Correction{PaidTill: p.PaidTill, Handle: p.Handle, Reason: p.Reason, By: p.By})
	if err != nil {
		return err
	}
	if !d.Changed {
		command.Hint(c.Stderr, "it is recorded so already; nothing has changed")
	}
	return c.Show(d, domainText(d.Domain))
}

type forgetCommand struct {
	Name   string `arg:"" help:"In Unicode or in ACE."`
	Reason string `required:"" help:"Why; for the Action Log."`
	byCaller
}

func (p *forgetCommand) Run(c *command.Call) error {
	d, err := command.Post[api.Domain](c, api.Path("domains", p.Name, "forget"), api.Forgetting{Reason: p.Reason, By: p.By})
	if err != nil {
		return err
	}
	if err := c.Show(d, domainText(d)); err != nil {
		return err
	}
	command.Hint(c.Stderr, "it is off the list; panel domain import takes it over again")
	return nil
}
