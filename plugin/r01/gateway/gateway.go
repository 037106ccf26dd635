// Package gateway composes the rooms that work for one R01 agreement.
//
// It holds nothing of its own: ordering turns orders into requests, outbox sends them, inbox reads R01's
// answers, witness brings in what the registry shows, views answers questions, and all of them move requests
// only by engine. [New] makes the rooms, [Gateway.Open] takes over the store, [Gateway.Run] runs their loops.
// Each loop only looks at rows in the store, so nothing is lost if a process dies between two steps: what was
// stored is found again.
//
// An error of Open means that the store was not taken over, and that nothing may run.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/ordering"
	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/views"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
)

// Store keeps what the rooms know; package store has the real one.
type Store interface {
	engine.Store
	// InPlace reports whether the store is still where it was opened.
	InPlace() error
	// DetectRestore reports whether the store is an older one that was put back; AdvanceWatermark records how
	// far it has come.
	DetectRestore(ctx context.Context) (incarnation string, older bool, err error)
	AdvanceWatermark(ctx context.Context) error
	// Purge removes deleted data from the store's files.
	Purge(ctx context.Context) error
}

// Whois asks the registry about one name; package registry has the real one.
type Whois interface {
	witness.Whois
	views.Whois
}

// Parts are what a gateway needs.
type Parts struct {
	Store      Store
	Submitter  outbox.Submitter
	Verifier   inbox.Verifier
	Recogniser *mailform.Recogniser
	Logger     *slog.Logger
	Now        func() time.Time
	Random     func() string // upper-case letters and digits, unguessable, at least 26

	Whois     Whois // nil = none
	ZoneLists []witness.ZoneList
	Imports   witness.Imports                   // nil = no domains are proposed for import
	Jitter    func(time.Duration) time.Duration // spreads repeated actions over time
	// Node names this instance among those that use the store; what others store does not wake this one. "" =
	// there are no others.
	Node string
}

// Gateway is the rooms of one R01 agreement.
type Gateway struct {
	Engine    *engine.Engine
	Recovery  *engine.Recovery
	Rounds    *engine.Rounds
	Eraser    *engine.Eraser
	Orders    *ordering.Orders
	Renewals  *ordering.Renewals
	Takeover  *ordering.Takeover
	Queue     *outbox.Queue
	Inbox     *inbox.Inbox
	Desk      *inbox.Desk
	Foresight *inbox.Foresight
	Witness   *witness.Witness
	Views     *views.Views

	settings *engine.Settings
	parts    Parts
}

// New returns a gateway. It does nothing until Run.
func New(s engine.Settings, p Parts) *Gateway {
	g := &Gateway{settings: &s, parts: p}
	g.Engine = engine.New(g.settings, engine.Parts{Store: p.Store, Logger: p.Logger, Now: p.Now, Random: p.Random})
	g.Recovery = engine.NewRecovery(g.Engine)
	g.Rounds = engine.NewRounds(g.Engine)
	g.Eraser = engine.NewEraser(g.settings, p.Store, p.Logger, p.Now)

	made := g.ordering()
	g.Orders = ordering.New(g.settings, g.Engine, made)
	g.Renewals = ordering.NewRenewals(g.Engine, g.Orders)
	// Orders are made with the engine, which continues them when a client is registered: so it gets to know
	// them afterwards.
	g.Engine.ContinueWith(g.Orders)
	g.Queue = outbox.New(g.settings, g.Engine, outbox.Parts{Recovery: g.Recovery, Planned: g.Renewals, Store: p.Store,
		Submitter: p.Submitter, Logger: p.Logger, Now: p.Now, LookAgain: g.lookAgain()})
	g.Rounds.HeldBy(g.Queue.Stopped)
	g.furnish()
	return g
}

// furnish makes the rooms that deal with the registry.
func (g *Gateway) furnish() {
	p := g.parts
	g.Witness = witness.New(g.settings, g.Engine, witness.Parts{Whois: p.Whois, ZoneLists: p.ZoneLists, Imports: p.Imports,
		Jitter: p.Jitter, Store: p.Store, Logger: p.Logger, Now: p.Now})
	g.Takeover = ordering.NewTakeover(g.settings, g.Engine, g.ordering())
	g.Views = views.New(g.Engine, views.Parts{Store: p.Store, Whois: p.Whois, Witness: g.Witness, Sender: g.Queue, LookAgain: g.lookAgain()})

	reader := inbox.NewReader(g.settings, p.Recogniser, p.Verifier, p.Now)
	matcher := inbox.NewMatcher(g.Engine, g.Recovery, reader, p.Now)
	g.Inbox = inbox.New(g.settings, g.Engine, inbox.Parts{Reader: reader, Matcher: matcher, Recovery: g.Recovery, Asker: g.Witness.Asker,
		Verifier: p.Verifier, Store: p.Store, Logger: p.Logger, Now: p.Now, Random: p.Random})
	g.Desk = inbox.NewDesk(g.settings, g.Engine, p.Store, p.Now)
	g.Foresight = inbox.NewForesight(g.settings, g.Engine, matcher, p.Store, p.Now)
}

func (g *Gateway) ordering() ordering.Parts {
	p := g.parts
	return ordering.Parts{Store: p.Store, Logger: p.Logger, Now: p.Now, Random: p.Random, Whois: p.Whois}
}

// lookAgain bounds how late this instance sees what others have stored.
func (g *Gateway) lookAgain() time.Duration {
	if g.parts.Node != "" {
		return engine.LookAtOthers
	}
	return engine.LookAgain
}

// Open takes over the store from any earlier instance: the fate of what that one was sending is unknown now.
// Open must have returned before Run.
func (g *Gateway) Open(ctx context.Context) error {
	var interrupted []store.Request
	incarnation, older, err := g.parts.Store.DetectRestore(ctx)
	if err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}

	err = g.Engine.Write(ctx, func(tx *store.Tx) error {
		// From this commit on no claim of an earlier instance succeeds, so the requests that are Sending now
		// are all that it has begun.
		fence, err := tx.TakeOver()
		if err != nil {
			return err
		}
		g.Queue.Open(fence, older)

		// This shows the standbys that this instance has taken over, and they follow its mark.
		if g.parts.Node != "" {
			if err := tx.SetHolder(g.parts.Node); err != nil {
				return err
			}
		}

		if err := errors.Join(g.Rounds.StartClock(tx), g.Engine.Alarms.Clear(tx, outbox.PlaceAlarm, ""), g.Recovery.Recall(tx, incarnation, older)); err != nil {
			return err
		}
		// After Recall, which knows whether the store was restored: if it was, nothing paid is released.
		if err := g.Engine.ReleaseIfMended(tx); err != nil {
			return err
		}

		interrupted, err = tx.Requests.InState(registrar.Sending)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}
	// Before anything is sent: the mark shows that a copy from an earlier moment is a copy.
	if err := g.parts.Store.AdvanceWatermark(ctx); err != nil {
		return fmt.Errorf("take over the store: %w", err)
	}
	return g.Queue.Interrupted(ctx, interrupted)
}

// Run works until ctx ends, and returns after all loops have stopped.
func (g *Gateway) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, run := range []func(context.Context){g.Queue.Run, g.Inbox.Run, g.Rounds.Run, g.Witness.Run} {
		loops.Go(func() { run(ctx) })
	}
	loops.Wait()
	return ctx.Err()
}
