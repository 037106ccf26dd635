package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Change is what a success changes in a domain's record; an empty value changes nothing.
type Change struct {
	PaidTill    registrar.Date
	Nameservers []registrar.Nameserver
	Handle      string
	AuthCode    registrar.AuthCode // what an operation of kind auth-code has brought; not part of the record
	States      []string           // of the registry
}

// ordered updates the record for an order that was accepted.
func (s *Store) ordered(ctx context.Context, tx *sql.Tx, o registrar.Order) error {
	if !o.Kind.Acquires() {
		return nil
	}
	d := registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: registrar.StatusRegistering, Renewal: registrar.RenewManual, Nameservers: o.Nameservers}
	if o.Kind == registrar.KindTransfer {
		d.Status = registrar.StatusTransferring
	}
	return putDomain(ctx, tx, d)
}

// finish updates the record for an operation that has ended.
func (s *Store) finish(ctx context.Context, tx *sql.Tx, t Task, c Change) error {
	d, err := s.readDomain(ctx, tx, t.Domain)
	if err != nil {
		return err
	}

	switch {
	// A domain that was to be acquired is not ours; any other stays as it is.
	case t.State != registrar.Succeeded && t.Kind.Acquires():
		d.Status = registrar.StatusError
	case t.State != registrar.Succeeded:
		return nil
	case t.Kind.Acquires() || t.Kind == registrar.KindRestore:
		d.Status = registrar.StatusRegistered
	case t.Kind == registrar.KindDelete:
		d.Status = registrar.StatusDeleted
	case t.Kind == registrar.KindLock || t.Kind == registrar.KindUnlock:
		d.Locked = t.Kind == registrar.KindLock
	}

	if t.State == registrar.Succeeded {
		c.apply(&d)
	}
	return putDomain(ctx, tx, d)
}

func (c Change) apply(d *registrar.Domain) {
	if !c.PaidTill.IsZero() {
		d.PaidTill = c.PaidTill
	}
	if len(c.Nameservers) > 0 {
		d.Nameservers = c.Nameservers
	}
	if c.Handle != "" {
		d.Handle = c.Handle
	}
	if len(c.States) > 0 {
		d.Registry = c.States
	}
}

func putDomain(ctx context.Context, tx *sql.Tx, d registrar.Domain) error {
	d.Operation, d.Alarms = nil, nil
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("put domain: %w", err)
	}
	_, err = tx.ExecContext(ctx, `insert into domains (name, customer, record) values ($1, $2, $3)
		on conflict (name) do update set customer = excluded.customer, record = excluded.record`, d.Name, d.Customer, string(text))
	if err != nil {
		return fmt.Errorf("put domain: %w", err)
	}
	return nil
}

// readDomain returns a domain with its open operation.
func (s *Store) readDomain(ctx context.Context, tx *sql.Tx, name string) (d registrar.Domain, err error) {
	d, err = sqldb.JSON[registrar.Domain](tx.QueryRowContext(ctx, "select record from domains where name = $1", name))
	if errors.Is(err, sql.ErrNoRows) {
		return d, registrar.Errorf(registrar.NotFound, "domain %s is not known here", name)
	}
	if err != nil {
		return d, fmt.Errorf("read domain: %w", err)
	}

	open, err := s.find(ctx, tx, "finished_at is null and domain = $1", name)
	switch {
	case err == nil:
		d.Operation = &open.Operation
	case !errors.Is(err, registrar.NotFound):
		return d, err
	}
	return d, nil
}

// Domain returns one domain.
func (s *Store) Domain(ctx context.Context, name string) (d registrar.Domain, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		d, err = s.readDomain(ctx, tx, name)
		return err
	})
	return d, err
}

// Domains returns a page of domains.
func (s *Store) Domains(ctx context.Context, p registrar.Page) (page registrar.DomainPage, err error) {
	size := registrar.PageSize(p.Size)
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		names, err := sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (name string, err error) { return name, row.Scan(&name) },
			"select name from domains where name > $1 order by name limit $2", p.After, size)
		if err != nil {
			return err
		}

		for _, name := range names {
			d, err := s.readDomain(ctx, tx, name)
			if err != nil {
				return err
			}
			page.Domains = append(page.Domains, d)
		}
		return nil
	})

	// A full page may be the last one; the next is then empty.
	if len(page.Domains) == size {
		page.Next = page.Domains[size-1].Name
	}
	return page, err
}

// Import takes over a domain that the registrar holds for us. Repeated with the same contents it changes
// nothing.
func (s *Store) Import(ctx context.Context, d registrar.Domain, by string) (known registrar.Domain, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		known, err = s.readDomain(ctx, tx, d.Name)
		switch {
		case err != nil && !errors.Is(err, registrar.NotFound):
			return err
		case err == nil && known.Operation != nil:
			return registrar.Errorf(registrar.Precondition, "%s has an open operation (%s)", d.Name, known.Operation.Kind)
		case err == nil && known.Status.Held() && known.Customer != d.Customer:
			return registrar.Errorf(registrar.Conflict, "%s is held here for another customer", d.Name)
		case err == nil && known.Status.Held() && known.PaidTill == d.PaidTill && known.Handle == d.Handle:
			return nil
		case err == nil && known.Status.Held(): // a correction
			d.Renewal = known.Renewal
		}

		if err := putDomain(ctx, tx, d); err != nil {
			return err
		}
		// Further orders of the customer will have the handle.
		if err := adopt(ctx, tx, d.Customer, d.Handle); err != nil {
			return err
		}

		known = d
		return s.tell(ctx, tx, registrar.Event{Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: by, Name: d.Name,
			Message: "taken over, paid till " + d.PaidTill.String()})
	})
	return known, err
}
