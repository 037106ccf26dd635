package registrartest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

var eventChecks = []check{
	{Rule{ID: "events/told", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An event reports that an order was taken, and names operation, order and domain.", Place: "Events, Event.Operation",
		Remedy: "Append the event in the transaction that stores the operation."}, tellsOrders},
	{Rule{ID: "events/dense", Level: Must, Needs: []Need{NeedSettings},
		Demand: "The first event has cursor 1, and each one after it its predecessor's plus one.", Place: "Cursor, Events.Events",
		Remedy: "Number events in the transaction that appends them; a sequence that skips on rollback won't do."}, isDense},
	{Rule{ID: "events/resume", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Reading after any cursor begins with the next one.", Place: "Events.Events",
		Remedy: "Select cursor > after, in order of cursors."}, resumes},
	{Rule{ID: "events/restart", Level: Must, Needs: []Need{NeedSettings},
		Demand: "After a crash the events are the same, and can be resumed at every cursor.", Place: "Events",
		Remedy: "Store events as they were told; don't compute them again."}, resumesAfterCrash},
	{Rule{ID: "events/live", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A reader that has read everything waits, and gets the events that follow.", Place: "Events.Events",
		Remedy: "Take the channel that announces new events before looking, or one slips in between."}, isLive},
	{Rule{ID: "events/readers", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Each reader is given every event, and one that reads slowly delays no other.", Place: "package registrar: concurrency",
		Remedy: "Let each reader follow the store by its own cursor; hold no lock while yielding."}, servesReaders},
	{Rule{ID: "events/agree", Level: Must, Needs: []Need{NeedSettings},
		Demand: "The last event of an operation shows the domain as it stood right after it: with the open operation's state, and with none when it has ended.", Place: "Event.Domain",
		Remedy: "Read the domain in the same transaction, after the change."}, agreesWithRecord},
	{Rule{ID: "events/words", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An event has a known type and level, a message and an actor.", Place: "Event",
		Remedy: "Use the constants of the contract."}, hasEventWords},
	{Rule{ID: "events/times", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Events are dated, in UTC, and in order of time.", Place: "Event.At",
		Remedy: "Use time.Now().UTC() in the transaction that appends the event."}, hasEventTimes},
}

func tellsOrders(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	events, err := e.about(l, op.ID, 1)
	if err != nil {
		e.broken("no event names the operation of an order: %s", err)
		return nil
	}

	for _, v := range ofOperation(events, op.ID) {
		if v.Order != o.ID || v.Name != o.Domain {
			e.broken("an event of operation %s names the order %q and the domain %q, for %q and %q", op.ID, v.Order, v.Name, o.ID, o.Domain)
		}
	}

	return nil
}

// recorded returns a registrar with a record of some events.
func (e *exam) recorded() (*life, []registrar.Event, error) {
	l, err := e.working()
	if err != nil {
		return nil, nil, err
	}
	for range 3 {
		if _, _, err := e.submitted(l); err != nil {
			return nil, nil, err
		}
	}
	events, err := e.events(l, 0, 3)
	return l, events, err
}

func isDense(e *exam) error {
	_, events, err := e.recorded()
	for i, v := range events {
		if v.Cursor != registrar.Cursor(i+1) {
			e.broken("event %d has the cursor %d", i+1, v.Cursor)
		}
	}
	return err
}

func resumes(e *exam) error {
	l, events, err := e.recorded()
	if err != nil {
		return err
	}
	e.resumesAt(l, events, "")
	return nil
}

// resumesAt reads after each cursor and compares with the known events.
func (e *exam) resumesAt(l *life, events []registrar.Event, when string) {
	for i := range events {
		after := registrar.Cursor(0)
		if i > 0 {
			after = events[i-1].Cursor
		}
		again, err := e.events(l, after, len(events)-i)
		if err != nil {
			e.broken("reading after cursor %d%s: %s", after, when, err)
			continue
		}
		for j, v := range again {
			if !equal(v, events[i+j]) {
				e.broken("reading after cursor %d%s, event %d is %q with cursor %d, and was %q with cursor %d", after, when, j+1, v.Message, v.Cursor, events[i+j].Message, events[i+j].Cursor)
				break
			}
		}
	}
}

func equal(a, b registrar.Event) bool {
	left, err1 := json.Marshal(a)
	right, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(left) == string(right)
}

func resumesAfterCrash(e *exam) error {
	l, events, err := e.recorded()
	if err != nil {
		return err
	}
	next, err := e.again(l)
	if err != nil {
		return err
	}
	e.resumesAt(next, events, " after a crash")
	return nil
}

func isLive(e *exam) error {
	l, events, err := e.recorded()
	if err != nil {
		return err
	}

	last := events[len(events)-1].Cursor
	read := make(chan error, 1)
	var op registrar.Operation
	submitted := make(chan struct{})
	ctx, cancel := context.WithTimeout(e.ctx, e.subject.Patience)
	defer cancel()

	go func() {
		for v, err := range l.Events(ctx, last) {
			if err == nil {
				<-submitted // only then is it known which operation to wait for
			}
			if err != nil || v.Operation == op.ID {
				read <- err
				return
			}
		}

		read <- fmt.Errorf("the sequence ended by itself")
	}()

	time.Sleep(min(20*time.Millisecond, e.subject.Patience/4)) // so that the reader has come to the end
	_, op, err = e.submitted(l)
	close(submitted)
	if err != nil {
		return err
	}
	if err := <-read; err != nil {
		e.broken("a reader that waited was not given the next event: %s", err)
	}

	return nil
}

func servesReaders(e *exam) error {
	l, events, err := e.recorded()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	stuck := make(chan struct{})
	slow := make(chan struct{})
	go func() {
		defer close(slow)
		for range l.Events(ctx, 0) {
			close(stuck)
			<-ctx.Done() // a reader that does not ask for more
			return
		}
		close(stuck)
	}()
	defer func() { cancel(); <-slow }()
	// From here on the slow reader holds an event and does not ask for another.
	<-stuck

	var op registrar.Operation
	if !e.within(func() { _, op, err = e.submitted(l) }) {
		e.broken("Submit waits for a reader that does not read on")
		return nil
	}

	if err != nil {
		return err
	}

	// These readers come after the slow one, and must still get the record from its beginning.
	done := func(got []registrar.Event) bool { return len(ofOperation(got, op.ID)) > 0 }
	for range 2 {
		var got []registrar.Event
		var err error
		if !e.within(func() { got, err = e.eventsUntil(l, 0, done) }) || err != nil {
			e.broken("a second reader beside a slow one is given %d events: %v", len(got), err)
		} else if len(got) <= len(events) {
			e.broken("a second reader is given %d events of more than %d", len(got), len(events))
		}
	}

	return nil
}

func agreesWithRecord(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.concluded(l)
	if err != nil {
		return err
	}

	var events []registrar.Event
	// The operation is known to have ended, but its last event may still be on its way to this reader.
	ended := func(got []registrar.Event) bool {
		events = ofOperation(got, op.ID)
		return len(events) > 0 && events[len(events)-1].Domain != nil && events[len(events)-1].Domain.Operation == nil
	}
	if _, err := e.eventsUntil(l, 0, ended); err != nil {
		e.broken("no event shows the domain of an operation that is %s without it: %s", op.State, err)
		return nil
	}

	for i, v := range events {
		switch {
		case v.Domain == nil || v.Domain.Name != v.Name:
			e.broken("an event of an operation does not show its domain")
		case i < len(events)-1 && (v.Domain.Operation == nil || v.Domain.Operation.ID != op.ID):
			e.broken("an event before the last shows the domain without the open operation")
		case i == len(events)-1 && v.Domain.Status != registrar.StatusRegistered:
			e.broken("the last event of an operation that is %s shows a domain that is %s", op.State, v.Domain.Status)
		}
	}

	return nil
}

func hasEventWords(e *exam) error {
	_, events, err := e.recorded()
	for _, v := range events {
		if !slices.Contains(registrar.EventTypes(), v.Type) || !slices.Contains(registrar.Levels(), v.Level) || v.Message == "" || v.Actor == "" {
			e.broken("an event has the type %q, the level %q, the message %q and the actor %q", v.Type, v.Level, v.Message, v.Actor)
		}
	}
	return err
}

func hasEventTimes(e *exam) error {
	_, events, err := e.recorded()
	for i, v := range events {
		switch {
		case v.At.IsZero() || !inUTC(v.At):
			e.broken("an event is dated %s", v.At)
		case i > 0 && v.At.Before(events[i-1].At):
			e.broken("event %d is dated %s, after one of %s", v.Cursor, v.At, events[i-1].At)
		}
	}
	return err
}

var contextChecks = []check{
	{Rule{ID: "context/prompt", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Every call returns promptly when its context has ended or ends.", Place: "package registrar: concurrency",
		Remedy: "Pass the context on to everything that waits."}, returnsPromptly},
	{Rule{ID: "context/events", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A sequence of events ends with its context, and with the context's error.", Place: "Events.Events",
		Remedy: "Wait in a select with ctx.Done(), and yield ctx.Err()."}, endsEvents},
	{Rule{ID: "context/submit", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A Submit that was cancelled leaves the order whole or not at all: asking again returns its operation.", Place: "package registrar: concurrency",
		Remedy: "Store everything about an order in one transaction."}, cancelsWhole},
}

func returnsPromptly(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, err := e.order(l)
	if err != nil {
		return err
	}

	ended, cancel := context.WithCancel(e.ctx)
	cancel()
	late := *e // a call that hangs keeps using it
	late.ctx = ended

	calls := late.calls(l)
	calls["Submit"] = func() error { _, err := l.Submit(ended, o); return err }
	calls["Validate"] = func() error { _, err := l.Validate(ended, o); return err }
	calls["Check"] = func() error { _, err := l.Check(ended, []string{o.Domain}); return err }
	for name, call := range calls {
		if !e.within(func() { _ = call() }) {
			e.broken("%s with a context that has ended does not come back", name)
		}
	}

	return nil
}

func endsEvents(e *exam) error {
	l, events, err := e.recorded()
	if err != nil {
		return err
	}

	for name, limit := range map[string]func() (context.Context, context.CancelFunc){
		"is cancelled":        func() (context.Context, context.CancelFunc) { return context.WithCancel(e.ctx) },
		"comes to a deadline": func() (context.Context, context.CancelFunc) { return context.WithTimeout(e.ctx, 20*time.Millisecond) },
	} {
		ctx, cancel := limit()
		var last error
		// Cancelled after all stored events have been read, so that the wait for more has to end.
		back := e.within(func() {
			for v, err := range l.Events(ctx, 0) {
				if last = err; v.Cursor >= events[len(events)-1].Cursor && name == "is cancelled" {
					cancel()
				}
			}
		})

		cancel()

		if !back {
			e.broken("the sequence does not end when its context %s", name)
		} else if last == nil {
			e.broken("the sequence ends without an error when its context %s", name)
		}
	}

	return nil
}

func cancelsWhole(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	// The context ends before the order is stored, while it is, or after that, on one machine or another.
	for _, after := range []time.Duration{0, 50 * time.Microsecond, 500 * time.Microsecond, 5 * time.Millisecond} {
		o, err := e.order(l)
		if err != nil {
			return err
		}

		cancelled(e.ctx, l, o, after)
		first, err := l.Submit(e.ctx, o)
		if err != nil {
			e.broken("the order again, after a Submit that ended after %s: %s", after, told(err))
			continue
		}

		if _, err := l.Operation(e.ctx, first.ID); err != nil {
			e.broken("the operation of an order that was cancelled after %s: %s", after, told(err))
		}
	}

	return nil
}
