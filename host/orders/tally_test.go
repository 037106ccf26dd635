package orders

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"registrar.panel/internal/sqldb"
)

// tallied holds what is kept as counts against the domains that there are. Every book of these tests is
// judged so at its end.
func (b *book) tallied() {
	b.t.Helper()
	ctx := context.Background() // the test's own has ended
	err := b.db.Read(ctx, func(tx *sql.Tx) error {
		wrong, err := sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (text string, err error) {
			var status, till, renewal string
			var kept, counted int
			err = row.Scan(&status, &till, &renewal, &kept, &counted)
			return fmt.Sprintf("%s %q %q: %d are kept, %d counted", status, till, renewal, kept, counted), err
		}, `select status, paid_till, renewal, cast(sum(kept) as integer), cast(sum(counted) as integer) from (
				select status, paid_till, renewal, domains as kept, 0 as counted from tally
				union all select status, paid_till, renewal, 0, count(*) from domains group by status, paid_till, renewal) as both_of
			group by status, paid_till, renewal having sum(kept) <> sum(counted)`)
		for _, text := range wrong {
			b.t.Errorf("the tally is out of step: %s", text)
		}
		return err
	})
	if err != nil && b.db != nil {
		b.t.Logf("the tally was not judged: %v", err)
	}
}

// Whatever statement changes a domain, the tally goes with it.
func TestTally(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	for i, statement := range []string{
		"insert into domains (name, customer, registrar, status, paid_till, renewal) values ('a.ru', 'c', 'r01', 'Registered', '2027-01-01', 'auto'), ('b.ru', 'c', 'r01', 'Registered', '2027-01-01', 'auto')",
		"insert into domains (name, customer, registrar, status) values ('c.ru', 'c', 'r01', 'Pending')",
		"update domains set status = 'Expired' where name = 'a.ru'",
		"update domains set paid_till = '2028-01-01', renewal = 'manual' where name in ('a.ru', 'b.ru')",
		"update domains set customer = 'd'",
		"insert into domains (name, customer, registrar, status) values ('c.ru', 'c', 'r01', 'Error') on conflict (name) do update set status = excluded.status, paid_till = '2026-01-01'",
		"delete from domains where name <> 'b.ru'",
	} {
		if err := b.write(t.Context(), func(tx *sql.Tx) error { return exec(t.Context(), tx, statement) }); err != nil {
			t.Fatal(err)
		}
		b.tallied()
		if t.Failed() {
			t.Fatalf("after statement %d", i+1)
		}
	}

	rows := 0
	err := b.db.Read(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "select count(*) from tally").Scan(&rows)
	})
	if err != nil || rows != 1 {
		t.Errorf("%d rows are left of one kind of domains: %v", rows, err)
	}
}
