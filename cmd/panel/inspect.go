package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"registrar.panel/host/web/api"
)

type pluginsCommands struct {
	List    listPluginsCommand   `cmd:"" default:"1" help:"Version, state, TLDs and health of each (the default)."`
	Upgrade upgradePluginCommand `cmd:"" help:"Put the program and settings that plugin.hcl names now in a plugin's place; no operation is lost."`
}

type listPluginsCommand struct{}

func (listPluginsCommand) Run(c *call) error {
	list, err := get[[]api.Plugin](c, api.Path("plugins"), nil)
	if err != nil {
		return err
	}
	if err := c.show(list, pluginsText(list)); err != nil {
		return err
	}
	return disabled(list)
}

// disabled tells of plugins that need an operator.
func disabled(list []api.Plugin) error {
	var lines []string
	for _, p := range list {
		if p.State == "disabled" {
			lines = append(lines, fmt.Sprintf("registrar %s is disabled: %s", p.Name, orDash(p.Error)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return waiting(strings.Join(lines, "\n"))
}

type upgradePluginCommand struct {
	Name string `arg:"" help:"Of a registrar in plugin.hcl."`
	byCaller
}

func (p *upgradePluginCommand) Run(c *call) error {
	now, err := post[api.Plugin](c, api.Path("plugins", p.Name, "upgrade"), api.Upgrade{By: p.By})
	if err != nil {
		return err
	}
	return c.show(now, pluginsText([]api.Plugin{now}))
}

func pluginsText(list []api.Plugin) func(io.Writer) {
	return func(w io.Writer) {
		row(w, "PLUGIN", "VERSION", "STATE", "TLDS", "CAPABILITIES", "RESTARTS", "ERROR")
		for _, p := range list {
			row(w, p.Name, p.Version, p.State, p.TLDs, p.Capabilities, p.Restarts, p.Error)
		}
		for _, p := range list {
			for _, h := range p.Health {
				row(w, p.Name, h.Component, wellness(h.OK), h.Detail)
			}
		}
	}
}

func wellness(ok bool) string {
	if ok {
		return "well"
	}
	return "NOT WELL"
}

type formCommand struct {
	TLD   string `arg:"" name:"tld" help:"For example ru or рф."`
	Kind  string `enum:"person,organization" default:"person" help:"Of registrant: person or organization."`
	Order string `enum:"register,transfer,renew,update" default:"register" help:"Kind of order: register, transfer, renew or update."`
}

func (p *formCommand) Run(c *call) error {
	f, err := get[api.Form](c, api.Path("form", p.TLD), map[string][]string{"registrant": {p.Kind}, "kind": {p.Order}})
	if err != nil {
		return err
	}
	return c.show(f, func(w io.Writer) {
		row(w, "KEY", "LABEL", "TYPE", "REQUIRED", "SEVERAL", "EXAMPLE")
		for _, field := range f.Fields {
			row(w, field.Key, field.Label["en"], field.Type, field.Required, field.Multiple, field.Example)
		}
	})
}

type logCommand struct {
	Domain string `placeholder:"NAME" help:"Of this domain only, in Unicode or in ACE."`
	Follow bool   `help:"Go on with new entries, until interrupted. As JSON, one entry a line."`
}

func (p *logCommand) Run(c *call) error {
	if p.Follow {
		return p.follow(c)
	}
	list, err := get[[]api.Entry](c, api.Path("log"), map[string][]string{"domain": {p.Domain}})
	if err != nil {
		return err
	}
	return c.show(list, func(w io.Writer) {
		for _, e := range list {
			entryText(w, e, true)
		}
	})
}

func (p *logCommand) follow(c *call) error {
	client, server, err := c.client()
	if err != nil {
		return err
	}
	lines := json.NewEncoder(c.stdout)
	lines.SetEscapeHTML(false)
	for e, err := range client.FollowLog(c.ctx, p.Domain, 0) {
		if err != nil {
			return explain(err, server)
		}
		if c.grammar.Output == "json" {
			err = lines.Encode(e)
		} else {
			err = c.show(e, func(w io.Writer) { entryText(w, e, true) })
		}
		if err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
	}
	return nil
}

type mailCommand struct {
	ID  string `arg:"" help:"As the log and the timeline show it."`
	Raw bool   `help:"As it came: every header field and part, decoded, and masked all the same."`
}

func (p *mailCommand) Run(c *call) error {
	if p.Raw {
		return p.raw(c)
	}
	m, err := get[api.Mail](c, api.Path("mails", p.ID), nil)
	if err != nil {
		return err
	}
	return c.show(m, func(w io.Writer) { block(w, m.Text) })
}

func (p *mailCommand) raw(c *call) error {
	client, server, err := c.client()
	if err != nil {
		return err
	}
	text, err := client.RawMail(c.ctx, p.ID)
	if err != nil {
		return explain(err, server)
	}
	return c.show(api.RawMail{ID: p.ID, Raw: text}, func(w io.Writer) { block(w, text) })
}

type reviewCommands struct {
	List    listReviewsCommand   `cmd:"" default:"1" help:"The mails that wait for a person (the default)."`
	Show    showReviewCommand    `cmd:"" help:"Show one, masked."`
	Resolve resolveReviewCommand `cmd:"" help:"Say how to read it."`
	Rule    reviewRuleCommand    `cmd:"" help:"Write a reply block for plugin.hcl that would recognise such mails."`
}

type listReviewsCommand struct{}

func (listReviewsCommand) Run(c *call) error {
	list, missing, err := getPartial[[]api.Review](c, api.Path("review"), nil)
	if err != nil {
		return err
	}
	if err := c.show(list, func(w io.Writer) {
		row(w, "ENTRY", "RECEIVED", "FROM", "SUBJECT", "REASON", "CANDIDATES")
		for _, r := range list {
			row(w, r.ID, r.ReceivedAt, r.From, r.Subject, r.Reason, r.Candidates)
		}
	}); err != nil {
		return err
	}
	return absent(missing)
}

type showReviewCommand struct {
	ID string `arg:"" help:"As panel review lists it."`
}

func (p *showReviewCommand) Run(c *call) error {
	r, err := get[api.Review](c, api.Path("review", p.ID), nil)
	if err != nil {
		return err
	}
	return c.show(r, reviewText(r))
}

type reviewRuleCommand struct {
	ID string `arg:"" help:"As panel review lists it."`
}

func (p *reviewRuleCommand) Run(c *call) error {
	v, err := get[api.Rule](c, api.Path("review", p.ID, "rule"), nil)
	if err != nil {
		return err
	}
	return c.show(v, func(w io.Writer) { block(w, v.Rule) })
}

type operationCommand struct {
	Show    showOperationCommand    `cmd:"" help:"State and history."`
	Resolve resolveOperationCommand `cmd:"" help:"A person's verdict on what needs one."`
}

type showOperationCommand struct {
	ID string `arg:"" help:"As panel domain show names it."`
}

func (p *showOperationCommand) Run(c *call) error {
	op, err := get[api.Operation](c, api.Path("operations", p.ID), nil)
	if err != nil {
		return err
	}
	return c.show(op, operationText(op))
}
