package store

import (
	"time"

	"registrar.panel/internal/sqldb"
)

// ofSchedule is the condition that a request is a renewal which our own schedule began and which no order has joined.
const ofSchedule = `requests.kind = 'prolong' and not exists (select 1 from operations o where o.request = requests.id and o.order_id is not null)`

// spending selects the transmissions after one moment, $1, and not after another, $2, that may have cost money.
var spending = ` from attempts a join requests on requests.id = a.request
	where a.claimed_at > $1 and a.claimed_at <= $2
		and requests.kind in (` + paidKinds + `) and (a.outcome is null or a.outcome in ('accepted', 'unknown'))`

// Spending counts transmissions that may have cost money.
type Spending struct {
	Lately int // within the shorter of two times
	All    int // within the longer one
}

// Spent counts the transmissions that may have cost money, after one of two moments and not after a
// third: all of them, and those of scheduled renewals.
func (t Requests) Spent(from, lately, to time.Time) (all, scheduled Spending, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) {
		return struct{}{}, s.Scan(&all.Lately, &all.All, &scheduled.Lately, &scheduled.All)
	}, `select count(*) filter (where late), count(*), count(*) filter (where late and own), count(*) filter (where own)
		from (select a.claimed_at > $3 as late, `+ofSchedule+` as own`+spending+`) counted`,
		sqldb.Millis(from), sqldb.Millis(to), sqldb.Millis(lately))
	return all, scheduled, err
}

// Transmitted counts transmissions, paid or not, after one of two moments and not after a
// third. These are at least as many as may have cost money, and are counted faster.
func (t Requests) Transmitted(from, lately, to time.Time) (s Spending, err error) {
	_, err = one(t.tx, func(row sqldb.Scanner) (struct{}, error) { return struct{}{}, row.Scan(&s.Lately, &s.All) },
		"select count(*) filter (where claimed_at > $3), count(*) from attempts where claimed_at > $1 and claimed_at <= $2",
		sqldb.Millis(from), sqldb.Millis(to), sqldb.Millis(lately))
	return s, err
}

// SpentAt is when the nth of these transmissions was made, the oldest being 0.
func (t Requests) SpentAt(from, to time.Time, scheduled bool, nth int) (at time.Time, err error) {
	query := "select a.claimed_at" + spending
	if scheduled {
		query += " and " + ofSchedule
	}
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) { return struct{}{}, s.Scan(sqldb.At(&at)) },
		query+" order by a.claimed_at, a.request limit 1 offset $3", sqldb.Millis(from), sqldb.Millis(to), nth)
	return at, err
}

// waiting selects the requests to be sent by a moment, $1; $2 is LongestWait later.
const waiting = "state = 'Queued' and (due_at <= $1 or due_at > $2)"

// Due lists requests to be sent by now, except scheduled renewals, oldest first. Unless paidToo
// is set, those that cost money are left out.
func (t Requests) Due(now time.Time, paidToo bool, limit int) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+" from requests where "+waiting+`
			and ($3 = 1 or kind not in (`+paidKinds+`)) and not (`+ofSchedule+`)
		order by due_at, created_at limit $4`, sqldb.Millis(now), sqldb.Millis(now.Add(LongestWait)), paidToo, limit)
}

// DueScheduled lists scheduled renewals to be sent by now, the most urgent first.
func (t Requests) DueScheduled(now time.Time, limit int) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+" from requests where "+waiting+" and "+ofSchedule+`
		order by base, due_at, created_at limit $3`, sqldb.Millis(now), sqldb.Millis(now.Add(LongestWait)), limit)
}

// PaidWaiting counts the requests in the queue that cost money: what customers have ordered, and scheduled renewals.
func (t Requests) PaidWaiting() (ordered, scheduled int, err error) {
	return t.paidWaiting("state = 'Queued'")
}

// PaidDue is PaidWaiting for the requests that would be sent by now if they were not held.
func (t Requests) PaidDue(now time.Time) (ordered, scheduled int, err error) {
	return t.paidWaiting(waiting, sqldb.Millis(now), sqldb.Millis(now.Add(LongestWait)))
}

func (t Requests) paidWaiting(which string, args ...any) (ordered, scheduled int, err error) {
	all, err := one(t.tx, scanInt, "select count(*) from requests where "+which+" and kind in ("+paidKinds+")", args...)
	if err != nil {
		return 0, 0, err
	}
	scheduled, err = one(t.tx, scanInt, "select count(*) from requests where "+which+" and "+ofSchedule, args...)
	return all - scheduled, scheduled, err
}

// IsScheduled reports whether a request is a renewal that our own schedule began.
func (t Requests) IsScheduled(id string) (bool, error) {
	n, err := one(t.tx, scanInt, "select count(*) from requests where id = $1 and "+ofSchedule, id)
	return n > 0, err
}
