package gateway

import (
	"context"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// reader is a store that is looked into.
type reader interface {
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
}

// continuer goes on with orders that waited for something else; package ordering has the
// real one.
type continuer interface {
	// ClientRegistered goes on with an operation whose client is registered now.
	ClientRegistered(tx *store.Tx, op *store.Operation, handle string) error
}

// operationNow returns an operation with its history, in a transaction of its own.
func operationNow(ctx context.Context, from reader, id registrar.OperationID) (registrar.Operation, error) {
	op, err := look(ctx, from, func(tx *store.Tx) (store.Operation, error) { return operation(tx, id) })
	return op.Operation, fault(err, "operation "+string(id))
}

// domainNow returns a domain, in a transaction of its own.
func domainNow(ctx context.Context, from reader, name string) (registrar.Domain, error) {
	d, err := look(ctx, from, func(tx *store.Tx) (registrar.Domain, error) { return tx.Domain(name) })
	return d, fault(err, "domain "+name)
}
