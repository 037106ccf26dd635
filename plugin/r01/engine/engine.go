package engine

import (
	"context"
	"log/slog"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/store"
)

// Store keeps what is known; package store has the real one. An error of Write may have come
// too late: the store may have what was written all the same.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
	Fingerprint(parts ...string) string
}

// Parts are what an engine needs.
type Parts struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time
	Random func() string // upper-case letters and digits, unguessable, at least 26
}

// Engine moves requests.
type Engine struct {
	Alarms   *Alarms
	Clock    *Clock
	Limits   *Limits
	Timeline *Timeline
	Reviews  *Reviews
	Redactor *Redactor

	Queued  wake.Signal    // something may be due
	Changed wake.Broadcast // there may be new events

	settings  *Settings
	store     Store
	log       *slog.Logger
	now       func() time.Time
	random    func() string
	continuer Continuer
}

// New composes an engine. Its settings may be shared with the rooms above it.
func New(s *Settings, p Parts) *Engine {
	alarms, clock := &Alarms{now: p.Now}, newClock(p.Now)
	return &Engine{
		Alarms: alarms, Clock: clock,
		Limits:   &Limits{settings: s, now: p.Now, clock: clock},
		Timeline: &Timeline{log: p.Logger, now: p.Now},
		Reviews:  &Reviews{now: p.Now, alarms: alarms},
		Redactor: &Redactor{now: p.Now},

		Queued: wake.NewSignal(),

		settings: s, store: p.Store, log: p.Logger, now: p.Now, random: p.Random,
	}
}

// Lately returns what was sent and what came within the last 24 hours.
func (en *Engine) Lately(tx *store.Tx) (store.Traffic, error) {
	now := en.now()
	return tx.Requests.Traffic(now.Add(-day), now.Add(ClockSkew)) // what is later was written by a clock that was wrong
}

// Continuer continues orders that waited for something else; package ordering has the real one.
type Continuer interface {
	// ClientRegistered continues an operation whose client has just been registered.
	ClientRegistered(tx *store.Tx, op *store.Operation, handle string) error
}

// ContinueWith sets the continuer of orders. It is called once, before any request moves.
func (en *Engine) ContinueWith(c Continuer) { en.continuer = c }
