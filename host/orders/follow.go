package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/time/rate"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Follow applies a registrar's events from where the book is, until ctx ends; then it returns nil.
// Any other end is an error, and following again continues where it stopped.
func (s *Service) Follow(ctx context.Context, name string, events registrar.Events) error {
	s.toSubmit[name].Wake() // its orders may be submitted again
	err := follower{s.ledger, s.board, name}.applyAll(ctx, events)
	if ctx.Err() != nil {
		return nil // err says only that
	}
	return fmt.Errorf("follow %s: %w", name, err)
}

// follower applies the events of one registrar.
type follower struct {
	*ledger
	board     *switchboard.Board
	registrar string
}

// together is the most events that one transaction applies: they share its flush.
const together = 64

// applyAll returns why it stopped. Events that come while others are applied are applied together.
func (f follower) applyAll(ctx context.Context, events registrar.Events) error {
	after, err := f.cursor(ctx)
	if err != nil {
		return err
	}

	var ended error
	var reading sync.WaitGroup
	// Deferred calls run backwards: the reader is stopped before it is waited for.
	defer reading.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	come := make(chan registrar.Event, together)
	reading.Go(func() {
		defer close(come)
		ended = read(ctx, events, after, come)
	})

	for e := range come {
		if err := f.applyTogether(ctx, withOthers(e, come)); err != nil {
			return err
		}
	}

	// Set before come was closed, so it may be read.
	return ended
}

// read passes events on, at the pace of the book, and returns why they end.
func read(ctx context.Context, events registrar.Events, after registrar.Cursor, to chan<- registrar.Event) error {
	// At a limited pace: a plugin that reports without end must neither fill the disk nor keep other writers waiting.
	pace := rate.NewLimiter(rate.Every(eventPace), eventBurst)
	for e, err := range events.Events(ctx, after) {
		if err == nil {
			err = pace.Wait(ctx)
		}
		if err != nil {
			return err
		}

		select {
		case to <- bounded(e): // bounded first, so that waiting events can't be large
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("its events ended")
}

// withOthers returns an event and those that have come after it.
func withOthers(first registrar.Event, come <-chan registrar.Event) []registrar.Event {
	all := []registrar.Event{first}
	for len(all) < together {
		select {
		case e, ok := <-come:
			if !ok {
				return all
			}
			all = append(all, e)
		default:
			return all
		}
	}
	return all
}

// applyTogether applies events in one transaction, or each in its own if one of them can't be
// applied, so that those before it count.
func (f follower) applyTogether(ctx context.Context, events []registrar.Event) error {
	err := f.apply(ctx, events...)
	if err == nil || len(events) == 1 {
		return err
	}
	for _, e := range events {
		if err := f.apply(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (f follower) cursor(ctx context.Context) (c registrar.Cursor, err error) {
	err = f.db.Read(ctx, func(tx *sql.Tx) (err error) {
		c, err = selectCursor(ctx, tx, f.registrar)
		return err
	})
	return c, err
}

func selectCursor(ctx context.Context, q sqldb.Querier, name string) (c registrar.Cursor, err error) {
	err = q.QueryRowContext(ctx, "select cursor from followed where registrar = $1", name).Scan(&c)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, fault(err, "read cursor")
}

// apply does everything that follows from bounded events, in one transaction with the cursor. An
// event that was applied before changes nothing.
func (f follower) apply(ctx context.Context, events ...registrar.Event) error {
	var early registrar.Cursor // cursor of an event before which others are missing
	err := f.write(ctx, func(tx *sql.Tx) error {
		early = 0
		last, err := selectCursor(ctx, tx, f.registrar)
		if err != nil {
			return err
		}

		// Events up to the cursor are here if another panel follows the same registrar. A gap stops all that come
		// after it: the end of a paid order may be among those that are missing.
		stood := last
		for _, e := range events {
			if e.Cursor <= last {
				continue
			}
			if e.Cursor != last+1 {
				early = e.Cursor
				break
			}
			if err := f.applyNext(ctx, tx, e); err != nil {
				return err
			}
			last = e.Cursor
		}

		// Events and cursor stand or fall together, so none is applied twice and none is lost. A gap is over once it is passed.
		if last > stood {
			err = exec(ctx, tx, `insert into followed (registrar, cursor) values ($1, $2)
				on conflict (registrar) do update set cursor = excluded.cursor, gap = 0`, f.registrar, last)
		}
		if err == nil && early > 0 {
			err = f.tellGap(ctx, tx, last, early)
		}
		return err
	})

	if err == nil && early > 0 {
		err = fmt.Errorf("event %d came too early: events of this registrar are missing", early)
	}
	return err
}

// tellGap writes one entry about a gap, however often the gap is met.
func (f follower) tellGap(ctx context.Context, tx *sql.Tx, last, next registrar.Cursor) error {
	n, err := sqldb.Changed(ctx, tx, `insert into followed (registrar, cursor, gap) values ($1, $2, $3)
		on conflict (registrar) do update set gap = excluded.gap where followed.gap <> excluded.gap`, f.registrar, last, next)
	if err != nil || n == 0 {
		return fault(err, "record gap")
	}
	return insertEntry(ctx, tx, Entry{At: f.now(), Registrar: f.registrar, Actor: byPanel, Level: registrar.LevelError, Event: registrar.EventAlarm,
		Message: fmt.Sprintf("events of registrar %s are missing: after %d came %d; domains are shown as they were before", f.registrar, last, next)})
}

func (f follower) applyNext(ctx context.Context, tx *sql.Tx, e registrar.Event) error {
	e, shown, err := f.accept(ctx, tx, e)
	if err != nil {
		return err
	}

	order, err := orderOf(ctx, tx, f.registrar, e.Order)
	if err != nil {
		return err
	}

	if err := insertEntry(ctx, tx, Entry{At: e.At, Registrar: f.registrar, Domain: e.Name, Actor: e.Actor, Level: e.Level, Event: e.Type,
		Message: e.Message, Order: order, Operation: e.Operation, Mail: e.Mail, Standing: standingIn(e)}); err != nil {
		return err
	}

	if e.Operation != "" {
		// The link comes first, because the order of an operation is found through it.
		if err := link(ctx, tx, f.registrar, e.Order, e.Operation); err != nil {
			return err
		}
		if err := f.ends(ctx, tx, e); err != nil {
			return err
		}
	}

	// After the link: an order without an operation counts as not yet with its registrar, and would hold the record back.
	if e.Domain == nil {
		return nil
	}
	return f.show(ctx, tx, shown, Domain{Registrar: f.registrar, Domain: *e.Domain}, e)
}

// show updates the domain list by what a registrar says.
func (f follower) show(ctx context.Context, tx *sql.Tx, shown, said Domain, e registrar.Event) error {
	if shown.Name == "" {
		gone, err := forgotten(ctx, tx, said.Name)
		if err != nil || gone || said.Status == registrar.StatusError {
			return err // it was removed from the list, or came to nothing
		}
	}

	if shown.Name != "" && shown.Registrar != said.Registrar && !shown.Status.Gone() {
		return nil // it is with another registrar now
	}

	expected, err := awaited(ctx, tx, said.Name)
	if err != nil {
		return err
	}

	said.Standing = standingOf(said, shown, e)
	if expected {
		said.Status = shown.Status // the order knows better: the registrar has not taken it yet
		said.Customer = shown.Customer
		said.Standing = shown.Standing
	}

	// A registrar sends its alarms with each record, including those that a person has settled here.
	if err := settleAlarms(ctx, tx, &said); err != nil {
		return err
	}
	if said.Status != shown.Status {
		f.log.Info("domain moved", "domain", said.Name, "status", said.Status, "registrar", said.Registrar)
	}
	return putDomain(ctx, tx, said)
}

// awaited reports whether an order for the domain has not reached its registrar yet.
func awaited(ctx context.Context, tx *sql.Tx, domain string) (bool, error) {
	open, err := selectOrders(ctx, tx, "where domain = $1 and closed_at is null and operation = ''", domain)
	return len(open) > 0 && open[0].Kind.Acquires(), err
}
