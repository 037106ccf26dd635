package store

import (
	"errors"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Traffic is how many mails were sent, and what became of those that came.
type Traffic struct {
	Sent    int // requests that the relay took
	Read    int // mails that came and were read
	Applied int // of these, the answers whose results are recorded
	Review  int // of these, those that a person must still read
}

// Traffic counts what was sent, and what came, after one moment and not after another.
func (t Requests) Traffic(from, to time.Time) (all Traffic, err error) {
	if all.Sent, err = one(t.tx, scanInt, takenQuery, sqldb.Millis(from), sqldb.Millis(to)); err != nil {
		return all, err
	}
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) {
		return struct{}{}, s.Scan(&all.Read, &all.Applied, &all.Review)
	}, cameQuery, sqldb.Millis(from), sqldb.Millis(to))
	return all, err
}

// Unanswered is a request that R01 has not answered at all yet.
type Unanswered struct {
	Operation registrar.OperationID // that it is for
	Domain    string
	Since     time.Time // when it was handed to the relay, or may have been
}

// LongestUnanswered is the request that has waited longest for R01's first answer; zero = none waits.
func (t Requests) LongestUnanswered() (Unanswered, error) {
	u, err := one(t.tx, func(s sqldb.Scanner) (u Unanswered, err error) {
		return u, s.Scan(&u.Operation, &u.Domain, sqldb.At(&u.Since))
	}, unansweredQuery)
	if errors.Is(err, ErrNotFound) {
		return Unanswered{}, nil
	}
	return u, err
}

const takenQuery = "select count(*) from attempts where claimed_at > $1 and claimed_at <= $2 and outcome = 'accepted'"

// The index of times limits the search to mails of that time, out of all that were ever stored.
const cameQuery = `select count(*), count(*) filter (where state = 'applied'), count(*) filter (where state = 'review')
	from mails where at > $1 and at <= $2 and direction = 'in' and state <> 'new'`

// A request whose operation has ended is left out, because its missing answer no longer matters.
var unansweredQuery = `select o.id, o.domain, r.claimed_at from requests r join operations o on o.request = r.id and o.finished_at is null
	where r.state in ('Sent', 'Uncertain') and r.hold in (` + sqldb.Words([]lifecycle.StallReason{lifecycle.NotStalled, lifecycle.NoAnswer, lifecycle.FateUnknown}) + `)
		and r.claimed_at is not null and r.` + unfinished + ` order by r.claimed_at, o.id limit 1`
