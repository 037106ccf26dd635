package store

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// ZoneList is an edition of a zone list that was read.
type ZoneList struct {
	Source   string
	ETag     string
	Modified time.Time
	Size     int64
	Lines    int
	Digest   uint32
	ReadAt   time.Time
}

// ZoneList returns the edition of a source that was read last; the zero one when none was.
func (t Registry) ZoneList(source string) (ZoneList, error) {
	list, err := collect(t.tx, func(s sqldb.Scanner) (l ZoneList, err error) {
		err = s.Scan(&l.Source, &l.ETag, sqldb.At(&l.Modified), &l.Size, &l.Lines, &l.Digest, sqldb.At(&l.ReadAt))
		return l, err
	}, "select source, etag, modified, size, lines, digest, read_at from zone_lists where source = $1", source)
	if err != nil || len(list) == 0 {
		return ZoneList{}, err
	}
	return list[0], nil
}

// PutZoneList records an edition as the one read last.
func (t Registry) PutZoneList(l ZoneList) error {
	err := t.tx.exec(`insert into zone_lists (source, etag, modified, size, lines, digest, read_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (source) do update set etag = excluded.etag, modified = excluded.modified, size = excluded.size,
			lines = excluded.lines, digest = excluded.digest, read_at = excluded.read_at`,
		l.Source, l.ETag, sqldb.Millis(l.Modified), l.Size, l.Lines, int64(l.Digest), sqldb.Millis(l.ReadAt))
	if err != nil {
		return fmt.Errorf("put zone list %s: %w", l.Source, err)
	}
	return nil
}

// DoubtKind is how the registry contradicts our record.
type DoubtKind string

const (
	Absent    DoubtKind = "absent"    // no such domain
	Elsewhere DoubtKind = "elsewhere" // with another registrar
	Behind    DoubtKind = "behind"    // paid for a shorter time than R01 said
)

// DoubtKinds lists every kind.
func DoubtKinds() []DoubtKind { return []DoubtKind{Absent, Elsewhere, Behind} }

// Doubt is about a domain that zone lists show differently from our record, which we do not believe yet.
type Doubt struct {
	Domain    string
	Kind      DoubtKind
	Registrar string // elsewhere: with whom
	Times     int    // lists in a row that showed it
	Since     time.Time
	SeenAt    time.Time // what the last of those lists was true of
	Believed  bool      // the domain's status tells it now
}

const doubtColumns = "domain, kind, registrar, times, since, seen_at, believed"

func scanDoubt(s sqldb.Scanner) (d Doubt, err error) {
	err = s.Scan(&d.Domain, &d.Kind, &d.Registrar, &d.Times, sqldb.At(&d.Since), sqldb.At(&d.SeenAt), &d.Believed)
	return d, err
}

// Doubt returns what is doubted about a domain, or ErrNotFound.
func (t Registry) Doubt(domain string) (Doubt, error) {
	return one(t.tx, scanDoubt, "select "+doubtColumns+" from doubts where domain = $1", domain)
}

// Doubts lists the doubts that at least so many lists in a row have shown and that are not believed yet.
func (t Registry) Doubts(times int) ([]Doubt, error) {
	return collect(t.tx, scanDoubt, "select "+doubtColumns+" from doubts where times >= $1 and believed = 0 order by since, domain", times)
}

// DoubtedDomains lists every domain that has a doubt.
func (t Registry) DoubtedDomains() ([]string, error) {
	return collect(t.tx, scanText, "select domain from doubts")
}

// PutDoubt stores a doubt about a domain, in place of any earlier one.
func (t Registry) PutDoubt(d Doubt) error {
	err := t.tx.exec(`insert into doubts (domain, kind, registrar, times, since, seen_at, believed) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (domain) do update set kind = excluded.kind, registrar = excluded.registrar, times = excluded.times,
			since = excluded.since, seen_at = excluded.seen_at, believed = excluded.believed`,
		d.Domain, d.Kind, d.Registrar, d.Times, sqldb.Millis(d.Since), sqldb.Millis(d.SeenAt), d.Believed)
	if err != nil {
		return fmt.Errorf("put doubt about %s: %w", d.Domain, err)
	}
	return nil
}

// DropDoubt forgets a doubt, if there is one.
func (t Registry) DropDoubt(domain string) error {
	return t.tx.exec("delete from doubts where domain = $1", domain)
}

// Holding is what a pass over a zone list needs to know of a domain of ours.
type Holding struct {
	Name      []byte
	Status    registrar.DomainStatus
	PaidTill  registrar.Date
	ChangedAt int64 // when its record was last stored, Unix milliseconds
}

// holdingsAtOnce is how many rows come as one text. A million single rows would take several
// times as long, and leave as much garbage as everything that is kept of them.
const holdingsAtOnce = 1000

// EachHolding calls fn with every domain after one name and up to another, in name order; "" sets
// no bound. h is valid during the call only.
func (t Domains) EachHolding(after, upTo string, fn func(h *Holding)) error {
	days := map[string]registrar.Date{}
	bounds, args := "name > $1", []any{after, holdingsAtOnce, "\t", "\n"}
	if upTo != "" { // only then, because SQLite can't use its index for a bound that may be none
		bounds, args = bounds+" and name <= $5", append(args, upTo)
	}

	for {
		var text, last []byte
		_, err := one(t.tx, func(s sqldb.Scanner) (struct{}, error) { return struct{}{}, s.Scan(&text, &last) },
			`select string_agg(name || $3 || status || $3 || paid_till || $3 || updated_at, $4), max(name)
			from (select name, status, paid_till, updated_at from domains where `+bounds+` order by name limit $2) as page`, args...)
		if err != nil {
			return fmt.Errorf("list domains: %w", err)
		}

		if len(last) == 0 {
			return nil
		}

		args[0] = string(last)

		for line := range bytes.SplitSeq(text, []byte("\n")) {
			h, err := readHolding(line, days)
			if err != nil {
				return err
			}
			fn(&h)
		}
	}
}

func readHolding(line []byte, days map[string]registrar.Date) (h Holding, err error) {
	var status, paidTill, changed []byte
	h.Name, status, _ = bytes.Cut(line, []byte("\t"))
	status, paidTill, _ = bytes.Cut(status, []byte("\t"))
	paidTill, changed, _ = bytes.Cut(paidTill, []byte("\t"))
	var known bool
	// Millions of domains share the days of a year, so each day is parsed once.
	if h.PaidTill, known = days[string(paidTill)]; !known {
		if h.PaidTill, err = registrar.ParseDate(string(paidTill)); err != nil {
			return h, fmt.Errorf("domain %s: %w", h.Name, err)
		}
		days[string(paidTill)] = h.PaidTill
	}

	for _, s := range registrar.DomainStatuses() {
		if string(s) == string(status) {
			h.Status = s
		}
	}

	h.ChangedAt, err = strconv.ParseInt(string(changed), 10, 64)
	if err != nil {
		return h, fmt.Errorf("domain %s: %w", h.Name, err)
	}

	return h, nil
}

// Count counts the domains.
func (t Domains) Count() (n int, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) { return struct{}{}, s.Scan(&n) }, "select count(*) from domains")
	return n, err
}

// Nth returns the name of a domain by its place in name order, from 0. If there are not so many, the error is ErrNotFound.
func (t Domains) Nth(place int) (string, error) {
	return one(t.tx, scanText, "select name from domains order by name limit 1 offset $1", place)
}

// AtWork lists the domains that have an open operation.
func (t Domains) AtWork() ([]string, error) {
	return collect(t.tx, scanText, `select domain from operations where finished_at is null and kind <> 'update'
		union select domain from operations where finished_at is null and kind = 'update'`)
}

// Last returns the operation on a domain that was begun last.
func (t Operations) Last(domain string) (Operation, error) {
	return one(t.tx, scanOperation, lastOperationQuery, domain)
}

// LastDone returns the operation of some kinds on a domain that succeeded last.
func (t Operations) LastDone(domain string, kinds ...registrar.OperationKind) (Operation, error) {
	return one(t.tx, scanOperation, "select "+operationColumns+" from operations where domain = $1 and state = 'Succeeded' and kind in ("+
		sqldb.Words(kinds)+") order by finished_at desc, id limit 1", domain)
}

const lastOperationQuery = "select " + operationColumns + " from operations where domain = $1 order by created_at desc, id limit 1"

// FailedBetween lists the operations that failed after one instant and not after another.
func (t Operations) FailedBetween(from, to time.Time) ([]Operation, error) {
	return collect(t.tx, scanOperation, "select "+operationColumns+` from operations
		where state = 'Failed' and finished_at > $1 and finished_at <= $2 order by finished_at`, sqldb.Millis(from), sqldb.Millis(to))
}

// Witnessable lists the requests about domains whose end the registry may know, oldest first.
func (t Requests) Witnessable() ([]Request, error) {
	return collect(t.tx, scanRequest, witnessQuery)
}

// BoundDeadlines brings forward deadlines that are later than any deadline can be.
func (t Requests) BoundDeadlines(latest time.Time) error {
	err := t.tx.exec("update requests set deadline_at = $1 where deadline_at > $1", sqldb.Millis(latest))
	if err == nil {
		err = t.tx.exec(`update operations set deadline_at = $1 where deadline_at > $1
			and request in (select id from requests where deadline_at = $1)`, sqldb.Millis(latest))
	}
	if err != nil {
		return fmt.Errorf("bound deadlines: %w", err)
	}
	return nil
}

// ChangedAt is when the record of a domain was last stored.
func (t Domains) ChangedAt(name string) (at time.Time, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) {
		return struct{}{}, s.Scan(sqldb.At(&at))
	}, "select updated_at from domains where name = $1", name)
	return at, err
}

// SetDeadline sets the deadline of a request and of the operations that it carries; the zero time removes it.
func (t Requests) SetDeadline(r Request, at time.Time) error {
	err := t.tx.exec("update requests set deadline_at = $1 where id = $2", sqldb.Millis(at), r.ID)
	if err == nil {
		err = t.tx.exec("update operations set deadline_at = $1 where request = $2 and finished_at is null", sqldb.Millis(at), r.ID)
	}
	if err != nil {
		return fmt.Errorf("set deadline of request %s: %w", r.ID, err)
	}
	return nil
}
