package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"registrar.panel/cmd/panel/command"
)

// helpIn prints help in the language of the person at the terminal.
func helpIn(tongue *command.Tongue) kong.HelpPrinter {
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		if tongue == nil {
			return kong.DefaultHelpPrinter(options, ctx)
		}

		translate(ctx.Model.Node, tongue)
		var text bytes.Buffer
		out := ctx.Stdout
		ctx.Stdout = &text
		err := kong.DefaultHelpPrinter(options, ctx)
		ctx.Stdout = out
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, framed(text.String(), tongue))
		return err
	}
}

// translate translates the help texts of a command and of those below it.
func translate(n *kong.Node, tongue *command.Tongue) {
	n.Help = tongue.Say(n.Help)
	for _, f := range n.Flags {
		f.Help = tongue.Say(f.Help)
	}
	for _, p := range n.Positional {
		p.Help = tongue.Say(p.Help)
	}
	for _, child := range n.Children {
		translate(child, tongue)
	}
}

// framed translates the lines around: kong writes its headings in English.
func framed(text string, tongue *command.Tongue) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch usage, is := strings.CutPrefix(line, "Usage: "); {
		case is:
			lines[i] = fmt.Sprintf("%s: %s", tongue.Say("Usage"), usage)
		case strings.HasSuffix(line, ":") || strings.HasPrefix(line, "Run "):
			lines[i] = tongue.Say(line)
		}
	}
	return strings.Join(lines, "\n")
}
