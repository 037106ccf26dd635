package orders

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Keep says how long personal data are kept after what they were needed for is over. Of an order
// that is open, or whose domain is held, contacts stay.
type Keep struct {
	Contacts  time.Duration // 0 = without end
	Codes     time.Duration
	Cancelled time.Duration // orders that were cancelled and never paid, as a whole
}

// every is how often data are looked for that were kept long enough.
func (k Keep) every() time.Duration {
	every := time.Hour
	for _, kept := range []time.Duration{k.Contacts, k.Codes, k.Cancelled} {
		if kept > 0 {
			every = min(every, max(kept, time.Second))
		}
	}
	return every
}

// retainLoop removes what was kept long enough.
func (d *Data) retainLoop(ctx context.Context) {
	tick := time.NewTicker(d.keep.every())
	defer tick.Stop()
	for {
		if err := d.retain(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("removing old personal data failed, will be tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *Data) retain(ctx context.Context) error {
	var cancelled, contacts, codes int64
	err := d.write(ctx, func(tx *sql.Tx) (err error) {
		cancelled, contacts, codes = 0, 0, 0
		if before, ok := d.over(d.keep.Cancelled); ok {
			if cancelled, err = sqldb.Changed(ctx, tx, "delete from orders where state = 'cancelled' and paid_at is null and closed_at < $1", sqldb.Millis(before)); err != nil {
				return fault(err, "remove cancelled orders")
			}
		}
		if before, ok := d.over(d.keep.Contacts); ok {
			if contacts, err = sqldb.Changed(ctx, tx, eraseOldContacts, []byte{}, sqldb.Millis(before)); err != nil {
				return fault(err, "remove old contacts")
			}
		}
		codes, err = d.eraseOldCodes(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if cancelled+contacts+codes > 0 {
		d.log.Info("old personal data removed", "contacts", contacts, "codes", codes, "cancelled_orders", cancelled)
		if err := d.db.Purge(ctx); err != nil {
			return err
		}
	}
	return d.retainElsewhere(ctx)
}

// eraseOldContacts leaves those of domains about which something was recorded since: they were ours
// until then.
var eraseOldContacts = `update orders set sealed_private = $1 where closed_at < $2 and length(sealed_private) > 0
	and not exists (select 1 from domains d where d.name = orders.domain and d.customer = orders.customer and d.status in (` + sqldb.Words(registrar.HeldStatuses()) + `))
	and not exists (select 1 from log l where l.domain = orders.domain and l.at >= $2)`

// over is the time before which what ended was kept for so long; false = it is kept without end.
func (d *Data) over(kept time.Duration) (time.Time, bool) { return d.now().Add(-kept), kept > 0 }

// eraseOldCodes removes the transfer codes of orders that ended long enough ago.
func (d *Data) eraseOldCodes(ctx context.Context, tx *sql.Tx) (codes int64, err error) {
	before, ok := d.over(d.keep.Codes)
	if !ok {
		return 0, nil
	}
	old, err := sqldb.Collect(ctx, tx, scanName, "select id from orders where kind = 'transfer' and closed_at < $1 and length(sealed_private) > 0", sqldb.Millis(before))
	if err != nil {
		return 0, fault(err, "read old transfer codes")
	}
	for _, id := range old {
		_, n, err := d.eraseCode(ctx, tx, registrar.OrderID(id))
		if err != nil {
			return codes, err
		}
		codes += n
	}
	return codes, nil
}

// retainElsewhere has the registrars remove what they have kept as long, once a day at most.
func (d *Data) retainElsewhere(ctx context.Context) error {
	before, ok := d.over(d.keep.Contacts)
	if !ok || d.now().Sub(d.retained) < min(day, d.keep.Contacts) {
		return nil
	}
	d.retained = d.now()
	for _, a := range d.board.Erase(ctx, d.board.Names(), registrar.ErasureQuery{Before: before}) {
		var removed string
		for _, r := range a.Value.Removed {
			removed += fmt.Sprintf(" %d %s", r.Count, r.What)
		}
		if removed != "" {
			d.log.Info("a registrar has removed old personal data", "registrar", a.Registrar, "removed", removed[1:])
		}
	}
	return nil
}

const day = 24 * time.Hour
