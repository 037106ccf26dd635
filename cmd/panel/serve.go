package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/config"
	"registrar.panel/internal/secret"
)

type serveCommand struct {
	LogLevel *string `enum:"trace,debug,info,warn,error" placeholder:"LEVEL" help:"What the panel and its plugins log: trace, debug, info, warn or error; without it what panel.log_level says, else info."`
}

// Run goes on when its log can't be written, and when a terminal or a service manager hangs up.
func (p *serveCommand) Run(c *command.Call) error {
	hangups, pipes := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Notify(pipes, syscall.SIGPIPE) // or a write to a broken stderr would end the process
	defer signal.Stop(hangups)
	log := newPatient(c.Stderr)
	go log.run() // ends with log.end
	defer log.end()

	o, err := hostOptions(c)
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
	h, err := host.Open(c.Ctx, o)
	if err != nil {
		return command.Unreadable(err)
	}
	reading, end := context.WithCancel(c.Ctx)
	var rereading sync.WaitGroup
	rereading.Go(func() { rereads(reading, h, hangups) })
	err = h.Run(c.Ctx)
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

func hostOptions(c *command.Call) (host.Options, error) {
	commands, err := bundled.Commands()
	return host.Options{ConfigPath: c.Config, Bundled: commands, Logger: logger(c.Stderr), Now: time.Now}, err
}

func logger(out io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "panel", Output: out, Level: hclog.Info, TimeFn: time.Now})
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

func (p *checkCommand) Run(c *command.Call) error {
	o, err := hostOptions(c)
	if err != nil {
		return err
	}
	reports, fault := host.Check(c.Ctx, o, p.Mail)
	list, failed := []checked{}, 0
	for _, r := range reports {
		for _, part := range r.Components {
			list = append(list, checked{r.Registrar, part.Name, part.OK, part.Detail})
			if !part.OK {
				failed++
			}
		}
	}
	if err := c.Show(list, func(w io.Writer) {
		for _, l := range list {
			command.Row(w, l.Registrar, l.Component, command.Wellness(l.OK), l.Detail)
		}
	}); err != nil {
		return err
	}
	if fault == nil && failed > 0 {
		fault = fmt.Errorf("checks that failed: %d", failed)
	}
	return command.Unreadable(fault)
}
