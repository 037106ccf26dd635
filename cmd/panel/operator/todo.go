package operator

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

type Todo struct {
	Limit int `placeholder:"N" help:"The first so many only."`
}

func (p *Todo) Run(c *command.Call) error {
	list, missing, err := command.ListPartial[api.Attention](c, api.Path("attention"), map[string][]string{}, p.Limit)
	if err != nil {
		return err
	}
	if err := c.Show(list, todoText(list)); err != nil {
		return err
	}
	var waits error
	if len(list) > 0 {
		waits = command.Waiting(fmt.Sprintf("things that need a person: %d", len(list)))
	}
	return errors.Join(waits, command.Absent(missing))
}

func todoText(list []api.Attention) func(io.Writer) {
	return func(w io.Writer) {
		for i, a := range list {
			if i > 0 {
				fmt.Fprintln(w)
			}
			command.Row(w, command.Word("level", a.Severity), command.Said(a.What), command.Said(sinceText(a)))
			if a.Why != "" {
				command.Row(w, "", command.Said(a.Why))
			}
			for _, act := range a.Actions {
				command.Row(w, "", command.Together(command.Said(act.Does+":"), act.Command))
			}
		}
		if len(list) == 0 {
			command.Line(w, "nothing needs a person")
		}
	}
}

func sinceText(a api.Attention) string {
	if a.Since == nil {
		return ""
	}
	return "since " + command.Text(a.Since) + " UTC"
}

// Status shows the panel at a glance.
type Status struct{}

func (Status) Run(c *command.Call) error {
	s, err := command.Get[api.Status](c, api.Path("status"), nil)
	if err != nil {
		return err
	}
	if err := c.Show(s, statusText(s)); err != nil {
		return err
	}
	var waits error
	if s.Attention > 0 {
		waits = command.Waiting(fmt.Sprintf("things that need a person: %d; panel todo lists them", s.Attention))
	}
	return errors.Join(waits, disabled(s.Plugins))
}

func statusText(s api.Status) func(io.Writer) {
	return func(w io.Writer) {
		command.Fact(w, "panel", s.Version)
		command.Fact(w, "time", command.Text(s.Time)+" UTC")
		for _, p := range s.Plugins {
			command.Row(w, command.Together(command.Name("registrar"), p.Name), command.Word("plugin", p.State), command.Said(p.Error))
			for _, h := range p.Health {
				if !h.OK {
					command.Row(w, "  "+h.Component, command.Wellness(h.OK), command.Said(detailed(h)))
				}
			}
		}
		for _, status := range slices.Sorted(maps.Keys(s.Domains)) {
			command.Row(w, command.Together(command.Name("domains"), command.Word("status", status)), s.Domains[status])
		}
		for _, state := range slices.Sorted(maps.Keys(s.Orders)) {
			command.Row(w, command.Together(command.Name("open orders"), command.Word("payment", state)), s.Orders[state])
		}
		command.Fact(w, "due", command.Said(fmt.Sprintf("today %d, in 7 days %d, in 30 days %d, in 60 days %d", s.Due.Today, s.Due.Days7, s.Due.Days30, s.Due.Days60)))
		command.Fact(w, "need a person", s.Attention)
	}
}

// Operations lists the operations that are under way.
type Operations struct {
	State     string `placeholder:"STATE" help:"Only those that are so, for example Uncertain."`
	Query     string `name:"q" placeholder:"TEXT" help:"Only those of domains whose name begins so, or whose customer or handle this is."`
	Registrar string `placeholder:"NAME" help:"With this registrar only."`
	Limit     int    `placeholder:"N" help:"The first so many only."`
}

func (p *Operations) Run(c *command.Call) error {
	list, err := command.List[api.OpenOperation](c, api.Path("operations"), map[string][]string{"state": {p.State}, "q": {p.Query}, "registrar": {p.Registrar}}, p.Limit)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "OPERATION", "KIND", "DOMAIN", "STATE", "WAITS FOR", "ERROR")
		for _, o := range list {
			command.Row(w, o.ID, command.Word("kind", o.Kind), o.Unicode, command.Word("state", o.State), command.Said(o.WaitsFor), command.Said(o.Error))
		}
	})
}

// Webhooks are the commands about the programs that are told what the Action Log says.
type Webhooks struct {
	List  listWebhooksCommand `cmd:"" default:"1" help:"How far each has been told (the default)."`
	Dead  deadCommand         `cmd:"" help:"The entries that one did not take, and that were given up."`
	Retry retryDeadCommand    `cmd:"" help:"Send such an entry once more."`
}

type listWebhooksCommand struct{}

func (listWebhooksCommand) Run(c *command.Call) error {
	list, err := command.List[api.Webhook](c, api.Path("webhooks"), map[string][]string{}, 0)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "WEBHOOK", "TOLD TILL", "ATTEMPTS", "NEXT", "GIVEN UP", "ERROR")
		for _, h := range list {
			command.Row(w, h.Name, h.Told, h.Attempts, h.NextAt, h.Dead, h.Error)
		}
	})
}

type deadCommand struct {
	Name string `arg:"" help:"As plugin.hcl names it."`
}

func (p *deadCommand) Run(c *command.Call) error {
	list, err := command.List[api.DeadLetter](c, api.Path("webhooks", p.Name, "dead"), map[string][]string{}, 0)
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "ENTRY", "GIVEN UP", "ATTEMPTS", "EVENT", "DOMAIN", "ERROR")
		for _, l := range list {
			command.Row(w, l.Entry.ID, l.GivenUpAt, l.Attempts, l.Entry.Event, l.Entry.Domain, l.Error)
		}
	})
}

type retryDeadCommand struct {
	Name  string `arg:"" help:"As plugin.hcl names it."`
	Entry string `arg:"" help:"As panel webhooks dead lists it."`
}

func (p *retryDeadCommand) Run(c *command.Call) error {
	l, err := command.Post[api.DeadLetter](c, api.Path("webhooks", p.Name, "dead", p.Entry, "retry"), nil)
	if err != nil {
		return err
	}
	return c.Show(l, func(w io.Writer) { command.Fact(w, "taken", l.Entry.ID, l.Entry.Event) })
}
