package host

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/shared/logline"
)

// describeWithin is how long a plugin may take to describe its settings.
const describeWithin = 3 * time.Second

// byHangup is the actor of an exchange that a signal asked for.
const byHangup = "SIGHUP"

// Reload reads plugin.hcl again, and with it the secrets that it refers to. The panel's token and level
// of logging apply at once; a registrar whose settings or program have changed gets a new process, as
// by Upgrade. Changes that need a restart are named in the log. A file with mistakes changes nothing.
func (h *Host) Reload(ctx context.Context) {
	c, err := config.LoadServing(h.path, h.environment)
	if err != nil {
		h.log.Error("plugin.hcl was not read again, and what was in force stays", "err", err)
		return
	}

	warn(c, h.log)
	h.setLevel(c)
	h.web.SetToken(c.Panel.Token)

	if late := h.needRestart(c); len(late) > 0 {
		h.log.Warn("changed in plugin.hcl, and in force only after a restart of the panel", "settings", strings.Join(late, ", "))
	}

	var exchanging sync.WaitGroup
	for _, r := range c.Registrars {
		// Side by side: one that drains for long delays no other.
		if old, known := h.config.Registrar(r.Name); known && !r.Retired && !old.Retired {
			exchanging.Go(func() { h.exchange(ctx, c, r) })
		}
	}

	exchanging.Wait()
	h.log.Info("plugin.hcl was read again")
}

func (h *Host) setLevel(c *config.Config) {
	name := h.levelName
	if name == "" {
		name = c.Panel.LogLevel
	}
	if level, ok := logline.ParseLevel(name); ok && h.level != nil {
		h.level.Set(level)
	}
}

// exchange gives a registrar a new process if it would differ from the one at work.
func (h *Host) exchange(ctx context.Context, c *config.Config, r config.Registrar) {
	changed, err := h.differs(ctx, c, r)
	if err == nil && !changed {
		return
	}
	if err == nil {
		_, err = h.Upgrade(ctx, r.Name, byHangup, "")
	}
	if err != nil && ctx.Err() == nil {
		// What was tried counts as not in force, so the next signal tries it again although the file says the same.
		h.launcher.Forget(r.Name)
		h.log.Error("a registrar's part of plugin.hcl is not in force", "registrar", r.Name, "err", err)
	}
}

// differs reports whether a plugin differs from what the file says now. A plugin that is not at work does.
func (h *Host) differs(ctx context.Context, c *config.Config, r config.Registrar) (bool, error) {
	if err := r.Fault(); err != nil {
		return false, err
	}

	// A plugin that is not at work has no settings in force: it is tried with those that the file has now.
	at, err := h.supervisor.Registrar(r.Name)
	if err != nil {
		return true, nil
	}

	ctx, cancel := context.WithTimeout(ctx, describeWithin)
	defer cancel()

	d, err := at.Describe(ctx)
	if err != nil {
		return false, err
	}

	// Read by the schema of the process at work, like its settings in force.
	s, err := c.Settings(r.Name, d.Schema)
	if err != nil {
		return false, err
	}

	return h.launcher.Differs(r, s.Config), nil
}

// needRestart names the settings that differ and can't be changed at work.
func (h *Host) needRestart(c *config.Config) (names []string) {
	// All of this was opened, or passed on, at the start.
	was, is := h.config.Panel, c.Panel
	for name, same := range map[string]bool{
		"panel.data": was.Data == is.Data, "panel.listen": was.Listen == is.Listen, "panel.store": was.Store == is.Store, "panel.unpaid": was.Unpaid == is.Unpaid,
		"panel.backup_recipients": slices.Equal(was.BackupRecipients, is.BackupRecipients),
		"panel.behind_proxy":      slices.Equal(was.Proxy, is.Proxy),
		"panel.keep":              was.Keep == is.Keep,
		"panel.notify":            was.Notify.Same(is.Notify),
		"panel.tls":               was.TLS.Same(is.TLS),
		"panel.webhook":           slices.EqualFunc(was.Webhooks, is.Webhooks, config.Webhook.Same),
	} {
		if !same {
			names = append(names, name)
		}
	}

	for _, r := range c.Registrars {
		old, known := h.config.Registrar(r.Name)
		switch {
		case !known:
			names = append(names, "registrar "+r.Name+" is new")
		case old.Retired != r.Retired || !slices.Equal(old.TLDs, r.TLDs) || old.Default != r.Default || old.User != r.User:
			names = append(names, "tlds, default, user or retired of registrar "+r.Name)
		}
	}

	for _, old := range h.config.Registrars {
		if _, still := c.Registrar(old.Name); !still {
			names = append(names, "registrar "+old.Name+" is gone")
		}
	}

	slices.Sort(names)
	return names
}
