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

// Todo holds the commands about what needs a person.
type Todo struct {
	List   todoList   `cmd:"" default:"withargs" help:"What needs a person (the default)."`
	Seen   todoSeen   `cmd:"" help:"I have seen this: show it apart until it changes, or until then."`
	Unseen todoUnseen `cmd:"" help:"Show again what was seen."`
}

type todoList struct {
	Acknowledged bool `help:"What people have seen, and until when it is shown apart."`
	Limit        int  `placeholder:"N" help:"The first so many only."`
}

func (p *todoList) Run(c *command.Call) error {
	query := map[string][]string{}
	none := "nothing needs a person"
	if p.Acknowledged {
		query["acknowledged"], none = []string{"1"}, "nothing is acknowledged"
	}
	list, missing, err := command.ListPartial[api.Attention](c, api.Path("attention"), query, p.Limit)
	if err != nil {
		return err
	}

	if err := c.Show(list, todoText(list, none)); err != nil {
		return err
	}
	var waits error
	if len(list) > 0 && !p.Acknowledged {
		waits = command.Waiting(fmt.Sprintf("things that need a person: %d", len(list)))
	}
	return errors.Join(waits, command.Absent(missing))
}

type todoSeen struct {
	IDs    []string `arg:"" name:"id" help:"As panel todo lists them."`
	Until  string   `placeholder:"WHEN" help:"Show it again then: 4h, 3d, a day, or an instant in RFC 3339. Without it, when it changes."`
	Reason string   `placeholder:"WHY" help:"For the Action Log."`
	byCaller
}

func (p *todoSeen) Run(c *command.Call) error {
	list, _, err := command.ListPartial[api.Attention](c, api.Path("attention"), map[string][]string{"acknowledged": {"any"}}, 0)
	if err != nil {
		return err
	}

	in := api.Acknowledge{Until: p.Until, Reason: p.Reason, By: p.By}
	for _, id := range p.IDs {
		at := slices.IndexFunc(list, func(a api.Attention) bool { return a.ID == id })
		if at < 0 {
			return fmt.Errorf("%s needs no person now: panel todo lists what does", id)
		}
		// The entry is named as it is now, so that a later change of it is not put aside unseen.
		in.Entries = append(in.Entries, api.SeenEntry{ID: id, Seen: list[at].Seen})
	}

	done, err := command.Post[api.Acknowledged](c, api.Path("attention", "acknowledge"), in)
	if err != nil {
		return err
	}

	err = c.Show(done, func(w io.Writer) {
		command.Fact(w, "seen", done.Acknowledged)
		for _, r := range done.Refused {
			command.Fact(w, "stands", r.ID, command.Said(r.Reason))
		}
	})
	if err == nil && len(done.Refused) > 0 {
		return fmt.Errorf("%s: %s", done.Refused[0].ID, done.Refused[0].Reason)
	}
	return err
}

type todoUnseen struct {
	IDs []string `arg:"" name:"id" help:"As panel todo --acknowledged lists them."`
	byCaller
}

func (p *todoUnseen) Run(c *command.Call) error {
	done, err := command.Post[api.TakenBack](c, api.Path("attention", "take-back"), api.TakeBack{IDs: p.IDs, By: p.By})
	if err != nil {
		return err
	}
	return c.Show(done, func(w io.Writer) { command.Fact(w, "shown again", done.Changed) })
}

func todoText(list []api.Attention, none string) func(io.Writer) {
	return func(w io.Writer) {
		for i, a := range list {
			if i > 0 {
				fmt.Fprintln(w)
			}
			command.Row(w, command.Word("level", a.Severity), command.Said(a.What), command.Said(sinceText(a)))
			if a.Why != "" {
				command.Row(w, "", command.Said(a.Why))
			}
			seenText(w, a.Acknowledged)
			for _, act := range append(a.Actions, seeing(a)) {
				command.Row(w, "", command.Together(command.Said(act.Does+":"), act.Command))
			}
		}
		if len(list) == 0 {
			command.Line(w, none)
		}
	}
}

// seeing returns the action that marks an entry as seen, or shows it again.
func seeing(a api.Attention) api.Action {
	if a.Acknowledged != nil {
		return api.Action{Does: "show it again", Command: "panel todo unseen " + a.ID}
	}
	return api.Action{Does: "it is seen, remind me later", Command: "panel todo seen " + a.ID + " --until 1d"}
}

// seenText writes who has seen an entry, and until when it is shown apart.
func seenText(w io.Writer, by *api.Acknowledgement) {
	if by == nil {
		return
	}
	until := "until it changes"
	if by.Until != nil {
		until = "until " + command.Text(by.Until) + " UTC, or until it changes"
	}
	command.Row(w, command.Name("seen"), command.Together(command.Text(by.At)+" UTC,", by.By), command.Said(until), by.Note)
}

func sinceText(a api.Attention) string {
	if a.Since == nil {
		return ""
	}
	return "since " + command.Text(a.Since) + " UTC"
}

// Status shows the panel at a glance.
type Status struct{}

// Run prints the status. It returns an error if something needs a person or a plugin was given up.
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
		if s.Acknowledged > 0 {
			command.Fact(w, "seen", s.Acknowledged)
		}
	}
}

// Operations lists the operations that are under way.
type Operations struct {
	State     string `placeholder:"STATE" help:"Only those that are so, for example Uncertain."`
	Query     string `name:"q" placeholder:"TEXT" help:"Only those of domains whose name begins so, or whose customer or handle this is."`
	Registrar string `placeholder:"NAME" help:"With this registrar only."`
	Limit     int    `placeholder:"N" help:"The first so many only."`
}

// Run prints the requested operations.
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

// Webhooks holds the commands about the programs to which the panel sends the Action Log.
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
