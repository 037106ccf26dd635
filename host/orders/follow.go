package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Follow applies a registrar's events from where the book stands, until ctx ends; then it
// returns nil. Any other end is an error, and following again goes on where it stopped.
func (s *Service) Follow(ctx context.Context, name string, events registrar.Events) error {
	s.toSubmit[name].Wake() // it is at work again
	err := follower{s.ledger, s.board, name}.applyAll(ctx, events)
	if ctx.Err() != nil {
		return nil // and what err says is no more than that
	}
	return fmt.Errorf("follow %s: %w", name, err)
}

// follower applies the events of one registrar.
type follower struct {
	*ledger
	board     *switchboard.Board
	registrar string
}

// applyAll returns why it did not go on.
func (f follower) applyAll(ctx context.Context, events registrar.Events) error {
	after, err := f.cursor(ctx)
	if err != nil {
		return err
	}
	pace := rate.NewLimiter(rate.Every(eventPace), eventBurst)
	for e, err := range events.Events(ctx, after) {
		if err == nil {
			err = pace.Wait(ctx)
		}
		if err == nil {
			err = f.apply(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("its events ended")
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

// apply makes of one event everything that follows from it, in one transaction with the
// cursor. One that has been applied changes nothing.
func (f follower) apply(ctx context.Context, e registrar.Event) error {
	missing := false
	err := f.write(ctx, func(tx *sql.Tx) error {
		last, err := selectCursor(ctx, tx, f.registrar)
		if err != nil || e.Cursor <= last {
			return err
		}
		if missing = e.Cursor != last+1; missing {
			return f.tellGap(ctx, tx, last, e.Cursor)
		}
		if err := f.applyNext(ctx, tx, e); err != nil {
			return err
		}
		return exec(ctx, tx, `insert into followed (registrar, cursor) values ($1, $2)
			on conflict (registrar) do update set cursor = excluded.cursor, gap = 0`, f.registrar, e.Cursor)
	})

	if err == nil && missing {
		err = fmt.Errorf("event %d came too early: events of this registrar are missing", e.Cursor)
	}
	return err
}

// tellGap makes one entry of a gap, however often it is met.
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
	e, err := f.accept(ctx, tx, e)
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
		if err := link(ctx, tx, f.registrar, e.Order, e.Operation); err != nil {
			return err
		}
		if err := f.ends(ctx, tx, e); err != nil {
			return err
		}
	}

	if e.Domain == nil {
		return nil
	}
	return f.show(ctx, tx, Domain{Registrar: f.registrar, Domain: *e.Domain}, e)
}

// show brings the domain list to what a registrar says.
func (f follower) show(ctx context.Context, tx *sql.Tx, said Domain, e registrar.Event) error {
	shown, err := selectDomain(ctx, tx, said.Name)
	if err != nil {
		return err
	}

	if shown.Name == "" {
		gone, err := forgotten(ctx, tx, said.Name)
		if err != nil || gone || said.Status == registrar.StatusError {
			return err // it was taken off the list, or came to nothing
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
		said.Status = shown.Status // an order that the registrar has not taken yet knows better
		said.Customer = shown.Customer
		said.Standing = shown.Standing
	}

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
