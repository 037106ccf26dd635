package store

import (
	"testing"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/renewal/policy"
)

// million fills a store: a million domains, one in a hundred of them due.
func million(b *testing.B) (*Store, policy.Window) {
	b.Helper()

	s, err := Open(b.Context(), Options{Dir: b.TempDir(), Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})

	w := policy.Settings{Before: 55}.Due(today)
	err = s.Write(b.Context(), func(tx *Tx) error {
		return tx.exec(`insert into domains (name, customer, status, paid_till, renewal, nameservers, updated_at)
			with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000000)
			select 'domain' || i || '.ru', 'c' || (i % 1000), 'Registered',
				case when i % 100 = 0 then date($1, '+' || (i % 83) || ' days') else date($2, '+' || (1 + i % 300) || ' days') end,
				'auto', '[]', 0 from n`, w.From.String(), w.To.String())
	})
	if err != nil {
		b.Fatal(err)
	}

	return s, w
}

// BenchmarkPlan plans the renewals of a million domains, one in a hundred of them due, and
// plans them again. The baseline, in the same run, is the bare statement: the due domains
// copied into a table of the same form, straight through the driver.
func BenchmarkPlan(b *testing.B) {
	s, w := million(b)
	change := func(sql string, args ...any) (time.Duration, int) {
		b.Helper()

		var n int64
		start := time.Now()

		err := s.Write(b.Context(), func(tx *Tx) (err error) {
			n, err = sqldb.Changed(tx.ctx, tx.sql, sql, args...)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}

		return time.Since(start), int(n)
	}

	plan := func(want int) time.Duration {
		b.Helper()

		var n int
		start := time.Now()

		err := s.Write(b.Context(), func(tx *Tx) (err error) {
			n, err = tx.Renewals.Plan(w, noon)
			return err
		})
		if err != nil || n != want {
			b.Fatalf("planned %d, want %d: %v", n, want, err)
		}

		return time.Since(start)
	}

	change("create table bare (domain text not null, base text not null, planned_at integer not null, begun integer not null default 0, primary key (base, domain)) strict, without rowid")
	change("create index bare_waiting on bare (base, domain) where begun = 0")

	copyBare := func() (time.Duration, int) {
		return change(`insert into bare (domain, base, planned_at) select name, paid_till, $1 from domains
			where status in ('Registered', 'Expired') and renewal = 'auto' and paid_till between $2 and $3 order by paid_till, name`, 0, w.From.String(), w.To.String())
	}
	_, due := copyBare()
	var ours, again, bare time.Duration
	for round := 0; b.Loop(); round++ {
		change("delete from bare")
		change("delete from planned")

		if round%2 == 0 { // neither always pays for what the other left to be written
			ours += plan(due)
		}

		took, _ := copyBare()
		bare += took

		if round%2 == 1 {
			ours += plan(due)
		}

		again += plan(0)
	}

	b.ReportMetric(float64(bare)/float64(ours), "of-bare-speed")
	b.ReportMetric(float64(again)/float64(ours), "again-of-first")
	b.ReportMetric(10000*float64(b.N)/ours.Seconds(), "planned/s")
}
