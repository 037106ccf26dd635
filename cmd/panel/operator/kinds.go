package operator

import (
	"bufio"
	"fmt"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// ownDomain is the common part of orders for a domain of ours. The panel knows whose it is.
type ownDomain struct {
	Domain string `arg:"" help:"In Unicode or in ACE."`
	Own    bool   `help:"The provider's own: needs no payment."`
}

func (r ownDomain) order(c *command.Call, o api.NewOrder) error {
	o.Domain, o.Own = r.Domain, r.Own
	return place(c, o)
}

type renewalCommand struct {
	ownDomain
	Years    int    `placeholder:"N" help:"The term, of those that panel form --order renew names; without it the shortest."`
	PaidTill string `placeholder:"DATE" help:"Renew only if it is paid till then."`
}

func (r *renewalCommand) Run(c *command.Call) (err error) {
	o := api.NewOrder{Kind: "renew", Years: r.Years}
	if o.PaidTill, err = believed(c, r.Domain, r.PaidTill); err != nil {
		return err
	}
	return r.order(c, o)
}

type deleteCommand struct{ ownDomain }

func (r *deleteCommand) Run(c *command.Call) error { return r.order(c, api.NewOrder{Kind: "delete"}) }

type restoreCommand struct{ ownDomain }

func (r *restoreCommand) Run(c *command.Call) error {
	return r.order(c, api.NewOrder{Kind: "restore"})
}

type lockCommand struct{ ownDomain }

func (r *lockCommand) Run(c *command.Call) error { return r.order(c, api.NewOrder{Kind: "lock"}) }

type unlockCommand struct{ ownDomain }

func (r *unlockCommand) Run(c *command.Call) error { return r.order(c, api.NewOrder{Kind: "unlock"}) }

type authCodeCommand struct{ ownDomain }

func (r *authCodeCommand) Run(c *command.Call) error {
	return r.order(c, api.NewOrder{Kind: "auth-code"})
}

type tradeCommand struct {
	ownDomain
	Contact string `required:"" placeholder:"FILE" help:"JSON file about the new registrant; panel form --order trade lists its keys. - is stdin."`
	otherContacts
}

func (r *tradeCommand) Run(c *command.Call) (err error) {
	o := api.NewOrder{Kind: "trade"}
	if o.Contact, err = readContact(c, r.Contact); err != nil {
		return command.Usage(err)
	}
	if o.Contacts, err = r.read(c); err != nil {
		return command.Usage(err)
	}
	return r.order(c, o)
}

// believed returns the expiry that a renewal starts from: the given one, or the list's.
func believed(c *command.Call, domain, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	d, err := command.Get[api.Domain](c, api.Path("domains", domain), nil)
	if err != nil {
		return "", err
	}
	if d.PaidTill == nil {
		return "", fmt.Errorf("%s can't be renewed, for it is not known till when it is paid; it is %s", d.Unicode, d.Status)
	}
	return *d.PaidTill, nil
}

// codeFrom returns the given transfer code, or the first line of stdin for
// "-", because other users of the machine can see the arguments of a command.
func codeFrom(c *command.Call, given string) (string, error) {
	if given != "-" {
		return given, nil
	}
	line, err := bufio.NewReader(c.Stdin).ReadString('\n')
	if code := strings.TrimSpace(line); code != "" {
		return code, nil
	}
	return "", fmt.Errorf("read the transfer code: nothing came on stdin: %w", err)
}
