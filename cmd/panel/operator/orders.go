// Package operator has the commands for the people who run a panel. Each is a client
// of its API, except that credentials, staff and restoring need no panel that serves.
package operator

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// Order holds the commands about one order.
type Order struct {
	Register registerCommand  `cmd:"" help:"Order a registration; prints the order."`
	Transfer transferCommand  `cmd:"" help:"Order a transfer to us; prints the order."`
	Renew    renewalCommand   `cmd:"" help:"Order a renewal; prints the order."`
	Delete   deleteCommand    `cmd:"" help:"Order that a domain be given up; prints the order."`
	Restore  restoreCommand   `cmd:"" help:"Order that a deleted or expired domain be brought back; prints the order."`
	Lock     lockCommand      `cmd:"" help:"Order that transfers to another registrar be refused; prints the order."`
	Unlock   unlockCommand    `cmd:"" help:"Order that they be allowed again; prints the order."`
	AuthCode authCodeCommand  `cmd:"" help:"Order the transfer code of a domain; prints the order, and panel order secret shows the code once it is there."`
	Trade    tradeCommand     `cmd:"" help:"Order a change of registrant; prints the order."`
	Pay      payCommand       `cmd:"" help:"The order is paid: send it."`
	Cancel   cancelCommand    `cmd:"" help:"Withdraw an order that is not paid."`
	Retry    retryCommand     `cmd:"" help:"Try an order again that was paid and has failed: the same payment, another operation."`
	Refund   refundCommand    `cmd:"" help:"The payment for an order that has failed was given back."`
	Dismiss  dismissCommand   `cmd:"" help:"An order that has failed needs no person any more."`
	Show     showOrderCommand `cmd:"" help:"Show an order."`
	Contact  contactCommand   `cmd:"" help:"Show the contact data of an order as they were given; the Action Log records who read them."`
	Secret   secretCommand    `cmd:"" help:"Show the transfer code that an order was given or has brought; the Action Log records who read it."`
}

// purchase is the common part of registrations and transfers.
type purchase struct {
	Domain   string   `arg:"" help:"In Unicode or in ACE."`
	Customer string   `required:"" placeholder:"ID" help:"Whom it is for."`
	Contact  string   `required:"" placeholder:"FILE" help:"JSON file about the registrant; panel form lists its keys. - is stdin."`
	NS       []string `name:"ns" sep:"none" placeholder:"HOST[=IP,…]" help:"A nameserver; repeat it."`
	Own      bool     `help:"The provider's own: needs no payment."`
	Years    int      `placeholder:"N" help:"The term, of those that panel form names; without it the shortest."`
	otherContacts
	patience
}

// patience is for scripts that wait for the end of a registration.
type patience struct {
	Wait time.Duration `placeholder:"DURATION" help:"Wait so long for the registration to end: exits 0 when registered, 1 on error or time-out, 3 when a person must act."`
}

type registerCommand struct {
	purchase
	AcceptPrice string   `placeholder:"'AMOUNT CURRENCY'" help:"What the customer agreed to pay for a name that has a price of its own, such as '1200.00 RUB'; panel domain check tells it."`
	DS          []string `name:"ds" sep:"none" placeholder:"'TAG ALGORITHM TYPE DIGEST'" help:"A DS record that signs the delegation; repeat it. Only with registrars that take any."`
}

func (r *registerCommand) Run(c *command.Call) error {
	o := api.NewOrder{Kind: "register", DS: r.DS}
	if r.AcceptPrice != "" {
		amount, currency, _ := strings.Cut(strings.TrimSpace(r.AcceptPrice), " ")
		o.AcceptPrice = &api.Price{Amount: amount, Currency: strings.TrimSpace(currency)}
	}
	return r.order(c, o)
}

type transferCommand struct {
	purchase
	Auth string `required:"" placeholder:"CODE" help:"The transfer code (AuthInfo)."`
}

func (t *transferCommand) Run(c *command.Call) error {
	return t.order(c, api.NewOrder{Kind: "transfer", AuthCode: t.Auth})
}

func (p *purchase) order(c *command.Call, o api.NewOrder) (err error) {
	o.Domain, o.Customer, o.Own, o.Years = p.Domain, p.Customer, p.Own, p.Years
	if o.Contact, err = readContact(c, p.Contact); err != nil {
		return command.Usage(err)
	}
	if o.Contacts, err = p.read(c); err != nil {
		return command.Usage(err)
	}
	if o.Nameservers, err = nameservers(p.NS); err != nil {
		return command.Usage(err)
	}
	return placeAndWait(c, o, p.patience)
}

// place orders, and shows the order.
func place(c *command.Call, o api.NewOrder) error { return placeAndWait(c, o, patience{}) }

func placeAndWait(c *command.Call, o api.NewOrder, wait patience) error {
	placed, err := command.Post[api.Order](c, api.Path("orders"), o)
	if err != nil {
		return err
	}
	tellNotes(c, placed)
	if placed.State == "unpaid" {
		command.Hint(c.Stderr, "nothing is sent until it is paid: panel order pay "+placed.ID)
	}
	return wait.show(c, placed, placed)
}

func readContact(c *command.Call, file string) (api.Contact, error) {
	if file == "-" {
		return api.DecodeContact(c.Stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read contact: %w", err)
	}
	defer f.Close()
	contact, err := api.DecodeContact(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return contact, nil
}

// nameservers reads HOST, HOST=IP and HOST=IP,IP; a repeated host collects addresses.
func nameservers(args []string) ([]api.Nameserver, error) {
	var list []api.Nameserver
	at := map[string]int{}
	for _, arg := range args {
		host, addresses, _ := strings.Cut(arg, "=")
		if host == "" {
			return nil, fmt.Errorf("--ns %q: want HOST or HOST=IP", arg)
		}
		i, known := at[host]
		if !known {
			i = len(list)
			at[host] = i
			list = append(list, api.Nameserver{Host: host})
		}
		for ip := range strings.SplitSeq(addresses, ",") {
			if ip == "" {
				continue
			}
			if _, err := netip.ParseAddr(ip); err != nil {
				return nil, fmt.Errorf("--ns %s: %s is no IP address", arg, ip)
			}
			list[i].IPs = append(list[i].IPs, ip)
		}
	}

	return list, nil
}

// askAgain is how often a waiting command asks.
const askAgain = 200 * time.Millisecond

// show shows an order. With patience it waits for the end. As text it shows the order
// at once and one sentence at the end; as JSON it shows the order only at the end.
func (p patience) show(c *command.Call, v any, o api.Order) error {
	if p.Wait == 0 || c.Output != command.JSON {
		if err := c.Show(v, orderText(o)); err != nil || p.Wait == 0 {
			return err
		}
		return p.await(c, o.Domain)
	}
	command.Hint(c.Stderr, "waiting for order "+o.ID)
	end := p.await(c, o.Domain)
	now, err := command.Get[api.Order](c, api.Path("orders", o.ID), nil)
	if err != nil {
		return errors.Join(end, err)
	}
	return errors.Join(end, c.Show(now, orderText(now)))
}

// await waits for a registration or transfer to end, and reports how it ended.
func (p patience) await(c *command.Call, domain string) error {
	tick := time.NewTicker(askAgain)
	defer tick.Stop()

	for end := time.After(p.Wait); ; {
		d, err := command.Get[api.Domain](c, api.Path("domains", domain), nil)
		if err != nil {
			return err
		}
		if ended, err := outcome(d); ended {
			if err == nil && c.Output != command.JSON {
				command.Line(c.Stdout, ending(d))
			}
			return err
		}
		select {
		case <-c.Ctx.Done():
			return c.Ctx.Err()
		case <-end:
			return fmt.Errorf("%s is still %s after %s", d.Unicode, d.Status, p.Wait)
		case <-tick.C:
		}
	}
}

// ending describes a registration or transfer that went well.
func ending(d api.Domain) string {
	text := d.Unicode + " is " + d.Status
	if d.PaidTill != nil {
		text += ", paid till " + *d.PaidTill
	}
	return text
}

// outcome reports whether the wait is over, and with which result.
func outcome(d api.Domain) (ended bool, err error) {
	switch d.Status {
	case "Pending":
		return false, nil
	case "Registering", "Transferring":
		op := d.Operation
		// Only a person can move the operation on, so waiting longer is useless.
		if op != nil && (op.State == "NeedsAction" || op.State == "Uncertain") {
			return true, command.Waiting(fmt.Sprintf("%s: %s is %s: %s", d.Unicode, op.ID, op.State, command.OrDash(op.WaitsFor)))
		}
		return false, nil
	case "Registered":
		return true, nil
	}
	return true, fmt.Errorf("%s is %s%s; panel domain show %[1]s tells what happened", d.Unicode, d.Status, because(d.Reason))
}

type payCommand struct {
	Order string `arg:"" help:"Its ID; panel orders lists them."`
	patience
}

func (p *payCommand) Run(c *command.Call) error {
	o, err := command.Post[api.Changed](c, api.Path("orders", p.Order, "pay"), nil)
	if err != nil {
		return err
	}
	if !o.Changed {
		command.Hint(c.Stderr, "it was paid already; nothing has changed")
	}
	return p.show(c, o, o.Order)
}

type cancelCommand struct {
	Order string `arg:"" help:"Its ID; panel orders lists them."`
}

func (p *cancelCommand) Run(c *command.Call) error {
	o, err := command.Post[api.Changed](c, api.Path("orders", p.Order, "cancel"), nil)
	if err != nil {
		return err
	}
	if !o.Changed {
		command.Hint(c.Stderr, "it was cancelled already; nothing has changed")
	}
	return c.Show(o, orderText(o.Order))
}

type showOrderCommand struct {
	Order string `arg:"" help:"Its ID; panel orders lists them."`
}

func (p *showOrderCommand) Run(c *command.Call) error {
	o, err := command.Get[api.Order](c, api.Path("orders", p.Order), nil)
	if err != nil {
		return err
	}
	return c.Show(o, orderText(o))
}

type secretCommand struct {
	Order string `arg:"" help:"Its ID; panel orders lists them."`
	By    string `required:"" placeholder:"WHO" help:"Who reads it."`
}

func (p *secretCommand) Run(c *command.Call) error {
	secret, err := command.Post[api.TransferCode](c, api.Path("orders", p.Order, "secret"), api.Reader{By: p.By})
	if err != nil {
		return err
	}
	return c.Show(secret, func(w io.Writer) { fmt.Fprintln(w, command.Printable(secret.Code, false)) })
}

// Orders lists the orders.
type Orders struct {
	Query     string `name:"q" placeholder:"TEXT" help:"Only those whose domain begins so, or whose ID, customer or reference this is."`
	Customer  string `placeholder:"ID" help:"Of this customer only."`
	Domain    string `placeholder:"NAME" help:"For this domain only, in Unicode or in ACE."`
	State     string `placeholder:"STATE" help:"Only those that are so: unpaid, paid or cancelled."`
	Outcome   string `placeholder:"OUTCOME" help:"Only those that have succeeded, failed or cancelled."`
	Reference string `placeholder:"TEXT" help:"With this reference of the caller's only."`
	Open      bool   `help:"Only those that are not concluded."`
	Sort      string `placeholder:"KEY" help:"created or domain; with - before it the other way round. (--sort=-created)"`
	Limit     int    `placeholder:"N" help:"The first so many only."`

	OperationState string `placeholder:"STATE" help:"Only those whose operation is so, for example NeedsAction."`
}

// Run prints the requested orders.
func (p *Orders) Run(c *command.Call) error {
	list, err := command.List[api.Order](c, api.Path("orders"), map[string][]string{"q": {p.Query}, "customer": {p.Customer}, "domain": {p.Domain},
		"state": {p.State}, "outcome": {p.Outcome}, "operation_state": {p.OperationState},
		"reference": {p.Reference}, "open": {yes(p.Open)}, "sort": {p.Sort}}, p.Limit)
	if err != nil {
		return err
	}
	return c.Show(list, ordersText(list))
}

// Preview shows, masked, what an order would send first.
type Preview struct {
	Order string `arg:"" help:"Its ID; panel orders lists them."`
}

// Run prints what would be sent.
func (p *Preview) Run(c *command.Call) error {
	v, err := command.Get[api.Preview](c, api.Path("orders", p.Order, "preview"), nil)
	if err != nil {
		return err
	}
	return c.Show(v, func(w io.Writer) { command.Block(w, v.Preview) })
}
