package operator

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

type Plugins struct {
	List    listPluginsCommand   `cmd:"" default:"1" help:"Version, state, TLDs and health of each (the default)."`
	Upgrade upgradePluginCommand `cmd:"" help:"Put the program and settings that plugin.hcl names now in a plugin's place; no operation is lost."`
}

type listPluginsCommand struct{}

func (listPluginsCommand) Run(c *command.Call) error {
	list, err := command.Get[[]api.Plugin](c, api.Path("plugins"), nil)
	if err != nil {
		return err
	}
	if err := c.Show(list, pluginsText(list)); err != nil {
		return err
	}
	return disabled(list)
}

// disabled tells of plugins that need an operator.
func disabled(list []api.Plugin) error {
	var lines []string
	for _, p := range list {
		if p.State == "disabled" {
			lines = append(lines, fmt.Sprintf("registrar %s is disabled: %s", p.Name, command.OrDash(p.Error)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return command.Waiting(strings.Join(lines, "\n"))
}

type upgradePluginCommand struct {
	Name string `arg:"" help:"Of a registrar in plugin.hcl."`
	byCaller
}

func (p *upgradePluginCommand) Run(c *command.Call) error {
	now, err := command.Post[api.Plugin](c, api.Path("plugins", p.Name, "upgrade"), api.Upgrade{By: p.By})
	if err != nil {
		return err
	}
	return c.Show(now, pluginsText([]api.Plugin{now}))
}

func pluginsText(list []api.Plugin) func(io.Writer) {
	return func(w io.Writer) {
		command.Row(w, "PLUGIN", "VERSION", "STATE", "TLDS", "CAPABILITIES", "RESTARTS", "ERROR")
		for _, p := range list {
			command.Row(w, p.Name, p.Version, p.State, p.TLDs, p.Capabilities, p.Restarts, p.Error)
		}
		for _, p := range list {
			for _, h := range p.Health {
				command.Row(w, p.Name, h.Component, command.Wellness(h.OK), h.Detail)
			}
		}
	}
}

type Form struct {
	TLD   string `arg:"" name:"tld" help:"For example ru or рф."`
	Kind  string `enum:"person,organization" default:"person" help:"Of registrant: person or organization."`
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
	})
}

type Log struct {
	Domain string `placeholder:"NAME" help:"Of this domain only, in Unicode or in ACE."`
	Follow bool   `help:"Go on with new entries, until interrupted. As JSON, one entry a line."`
}

func (p *Log) Run(c *command.Call) error {
	if p.Follow {
		return p.follow(c)
	}
	list, err := command.Get[[]api.Entry](c, api.Path("log"), map[string][]string{"domain": {p.Domain}})
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		for _, e := range list {
			entryText(w, e, true)
		}
	})
}

func (p *Log) follow(c *command.Call) error {
	client, server, err := c.Client()
	if err != nil {
		return err
	}
	lines := json.NewEncoder(c.Stdout)
	lines.SetEscapeHTML(false)
	for e, err := range client.FollowLog(c.Ctx, p.Domain, 0) {
		if err != nil {
			return command.Explain(err, server)
		}
		if c.Output == "json" {
			err = lines.Encode(e)
		} else {
			err = c.Show(e, func(w io.Writer) { entryText(w, e, true) })
		}
		if err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
	}
	return nil
}

type Operation struct {
	Show    showOperationCommand    `cmd:"" help:"State and history."`
	Resolve resolveOperationCommand `cmd:"" help:"A person's verdict on what needs one."`
}

type showOperationCommand struct {
	ID string `arg:"" help:"As panel domain show names it."`
}

func (p *showOperationCommand) Run(c *command.Call) error {
	op, err := command.Get[api.Operation](c, api.Path("operations", p.ID), nil)
	if err != nil {
		return err
	}
	return c.Show(op, operationText(op))
}
