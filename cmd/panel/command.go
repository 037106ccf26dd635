package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"registrar.panel/cmd/panel/author"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/cmd/panel/demo"
	"registrar.panel/cmd/panel/operator"
	"registrar.panel/cmd/panel/reference"
	"registrar.panel/cmd/panel/setup"
)

// grammar is the command line.
type grammar struct {
	command.Globals

	Demo       demoCommand         `cmd:"" help:"Show the main job with everything embedded, in under a minute."`
	Serve      serveCommand        `cmd:"" help:"Run the plugins; serve API and pages."`
	Check      checkCommand        `cmd:"" help:"Check plugin.hcl and try the connections it describes."`
	Plugins    operator.Plugins    `cmd:"" help:"Show plugin status; replace or reload a plugin."`
	Plugin     author.Plugin       `cmd:"" help:"Create a new plugin."`
	Form       operator.Form       `cmd:"" help:"The fields that an order needs."`
	Order      operator.Order      `cmd:"" help:"Place, pay or cancel an order."`
	Orders     operator.Orders     `cmd:"" help:"List the orders."`
	Preview    operator.Preview    `cmd:"" help:"The mail that an order would send, masked."`
	Todo       operator.Todo       `cmd:"" help:"What needs a person, each with the command that helps; exits 3 when there is something."`
	Status     operator.Status     `cmd:"" help:"The panel at a glance; exits 3 when something needs a person."`
	Domains    operator.Domains    `cmd:"" help:"List the domains."`
	Domain     operator.Domain     `cmd:"" help:"Show or change one domain."`
	Customers  operator.Customers  `cmd:"" help:"List the customers, with what there is of each."`
	Customer   operator.Customer   `cmd:"" help:"What is known of a customer."`
	Renewals   operator.Renewals   `cmd:"" help:"Renewal passes."`
	Log        operator.Log        `cmd:"" help:"The Action Log."`
	Mail       operator.Mail       `cmd:"" help:"Show a stored mail, masked."`
	Review     operator.Review     `cmd:"" help:"Mails that no rule recognised."`
	Operations operator.Operations `cmd:"" help:"List the operations that are under way."`
	Webhooks   operator.Webhooks   `cmd:"" help:"The programs that are told what the Action Log says."`
	Notify     operator.Notify     `cmd:"" help:"How people are told what needs them."`
	Operation  operator.Operation  `cmd:"" help:"Show an operation, or decide about it."`
	Token      operator.Token      `cmd:"" help:"Credentials for callers that are not on the panel's socket."`
	Staff      operator.Staff      `cmd:"" help:"Who signs in on the pages with a password."`
	Keys       operator.Keys       `cmd:"" help:"The keys that personal data are sealed with."`
	Backup     operator.Backup     `cmd:"" help:"Write all that the panel keeps into one archive, while it serves."`
	Restore    operator.Restore    `cmd:"" help:"Restore a backup (the panel must be stopped)."`
	Replies    author.Replies      `cmd:"" help:"Try the rules on captured mails."`

	Conformance author.Conformance `cmd:"" help:"Judge a plugin's program by the contract."`

	Init       setup.Init        `cmd:"" help:"Write a configuration by asking, and try what it names."`
	Version    versionCommand    `cmd:"" help:"Which build of the panel this is."`
	Completion completionCommand `cmd:"" help:"Print the script by which a shell completes command lines."`
	Help       helpCommand       `cmd:"" help:"What a command does, and its flags."`
	Complete   completeCommand   `cmd:"" hidden:""`
	Manual     manualCommand     `cmd:"" hidden:"" help:"Print the manual page."`
}

// description is the program's description in its help.
const description = "A small hosting panel, and its operator's command line."

// variables returns the values that the grammar refers to.
func variables() kong.Vars {
	return kong.Vars{"login": command.Login(), "config": command.DefaultConfig(), "shells": reference.Shells}
}

type demoCommand struct {
	Web bool `help:"Leave the console open afterwards, until interrupted."`
}

func (d demoCommand) Run(c *command.Call) error { return demo.Run(c.Ctx, c.Stdout, c.Tongue, d.Web) }

// errJUnit is returned because only reports about rules can be written as JUnit.
var errJUnit = errors.New("-o junit is for panel conformance only")

// exitCode is the value of the panic that ends kong early: kong treats a request for help as the end of the process.
type exitCode int

func execute(ctx context.Context, args []string, s command.Streams) (code int) {
	// kong would go on after --help if Exit returned. So Exit panics, and the panic ends here.
	defer func() {
		if e := recover(); e != nil {
			early, ok := e.(exitCode)
			if !ok {
				panic(e)
			}
			code = int(early)
		}
	}()

	s.Stdout, s.Stderr = s.Tongue.To(s.Stdout), s.Tongue.To(s.Stderr)
	g, parser, parsed, err := parse(args, kong.Name(programName), kong.Description(description), variables(), kong.Writers(s.Stdout, s.Stderr), kong.Exit(func(code int) { panic(exitCode(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Help(helpIn(s.Tongue)))
	if err == nil && strings.HasPrefix(parsed.Command(), "help") {
		parsed, err = parser.Parse(append(g.Help.Command, "--help"))
	}
	if err == nil {
		err = refuseEmpty(parsed)
	}
	if err == nil && g.Output == command.JUnit && !strings.HasPrefix(parsed.Command(), "conformance") {
		err = errJUnit
	}

	if err != nil {
		command.Complain(s.Stderr, err.Error())
		command.Hint(s.Stderr, "panel --help")
		return command.ExitUsage
	}

	return command.Report(parsed.Run(&command.Call{Ctx: ctx, Streams: s, Globals: g.Globals}, parser.Model), s.Stderr)
}

// refuseEmpty refuses empty arguments, such as those that a script fills from a variable that was never set.
func refuseEmpty(parsed *kong.Context) error {
	for _, p := range parsed.Path {
		if p.Positional != nil && p.Positional.Target.IsZero() {
			return fmt.Errorf("%s must not be empty", p.Positional.Summary())
		}
	}
	return nil
}
