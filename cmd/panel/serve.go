package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host"
	"registrar.panel/host/config"
)

type demoCommand struct{}

func (demoCommand) Run(c *call) error { return demo(c.ctx, c.stdout) }

type serveCommand struct {
	LogLevel string `enum:"trace,debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"What the panel and its plugins log: ${enum} (${default})."`
}

func (p *serveCommand) Run(c *call) error {
	o, err := c.hostOptions()
	if err != nil {
		return err
	}
	o.Logger.SetLevel(hclog.LevelFromString(p.LogLevel))
	h, err := host.Open(c.ctx, o)
	if err != nil {
		return unreadable(err)
	}
	return h.Run(c.ctx)
}

func (c *call) hostOptions() (host.Options, error) {
	commands, err := bundled()
	return host.Options{ConfigPath: c.grammar.Config, Bundled: commands, Logger: logger(c.stderr), Now: time.Now}, err
}

// logger leaves out mistakes in plugin.hcl: they end the command and are told as its error.
func logger(stderr io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "panel", Output: stderr, Level: hclog.Info, TimeFn: time.Now,
		Exclude: func(_ hclog.Level, _ string, args ...any) bool {
			for _, arg := range args {
				var mistakes *config.Error
				if err, ok := arg.(error); ok && errors.As(err, &mistakes) {
					return true
				}
			}
			return false
		}})
}

// unreadable makes a missing configuration the user's mistake.
func unreadable(err error) error {
	if errors.Is(err, config.ErrUnreadable) {
		return usage(err)
	}
	return err
}

type checkCommand struct {
	Mail bool `help:"Also send a test mail to the callback address, and wait for it."`
}

// checked is the report on one part of one registrar.
type checked struct {
	Registrar string `json:"registrar"`
	Component string `json:"component"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`
}

func (p *checkCommand) Run(c *call) error {
	o, err := c.hostOptions()
	if err != nil {
		return err
	}
	reports, fault := host.Check(c.ctx, o, p.Mail)
	list, failed := []checked{}, 0
	for _, r := range reports {
		for _, part := range r.Components {
			list = append(list, checked{r.Registrar, part.Name, part.OK, part.Detail})
			if !part.OK {
				failed++
			}
		}
	}
	if err := c.show(list, func(w io.Writer) {
		for _, l := range list {
			row(w, l.Registrar, l.Component, wellness(l.OK), l.Detail)
		}
	}); err != nil {
		return err
	}
	if fault == nil && failed > 0 {
		fault = fmt.Errorf("checks that failed: %d", failed)
	}
	return unreadable(fault)
}
