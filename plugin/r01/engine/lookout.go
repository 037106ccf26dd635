package engine

import (
	"context"
	"log/slog"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Watched is a part of the plugin that reports its health.
type Watched struct {
	Component func() registrar.Component
	Patience  time.Duration // how long it may be unwell before a person must know
}

// Lookout makes alarms of what otherwise only health shows: a relay that hangs, a mailbox that can't
// be reached, a store that grows. Health is read when it is asked for; an alarm comes by itself.
type Lookout struct {
	alarms *Alarms
	write  func(ctx context.Context, fn func(tx *store.Tx) error) error
	log    *slog.Logger
	now    func() time.Time
	parts  []Watched

	states map[string]wellness // by the component's name; of the loop alone
}

// wellness is how a part stood when it was last looked at.
type wellness struct {
	ok    bool
	since time.Time
	alarm stand
}

// stand is what is known of an alarm.
type stand int

const (
	mayStand stand = iota // an earlier instance may have raised it
	stands
	standsNot
)

const (
	lookoutEvery = 10 * time.Second
	// recovery is how long a part must be well before its alarm ends: a part that fails with
	// each mail is well in between.
	recovery = 5 * time.Minute
)

// NewLookout composes a lookout of an engine.
func NewLookout(en *Engine, parts ...Watched) *Lookout {
	return &Lookout{alarms: en.Alarms, write: en.Write, log: en.log, now: en.now, parts: parts, states: map[string]wellness{}}
}

// Run looks until ctx ends.
func (lo *Lookout) Run(ctx context.Context) error {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := lo.Look(ctx); err != nil && ctx.Err() == nil {
			lo.log.Error("an alarm can't be recorded, will be tried again", "err", err)
		}
		Sleep(ctx, never, lookoutEvery)
	}
	return ctx.Err()
}

// Look looks at every part once.
func (lo *Lookout) Look(ctx context.Context) error {
	for _, p := range lo.parts {
		c := p.Component()
		w, known := lo.states[c.Name]
		if !known || w.ok != c.OK {
			w.ok, w.since = c.OK, lo.now()
		}

		lasted := lo.now().Sub(w.since)
		var err error
		switch {
		case !c.OK && w.alarm != stands && lasted >= p.Patience:
			w.alarm = stands
			err = lo.write(ctx, func(tx *store.Tx) error { return lo.alarms.Raise(tx, unwell(c.Name), "", c.Name+": "+c.Detail) })
		case c.OK && w.alarm != standsNot && lasted >= recovery:
			w.alarm = standsNot
			err = lo.write(ctx, func(tx *store.Tx) error { return lo.alarms.Clear(tx, unwell(c.Name), "") })
		}

		// An alarm that could not be recorded is tried again, because the state stays as it was known.
		if err != nil {
			return err
		}

		lo.states[c.Name] = w
	}

	return nil
}

// unwell names the alarm that a part is not well.
func unwell(name string) string { return "unwell:" + name }
