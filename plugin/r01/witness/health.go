package witness

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Store keeps what the registry is compared with; package store has the real one.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
}

// Parts are what a witness needs, beside its engine.
type Parts struct {
	Whois     Whois // nil = none
	ZoneLists []ZoneList
	Imports   Imports                           // nil = there are none
	Jitter    func(time.Duration) time.Duration // spreads what is done again and again
	Store     Store
	Logger    *slog.Logger
	Now       func() time.Time
}

// Witness is the registry, as far as it is configured.
type Witness struct {
	Judge *Judge
	Asker *Asker
	Lists *Lists

	memory    *lookupMemory
	whois     Whois
	zoneLists []ZoneList
}

// New composes a witness. It asks nothing until Run.
func New(s *engine.Settings, en *engine.Engine, p Parts) *Witness {
	m := newMemory()
	judge := &Judge{engine: en, alarms: en.Alarms, reviews: en.Reviews, timeline: en.Timeline, settings: s, whois: p.Whois, log: p.Logger, now: p.Now}
	return &Witness{
		memory: m, whois: p.Whois, zoneLists: p.ZoneLists, Judge: judge,
		Asker: &Asker{engine: en, clock: en.Clock, judge: judge, memory: m, settings: s, whois: p.Whois, store: p.Store, log: p.Logger, now: p.Now},
		Lists: &Lists{engine: en, alarms: en.Alarms, clock: en.Clock, judge: judge, memory: m, settings: s, zoneLists: p.ZoneLists,
			imports: p.Imports, jitter: p.Jitter, within: listWithin, store: p.Store, log: p.Logger, now: p.Now},
	}
}

// Run runs what is configured until ctx ends; if nothing is, it returns at once.
func (w *Witness) Run(ctx context.Context) {
	var loops sync.WaitGroup
	if w.whois != nil {
		loops.Go(func() { w.Asker.Run(ctx) })
	}
	if len(w.zoneLists) > 0 {
		loops.Go(func() { w.Lists.Run(ctx) })
	}
	loops.Wait()
}

// IsWanted reports whether the registry's word was wanted on some name at the last look.
func (w *Witness) IsWanted() bool { return w.memory.isWanted() }

// Health reports when the registry last answered and what is wrong; no component when no registry is configured.
func (w *Witness) Health() []registrar.Component {
	if w.whois == nil && len(w.zoneLists) == 0 {
		return nil
	}

	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	c := registrar.Component{Name: "registry", OK: true}
	add := func(ok bool, text string) {
		c.OK = c.OK && ok
		if c.Detail != "" {
			c.Detail += "; "
		}
		c.Detail += text
	}

	if heard := w.memory.heard; !heard.IsZero() {
		c.Figures = map[registrar.Figure]float64{registrar.FigureHeardAt: float64(heard.Unix())}
	}

	if w.whois != nil {
		switch {
		case w.memory.silent != "":
			add(false, "whois: "+w.memory.silent)
		case w.memory.heard.IsZero():
			add(true, "whois: nothing was asked so far")
		default:
			add(true, "whois: answered at "+w.memory.heard.UTC().Format(time.RFC3339))
		}
	}

	for _, list := range w.zoneLists {
		switch s := w.memory.lists[list.String()]; {
		case s.err != "":
			add(false, s.err)
		case s.at.IsZero():
			add(true, list.String()+": not read so far")
		default:
			add(true, list.String()+": looked at "+s.at.UTC().Format(time.RFC3339))
		}
	}

	return []registrar.Component{c}
}
