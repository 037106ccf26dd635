// Package command is the common part of the panel's commands: their input, the
// calls to the panel, how they show results, and how they report failures.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"text/tabwriter"
)

// Streams says where a command reads and writes, and in which language it speaks to people.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Tongue         *Tongue
}

// Globals are the flags that every command has.
type Globals struct {
	Config string `default:"${config}" env:"PANEL_CONFIG" placeholder:"FILE" help:"The configuration (${default})."`
	Server string `env:"PANEL_SERVER" placeholder:"URL" help:"The panel to call: HOST:PORT, http(s)://… or unix://PATH. Without it, the one that --config describes."`
	Secret string `name:"token" env:"PANEL_TOKEN" placeholder:"TOKEN" help:"A credential, where the panel is not on a socket; better given by the environment. Without it, panel.token of --config."`
	Output string `short:"o" enum:"text,json,junit" default:"text" help:"text or json; junit for panel conformance."`
}

// SystemConfig is the configuration of a panel that a package has installed.
const SystemConfig = "/etc/panel/plugin.hcl"

// DefaultConfig returns the configuration to use if none is named: the
// one in the working directory, or the system's if only that exists.
func DefaultConfig() string {
	const here = "plugin.hcl"
	if _, err := os.Stat(here); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(SystemConfig); err == nil {
			return SystemConfig
		}
	}
	return here
}

// Formats of a result other than text.
const (
	JSON  = "json"
	JUnit = "junit" // the format for continuous integration
)

// Call is one execution of a command.
type Call struct {
	Ctx context.Context
	Streams
	Globals
}

// Show writes a result: as JSON, or as the text that the function writes.
func (c *Call) Show(v any, text func(w io.Writer)) error {
	if c.Output == JSON {
		out := json.NewEncoder(c.Stdout)
		out.SetIndent("", "  ")
		// No browser reads this output, so < and & stay readable for people and scripts.
		out.SetEscapeHTML(false)
		if err := out.Encode(v); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
		return nil
	}
	// The text is translated before the columns are aligned, because translations differ in width.
	aligned := tabwriter.NewWriter(c.Stdout, 0, 8, 2, ' ', 0)
	text(c.Tongue.To(aligned))
	if err := aligned.Flush(); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Login returns the system's name of the caller.
func Login() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
