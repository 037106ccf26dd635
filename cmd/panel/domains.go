package main

import (
	"errors"
	"fmt"
	"io"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
)

type domainsCommand struct {
	Status string `placeholder:"STATUS" help:"Only those that are so, for example Registering."`
}

func (p *domainsCommand) Run(c *call) error {
	list, err := get[[]api.Domain](c, api.Path("domains"), map[string][]string{"status": {p.Status}})
	if err != nil {
		return err
	}
	return c.show(list, domainsText(list))
}

type domainCommands struct {
	Show    showDomainCommand   `cmd:"" help:"Status and timeline."`
	Check   checkNamesCommand   `cmd:"" help:"Whether names may be registered, by the registry's word."`
	Renew   renewCommand        `cmd:"" help:"Renew it by a year now; prints the order."`
	Renewal renewalModeCommand  `cmd:"" help:"Choose who starts renewals."`
	Update  updateCommand       `cmd:"" help:"Change nameservers or contact data; prints the order."`
	Import  importDomainCommand `cmd:"" help:"Take over a domain that the registrar holds for us already."`
	Move    moveDomainCommand   `cmd:"" help:"Hand a domain to another registrar's plugin, which holds it already."`
}

type showDomainCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
}

func (p *showDomainCommand) Run(c *call) error {
	d, err := get[api.Domain](c, api.Path("domains", p.Name), nil)
	if err != nil {
		return err
	}
	return c.show(d, domainText(d))
}

type checkNamesCommand struct {
	Names []string `arg:"" name:"name" help:"In Unicode or in ACE."`
}

func (p *checkNamesCommand) Run(c *call) error {
	list, err := get[[]api.Availability](c, api.Path("availability"), map[string][]string{"name": p.Names})
	if err != nil {
		return err
	}
	return c.show(list, func(w io.Writer) {
		row(w, "DOMAIN", "STATUS", "DETAIL")
		for _, a := range list {
			row(w, a.Unicode, a.Status, a.Detail)
		}
	})
}

// renewCommand is the operator's own act, so it needs no payment unless asked for.
type renewCommand struct {
	Name     string `arg:"" help:"In Unicode or in ACE."`
	PaidTill string `placeholder:"DATE" help:"Renew only if it is paid till then."`
	Unpaid   bool   `help:"As a customer's order: nothing is sent until it is paid."`
}

func (p *renewCommand) Run(c *call) error {
	_, err := place(c, api.NewOrder{Kind: "renew", Domain: p.Name, Own: !p.Unpaid, PaidTill: p.PaidTill})
	return err
}

type renewalModeCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
	Mode string `arg:"" enum:"auto,manual" help:"auto: the registrar plugin's schedule. manual: a person, or the panel's billing."`
}

func (p *renewalModeCommand) Run(c *call) error {
	d, err := post[api.Domain](c, api.Path("domains", p.Name, "renewal"), api.Renewal{Mode: p.Mode})
	if err != nil {
		return err
	}
	return c.show(d, domainText(d))
}

// updateCommand costs nothing, so it needs no payment.
type updateCommand struct {
	Name    string   `arg:"" help:"In Unicode or in ACE."`
	NS      []string `name:"ns" sep:"none" placeholder:"HOST[=IP,…]" help:"A nameserver of the full new set; repeat it."`
	Contact string   `placeholder:"FILE" help:"JSON file with the contact data to change. - is stdin."`
}

func (p *updateCommand) Run(c *call) (err error) {
	o := api.NewOrder{Kind: "update", Domain: p.Name, Own: true}
	if o.Nameservers, err = nameservers(p.NS); err != nil {
		return usage(err)
	}
	if p.Contact != "" {
		if o.Contact, err = readContact(c, p.Contact); err != nil {
			return usage(err)
		}
	}
	if len(o.Nameservers) == 0 && o.Contact == nil {
		return usage(fmt.Errorf("nothing to change: give --ns or --contact"))
	}
	_, err = place(c, o)
	return err
}

type importDomainCommand struct {
	Name      string `arg:"" help:"In Unicode or in ACE."`
	Customer  string `required:"" placeholder:"ID" help:"Whose it is."`
	Handle    string `required:"" placeholder:"H" help:"The registrant, as the registrar knows it."`
	PaidTill  string `required:"" placeholder:"DATE" help:"YYYY-MM-DD."`
	Registrar string `placeholder:"NAME" help:"Default: the one that serves the TLD."`
}

func (p *importDomainCommand) Run(c *call) error {
	d, err := post[api.Domain](c, api.Path("domains", p.Name, "import"),
		api.Import{Customer: p.Customer, Handle: p.Handle, PaidTill: p.PaidTill, Registrar: p.Registrar})
	if err != nil {
		return err
	}
	return c.show(d, domainText(d))
}

type moveDomainCommand struct {
	Name     string `arg:"" help:"In Unicode or in ACE."`
	To       string `required:"" placeholder:"PLUGIN" help:"A registrar of plugin.hcl that serves the TLD."`
	Handle   string `placeholder:"H" help:"The registrant as that registrar knows it, if it has to take the domain over. Default: as known here."`
	PaidTill string `placeholder:"DATE" help:"Likewise. YYYY-MM-DD."`
	byCaller
}

func (p *moveDomainCommand) Run(c *call) error {
	d, err := post[api.Moved](c, api.Path("domains", p.Name, "move"), api.Move{To: p.To, By: p.By, Handle: p.Handle, PaidTill: p.PaidTill})
	if err != nil {
		return err
	}
	if !d.Changed {
		hint(c.stderr, "it is with "+d.Registrar+" already; nothing has changed")
	}
	return c.show(d, domainText(d.Domain))
}

type customerCommands struct {
	Show   showCustomerCommand `cmd:"" help:"Handles, domains and orders of a customer."`
	Handle handleCommand       `cmd:"" help:"The customer has this handle already."`
}

type showCustomerCommand struct {
	ID string `arg:"" help:"As orders name the customer."`
}

func (p *showCustomerCommand) Run(c *call) error {
	v, missing, err := getPartial[api.Customer](c, api.Path("customers", p.ID), nil)
	if err != nil {
		return err
	}
	if err := c.show(v, func(w io.Writer) {
		row(w, "HANDLE", "KIND", "STATE", "REGISTRAR")
		for _, h := range v.Handles {
			row(w, h.Handle, h.Kind, h.State, h.Registrar)
		}
		fmt.Fprintln(w)
		domainsText(v.Domains)(w)
		fmt.Fprintln(w)
		ordersText(v.Orders)(w)
	}); err != nil {
		return err
	}
	return absent(missing)
}

type handleCommand struct {
	ID        string `arg:"" help:"As orders name the customer."`
	Handle    string `arg:"" help:"As the registrar knows the customer."`
	Registrar string `placeholder:"NAME" help:"Needed when several work with handles."`
}

func (p *handleCommand) Run(c *call) error {
	h, err := post[api.Handle](c, api.Path("customers", p.ID, "handles"), api.NewHandle{Handle: p.Handle, Registrar: p.Registrar})
	if err != nil {
		return err
	}
	return c.show(h, func(w io.Writer) {
		row(w, "handle", h.Handle)
		row(w, "customer", h.Customer)
		row(w, "state", h.State)
		row(w, "registrar", h.Registrar)
	})
}

type renewalsCommands struct {
	Run runRenewalsCommand `cmd:"" help:"Make one renewal pass now. Running it twice is harmless."`
}

type runRenewalsCommand struct {
	DryRun bool `short:"n" help:"Show the plan; send nothing."`
}

func (p *runRenewalsCommand) Run(c *call) error {
	steps, missing, err := postPartial[[]api.RenewalStep](c, api.Path("renewals", "run"), api.RenewalRun{DryRun: p.DryRun})
	if err != nil {
		return err
	}
	if err := c.show(steps, func(w io.Writer) {
		row(w, "DOMAIN", "PAID TILL", "ACTION", "REASON")
		for _, s := range steps {
			row(w, orders.Unicode(s.Domain), s.PaidTill, s.Action, s.Reason)
		}
	}); err != nil {
		return err
	}
	held := 0
	for _, s := range steps {
		if s.Action == "hold" {
			held++
		}
	}
	var fault error
	if held > 0 {
		fault = waiting(fmt.Sprintf("renewals held back: %d", held))
	}
	return errors.Join(fault, absent(missing))
}
