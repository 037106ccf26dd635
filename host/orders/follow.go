package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Follow applies a registrar's events from where the book stands, until ctx ends; then it
// returns nil. Any other end is an error, and following again goes on where it stopped.
func (s *Service) Follow(ctx context.Context, name string, events registrar.Events) error {
	s.toSubmit[name].Wake() // it is at work again
	err := s.applyAll(ctx, name, events)
	if ctx.Err() != nil {
		return nil // and what err says is no more than that
	}
	return fmt.Errorf("follow %s: %w", name, err)
}

// applyAll returns why it did not go on.
func (s *Service) applyAll(ctx context.Context, name string, events registrar.Events) error {
	after, err := s.cursor(ctx, name)
	if err != nil {
		return err
	}
	pace := rate.NewLimiter(rate.Every(eventPace), eventBurst)
	for e, err := range events.Events(ctx, after) {
		if err == nil {
			err = pace.Wait(ctx)
		}
		if err == nil {
			err = s.apply(ctx, name, e)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("its events ended")
}

func (s *Service) cursor(ctx context.Context, name string) (c registrar.Cursor, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		c, err = selectCursor(ctx, tx, name)
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
func (s *Service) apply(ctx context.Context, name string, e registrar.Event) error {
	missing := false
	err := s.write(ctx, func(tx *sql.Tx) error {
		last, err := selectCursor(ctx, tx, name)
		if err != nil || e.Cursor <= last {
			return err
		}
		if missing = e.Cursor != last+1; missing {
			return s.tellGap(ctx, tx, name, last, e.Cursor)
		}
		if err := s.applyNext(ctx, tx, name, e); err != nil {
			return err
		}
		return exec(ctx, tx, `insert into followed (registrar, cursor) values ($1, $2)
			on conflict (registrar) do update set cursor = excluded.cursor, gap = 0`, name, e.Cursor)
	})
	if err == nil && missing {
		err = fmt.Errorf("event %d came too early: events of this registrar are missing", e.Cursor)
	}
	return err
}

// tellGap makes one entry of a gap, however often it is met.
func (s *Service) tellGap(ctx context.Context, tx *sql.Tx, name string, last, next registrar.Cursor) error {
	n, err := sqldb.Changed(ctx, tx, `insert into followed (registrar, cursor, gap) values ($1, $2, $3)
		on conflict (registrar) do update set gap = excluded.gap where followed.gap <> excluded.gap`, name, last, next)
	if err != nil || n == 0 {
		return fault(err, "record gap")
	}
	return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: name, Actor: byPanel, Level: registrar.LevelError, Event: registrar.EventAlarm,
		Message: fmt.Sprintf("events of registrar %s are missing: after %d came %d; domains are shown as they were before", name, last, next)})
}

func (s *Service) applyNext(ctx context.Context, tx *sql.Tx, name string, e registrar.Event) error {
	e, err := s.accept(ctx, tx, name, e)
	if err != nil {
		return err
	}
	if err := insertEntry(ctx, tx, Entry{At: e.At, Registrar: name, Domain: e.Name, Actor: e.Actor, Level: e.Level, Event: e.Type,
		Message: e.Message, Order: e.Order, Operation: e.Operation, Mail: e.Mail}); err != nil {
		return err
	}
	if e.Operation != "" {
		if err := s.link(ctx, tx, name, e.Order, e.Operation); err != nil {
			return err
		}
	}
	if e.Domain == nil {
		return nil
	}
	if e.Operation != "" && (e.Domain.Operation == nil || e.Domain.Operation.ID != e.Operation) {
		if err := s.conclude(ctx, tx, name, e.Domain.Name, e.Operation); err != nil {
			return err
		}
	}
	return s.show(ctx, tx, Domain{Registrar: name, Domain: *e.Domain})
}

// link records which registrar has an operation, and which order it carries out.
func (s *Service) link(ctx context.Context, tx *sql.Tx, name string, order registrar.OrderID, op registrar.OperationID) error {
	if err := exec(ctx, tx, "insert into operations (id, registrar) values ($1, $2) on conflict do nothing", op, name); err != nil {
		return err
	}
	return exec(ctx, tx, `update orders set operation = $1
		where id = $2 and registrar = $3 and state = 'paid' and operation = '' and refusal = ''`, op, order, name)
}

// conclude closes the order for a domain whose operation is final.
func (s *Service) conclude(ctx context.Context, tx *sql.Tx, name, domain string, op registrar.OperationID) error {
	return exec(ctx, tx, concludeStatement, sqldb.Millis(s.now()), domain, name, op)
}

const concludeStatement = "update orders set closed_at = $1 where domain = $2 and registrar = $3 and operation = $4 and closed_at is null"

// show brings the domain list to what a registrar says.
func (s *Service) show(ctx context.Context, tx *sql.Tx, said Domain) error {
	shown, err := selectDomain(ctx, tx, said.Name)
	if err != nil {
		return err
	}
	if shown.Name != "" && shown.Registrar != said.Registrar && !gone(shown.Status) {
		return nil // it is with another registrar now
	}
	expected, err := awaited(ctx, tx, said.Name)
	if err != nil {
		return err
	}
	if expected {
		said.Status = shown.Status // an order that the registrar has not taken yet knows better
		said.Customer = shown.Customer
	}
	if said.Status != shown.Status {
		s.log.Info("domain moved", "domain", said.Name, "status", said.Status, "registrar", said.Registrar)
	}
	return putDomain(ctx, tx, said)
}

// gone tells whether a domain is not ours, or not yet.
func gone(s registrar.DomainStatus) bool {
	return s == registrar.StatusError || s == registrar.StatusDeleted || s == registrar.StatusTransferredAway
}

// awaited tells whether an order for the domain has not reached its registrar yet.
func awaited(ctx context.Context, tx *sql.Tx, domain string) (bool, error) {
	open, err := selectOrders(ctx, tx, "where domain = $1 and closed_at is null and operation = ''", domain)
	return len(open) > 0 && acquires(open[0].Kind), err
}
