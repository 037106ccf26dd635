package orders

import (
	"context"
	"database/sql"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// atOnce is how many names one transaction fills in.
const atOnce = 1000

// fillNames writes the names for people, which a migration could not write: SQL knows no punycode.
func (l *ledger) fillNames(ctx context.Context) error {
	// Each part is committed, so that an interrupted start goes on where it was and writers of
	// other panels get their turn.
	for {
		var left []string
		err := l.write(ctx, func(tx *sql.Tx) (err error) {
			if left, err = sqldb.Collect(ctx, tx, scanName, "select name from domains where unicode = '' limit $1", atOnce); err != nil {
				return fault(err, "look for names")
			}
			for _, name := range left {
				if err := exec(ctx, tx, "update domains set unicode = $1 where name = $2", input.Unicode(name), name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(left) == 0 {
			return fault(err, "fill in names for people")
		}
	}
}

// CountDomains counts the domains of each status.
func (l Lists) CountDomains(ctx context.Context) (map[string]int, error) {
	return l.count(ctx, "select status, cast(sum(domains) as integer) from tally group by status")
}

// CountDue counts our domains that are paid till a day at most.
func (l Lists) CountDue(ctx context.Context, till registrar.Date) (int, error) {
	return l.number(ctx, "select coalesce(cast(sum(domains) as integer), 0) from tally where paid_till > '' and paid_till <= $1 and status in ("+sqldb.Words(registrar.HeldStatuses())+")", till.String())
}

// CountAttention counts the domains that need a person, or have an alarm.
func (l Lists) CountAttention(ctx context.Context) (int, error) {
	return l.number(ctx, "select count(*) from domains where "+needsLook)
}

func (l Lists) number(ctx context.Context, query string, args ...any) (n int, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, query, args...).Scan(&n) })
	return n, fault(err, "count")
}

// CountOrders counts the orders of each state that are not concluded.
func (l Lists) CountOrders(ctx context.Context) (map[string]int, error) {
	return l.count(ctx, "select state, count(*) from orders where closed_at is null group by state")
}

// countFailed leaves only the outcome for the choice of an index: most orders are paid.
const countFailed = "select count(*) from orders where outcome = 'failed' and state <> 'cancelled'"

// CountFailed counts the orders that are paid and have failed, the dismissed ones included.
func (l Lists) CountFailed(ctx context.Context) (int, error) {
	return l.number(ctx, countFailed)
}

func (l Lists) count(ctx context.Context, query string) (map[string]int, error) {
	counts := map[string]int{}
	err := l.db.Read(ctx, func(tx *sql.Tx) error {
		_, err := sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (none struct{}, err error) {
			var word string
			var n int
			err = row.Scan(&word, &n)
			counts[word] = n
			return none, err
		}, query)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	return counts, nil
}
