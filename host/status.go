package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

// tellWithin bounds the writing of an alarm: a plugin's life waits for it.
const tellWithin = 10 * time.Second

// verdicts are the reasons why plugins are disabled, and what they mean for the panel at its start.
type verdicts struct {
	mu      sync.Mutex
	reasons map[string]error
	worked  bool                    // a plugin was at work
	end     context.CancelCauseFunc // of Run
}

// hear records a verdict. If mistakes in plugin.hcl have kept all registrars from work from the
// beginning, the panel has nothing to serve: it ends, as with any other mistake.
func (v *verdicts) hear(name string, reason error, plugins int) (ends bool) {
	v.mu.Lock()
	defer v.mu.Unlock()

	if v.reasons == nil {
		v.reasons = map[string]error{}
	}

	if v.reasons[name] = reason; reason == nil {
		v.worked = true
		delete(v.reasons, name)
	}

	var all []config.Problem
	for _, r := range v.reasons {
		var mistakes *config.Error
		// Something else than a mistake of the file keeps this one from work, and may pass.
		if !errors.As(r, &mistakes) {
			return false
		}
		all = append(all, mistakes.Problems...)
	}

	if v.worked || len(v.reasons) < plugins || v.end == nil {
		return false
	}

	v.end(&config.Error{Problems: all})
	return true
}

// tellPlugin writes into log and Action Log that a plugin is disabled, or at work again.
func (h *Host) tellPlugin(ctx context.Context, name string, reason error) {
	if h.verdicts.hear(name, reason, len(h.names(false))) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	event, text := registrar.EventCleared, fmt.Sprintf("registrar %s is at work again", name)
	if reason != nil {
		event, text = registrar.EventAlarm, fmt.Sprintf("registrar %s is disabled, and tried again every minute: %v", name, reason)
		h.log.Error("registrar is disabled, and tried again every minute", "registrar", name, "reason", reason)
	}
	if err := h.orders.Alarm(ctx, name, event, text); err != nil && ctx.Err() == nil {
		h.log.Error("an alarm can't be recorded", "registrar", name, "err", err)
	}
}

// recall compares the record with the configuration: a registrar with domains or orders that
// plugin.hcl does not name would be forgotten, and its orders never carried out.
func (h *Host) recall(ctx context.Context) (err error) {
	if h.forgotten, err = h.orders.Forgotten(ctx); err != nil {
		return err
	}
	for _, f := range h.forgotten {
		mistake := forgotten(h.path, f)
		h.log.Error("configuration", "err", mistake)
		if err := h.orders.Alarm(ctx, f.Registrar, registrar.EventAlarm, mistake.Error()); err != nil {
			return err
		}
	}
	return nil
}

// forgotten returns the mistake of a file that does not name a registrar of the record.
func forgotten(path string, h orders.Holding) error {
	at := config.Position{File: path, Line: 1, Column: 1}
	return at.Errorf("%s, which %s does not name: name it again, or write registrar %[3]q { retired = true }", h, filepath.Base(path), h.Registrar)
}

// Statuses returns the states of the plugins, with the TLDs of each; then the registrars that are
// retired, and those that plugin.hcl should name.
func (h *Host) Statuses() []supervisor.Status {
	all := h.supervisor.Statuses()
	for i := range all {
		if r, ok := h.config.Registrar(all[i].Name); ok {
			all[i].TLDs = r.TLDs
		}
	}
	for _, r := range h.config.Registrars {
		if r.Retired {
			all = append(all, supervisor.Status{Name: r.Name, Plugin: r.Plugin, State: supervisor.Retired})
		}
	}
	for _, f := range h.stillForgotten() {
		all = append(all, supervisor.Status{Name: f.Registrar, State: supervisor.Disabled, Error: forgotten(h.path, f).Error()})
	}
	return all
}

// phrases returns what the registrars at work say, in other languages.
func (h *Host) phrases() (all []registrar.Phrase) {
	told := map[string]bool{}
	for _, s := range h.supervisor.Statuses() {
		if !told[s.Plugin] { // accounts of one plugin say the same
			all = append(all, s.Phrases...)
		}
		told[s.Plugin] = told[s.Plugin] || len(s.Phrases) > 0
	}
	return all
}

// stillForgotten counts again what was found at the start: since then it may have been moved or withdrawn.
func (h *Host) stillForgotten() []orders.Holding {
	if len(h.forgotten) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	now, err := h.orders.Forgotten(ctx)
	if err != nil {
		return h.forgotten
	}
	return now
}

// checkRecord is recall for a panel that does not serve, or serves in another process.
func checkRecord(ctx context.Context, path string, c *config.Config) error {
	held, err := orders.Holdings(ctx, c.Panel.Data, c.Panel.Store, func(name string) bool { _, named := c.Registrar(name); return named })
	if err != nil {
		return err
	}

	var all []config.Problem
	for _, f := range held {
		var mistake *config.Error
		if errors.As(forgotten(path, f), &mistake) {
			all = slices.Concat(all, mistake.Problems)
		}
	}

	if len(all) == 0 {
		return nil
	}

	return &config.Error{Problems: all}
}
