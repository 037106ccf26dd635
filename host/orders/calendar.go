package orders

import (
	"context"
	"database/sql"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// DueDay counts our domains that are paid till a day, by renewal mode.
type DueDay struct {
	Day          registrar.Date
	Auto, Manual int
}

// Calendar counts what falls due from one day to another, both included. Days without any are left out.
func (l Lists) Calendar(ctx context.Context, from, to registrar.Date) (days []DueDay, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		days, err = sqldb.Collect(ctx, tx, scanDueDay, `select paid_till, cast(sum(case when renewal = 'auto' then domains else 0 end) as integer),
			cast(sum(case when renewal = 'auto' then 0 else domains end) as integer)
			from tally where paid_till >= $1 and paid_till <= $2 and status in (`+sqldb.Words(registrar.HeldStatuses())+`) group by paid_till order by paid_till`,
			from.String(), to.String())
		return err
	})
	return days, fault(err, "count what falls due")
}

func scanDueDay(row sqldb.Scanner) (d DueDay, err error) {
	var day string
	if err := row.Scan(&day, &d.Auto, &d.Manual); err != nil {
		return d, err
	}
	d.Day, err = registrar.ParseDate(day)
	return d, err
}
