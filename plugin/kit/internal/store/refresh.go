package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// Refresh updates the record of a domain to what the registrar says, as far as that is allowed: the domain is
// held, no operation on it is open, and its expiry only moves forward.
func (s *Store) Refresh(ctx context.Context, name string, said Change) (d registrar.Domain, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if d, err = s.readDomain(ctx, tx, name); err != nil || d.Operation != nil || !d.Status.Held() {
			return err
		}

		if said.PaidTill.Before(d.PaidTill) {
			said.PaidTill = registrar.Date{}
		}

		before := d
		if said.apply(&d); said.PaidTill != before.PaidTill && !said.PaidTill.IsZero() {
			d.Status = registrar.StatusRegistered
		}
		// A look that finds nothing new is not an event: a person may ask often.
		if alike(before, d) {
			return nil
		}
		if err := putDomain(ctx, tx, d); err != nil {
			return err
		}
		return s.tell(ctx, tx, registrar.Event{Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: "registrar", Name: d.Name,
			Message: "the registrar was asked: paid till " + d.PaidTill.String()})
	})
	return d, err
}

// alike reports whether two records of a domain are the same.
func alike(a, b registrar.Domain) bool {
	return a.PaidTill == b.PaidTill && a.Handle == b.Handle && a.Status == b.Status && slices.Equal(a.Registry, b.Registry) &&
		slices.EqualFunc(a.Nameservers, b.Nameservers, func(x, y registrar.Nameserver) bool {
			return strings.EqualFold(x.Host, y.Host) && slices.Equal(x.IPs, y.IPs)
		})
}
