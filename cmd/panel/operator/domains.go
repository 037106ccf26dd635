package operator

import (
	"errors"
	"fmt"
	"io"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
)

// Domains lists the domains.
type Domains struct {
	Query     string `name:"q" placeholder:"TEXT" help:"Only those whose name begins so, or whose customer or handle this is."`
	Status    string `placeholder:"STATUS" help:"Only those that are so, for example Registering."`
	Customer  string `placeholder:"ID" help:"Of this customer only."`
	Registrar string `placeholder:"NAME" help:"With this registrar only."`
	Attention bool   `help:"Only those that need a person, or have an alarm."`
	Due       string `placeholder:"WHEN" help:"Only those that are paid till then at most: YYYY-MM-DD, or days from today such as 30d."`
	Sort      string `placeholder:"KEY" help:"name or paid_till; with - before it the other way round. (--sort=-name)"`
	Limit     int    `placeholder:"N" help:"The first so many only."`
}

// Run prints the requested domains.
func (p *Domains) Run(c *command.Call) error {
	list, err := command.List[api.Domain](c, api.Path("domains"), map[string][]string{"q": {p.Query}, "status": {p.Status}, "customer": {p.Customer},
		"registrar": {p.Registrar}, "attention": {yes(p.Attention)}, "due": {p.Due}, "sort": {p.Sort}}, p.Limit)
	if err != nil {
		return err
	}
	return c.Show(list, domainsText(list))
}

// yes returns the value of a switch in a query.
func yes(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// Domain holds the commands about one domain.
type Domain struct {
	Show     showDomainCommand     `cmd:"" help:"Status and timeline."`
	Check    checkNamesCommand     `cmd:"" help:"Whether names may be registered, by the registry's word."`
	Renew    renewCommand          `cmd:"" help:"Renew it by a year now; prints the order."`
	Renewal  renewalModeCommand    `cmd:"" help:"Choose who starts renewals."`
	Contacts domainContactsCommand `cmd:"" help:"The contacts that its registrar has for it, masked."`
	Refresh  refreshCommand        `cmd:"" help:"Have the registry asked now, and show the record after that."`
	Update   updateCommand         `cmd:"" help:"Change nameservers or contact data; prints the order."`
	Import   importDomainCommand   `cmd:"" help:"Take over a domain that the registrar holds for us already."`
	Correct  correctCommand        `cmd:"" help:"Correct what is recorded of it, here and with its registrar."`
	Forget   forgetCommand         `cmd:"" help:"Take it off the list: it is not ours any more, or never was."`
	Move     moveDomainCommand     `cmd:"" help:"Hand a domain to another registrar's plugin, which holds it already."`
}

type showDomainCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
}

func (p *showDomainCommand) Run(c *command.Call) error {
	d, err := command.Get[api.Domain](c, api.Path("domains", p.Name), nil)
	if err != nil {
		return err
	}
	return c.Show(d, domainText(d))
}

type checkNamesCommand struct {
	Names []string `arg:"" name:"name" help:"In Unicode or in ACE."`
}

func (p *checkNamesCommand) Run(c *command.Call) error {
	list, err := command.Get[[]api.Availability](c, api.Path("availability"), map[string][]string{"name": p.Names})
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "DOMAIN", "STATUS", "DETAIL")
		for _, a := range list {
			detail := command.Said(with(c.Tongue.Of(a.Texts, command.OrDash(a.Detail)), a.Advice))
			command.Row(w, a.Unicode, command.Word("availability", a.Status), command.Together(detail, priced(a)))
		}
	})
}

// priced returns what a name with a price of its own costs.
func priced(a api.Availability) string {
	if a.Price == nil {
		return ""
	}
	return a.Price.Amount + " " + a.Price.Currency
}

// renewCommand is the operator's own act, so it needs no payment unless asked for.
type renewCommand struct {
	Name     string `arg:"" help:"In Unicode or in ACE."`
	PaidTill string `placeholder:"DATE" help:"Renew only if it is paid till then."`
	Years    int    `placeholder:"N" help:"The term, of those that panel form --order renew names; without it the shortest."`
	Unpaid   bool   `help:"As a customer's order: nothing is sent until it is paid."`
}

func (p *renewCommand) Run(c *command.Call) error {
	till, err := believed(c, p.Name, p.PaidTill)
	if err != nil {
		return err
	}
	return place(c, api.NewOrder{Kind: "renew", Domain: p.Name, Own: !p.Unpaid, PaidTill: till, Years: p.Years})
}

type renewalModeCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
	Mode string `arg:"" enum:"auto,manual" help:"auto: the registrar plugin's schedule. manual: a person, or the panel's billing."`
}

func (p *renewalModeCommand) Run(c *command.Call) error {
	d, err := command.Post[api.Domain](c, api.Path("domains", p.Name, "renewal"), api.Renewal{Mode: p.Mode})
	if err != nil {
		return err
	}
	return c.Show(d, domainText(d))
}

type refreshCommand struct {
	Name string `arg:"" help:"In Unicode or in ACE."`
}

func (p *refreshCommand) Run(c *command.Call) error {
	d, err := command.Post[api.Domain](c, api.Path("domains", p.Name, "refresh"), struct{}{})
	if err != nil {
		return err
	}
	return c.Show(d, domainText(d))
}

// updateCommand costs nothing, so it needs no payment.
type updateCommand struct {
	Name    string   `arg:"" help:"In Unicode or in ACE."`
	NS      []string `name:"ns" sep:"none" placeholder:"HOST[=IP,…]" help:"A nameserver of the full new set; repeat it."`
	DS      []string `name:"ds" sep:"none" placeholder:"'TAG ALGORITHM TYPE DIGEST'" help:"A DS record of the full new set; repeat it. Only with registrars that take any."`
	Contact string   `placeholder:"FILE" help:"JSON file with the contact data to change. - is stdin."`
	otherContacts
}

func (p *updateCommand) Run(c *command.Call) (err error) {
	o := api.NewOrder{Kind: "update", Domain: p.Name, Own: true, DS: p.DS}
	if o.Nameservers, err = nameservers(p.NS); err != nil {
		return command.Usage(err)
	}
	if p.Contact != "" {
		if o.Contact, err = readContact(c, p.Contact); err != nil {
			return command.Usage(err)
		}
	}
	if o.Contacts, err = p.read(c); err != nil {
		return command.Usage(err)
	}
	if len(o.Nameservers) == 0 && len(o.DS) == 0 && o.Contact == nil && len(o.Contacts) == 0 {
		return command.Usage(fmt.Errorf("nothing to change: give --ns, --ds or --contact"))
	}
	return place(c, o)
}

type moveDomainCommand struct {
	Name     string `arg:"" help:"In Unicode or in ACE."`
	To       string `required:"" placeholder:"PLUGIN" help:"A registrar of plugin.hcl that serves the TLD."`
	Handle   string `placeholder:"H" help:"The registrant as that registrar knows it, if it has to take the domain over. Default: as known here."`
	PaidTill string `placeholder:"DATE" help:"Likewise. YYYY-MM-DD."`
	byCaller
}

func (p *moveDomainCommand) Run(c *command.Call) error {
	d, err := command.Post[api.Moved](c, api.Path("domains", p.Name, "move"), api.Move{To: p.To, By: p.By, Handle: p.Handle, PaidTill: p.PaidTill})
	if err != nil {
		return err
	}
	if !d.Changed {
		command.Hint(c.Stderr, "it is with "+d.Registrar+" already; nothing has changed")
	}
	return c.Show(d, domainText(d.Domain))
}

// Customers lists the customers.
type Customers struct {
	Query string `name:"q" placeholder:"TEXT" help:"Only those whose ID begins so."`
	Limit int    `placeholder:"N" help:"The first so many only."`
}

// Run prints the requested customers, with the numbers of their domains and orders.
func (p *Customers) Run(c *command.Call) error {
	list, err := command.List[api.CustomerSummary](c, api.Path("customers"), map[string][]string{"q": {p.Query}}, p.Limit)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "CUSTOMER", "DOMAINS", "ORDERS", "OPEN")
		for _, one := range list {
			command.Row(w, one.ID, one.Domains, one.Orders, one.OpenOrders)
		}
	})
}

// Customer holds the commands about one customer.
type Customer struct {
	Show   showCustomerCommand  `cmd:"" help:"Handles, domains and orders of a customer."`
	Handle handleCommand        `cmd:"" help:"The customer has this handle already."`
	Erase  eraseCustomerCommand `cmd:"" help:"Remove the personal data of what is finished, here and with every registrar; say what stays and why."`
}

type showCustomerCommand struct {
	ID string `arg:"" help:"As orders name the customer."`
}

func (p *showCustomerCommand) Run(c *command.Call) error {
	v, missing, err := command.GetPartial[api.Customer](c, api.Path("customers", p.ID), nil)
	if err != nil {
		return err
	}
	if err := c.Show(v, func(w io.Writer) {
		command.Head(w, "HANDLE", "KIND", "STATE", "REGISTRAR")
		for _, h := range v.Handles {
			command.Row(w, h.Handle, command.Word("registrant", h.Kind), command.Word("handle", h.State), h.Registrar)
		}
		fmt.Fprintln(w)
		domainsText(v.Domains)(w)
		fmt.Fprintln(w)
		ordersText(v.Orders)(w)
	}); err != nil {
		return err
	}
	return command.Absent(missing)
}

type handleCommand struct {
	ID        string `arg:"" help:"As orders name the customer."`
	Handle    string `arg:"" help:"As the registrar knows the customer."`
	Registrar string `placeholder:"NAME" help:"Needed when several work with handles."`
}

func (p *handleCommand) Run(c *command.Call) error {
	h, err := command.Post[api.Handle](c, api.Path("customers", p.ID, "handles"), api.NewHandle{Handle: p.Handle, Registrar: p.Registrar})
	if err != nil {
		return err
	}
	return c.Show(h, func(w io.Writer) {
		command.Fact(w, "handle", h.Handle)
		command.Fact(w, "customer", h.Customer)
		command.Fact(w, "state", command.Word("handle", h.State))
		command.Fact(w, "registrar", h.Registrar)
	})
}

// Renewals holds the commands about renewal passes.
type Renewals struct {
	Run  runRenewalsCommand  `cmd:"" help:"Make one renewal pass now. Running it twice is harmless."`
	Last lastRenewalsCommand `cmd:"" help:"When the last pass was made, and what it did; for each registrar that renews by schedule."`
}

type lastRenewalsCommand struct{}

// lastPass is the state of a registrar's renewals.
type lastPass struct {
	Registrar string `json:"registrar"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`
}

func (p *lastRenewalsCommand) Run(c *command.Call) error {
	plugins, err := command.Get[[]api.Plugin](c, api.Path("plugins"), nil)
	if err != nil {
		return err
	}

	list := []lastPass{}
	for _, plugin := range plugins {
		for _, part := range api.RenewalState(plugin) {
			list = append(list, lastPass{plugin.Name, part.OK, part.Detail})
		}
	}

	return c.Show(list, func(w io.Writer) {
		for _, l := range list {
			command.Row(w, l.Registrar, command.Wellness(l.OK), command.Said(l.Detail))
		}
	})
}

type runRenewalsCommand struct {
	DryRun bool `short:"n" help:"Show the plan; send nothing."`
}

func (p *runRenewalsCommand) Run(c *command.Call) error {
	steps, missing, err := command.PostPartial[[]api.RenewalStep](c, api.Path("renewals", "run"), api.RenewalRun{DryRun: p.DryRun})
	if err != nil {
		return err
	}

	if err := c.Show(steps, func(w io.Writer) {
		command.Head(w, "DOMAIN", "PAID TILL", "ACTION", "REASON")
		for _, s := range steps {
			command.Row(w, input.Unicode(s.Domain), s.PaidTill, command.Word("step", s.Action), command.Said(s.Reason))
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
		fault = command.Waiting(fmt.Sprintf("renewals held back: %d", held))
	}
	return errors.Join(fault, command.Absent(missing))
}
