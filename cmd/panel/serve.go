package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/config"
	"registrar.panel/internal/systemd"
	"registrar.panel/internal/version"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/secret"
)

type serveCommand struct {
	LogLevel  *string `enum:"trace,debug,info,warn,error" placeholder:"LEVEL" help:"What the panel and its plugins log: trace, debug, info, warn or error; without it what panel.log_level says, else info."`
	LogFormat string  `enum:"text,json" default:"text" help:"How they log: text, or json, an object a line, for what reads logs."`
}

// Run goes on if its log can't be written, and if a terminal or a service manager hangs up.
func (p *serveCommand) Run(c *command.Call) error {
	hangups, pipes := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Notify(pipes, syscall.SIGPIPE) // or a write to a broken stderr would end the process
	defer signal.Stop(hangups)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(30) // the heap is small: to collect it more often costs little, and keeps it small
	}
	log := newPatient(c.Stderr, map[string]func(int64) string{"text": missedText, "json": missedJSON}[p.LogFormat])
	go log.run() // ends with log.end
	defer log.end()

	o, err := hostOptions(c)
	if err != nil {
		return err
	}
	o.Level, o.Environment = &slog.LevelVar{}, &config.Environment{}
	o.Logger = logline.New(log, logline.Options{Name: programName, JSON: p.LogFormat == command.JSON, Level: o.Level})
	// Before any secret is read.
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
	beside, end := context.WithCancel(c.Ctx)
	var others sync.WaitGroup
	others.Go(func() { rereads(beside, h, hangups) })
	others.Go(func() { attend(beside, c.Ctx.Done(), h, o.Logger) })
	err = h.Run(c.Ctx)
	end()
	others.Wait()
	return err
}

// attend tells the service manager that the panel's address is open, that the panel
// is alive, and that it was asked to stop. Each sign of life locks the panel's list
// of plugins for a moment, so that none is given while the panel's own locks hang.
func attend(ctx context.Context, asked <-chan struct{}, h *host.Host, log *slog.Logger) {
	manager := systemd.FromEnvironment(os.LookupEnv, os.Getpid())
	err := manager.Tell(systemd.Ready)
	if err == nil {
		err = manager.Watch(ctx, func() { h.Statuses() })
	}
	<-ctx.Done()
	select {
	case <-asked:
		err = errors.Join(err, manager.Tell(systemd.Stopping))
	default: // the panel failed
	}
	if err != nil {
		log.Warn("the service manager was not told", "err", err)
	}
}

// rereads makes the panel read plugin.hcl again at each hang-up.
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
	return host.Options{ConfigPath: c.Config, Bundled: commands, Logger: logline.New(c.Stderr, logline.Options{Name: programName}), Now: time.Now, Version: version.Of().Version}, err
}

const missedWords = "lines of the log were dropped, because their reader did not keep up"

func missedText(n int64) string {
	return fmt.Sprintf("%s [WARN]  %s: %s: lines=%d", time.Now().Format("2006-01-02T15:04:05.000Z0700"), programName, missedWords, n)
}

func missedJSON(n int64) string {
	return fmt.Sprintf(`{"@level":"warn","@message":%q,"@module":%q,"@timestamp":%q,"lines":%d}`, missedWords, programName, time.Now().Format(time.RFC3339Nano), n)
}

type checkCommand struct {
	Mail bool `help:"Also send a test mail to the callback address, and wait for it."`
}

// checked is the report about one part of one registrar.
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
		c.Tongue.Learn(r.Phrases)
		for _, part := range r.Components {
			list = append(list, checked{r.Registrar, part.Name, part.OK, part.Detail})
			if !part.OK {
				failed++
			}
		}
	}

	if err := c.Show(list, func(w io.Writer) {
		for _, l := range list {
			command.Row(w, l.Registrar, l.Component, command.Wellness(l.OK), command.Said(l.Detail))
		}
	}); err != nil {
		return err
	}

	if fault == nil && failed > 0 {
		fault = fmt.Errorf("checks that failed: %d", failed)
	}
	return command.Unreadable(fault)
}
