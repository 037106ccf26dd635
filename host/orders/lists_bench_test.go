package orders

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

var (
	listDomains = flag.Int("list-domains", 20_000, "domains of BenchmarkLists")
	listOrders  = flag.Int("list-orders", 2_000, "orders of BenchmarkLists")
)

// stock puts so many into a book: one domain in a thousand needs a person.
func stock(t testing.TB, s *Service, domains, orders int) {
	t.Helper()
	const atOnce = 5000
	for from := 0; from < max(domains, orders); from += atOnce {
		err := s.db.Write(context.Background(), func(tx *sql.Tx) error {
			for i := from; i < from+atOnce; i++ {
				if err := fillOne(tx, i, i < domains, i < orders); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func fillOne(tx *sql.Tx, i int, domain, order bool) error {
	ctx := context.Background()
	name := fmt.Sprintf("d%07d.ru", i*7919%10_000_000)
	if domain {
		d := held(name, fmt.Sprint("c", i%5000), inDays(i%400))
		if i%1000 == 0 {
			d.Operation = &registrar.Operation{ID: "op", Kind: registrar.KindRenew, State: registrar.Uncertain}
		}
		if err := putDomain(ctx, tx, d); err != nil {
			return err
		}
	}
	if !order {
		return nil
	}
	o := Order{ID: registrar.OrderID(fmt.Sprintf("o%07d", i)), Kind: registrar.KindRenew, Domain: name, Customer: fmt.Sprint("c", i%5000), Registrar: "r01", State: Unpaid,
		CreatedAt: start.Add(time.Duration(i) * time.Second), Reference: fmt.Sprint("bill ", i), Submission: registrar.OrderID(fmt.Sprintf("o%07d", i))}
	if err := insertOrder(ctx, tx, o, []byte{}); err != nil {
		return err
	}
	return exec(ctx, tx, "update orders set state = 'cancelled', outcome = 'cancelled', closed_at = $1 where id = $2", sqldb.Millis(o.CreatedAt), o.ID)
}

// BenchmarkLists measures what a page, a search, what needs a person, and one domain cost in a book
// of a million domains: how long the slowest of a hundred takes, and how many times as long as a bare
// read of one row.
func BenchmarkLists(t *testing.B) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Create: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stock(t, s, *listDomains, *listOrders)
	ctx := context.Background()
	bare := slowest(t, func(i int) error {
		return s.db.Read(ctx, func(tx *sql.Tx) error {
			var name string
			return tx.QueryRowContext(ctx, "select name from domains where name >= $1 order by name limit 1", fmt.Sprint("d", i%7)).Scan(&name)
		})
	})
	for what, ask := range map[string]func(i int) error{
		"first page": func(int) error { _, _, err := s.Lists().Domains(ctx, DomainList{Page: Page{Limit: 100}}); return err },
		"counts": func(i int) error {
			_, err := s.Lists().CountDomains(ctx)
			if err == nil {
				_, err = s.Lists().CountDue(ctx, inDays(i%60))
			}
			if err == nil {
				_, err = s.Lists().Calendar(ctx, inDays(0), inDays(60))
			}
			return err
		},
		"operations by state": func(int) error { _, err := s.Lists().CountOperations(ctx); return err },
		"search": func(i int) error {
			_, _, err := s.Lists().Domains(ctx, DomainList{Query: fmt.Sprintf("d0%02d", i%100), Page: Page{Limit: 100}})
			return err
		},
		"attention": func(int) error {
			_, _, err := s.Lists().Domains(ctx, DomainList{Attention: true, Page: Page{Limit: 100}})
			return err
		},
		"due": func(int) error {
			_, _, err := s.Lists().Domains(ctx, DomainList{Due: inDays(30), Page: Page{Limit: 100}})
			return err
		},
		"orders": func(int) error { _, _, err := s.Lists().Orders(ctx, OrderList{Page: Page{Limit: 100}}); return err },
		"order": func(i int) error {
			_, _, err := s.Lists().Orders(ctx, OrderList{Query: fmt.Sprint("bill ", i)})
			return err
		},
		"one domain": func(i int) error {
			_, err := s.Domain(ctx, fmt.Sprintf("d%07d.ru", i*7919%10_000_000))
			return err
		},
	} {
		t.Run(what, func(t *testing.B) {
			var took time.Duration
			for range t.N {
				took = slowest(t, ask)
			}
			t.ReportMetric(float64(took.Microseconds())/1000, "p99-ms")
			t.ReportMetric(float64(took)/float64(bare), "of-bare-read")
		})
	}
}

// slowest is how long all but one of a hundred calls take at most.
func slowest(t *testing.B, ask func(i int) error) time.Duration {
	t.Helper()
	var all []time.Duration
	for i := range 200 {
		begun := time.Now()
		if err := ask(i); err != nil {
			t.Fatal(err)
		}
		all = append(all, time.Since(begun))
	}
	slices.Sort(all)
	return all[len(all)-2]
}
