package registrarrpc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// lockFile is the file in a data directory by which only one instance at a time works on it.
const lockFile = "instance.lock"

// Gate turns a plugin into what a host runs. It answers calls that come at the wrong time, in the same way
// for every plugin: [registrar.NotReady] if too early, [registrar.Draining] if too late, [registrar.Locked]
// for a second instance on a data directory, and [registrar.Unsupported] for a power that the registrar does
// not declare. No such call reaches the plugin.
func Gate(p registrar.Plugin) registrar.Hosted { return newGate(p) }

// gate is a plugin through its life: first the plugin alone, then the registrar that it started.
type gate struct {
	plugin registrar.Plugin
	end    *ending
	turn   chan struct{} // held by the one Configure or Start in progress

	mu       sync.Mutex
	settings *registrar.Settings // nil = not configured
	work     *work               // nil = not started
}

// work is a registrar at work.
type work struct {
	registrar.Registrar
	describes registrar.Description
	lock      *registrarkit.Lock
}

func newGate(p registrar.Plugin) *gate {
	g := &gate{plugin: p, turn: make(chan struct{}, 1)}
	g.end = newEnding(g.stop)
	return g
}

// enter admits a call, which must leave.
func (g *gate) enter() error {
	if !g.end.enter() {
		return registrar.Errorf(registrar.Draining, "the plugin is stopping")
	}
	return nil
}

// take waits for the right to change the plugin's state.
func (g *gate) take(ctx context.Context) (release func(), err error) {
	select {
	case g.turn <- struct{}{}:
		return func() { <-g.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gate) working() (*work, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.work == nil {
		return nil, registrar.Errorf(registrar.NotReady, "the plugin is not started")
	}
	return g.work, nil
}

func (g *gate) configured() (*registrar.Settings, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.settings == nil {
		return nil, registrar.Errorf(registrar.NotReady, "the plugin is not configured")
	}
	return g.settings, nil
}

// anyTime makes a call that is allowed in every state but the last.
func anyTime[T any](g *gate, call func() (T, error)) (v T, err error) {
	if err := g.enter(); err != nil {
		return v, err
	}
	defer g.end.leave()
	return call()
}

// atWork makes a call of the registrar, if it is at work.
func atWork[T any](g *gate, call func(registrar.Registrar) (T, error)) (v T, err error) {
	return anyTime(g, func() (T, error) {
		w, err := g.working()
		if err != nil {
			return v, err
		}
		return call(w.Registrar)
	})
}

// able makes a call of one of the registrar's powers, if it has it.
func able[P, T any](g *gate, c registrar.Capability, call func(P) (T, error)) (v T, err error) {
	return anyTime(g, func() (T, error) {
		w, err := g.working()
		if err != nil {
			return v, err
		}
		power, ok := w.Registrar.(P)
		if !ok || !w.describes.Has(c) {
			return v, registrar.Errorf(registrar.Unsupported, "this registrar does not have the capability %s", string(c))
		}
		return call(power)
	})
}

// nothing adapts a call that returns only an error.
func nothing(err error) (struct{}, error) { return struct{}{}, err }

func (g *gate) Describe(ctx context.Context) (registrar.Description, error) {
	return anyTime(g, func() (registrar.Description, error) { return g.plugin.Describe(ctx) })
}

func (g *gate) Form(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return anyTime(g, func() (registrar.Form, error) { return g.plugin.Form(ctx, q) })
}

func (g *gate) Configure(ctx context.Context, s registrar.Settings) error {
	_, err := anyTime(g, func() (struct{}, error) { return nothing(g.configure(ctx, s)) })
	return err
}

func (g *gate) configure(ctx context.Context, s registrar.Settings) error {
	release, err := g.take(ctx)
	if err != nil {
		return err
	}
	defer release()

	if _, err := g.working(); err == nil {
		return registrar.Errorf(registrar.Precondition, "the plugin is at work; start a new one with the new settings")
	}
	// Settings that the plugin refuses are not kept, so that no Start uses them.
	if err := g.plugin.Configure(ctx, s); err != nil {
		return err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	g.settings = &s
	return nil
}

func (g *gate) Probe(ctx context.Context, mail bool) ([]registrar.Component, error) {
	return anyTime(g, func() ([]registrar.Component, error) {
		if _, err := g.configured(); err != nil {
			return nil, err
		}
		return g.plugin.Probe(ctx, mail)
	})
}

func (g *gate) Start(ctx context.Context) error {
	_, err := anyTime(g, func() (struct{}, error) { return nothing(g.start(ctx)) })
	return err
}

// start does nothing if the registrar is at work already.
func (g *gate) start(ctx context.Context) error {
	release, err := g.take(ctx)
	if err != nil {
		return err
	}
	defer release()

	if _, err := g.working(); err == nil {
		return nil
	}

	s, err := g.configured()
	if err != nil {
		return err
	}

	w, err := begin(ctx, g.plugin, s.DataDir)
	if err != nil {
		return err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	g.work = w
	return nil
}

// begin locks a data directory and starts a plugin on it.
func begin(ctx context.Context, p registrar.Plugin, dataDir string) (*work, error) {
	describes, err := p.Describe(ctx)
	if err != nil {
		return nil, err
	}

	// Before Start, which begins to send: two instances must not be at work even for a moment.
	lock, err := lockDir(dataDir)
	if err != nil {
		return nil, err
	}

	r, err := p.Start(ctx)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}

	// Which powers a registrar has is known only now, from the methods of the started value. By now it is at
	// work, and must be stopped in order.
	w := &work{Registrar: r, describes: describes, lock: lock}
	if err := w.keepsItsWord(); err != nil {
		return nil, errors.Join(err, w.stop(ctx))
	}
	return w, nil
}

// lockDir locks a data directory. A test may have none.
func lockDir(dir string) (*registrarkit.Lock, error) {
	if dir == "" {
		return nil, nil
	}
	return registrarkit.LockDir(dir, lockFile, 0)
}

// keepsItsWord reports powers that are declared and that the registrar does not have.
func (w *work) keepsItsWord() error {
	has := registrar.Description{Capabilities: append(registrar.CapabilitiesOf(w.Registrar), registrar.CapCheck)}
	for _, c := range w.describes.Capabilities {
		if !has.Has(c) {
			return registrar.Errorf(registrar.Internal, "the plugin declares the capability %s, and what it started does not have its methods", string(c))
		}
	}
	return nil
}

// stop drains the registrar and releases its data directory.
func (w *work) stop(ctx context.Context) error {
	// A registrar that has not drained may still send, so it keeps its directory.
	if err := w.Drain(ctx); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	if w.lock == nil {
		return nil
	}
	return w.lock.Close()
}

// stop stops the work, if there is any. Calls never overlap, and none comes after one that succeeded.
func (g *gate) stop(ctx context.Context) error {
	release, err := g.take(ctx) // waits for a Start that outlived the grace of calls
	if err != nil {
		return err
	}
	defer release()

	w, err := g.working()
	if err != nil {
		return nil
	}
	return w.stop(ctx)
}

func (g *gate) Drain(ctx context.Context) error { return g.end.drain(ctx) }

func (g *gate) Health(ctx context.Context) ([]registrar.Component, error) {
	return atWork(g, func(r registrar.Registrar) ([]registrar.Component, error) { return r.Health(ctx) })
}

func (g *gate) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.Validation, error) { return r.Validate(ctx, o) })
}

func (g *gate) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	return atWork(g, func(r registrar.Registrar) ([]registrar.Availability, error) { return r.Check(ctx, names) })
}

func (g *gate) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.Operation, error) { return r.Submit(ctx, o) })
}

func (g *gate) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.Operation, error) { return r.Operation(ctx, id) })
}

func (g *gate) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.Operation, error) { return r.Resolve(ctx, d) })
}

func (g *gate) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.Domain, error) { return r.Domain(ctx, name) })
}

func (g *gate) Domains(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
	return atWork(g, func(r registrar.Registrar) (registrar.DomainPage, error) { return r.Domains(ctx, p) })
}

// Events counts as a call only until its sequence is ranged over: a drain does not wait for readers, whose
// sequences the registrar ends.
func (g *gate) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	sequence, err := atWork(g, func(r registrar.Registrar) (iter.Seq2[registrar.Event, error], error) {
		return r.Events(ctx, after), nil
	})
	if err != nil {
		return func(yield func(registrar.Event, error) bool) { yield(registrar.Event{}, err) }
	}
	return sequence
}
