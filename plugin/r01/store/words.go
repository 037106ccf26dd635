package store

import (
	"slices"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Lists for SQL. Go decides which kinds cost money and which statuses are held; no query lists them itself.
var (
	paidKinds    = sqldb.Words(those(lifecycle.Kinds(), lifecycle.Kind.Paid))
	unseenKinds  = sqldb.Words(those(lifecycle.Kinds(), func(k lifecycle.Kind) bool { return !k.Witnessed() }))
	clientKinds  = sqldb.Words(those(lifecycle.Kinds(), lifecycle.Kind.AboutClient))
	heldStatuses = sqldb.Words(registrar.HeldStatuses())
	finalStates  = sqldb.Words(those(registrar.OperationStates(), registrar.OperationState.Final))
)

// unfinished is the condition that a request is open, in the words of its indexes.
const unfinished = "closed = 0"

func those[T any](list []T, is func(T) bool) []T {
	return slices.DeleteFunc(list, func(v T) bool { return !is(v) })
}
