package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host"
	"registrar.panel/host/config"
	"registrar.panel/internal/secret"
)

type demoCommand struct{}

func (demoCommand) Run(c *call) error { return demo(c.ctx, c.stdout) }

type serveCommand struct {
	LogLevel *string `enum:"trace,debug,info,warn,error" placeholder:"LEVEL" help:"What the panel and its plugins log: trace, debug, info, warn or error; without it what panel.log_level says, else info."`
}

// Run goes on when its log can't be written, and when a terminal or a service manager hangs up.
func (p *serveCommand) Run(c *call) error {
	hangups, pipes := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Notify(pipes, syscall.SIGPIPE) // or a write to a broken stderr would end the process
	defer signal.Stop(hangups)
	log := newPatient(c.stderr)
	go log.run() // ends with log.end
	defer log.end()

	o, err := c.hostOptions()
	if err != nil {
		return err
	}
	o.Logger, o.Environment = logger(log), &config.Environment{}
	if err := secret.Conceal(); err != nil {
		o.Logger.Warn("other processes of this user can read the panel's secrets", "err", err)
	}
	if p.LogLevel != nil {
		o.LogLevel = *p.LogLevel
	}
	h, err := host.Open(c.ctx, o)
	if err != nil {
		return unreadable(err)
	}
	reading, end := context.WithCancel(c.ctx)
	var rereading sync.WaitGroup
	rereading.Go(func() { rereads(reading, h, hangups) })
	err = h.Run(c.ctx)
	end()
	rereading.Wait()
	return err
}

// rereads has the panel read plugin.hcl again at each hang-up.
func rereads(ctx context.Context, h *host.Host, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			h.Reload(ctx)
		}
	}
}

func (c *call) hostOptions() (host.Options, error) {
	commands, err := bundled()
	return host.Options{ConfigPath: c.grammar.Config, Bundled: commands, Logger: logger(c.stderr), Now: time.Now}, err
}

func logger(out io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "panel", Output: out, Level: hclog.Info, TimeFn: time.Now})
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
