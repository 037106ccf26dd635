package orders

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/shared/registrar"
)

// Two panels on one database submit and follow at the same time: every event is applied
// once, and the log tells of every order once.
func TestTwoPanelsOnOneServer(t *testing.T) {
	t.Parallel()

	const many = 20
	a := newBookOn(t, pgtest.Start(t).Database())
	b := &book{t: t, dir: t.TempDir(), fake: a.fake, registrars: a.registrars, log: &bytes.Buffer{}, server: a.server, names: a.names}

	key, err := os.ReadFile(filepath.Join(a.dir, "panel.key"))
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(filepath.Join(b.dir, "panel.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}

	b.open(true)
	t.Cleanup(func() { b.Close() })
	a.fake.submit = func(o registrar.Order) (registrar.Operation, error) {
		return registrar.Operation{ID: operationOf(o.ID), Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, nil
	}
	var placed []registrar.OrderID
	a.during(func() {
		b.during(func() {
			var clients sync.WaitGroup
			var mu sync.Mutex
			for i, at := range []*book{a, b} {
				clients.Go(func() {
					for n := range many {
						o, err := at.Place(t.Context(), request(fmt.Sprintf("d%d-%d.ru", i, n)))
						if err != nil {
							t.Error(err)
							return
						}

						for _, payer := range []*book{a, b} { // both are told of the payment
							if _, _, err := payer.Pay(t.Context(), o.ID); err != nil {
								t.Error(err)
							}
						}

						a.fake.tell(registrar.Event{Type: registrar.EventNotice, Message: "about " + o.Domain, Name: o.Domain})
						mu.Lock()
						placed = append(placed, o.ID)
						mu.Unlock()
					}
				})
			}

			clients.Wait()
			a.until("all to be submitted and told", func() bool {
				count := countEntries(t, a)
				return len(count) >= 4*len(placed)
			})
		})
	})

	if len(placed) != 2*many {
		t.Fatalf("%d orders were placed", len(placed))
	}

	for entry, times := range countEntries(t, b) {
		if times != 1 {
			t.Errorf("%s is in the log %d times", entry, times)
		}
	}

	r01 := follower{b.ledger, b.board, "r01"}
	if c, err := r01.cursor(t.Context()); err != nil || c != 2*many {
		t.Errorf("followed to %d, %v; want %d", c, err, 2*many)
	}

	orders, _, err := b.Lists().Orders(t.Context(), OrderList{})
	if err != nil {
		t.Fatal(err)
	}

	for _, o := range orders {
		if o.Operation != operationOf(o.ID) {
			t.Errorf("order %s has operation %q", o.ID, o.Operation)
		}
	}
}

func countEntries(t *testing.T, b *book) map[string]int {
	t.Helper()
	entries, err := b.Log(t.Context(), LogQuery{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i, e := range entries {
		count[fmt.Sprint(e.Event, " ", e.Domain, " ", e.Message)]++
		if i > 0 && e.ID <= entries[i-1].ID {
			t.Errorf("entry %d comes after %d", e.ID, entries[i-1].ID)
		}
	}
	return count
}
