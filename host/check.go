package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"registrar.panel/host/config"
	"registrar.panel/host/launch"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Report is the result of checking one registrar, or the panel itself.
type Report struct {
	Registrar  string // or "panel"
	Components []registrar.Component
	Phrases    []registrar.Phrase // what the registrar says, in other languages
}

// Check starts each plugin in turn, gives it its settings and lets it try its connections. Nothing is
// ordered, watched or stored. With mail, plugins that work by mail send one test mail to themselves. The
// error joins the reasons why registrars could not be checked; mistakes in the file are a [*config.Error].
func Check(ctx context.Context, o Options, mail bool) ([]Report, error) {
	c, err := config.Load(o.ConfigPath)
	if err != nil {
		return nil, err
	}

	warn(c, o.Logger)
	// Their secrets are read at the start, so a mistake in them would keep the panel from starting.
	if _, err := hooks(c); err != nil {
		return nil, err
	}
	if _, _, err := notices(c); err != nil {
		return nil, err
	}

	// Separate directories, because the plugins may be at work in those of the panel now.
	dir, err := checkDir(c.Dir())
	if err != nil {
		return nil, fmt.Errorf("make a directory for the check: %w", err)
	}
	defer os.RemoveAll(dir)
	launcher := launch.New(launch.Options{Config: c, Bundled: o.Bundled, Logger: o.Logger, Top: dir, Data: launch.Data(dir), RunDir: dir + "/run"})
	reports := probeStore(ctx, c.Panel)
	var failures []error
	// A database that can't be reached is reported above, and says nothing of what the record holds.
	if len(reports) == 0 || reports[0].Components[0].OK {
		failures = append(failures, checkRecord(ctx, o.ConfigPath, c))
	}

	// The launcher has no data: those that the panel serves with are looked at here.
	for _, r := range c.Registrars {
		if !r.Retired {
			failures = append(failures, launch.DataIn(c.Panel.Data).CheckPlugin(r))
		}
	}

	for _, spec := range launcher.Specs() {
		report, err := probe(ctx, spec, o.Logger, mail)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		reports = append(reports, report)
	}

	return reports, errors.Join(failures...)
}

// checkDir makes a directory that is removed after the check: beside the configuration if the
// machine has none for temporary files.
func checkDir(beside string) (string, error) {
	dir, err := os.MkdirTemp("", "panel-")
	if err != nil {
		return os.MkdirTemp(beside, ".panel-check-")
	}
	return dir, nil
}

// probeStore tries the panel's own database if it is on a server. A file is not tried: the first start makes it.
func probeStore(ctx context.Context, p config.Panel) []Report {
	if p.Store.IsEmpty() {
		return nil
	}
	store := registrar.Probed("store", sqldb.Probe(ctx, p.Store), "the database answers")
	return []Report{{Registrar: "panel", Components: []registrar.Component{store}}}
}

func probe(ctx context.Context, spec supervisor.Spec, log *slog.Logger, mail bool) (Report, error) {
	report := Report{Registrar: spec.Name}
	// Visited and not started, because a panel may be at work on the same account at this moment.
	err := supervisor.Visit(ctx, spec, supervisor.Timing{}, log, func(ctx context.Context, p registrar.Hosted) (err error) {
		if d, err := p.Describe(ctx); err == nil { // without it the report is in English
			report.Phrases = d.Phrases
		}
		if report.Components, err = p.Probe(ctx, mail); err != nil {
			return fmt.Errorf("probe plugin %s: %w", spec.Name, err)
		}
		return nil
	})
	return report, err
}

func warn(c *config.Config, log *slog.Logger) {
	for _, w := range c.Warnings {
		log.Warn("configuration", "place", w.Position.String(), "warning", w.Message)
	}
}
