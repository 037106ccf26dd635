package operator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
)

// Plugins holds the commands about plugins.
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

// disabled reports the plugins that need an operator.
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
		command.Head(w, "PLUGIN", "VERSION", "STATE", "TLDS", "CAPABILITIES", "RESTARTS", "ERROR")
		for _, p := range list {
			command.Row(w, p.Name, p.Version, command.Word("plugin", p.State), p.TLDs, p.Capabilities, p.Restarts, command.Said(p.Error))
		}
		for _, p := range list {
			for _, h := range p.Health {
				command.Row(w, p.Name, h.Component, command.Wellness(h.OK), command.Said(detailed(h)))
			}
			trafficText(w, p)
		}
	}
}

// trafficText writes what was sent to and answered by a registrar lately, as far as it reports that.
func trafficText(w io.Writer, p api.Plugin) {
	all := api.FiguresOf(p)
	if all.Sent != nil && all.Read != nil && all.Applied != nil && all.ForReview != nil {
		command.Row(w, p.Name, command.Name("last 24 hours"), command.Said(fmt.Sprintf("requests sent %d, mails read %d, answers applied %d, left for review %d",
			*all.Sent, *all.Read, *all.Applied, *all.ForReview)))
	}
	if oldest := api.LongestUnanswered(p); oldest != nil {
		command.Row(w, p.Name, command.Name("unanswered since"), oldest.Since, input.Unicode(oldest.Domain), oldest.Operation)
	}
}

// Log shows the Action Log.
type Log struct {
	Domain string `placeholder:"NAME" help:"Of this domain only, in Unicode or in ACE."`
	Since  string `placeholder:"WHEN" help:"From then on: 2h, 7d, a day, or an instant in RFC 3339."`
	Level  string `placeholder:"LEVEL" help:"This and worse: info, warning or error."`
	Tail   int    `placeholder:"N" help:"The last so many only."`
	Follow bool   `help:"Print new entries from now on, until interrupted; with --since or --tail after those. As JSON, one entry a line."`
}

func (p *Log) query() url.Values {
	return url.Values{"domain": {p.Domain}, "since": {p.Since}, "level": {p.Level}}
}

// entries fetches the existing entries.
func (p *Log) entries(c *command.Call) ([]api.Entry, error) {
	query := p.query()
	if p.Tail < 0 {
		return nil, command.Usage(errors.New("--tail must be 1 or more"))
	}
	if p.Tail == 0 {
		query.Set("after", "0") // from the beginning
		return command.List[api.Entry](c, api.Path("log"), query, 0)
	}
	return command.List[api.Entry](c, api.Path("log"), query, p.Tail)
}

// Run prints the entries, and with Follow also new ones, until the context ends.
func (p *Log) Run(c *command.Call) error {
	if p.Follow {
		return p.follow(c)
	}
	list, err := p.entries(c)
	if err != nil {
		return err
	}
	if err := p.exists(c, len(list)); err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		for _, e := range list {
			entryText(w, e)
		}
	})
}

// exists returns an error if no entry was found because the domain is unknown.
func (p *Log) exists(c *command.Call, found int) error {
	if found > 0 || p.Domain == "" {
		return nil
	}
	query := url.Values{"domain": {p.Domain}, "limit": {"1"}}
	if any, err := command.Get[[]api.Entry](c, api.Path("log"), query); err != nil || len(any) > 0 {
		return err
	}
	_, err := command.Get[api.Domain](c, api.Path("domains", p.Domain), nil)
	return err
}

func (p *Log) follow(c *command.Call) error {
	last, err := p.before(c)
	if err != nil {
		return err
	}

	client, server, err := c.Client()
	if err != nil {
		return err
	}

	query := p.query()
	query.Set("after", strconv.FormatInt(last, 10))
	for e, err := range client.Follow(c.Ctx, query) {
		if err != nil {
			return command.Explain(err, server)
		}
		if err := p.line(c, e); err != nil {
			return err
		}
	}

	return nil
}

// before prints the past entries that were asked for, and returns the entry after which new ones come.
func (p *Log) before(c *command.Call) (int64, error) {
	// The newest entry is read before the past, so that none is lost in between.
	newest, err := command.Get[[]api.Entry](c, api.Path("log"), url.Values{"limit": {"1"}})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	last := newest[0].ID
	if p.Since == "" && p.Tail == 0 {
		return last, nil
	}
	list, err := p.entries(c)
	for _, e := range list {
		last = max(last, e.ID)
		if err := p.line(c, e); err != nil {
			return last, err
		}
	}
	return last, err
}

func (p *Log) line(c *command.Call, e api.Entry) error {
	if c.Output != command.JSON {
		return c.Show(e, func(w io.Writer) { entryText(w, e) })
	}
	lines := json.NewEncoder(c.Stdout)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(e); err != nil {
		return fmt.Errorf("write entry: %w", err)
	}
	return nil
}

// Operation holds the commands about one operation.
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
