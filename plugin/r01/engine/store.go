package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Write runs a transaction, and then wakes the loops and the event readers.
func (en *Engine) Write(ctx context.Context, fn func(tx *store.Tx) error) error {
	if err := en.store.Write(ctx, fn); err != nil {
		return err
	}
	en.Changed.Wake()
	en.Queued.Wake()
	return nil
}

// Fault gives an error of the store the code that the contract promises.
func Fault(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return registrar.Errorf(registrar.NotFound, "%s is not known here", what)
	case errors.Is(err, store.ErrMoved):
		return registrar.Errorf(registrar.Unavailable, "%s is being worked on; ask again", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Look returns what fn finds, in a transaction of its own.
func Look[T any](ctx context.Context, from reader, fn func(tx *store.Tx) (T, error)) (v T, err error) {
	err = from.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v, err
}

const (
	// LookAgain bounds how long a loop sleeps when nothing wakes it.
	LookAgain = time.Minute
	// LookAtOthers bounds it if other instances may have stored something.
	LookAtOthers = time.Second
)

// Sleep waits for a signal, at most for d.
func Sleep(ctx context.Context, s wake.Signal, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s:
	case <-timer.C:
	}
}

// reader is a store that is only read.
type reader interface {
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
}

// ReadOperation returns an operation with its history, in a transaction of its own.
func ReadOperation(ctx context.Context, from reader, id registrar.OperationID) (registrar.Operation, error) {
	op, err := Look(ctx, from, func(tx *store.Tx) (store.Operation, error) { return OperationOf(tx, id) })
	return op.Operation, Fault(err, "operation "+string(id))
}

// ReadDomain returns a domain, in a transaction of its own.
func ReadDomain(ctx context.Context, from reader, name string) (registrar.Domain, error) {
	d, err := Look(ctx, from, func(tx *store.Tx) (registrar.Domain, error) { return tx.Domains.Get(name) })
	return d, Fault(err, "domain "+name)
}
