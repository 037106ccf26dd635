package registrarrpc

import (
	"context"
	"sync"
	"time"
)

// callGrace is how long a drain waits for calls in progress before it continues without them.
const callGrace = 5 * time.Second

// ending ends a plugin's life in order, however often that is requested: first no new call is accepted, then
// the calls in progress end, then the plugin itself drains.
type ending struct {
	stop func(context.Context) error // drains the plugin
	turn chan struct{}               // held by the one drain in progress

	mu      sync.Mutex
	begun   bool
	calls   int
	idle    chan struct{} // closed when begun and no call is in progress
	drained bool          // guarded by turn
}

func newEnding(stop func(context.Context) error) *ending {
	return &ending{stop: stop, turn: make(chan struct{}, 1), idle: make(chan struct{})}
}

// enter admits a call, which must leave; it returns false once the end has begun.
func (e *ending) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		e.calls++
	}
	return !e.begun
}

func (e *ending) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls--
	e.settle()
}

func (e *ending) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		e.begun = true
		e.settle()
	}
}

// settle closes idle once no calls are left: after begin none is admitted, so this happens once.
func (e *ending) settle() {
	if e.begun && e.calls == 0 {
		close(e.idle)
	}
}

// drain returns when the plugin is drained, or when ctx ends. A drain that did not finish is repeated by the
// next one.
func (e *ending) drain(ctx context.Context) error {
	// Before any wait, so that no new call prolongs it.
	e.begin()

	// The host and the end of the lifeline may ask at the same time: the second caller waits for the first,
	// and finds the work done. It gives up with its own context, which a mutex would not allow.
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if e.drained {
		return nil
	}

	e.awaitCalls(ctx)
	err := e.stop(ctx)
	e.drained = err == nil
	return err
}

func (e *ending) awaitCalls(ctx context.Context) {
	grace, cancel := context.WithTimeout(ctx, callGrace)
	defer cancel()
	select {
	case <-e.idle:
	case <-grace.Done():
	}
}
