package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"registrar.panel/host/config"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/secret"
)

// grammar is the command line.
type grammar struct {
	Config string `default:"plugin.hcl" placeholder:"FILE" help:"The configuration (${default})."`
	Server string `placeholder:"URL" help:"The panel to call: HOST:PORT, http(s)://… or unix://PATH. Without it, the one that --config describes."`
	Secret string `name:"token" env:"PANEL_TOKEN" placeholder:"TOKEN" help:"A credential, where the panel is not on a socket; better given by the environment. Without it, panel.token of --config."`
	Output string `short:"o" enum:"text,json,junit" default:"text" help:"text or json; junit for panel conformance."`

	Demo      demoCommand      `cmd:"" help:"Show the main job with everything embedded, in under a minute."`
	Serve     serveCommand     `cmd:"" help:"Run the plugins; serve API and pages."`
	Check     checkCommand     `cmd:"" help:"Judge the configuration and log in to what it names."`
	Plugins   pluginsCommands  `cmd:"" help:"How the plugins stand; exchange one."`
	Plugin    pluginCommands   `cmd:"" help:"Begin a plugin of your own."`
	Form      formCommand      `cmd:"" help:"The fields that an order needs."`
	Order     orderCommands    `cmd:"" help:"Place, pay or cancel an order."`
	Orders    ordersCommand    `cmd:"" help:"List the orders."`
	Preview   previewCommand   `cmd:"" help:"The mail that an order would send, masked."`
	Domains   domainsCommand   `cmd:"" help:"List the domains."`
	Domain    domainCommands   `cmd:"" help:"Show or change one domain."`
	Customer  customerCommands `cmd:"" help:"What is known of a customer."`
	Renewals  renewalsCommands `cmd:"" help:"Renewal passes."`
	Log       logCommand       `cmd:"" help:"The Action Log."`
	Mail      mailCommand      `cmd:"" help:"Show a stored mail, masked."`
	Review    reviewCommands   `cmd:"" help:"Mails that no rule recognised."`
	Operation operationCommand `cmd:"" help:"Show an operation, or decide about it."`
	Token     tokenCommands    `cmd:"" help:"Credentials for callers that are not on the panel's socket."`
	Backup    backupCommand    `cmd:"" help:"Write all that the panel keeps into one archive, while it serves."`
	Restore   restoreCommand   `cmd:"" help:"Lay an archive out again, for a panel that does not serve."`
	Replies   repliesCommands  `cmd:"" help:"Try the rules on captured mails."`

	Conformance conformanceCommand `cmd:"" help:"Judge a plugin's program by the contract."`
}

// call is one execution of a command.
type call struct {
	ctx context.Context
	streams
	grammar *grammar
}

// errUsage marks mistakes of the command line; errWaiting results that need an operator.
var (
	errUsage   = errors.New("usage")
	errWaiting = errors.New("something waits for an operator")
)

// exited unwinds from kong, which believes that asking for help ends the process.
type exited int

func command(ctx context.Context, args []string, s streams) (code int) {
	defer func() {
		if e := recover(); e != nil {
			early, ok := e.(exited)
			if !ok {
				panic(e)
			}
			code = int(early)
		}
	}()
	g := &grammar{}
	parser := kong.Must(g, kong.Name("panel"), kong.Description("A small hosting panel, and its operator's command line."),
		kong.Vars{"login": login()}, kong.Writers(s.stdout, s.stderr), kong.Exit(func(code int) { panic(exited(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	parsed, err := parser.Parse(args)
	if err == nil {
		err = refuseEmpty(parsed)
	}
	if err == nil && g.Output == outputJUnit && !strings.HasPrefix(parsed.Command(), "conformance") {
		err = errJUnit
	}
	if err != nil {
		complain(s.stderr, err.Error())
		hint(s.stderr, "panel --help")
		return exitUsage
	}
	return report(parsed.Run(&call{ctx: ctx, streams: s, grammar: g}), s.stderr)
}

// login is whom the system knows the caller as.
func login() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// refuseEmpty finds arguments that a script filled from a variable that was never set.
func refuseEmpty(parsed *kong.Context) error {
	for _, p := range parsed.Path {
		if p.Positional != nil && p.Positional.Target.IsZero() {
			return fmt.Errorf("%s must not be empty", p.Positional.Summary())
		}
	}
	return nil
}

// report tells an error and turns it into the exit code.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	var mistakes *config.Error
	if errors.As(err, &mistakes) { // one a line, and each stands for itself
		for line := range strings.SplitSeq(err.Error(), "\n") {
			complain(stderr, line)
		}
	} else {
		complain(stderr, err.Error())
	}
	switch {
	case errors.Is(err, errWaiting):
		return exitWaiting
	case errors.Is(err, errUsage), errors.As(err, &mistakes):
		return exitUsage
	}
	return exitFailed
}

// complain tells people what is wrong. The words may be a plugin's, or of a mail: nothing in them
// commands a terminal, and a line that goes on is set in, so that none passes for the panel's own.
func complain(stderr io.Writer, text string) {
	for i, line := range strings.Split(printable(text, true), "\n") {
		if i > 0 && !strings.HasPrefix(line, "  ") {
			line = "  " + line
		}
		fmt.Fprintln(stderr, "panel:", line)
	}
}

func hint(stderr io.Writer, text string) {
	fmt.Fprintln(stderr, "panel: hint:", printable(text, false))
}

// usage is an error about the command line or the configuration.
func usage(err error) error { return marked{err, errUsage} }

// waiting is a result that an operator has to look at.
func waiting(text string) error { return marked{errors.New(text), errWaiting} }

// marked is an error that errors.Is finds a mark in, without the mark's words.
type marked struct {
	error
	mark error
}

func (m marked) Unwrap() []error { return []error{m.error, m.mark} }

// client makes a client of the panel that the command line means.
func (c *call) client() (*api.Client, string, error) {
	server, token := c.grammar.Server, secret.New(c.grammar.Secret)
	var options []func(*api.Client)
	if server == "" {
		loaded, err := config.LoadTolerant(c.grammar.Config)
		if err != nil {
			return nil, "", usage(err)
		}
		if server = loaded.Panel.URL(); token.IsEmpty() {
			token = loaded.Panel.Token
		}
		if t := loaded.Panel.TLS; t != nil {
			text, err := os.ReadFile(t.Cert)
			if err != nil {
				return nil, "", usage(err)
			}
			options = append(options, api.Pinned(text))
		}
	}
	client, err := api.NewClient(server, token, options...)
	if err != nil {
		return nil, "", usage(err)
	}
	return client, server, nil
}

// get and post call the panel.
func get[T any](c *call, path string, query map[string][]string) (v T, err error) {
	client, server, err := c.client()
	if err != nil {
		return v, err
	}
	v, err = api.Get[T](c.ctx, client, path, query)
	return v, explain(err, server)
}

func post[T any](c *call, path string, in any) (v T, err error) {
	client, server, err := c.client()
	if err != nil {
		return v, err
	}
	v, err = api.Post[T](c.ctx, client, path, in)
	return v, explain(err, server)
}

// getPartial and postPartial call the panel where some registrars' part of the answer may be
// missing; see [absent].
func getPartial[T any](c *call, path string, query map[string][]string) (v T, missing []api.Missing, err error) {
	client, server, err := c.client()
	if err != nil {
		return v, nil, err
	}
	v, missing, err = api.GetPartial[T](c.ctx, client, path, query)
	return v, missing, explain(err, server)
}

func postPartial[T any](c *call, path string, in any) (v T, missing []api.Missing, err error) {
	client, server, err := c.client()
	if err != nil {
		return v, nil, err
	}
	v, missing, err = api.PostPartial[T](c.ctx, client, path, in)
	return v, missing, explain(err, server)
}

// absent is the result of a command whose answer, which has been shown, lacks something.
func absent(missing []api.Missing) error {
	if len(missing) == 0 {
		return nil
	}
	var lines []string
	for _, m := range missing {
		lines = append(lines, fmt.Sprintf("registrar %s is missing from the answer: %s", m.Registrar, m.Reason))
	}
	return waiting(strings.Join(lines, "\n"))
}

func explain(err error, server string) error {
	if errors.Is(err, api.ErrNotServing) {
		return fmt.Errorf("no panel is serving at %s; start one with: panel serve", server)
	}
	return err
}

// show writes a result: as JSON, or as text made by the function.
func (c *call) show(v any, text func(w io.Writer)) error {
	if c.grammar.Output == "json" {
		out := json.NewEncoder(c.stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		if err := out.Encode(v); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
		return nil
	}
	aligned := tabwriter.NewWriter(c.stdout, 0, 8, 2, ' ', 0)
	text(aligned)
	if err := aligned.Flush(); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}
