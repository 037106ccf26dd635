package orders

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Keep says how long personal data are kept after their use is over. Contacts of an order stay
// while it is open, or its domain is held.
type Keep struct {
	Contacts  time.Duration // 0 = for an unlimited time
	Codes     time.Duration
	Cancelled time.Duration // orders that were cancelled and never paid, as a whole
}

// every returns how often to look for data that were kept long enough.
func (k Keep) every() time.Duration {
	every := time.Hour
	for _, kept := range []time.Duration{k.Contacts, k.Codes, k.Cancelled} {
		if kept > 0 {
			every = min(every, max(kept, time.Second))
		}
	}
	return every
}

// retainLoop removes data that were kept long enough.
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

// retain looks, without keeping writers waiting, for data that were kept long enough, and removes
// them in small transactions.
func (d *Data) retain(ctx context.Context) error {
	var removed [3]int64
	var codes int64 // codes that were really removed: an order is also found again without one
	for i, sort := range []struct {
		kept   time.Duration
		old    string
		remove func(ctx context.Context, tx *sql.Tx, id registrar.OrderID) error
	}{
		{d.keep.Cancelled, oldCancelled, removeOrder},
		{d.keep.Contacts, oldContacts, d.eraseOrder},
		{d.keep.Codes, oldCodes, func(ctx context.Context, tx *sql.Tx, id registrar.OrderID) error {
			_, n, err := d.eraseCode(ctx, tx, id)
			codes += n
			return err
		}},
	} {
		if sort.kept <= 0 {
			continue
		}
		n, err := d.removeOld(ctx, sort.old, d.now().Add(-sort.kept), sort.remove)
		if removed[i] = n; err != nil {
			return err
		}
	}
	if removed[0]+removed[1]+codes == 0 {
		return nil
	}

	d.log.Info("old personal data removed", "cancelled_orders", removed[0], "contacts", removed[1], "codes", codes)
	// Until then the database's files still contain what was removed.
	return d.db.Purge(ctx)
}

// retainAtOnce bounds how long writers wait.
const retainAtOnce = 100

// removeOld removes the orders that a query finds and that ended before a time.
func (d *Data) removeOld(ctx context.Context, old string, before time.Time, remove func(context.Context, *sql.Tx, registrar.OrderID) error) (n int64, err error) {
	for last := ""; ; {
		var ids []string
		err := d.db.Read(ctx, func(tx *sql.Tx) (err error) {
			// On from the last ID, because an order may be found again after a removal, such as a transfer whose code is gone
			// and whose contact stays.
			ids, err = sqldb.Collect(ctx, tx, scanName, old, sqldb.Millis(before), last, retainAtOnce)
			return err
		})
		if err != nil || len(ids) == 0 {
			return n, fault(err, "look for old orders")
		}

		err = d.write(ctx, func(tx *sql.Tx) error {
			for _, id := range ids {
				if err := remove(ctx, tx, registrar.OrderID(id)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n, last = n+int64(len(ids)), ids[len(ids)-1]
	}
}

// Orders that ended before $1, after an ID.
var (
	oldCancelled = "select id from orders where state = 'cancelled' and paid_at is null and closed_at < $1 and id > $2 order by id limit $3"

	// Contacts of domains about which something was recorded since stay: they were ours until then.
	oldContacts = `select id from orders where closed_at < $1 and length(sealed_private) > 0 and id > $2
		and not exists (select 1 from domains d where d.name = orders.domain and d.customer = orders.customer and d.status in (` + sqldb.Words(registrar.HeldStatuses()) + `))
		and not exists (select 1 from log l where l.domain = orders.domain and l.at >= $1)
		order by id limit $3`

	oldCodes = "select id from orders where kind = 'transfer' and closed_at < $1 and length(sealed_private) > 0 and id > $2 order by id limit $3"
)

func removeOrder(ctx context.Context, tx *sql.Tx, id registrar.OrderID) error {
	return exec(ctx, tx, "delete from orders where id = $1", id)
}

// retainElsewhere has the registrars at work remove data that they have kept as long, each once a day.
func (d *Data) retainElsewhere(ctx context.Context) {
	if d.keep.Contacts <= 0 {
		return
	}
	var due []string
	for _, name := range d.board.Names() {
		if _, err := d.board.Registrar(name); err == nil && d.now().Sub(d.retained[name]) >= min(day, d.keep.Contacts) {
			due = append(due, name)
		}
	}

	for _, a := range d.board.Erase(ctx, due, registrar.ErasureQuery{Before: d.now().Add(-d.keep.Contacts)}) {
		// A registrar that failed stays due.
		if a.Err == nil || errors.Is(a.Err, registrar.Unsupported) {
			d.retained[a.Registrar] = d.now()
		}
		for _, r := range a.Value.Removed {
			d.log.Info("a registrar has removed old personal data", "registrar", a.Registrar, "what", r.What, "count", r.Count)
		}
	}
}

const day = 24 * time.Hour
