package registrarrpc

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func event(c registrar.Cursor) registrar.Event {
	return registrar.Event{Cursor: c, At: time.Unix(int64(c), 0).UTC(), Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "told"}
}

// untilCancelled yields the events after a cursor up to last, then waits; it tells when its
// context has ended.
func untilCancelled(last registrar.Cursor, ended chan<- struct{}) func(context.Context, registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
		return func(yield func(registrar.Event, error) bool) {
			defer func() { ended <- struct{}{} }()
			for c := after + 1; c <= last; c++ {
				if !yield(event(c), nil) {
					return
				}
			}
			<-ctx.Done()
			yield(registrar.Event{}, ctx.Err())
		}
	}
}

func TestEventsEndWithTheLoop(t *testing.T) {
	t.Parallel()

	ended := make(chan struct{}, 1)
	p := connected(t, &fake{events: untilCancelled(5, ended)}, t.Context())
	events := p.Events(t.Context(), 2)
	for range 2 { // each loop begins from the start
		want := registrar.Cursor(3)
		for got, err := range events {
			if err != nil {
				t.Fatal(err)
			}
			if diff := diff(event(want), got); diff != "" {
				t.Fatalf("(-sent +received)\n%s", diff)
			}
			if want++; want > 5 {
				break
			}
		}

		<-ended // the plugin has seen that its reader is gone
	}
}

func TestEventsEndWithTheCallersContext(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 1)
	p := connected(t, &fake{events: untilCancelled(1, ended)}, t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs []error
	for _, err := range p.Events(ctx, 0) {
		cancel()
		errs = append(errs, err)
	}
	if len(errs) != 2 || errs[0] != nil || !errors.Is(errs[1], context.Canceled) {
		t.Errorf("yielded errors: %v", errs)
	}
	<-ended
}

func TestEventsEndWithTheProcess(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 1)
	process, die := context.WithCancel(t.Context())
	defer die()
	p := connected(t, &fake{events: untilCancelled(1, ended)}, process)
	var last error
	for _, err := range p.Events(t.Context(), 0) {
		die()
		last = err
	}
	if !errors.Is(last, registrar.Unavailable) || last.Error() != "the plugin process has ended" {
		t.Errorf("the last error is %v", last)
	}
	<-ended
}

func TestAnErrorEndsEvents(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		second registrar.Event
		err    error
		want   error
	}{
		"the plugin's error":   {registrar.Event{}, registrar.Errorf(registrar.NotReady, "not started"), registrar.NotReady},
		"outside the contract": {registrar.Event{Cursor: 2, Type: "rumour", Level: registrar.LevelInfo}, nil, registrar.Internal},
		"a panic":              {event(2), nil, registrar.Internal},
		"no error":             {event(2), nil, nil},
	} {
		f := &fake{events: func(context.Context, registrar.Cursor) iter.Seq2[registrar.Event, error] {
			return func(yield func(registrar.Event, error) bool) {
				_ = yield(event(1), nil) && yield(c.second, c.err)
				if name == "a panic" {
					panic(name)
				}
			}
		}}

		p := connected(t, f, t.Context())
		var errs []error
		for _, err := range p.Events(t.Context(), 0) {
			if err != nil {
				errs = append(errs, err)
			}
		}

		if c.want == nil && len(errs) == 0 {
			continue
		}
		if len(errs) != 1 || !errors.Is(errs[0], c.want) {
			t.Errorf("%s: yielded errors %v, want one %v", name, errs, c.want)
		}
	}
}
