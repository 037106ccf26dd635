package witness

import (
	"context"
	"errors"
	"sync"

	"registrar.panel/plugin/r01/registry/holdings"
	"registrar.panel/plugin/r01/store"
)

// lateRoom is the room for domains that are stored while ours are being read.
const lateRoom = 1000

var errLate = errors.New("too many domains were stored while ours were being read")

// holdings reads all our domains, two halves at a time: by one processor a million take
// as long as it takes to unpack the list.
func (ls *Lists) holdings(ctx context.Context) (*holdings.Set, error) {
	n, middle, err := ls.middle(ctx)
	if err != nil {
		return nil, err
	}

	l := loading{store: ls.store, set: holdings.New(n + lateRoom), room: n + lateRoom}
	var lower, upper error
	var halves sync.WaitGroup
	halves.Go(func() { lower = l.read(ctx, "", middle) })
	if middle != "" {
		upper = l.read(ctx, middle, "")
	}
	halves.Wait()

	if err := errors.Join(lower, upper); err != nil {
		return nil, err
	}
	return l.set, l.watch(ctx)
}

// middle returns how many domains there are, and the name with which the lower half of them ends; "" if there are none.
func (ls *Lists) middle(ctx context.Context) (n int, name string, err error) {
	err = ls.store.Read(ctx, func(tx *store.Tx) (err error) {
		if n, err = tx.Domains.Count(); err != nil || n == 0 {
			return err
		}
		name, err = tx.Domains.Nth(n / 2)
		return err
	})
	return n, name, err
}

// loading is a set while it is being filled.
type loading struct {
	store Store

	mu   sync.Mutex
	set  *holdings.Set
	room int
}

// read adds the domains after one name and up to another.
func (l *loading) read(ctx context.Context, after, upTo string) error {
	return l.store.Read(ctx, func(tx *store.Tx) error {
		full := false
		err := tx.Domains.EachHolding(after, upTo, func(h *store.Holding) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if full = l.set.Len() == l.room; !full {
				l.set.AddBulk(h.Name, h.Status, h.PaidTill, h.ChangedAt)
			}
		})
		if err == nil && full {
			return errLate
		}
		return err
	})
}

// watch marks the domains of which even an unchanged line says something: about the request
// that waits, or about the doubt.
func (l *loading) watch(ctx context.Context) error {
	return l.store.Read(ctx, func(tx *store.Tx) error {
		atWork, err := tx.Domains.AtWork()
		if err != nil {
			return err
		}

		doubted, err := tx.Registry.DoubtedDomains()
		for _, name := range append(atWork, doubted...) {
			if e := l.set.Find([]byte(name)); e != nil {
				e.Watch()
			}
		}
		return err
	})
}
