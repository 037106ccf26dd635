package switchboard

import (
	"context"
	"errors"
	"sync"

	"registrar.panel/shared/registrar"
)

// Item is one registrar's answer, with the registrar's name.
type Item[T any] struct {
	Registrar string
	Value     T
}

// Several are the answers of registrars that were asked side by side.
type Several[T any] struct {
	List   []Item[T] // in the order of the registrars
	Absent []Absent  // registrars that should have answered, too
}

// Absent is a registrar whose part of an answer is missing.
type Absent struct {
	Registrar string
	Reason    string
}

// each asks every registrar at the same time. A registrar without the capability is left out, and
// one that does not answer does not affect the others.
func each[T any](ctx context.Context, b *Board, ask func(context.Context, registrar.Service) ([]T, error)) (Several[T], error) {
	said := askAll(ctx, b, b.names, ask)
	var all Several[T]
	for _, a := range said {
		if a.err != nil && !errors.Is(a.err, registrar.Unsupported) {
			b.log.Warn("a registrar is missing from an answer", "registrar", a.name, "err", a.err)
			all.Absent = append(all.Absent, Absent{a.name, Reason(a.err)})
		}
		for _, v := range a.value {
			all.List = append(all.List, Item[T]{a.name, v})
		}
	}
	return all, ctx.Err()
}

// said is the answer of one registrar.
type said[T any] struct {
	name  string
	value T
	err   error
}

// askAll asks these registrars at the same time, each within its own time limit. It returns when
// all have answered or have run out of time.
func askAll[T any](ctx context.Context, b *Board, names []string, ask func(context.Context, registrar.Service) (T, error)) []said[T] {
	answers := make([]said[T], len(names))
	var asked sync.WaitGroup
	for i, name := range names {
		// Each goroutine writes only its own element, so there is nothing to lock.
		asked.Go(func() {
			answers[i].name = name
			var r registrar.Service
			if r, answers[i].err = b.Registrar(name); answers[i].err == nil {
				answers[i].value, answers[i].err = ask(ctx, r)
			}
		})
	}
	asked.Wait()
	return answers
}

// Reason returns an error in words that a caller of the API may read.
func Reason(err error) string {
	var e *registrar.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return "it failed; the panel's log says why"
}
