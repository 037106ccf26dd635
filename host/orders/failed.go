package orders

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// FailedOf finds the orders for these domains that are paid and failed, and wait for a person to
// retry or refund them. If a domain has several, it returns the last one.
func (l Lists) FailedOf(ctx context.Context, domains []string) (map[string]Order, error) {
	var names filter
	for _, d := range domains {
		names.args = append(names.args, d)
	}
	found := map[string]Order{}
	err := l.db.Read(ctx, func(tx *sql.Tx) error {
		list, err := selectOrders(ctx, tx, "where domain in ("+names.places()+") and "+isFailed, names.args...)
		// Orders come by age, so the last one of a domain stays.
		for _, o := range list {
			found[o.Domain] = o
		}
		return err
	})
	return found, err
}

// settleAlarms removes the alarms about operations that a person has settled: the order was given up,
// or tried again. A registrar names such an alarm by its operation: the key ends in a colon and its ID.
func settleAlarms(ctx context.Context, tx *sql.Tx, d *Domain) error {
	if len(d.Alarms) == 0 {
		return nil
	}
	settled, err := sqldb.Collect(ctx, tx, scanName, `select operation from orders where domain = $1 and dismissed_at is not null and operation <> ''
		union select a.operation from attempts a join orders o on o.id = a."order" where o.domain = $1 and a.operation <> ''`, d.Name)
	if err != nil {
		return fault(err, "look for settled operations")
	}
	d.Alarms = slices.DeleteFunc(slices.Clone(d.Alarms), func(a registrar.Alarm) bool {
		return slices.ContainsFunc(settled, func(op string) bool { return strings.HasSuffix(a.Key, ":"+op) })
	})
	return nil
}

// settleDomain removes the settled alarms of a domain on the list.
func settleDomain(ctx context.Context, tx *sql.Tx, name string) error {
	d, err := selectDomain(ctx, tx, name)
	if err != nil || d.Name == "" || len(d.Alarms) == 0 {
		return err
	}
	before := len(d.Alarms)
	if err := settleAlarms(ctx, tx, &d); err != nil || len(d.Alarms) == before {
		return err
	}
	return putDomain(ctx, tx, d)
}
