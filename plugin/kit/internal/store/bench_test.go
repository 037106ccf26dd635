package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// fill makes domains that were registered long ago, each with its operation and its events.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	err := s.db.Write(t.Context(), func(tx *sql.Tx) error {
		for i := range n {
			name := fmt.Sprintf("old-%06d.example", i)
			if err := putDomain(t.Context(), tx, registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusRegistered, PaidTill: registrar.Date{Year: 2030, Month: 1, Day: 1}}); err != nil {
				return err
			}
			_, err := tx.Exec(`insert into operations (order_id, digest, kind, domain, customer, state, sealed_order, steps, created_at, updated_at, finished_at)
				values ($1, '', 'register', $2, 'c1', 'Succeeded', x'', 3, 0, 0, 0)`, fmt.Sprintf("old-%d", i), name)
			if err != nil {
				return err
			}
			for step := range 3 {
				if _, err := tx.Exec("insert into events (cursor, event) values ($1, '{}')", 3*i+step+1); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An order from Submit to its end costs the same, however many domains there are.
//
//	go test ./plugin/kit/internal/store -run xxx -bench Order
func BenchmarkOrder(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("domains=%d", n), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Dir: b.TempDir(), Name: "acme", Create: true, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.Close() })
			fill(b, s, n)

			i := 0
			for b.Loop() {
				i++
				if err := carryOut(b.Context(), s, order(fmt.Sprintf("o-%d", i), fmt.Sprintf("new-%d.example", i))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func carryOut(ctx context.Context, s *Store, o registrar.Order) error {
	if _, err := s.Submit(ctx, o, "transfer", ""); err != nil {
		return err
	}
	due, _, err := s.Next(ctx, 1)
	if err != nil {
		return err
	}
	claimed, err := s.Claim(ctx, due[0])
	if err != nil {
		return err
	}
	return s.Conclude(ctx, claimed, Move{Cause: life.Finished, Message: "done", Actor: "registrar", Evidence: registrar.EvidenceReply,
		Change: Change{PaidTill: registrar.Date{Year: 2030, Month: 1, Day: 1}}})
}

// Why it does: no query on an order's way reads a whole table.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), true)
	for _, query := range []string{
		"select " + columns + " from operations where order_id = $1",
		"select " + columns + " from operations where number = $1",
		"select " + columns + " from operations where finished_at is null and domain = $1",
		"select " + columns + " from operations where due_at <= $1 order by due_at, number limit $2",
		"select min(due_at) from operations where due_at > $1",
		"select " + columns + " from operations where state = 'Sending' and number > $1 order by number",
		"select name from domains where name > $1 order by name limit $2",
		"select record from domains where customer = $1 order by name",
		"select handle from handles where customer = $1 order by number desc limit 1",
		"select event from events where cursor > $1 order by cursor limit $2",
		"select coalesce(max(cursor), 0) + 1 from events",
	} {
		var plan string
		if err := s.db.Read(t.Context(), func(tx *sql.Tx) error { plan = sqldbtest.Plan(t, tx, query); return nil }); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "SEARCH") && !strings.Contains(plan, "operations_sending") {
			t.Errorf("%s: %s", query, plan)
		}
	}
}
