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
	for _, d := range []time.Duration{k.Contacts, k.Codes, k.Cancelled} {
		if d > 0 {
			every = min(every, max(d, time.Second))
		}
	}
	return every
}

// retainLoop removes what was kept long enough.
func (s *Service) retainLoop(ctx context.Context) {
	tick := time.NewTicker(s.keep.every())
	defer tick.Stop()
	for {
		if err := s.retain(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("removing old personal data failed, will be tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) retain(ctx context.Context) error {
	var cancelled, contacts, codes int64
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		cancelled, contacts, codes = 0, 0, 0
		if before, ok := s.over(s.keep.Cancelled); ok {
			if cancelled, err = sqldb.Changed(ctx, tx, "delete from orders where state = 'cancelled' and paid_at is null and closed_at < $1", sqldb.Millis(before)); err != nil {
				return fault(err, "remove cancelled orders")
			}
		}
		if before, ok := s.over(s.keep.Contacts); ok {
			if contacts, err = sqldb.Changed(ctx, tx, eraseOldContacts, []byte{}, sqldb.Millis(before)); err != nil {
				return fault(err, "remove old contacts")
			}
		}
		codes, err = s.eraseOldCodes(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if cancelled+contacts+codes > 0 {
		s.log.Info("old personal data removed", "contacts", contacts, "codes", codes, "cancelled_orders", cancelled)
		if err := s.db.Purge(ctx); err != nil {
			return err
		}
	}
	return s.retainElsewhere(ctx)
}

const eraseOldContacts = `update orders set sealed_private = $1 where closed_at < $2 and length(sealed_private) > 0
	and not exists (select 1 from domains d where d.name = orders.domain and d.customer = orders.customer and d.status in ('Registered', 'Expired'))`

// over is the time before which what ended was kept for so long; false = it is kept without end.
func (s *Service) over(kept time.Duration) (time.Time, bool) { return s.now().Add(-kept), kept > 0 }

// eraseOldCodes removes the transfer codes of orders that ended long enough ago.
func (s *Service) eraseOldCodes(ctx context.Context, tx *sql.Tx) (codes int64, err error) {
	before, ok := s.over(s.keep.Codes)
	if !ok {
		return 0, nil
	}
	old, err := sqldb.Collect(ctx, tx, scanName, "select id from orders where kind = 'transfer' and closed_at < $1 and length(sealed_private) > 0", sqldb.Millis(before))
	if err != nil {
		return 0, fault(err, "read old transfer codes")
	}
	for _, id := range old {
		_, n, err := s.eraseCode(ctx, tx, registrar.OrderID(id))
		if err != nil {
			return codes, err
		}
		codes += n
	}
	return codes, nil
}

// retainElsewhere has the registrars remove what they have kept as long, once a day at most.
func (s *Service) retainElsewhere(ctx context.Context) error {
	before, ok := s.over(s.keep.Contacts)
	if !ok || s.now().Sub(s.retained) < min(day, s.keep.Contacts) {
		return nil
	}
	s.retained = s.now()
	for _, a := range s.board.Erase(ctx, s.board.Names(), registrar.ErasureQuery{Before: before}) {
		var removed string
		for _, r := range a.Value.Removed {
			removed += fmt.Sprintf(" %d %s", r.Count, r.What)
		}
		if removed != "" {
			s.log.Info("a registrar has removed old personal data", "registrar", a.Registrar, "removed", removed[1:])
		}
	}
	return nil
}

const day = 24 * time.Hour
