package orders

import (
	"context"
	"database/sql"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// week is how long an order may stay unpaid if nothing else is configured.
const week = 7 * 24 * time.Hour

// overdue reports whether an order was not paid in time.
func overdue(o Order, now time.Time) bool {
	return o.State == Unpaid && !o.ExpiresAt.IsZero() && !now.Before(o.ExpiresAt)
}

// expireUnpaid ends the orders that were not paid in time, and frees the names they hold.
func (g gate) expireUnpaid(ctx context.Context) error {
	if err := g.boundUnpaid(ctx); err != nil {
		return err
	}

	// These are only candidates: each is read again under the writer's lock, because it may have been paid meanwhile.
	var late []Order
	err := g.db.Read(ctx, func(tx *sql.Tx) (err error) {
		late, err = selectOrders(ctx, tx, "where state = 'unpaid' and expires_at <= $1", sqldb.Millis(g.time()))
		return err
	})

	if err != nil || len(late) == 0 {
		return err
	}
	return g.write(ctx, func(tx *sql.Tx) error {
		for _, o := range late {
			if err := g.expireOne(ctx, tx, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// boundUnpaid gives orders of earlier versions, which had no time limit, as much time as a new one has.
func (g gate) boundUnpaid(ctx context.Context) error {
	return g.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "update orders set expires_at = $1 where state = 'unpaid' and expires_at is null", sqldb.Millis(g.time().Add(g.unpaid)))
	})
}

// expireOn ends the order that holds a domain, if it was not paid in time.
func (g gate) expireOn(ctx context.Context, tx *sql.Tx, domain string) error {
	held, err := selectOrders(ctx, tx, "where domain = $1 and closed_at is null", domain)
	if err != nil || len(held) == 0 {
		return err
	}
	return g.expireOne(ctx, tx, held[0].ID)
}

// expireOne reads the order again, now that it holds the writer's lock.
func (g gate) expireOne(ctx context.Context, tx *sql.Tx, id registrar.OrderID) error {
	o, err := selectOrder(ctx, tx, id)
	if err != nil || !overdue(o, g.time()) {
		return err
	}
	_, err = g.settle(ctx, tx, o, expire)
	return err
}

// findFree is find for a name to be ordered: a name is free if only an order that was not paid in time holds it.
func (g gate) findFree(ctx context.Context, ace string) (Domain, error) {
	d, err := g.find(ctx, ace)
	if err != nil || d.Status != registrar.StatusPending {
		return d, err
	}
	err = g.db.Read(ctx, func(tx *sql.Tx) error {
		held, err := selectOrders(ctx, tx, "where domain = $1 and closed_at is null", ace)
		// The name only counts as free here; the transaction that stores the new order ends the old one.
		if err == nil && len(held) == 1 && overdue(held[0], g.time()) {
			d = Domain{}
		}
		return err
	})
	return d, err
}

// stamp returns a moment as people read it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
