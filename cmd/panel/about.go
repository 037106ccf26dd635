package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/cmd/panel/reference"
	"registrar.panel/internal/version"
)

// programName is the program's name in shells and in the manual.
const programName = "panel"

type versionCommand struct{}

func (versionCommand) Run(c *command.Call) error {
	b := version.Of()
	return c.Show(b, func(w io.Writer) {
		commit := b.Commit
		if commit == "" {
			commit = "of an unknown commit"
		}
		fmt.Fprintf(w, "%s %s (%s, %s, %s/%s)\n", programName, b.Version, commit, b.Go, b.OS, b.Arch)
	})
}

type completionCommand struct {
	Shell string `arg:"" enum:"${shells}" placeholder:"SHELL" help:"${shells}."`
}

func (p *completionCommand) Run(c *command.Call) error {
	_, err := io.WriteString(c.Stdout, reference.Script(p.Shell, programName))
	return err
}

// completeCommand answers the scripts of completionCommand.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

func (p *completeCommand) Run(c *command.Call, app *kong.Application) error {
	for _, candidate := range reference.Complete(app, p.Words) {
		fmt.Fprintf(c.Stdout, "%s\t%s\n", candidate.Word, command.Printable(candidate.Help, false))
	}
	return nil
}

// helpCommand never runs: execute turns it into --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" placeholder:"COMMAND" help:"The command, such as order register; without it, all."`
}

// manualCommand writes the manual page for packages.
type manualCommand struct{}

func (manualCommand) Run(c *command.Call, app *kong.Application) error {
	return reference.Manual(c.Stdout, app, version.Of().Version, []reference.Section{
		{Title: "Exit status", Items: []reference.Item{
			{Term: "0", Text: "What was asked is done."},
			{Term: "1", Text: "It failed."},
			{Term: "2", Text: "The command line or the configuration is wrong."},
			{Term: "3", Text: "Something waits for an operator."},
		}},
		{Title: "Environment", Items: []reference.Item{
			{Term: "LC_ALL, LC_MESSAGES, LANG", Text: "The language, Russian or English. JSON, exit codes, IDs and the log do not depend on it."},
			{Term: "PANEL_CONFIG", Text: "The configuration, for --config."},
			{Term: "PANEL_SERVER", Text: "The panel to call, for --server."},
			{Term: "PANEL_TOKEN", Text: "A credential, for --token."},
		}},
		{Title: "Files", Items: []reference.Item{
			{Term: "plugin.hcl", Text: "The configuration, in the working directory."},
			{Term: command.SystemConfig, Text: "The configuration where there is none in the working directory."},
			{Term: "/var/lib/panel", Text: "What the panel of a package keeps."},
		}},
	})
}
