package store

import (
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Request is one mail to R01, or what a person carries out there.
type Request struct {
	ID        string
	Kind      lifecycle.Kind
	Agreement string
	Object    string         // handle or domain
	Base      registrar.Date // prolong: the paid-till it starts from
	Client    int64          // 0 = none
	State     lifecycle.State
	Stall     lifecycle.StallReason
	MessageID string
	Token     string
	Attempt   int
	Fence     int64
	Task      string
	Error     string
	CreatedAt time.Time
	DueAt     time.Time
	ClaimedAt time.Time
	SentAt    time.Time
	Deadline  time.Time
	Batch     string // the mail it goes out in with others; "" = alone
	// As in lifecycle.Request.
	MayRun     bool
	Releasable bool

	version int64
}

// Lifecycle returns what package lifecycle needs to know of the request.
func (r Request) Lifecycle() lifecycle.Request {
	return lifecycle.Request{Kind: r.Kind, State: r.State, Stall: r.Stall, MayRun: r.MayRun, Releasable: r.Releasable,
		Leads: r.Kind.AboutClient() && r.Client != 0}
}

// Untouched reports whether nothing has been done with the request or decided about it since it was stored.
func (r Request) Untouched() bool { return r.version == 1 }

const requestColumns = `id, kind, agreement, object, base, coalesce(client, 0), state, hold, message_id, token,
	attempt, fence, task, error, created_at, due_at, claimed_at, sent_at, deadline_at, coalesce(batch, ''),
	may_run, releasable, version`

func scanRequest(s sqldb.Scanner) (r Request, err error) {
	var base string
	err = s.Scan(&r.ID, &r.Kind, &r.Agreement, &r.Object, &base, &r.Client, &r.State, &r.Stall, &r.MessageID, &r.Token,
		&r.Attempt, &r.Fence, &r.Task, &r.Error, sqldb.At(&r.CreatedAt), sqldb.At(&r.DueAt), sqldb.At(&r.ClaimedAt),
		sqldb.At(&r.SentAt), sqldb.At(&r.Deadline), &r.Batch, &r.MayRun, &r.Releasable, &r.version)
	if err != nil {
		return Request{}, err
	}
	r.Base, err = registrar.ParseDate(base)
	return r, err
}

// Fresh is a request that is not stored yet, with its templates.
type Fresh struct {
	Request Request
	Body    []byte
}

// Add is AddAll for one request.
func (t Requests) Add(r Request, body []byte) (Request, error) {
	added, err := t.AddAll([]Fresh{{r, body}})
	if err != nil {
		return Request{}, err
	}
	return added[0], nil
}

// AddAll stores new requests in state Queued. Bodies are their templates and are sealed. The
// error is ErrExists if a request for the same object is open, or if there is a prolongation
// from an expiry of the same year that was neither refused nor withdrawn before it was sent.
func (t Requests) AddAll(fresh []Fresh) ([]Request, error) {
	added := make([]Request, len(fresh))
	for i, f := range fresh {
		added[i] = f.Request
		added[i].State, added[i].Stall, added[i].version = registrar.Queued, lifecycle.NotStalled, 1
	}

	err := insert(t.tx, `requests (id, kind, agreement, object, base, client, state, message_id, token,
		sealed_body, created_at, due_at, updated_at, base_day)`, fresh, func(f Fresh) ([]any, error) {
		r := f.Request
		created := sqldb.Millis(r.CreatedAt)
		return []any{r.ID, r.Kind, r.Agreement, r.Object, r.Base.String(), orNull(r.Client), registrar.Queued, r.MessageID, r.Token,
			t.tx.box.Seal(f.Body, "requests|"+r.ID), created, sqldb.Millis(r.DueAt), created, baseDay(r.Base)}, nil
	})
	if err != nil && len(fresh) == 1 {
		return nil, fmt.Errorf("add request for %s: %w", fresh[0].Request.Object, err)
	}
	if err != nil {
		return nil, fmt.Errorf("add requests: %w", err)
	}
	return added, nil
}

// Get returns a request by its ID.
func (t Requests) Get(id string) (Request, error) {
	return one(t.tx, scanRequest, "select "+requestColumns+" from requests where id = $1", id)
}

// Again reads requests again, in the given order.
func (t Requests) Again(requests []Request) ([]Request, error) {
	list, err := among(t.tx, scanRequest, "select "+requestColumns+" from requests where id in", ids(requests))
	if err != nil {
		return nil, err
	}
	return inOrder(requests, list, func(r Request) string { return r.ID })
}

func ids(requests []Request) []string {
	all := make([]string, len(requests))
	for i, r := range requests {
		all[i] = r.ID
	}
	return all
}

// inOrder sorts what was found for requests in the order of these.
func inOrder[T any](requests []Request, found []T, id func(T) string) ([]T, error) {
	at := make(map[string]T, len(found))
	for _, v := range found {
		at[id(v)] = v
	}
	sorted := make([]T, len(requests))
	for i, r := range requests {
		var ok bool
		if sorted[i], ok = at[r.ID]; !ok {
			return nil, fmt.Errorf("request %s: %w", r.ID, ErrNotFound)
		}
	}
	return sorted, nil
}

// Bodies opens the templates of requests, in the given order. The error is ErrRemoved if some were erased.
func (t Requests) Bodies(requests []Request) ([][]byte, error) {
	type body struct {
		id     string
		sealed []byte
	}
	list, err := among(t.tx, func(s sqldb.Scanner) (b body, err error) { err = s.Scan(&b.id, &b.sealed); return b, err },
		"select id, sealed_body from requests where id in", ids(requests))
	if err != nil {
		return nil, err
	}
	if list, err = inOrder(requests, list, func(b body) string { return b.id }); err != nil {
		return nil, err
	}

	bodies := make([][]byte, len(list))
	for i, b := range list {
		if len(b.sealed) == 0 {
			return nil, ErrRemoved
		}
		if bodies[i], err = t.tx.box.Open(b.sealed, "requests|"+b.id); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

// Body opens the templates of a request. The error is ErrRemoved if they were erased.
func (t Requests) Body(id string) ([]byte, error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_body from requests where id = $1", id)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		return nil, ErrRemoved
	}
	return t.tx.box.Open(sealed, "requests|"+id)
}

func scanBytes(s sqldb.Scanner) ([]byte, error) {
	var b []byte
	err := s.Scan(&b)
	return b, err
}

// Last finds the request about an object that was handed over last, in whatever state.
func (t Requests) Last(object string) (Request, error) {
	return one(t.tx, scanRequest, lastRequestQuery, object)
}

// FirstClaim is when a request was first handed over; zero = never.
func (t Requests) FirstClaim(request string) (at time.Time, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) { return struct{}{}, s.Scan(sqldb.At(&at)) },
		"select min(claimed_at) from attempts where request = $1", request)
	return at, err
}

// ByTask finds the request to which R01 gave a task number.
func (t Requests) ByTask(task string) (Request, error) {
	return one(t.tx, scanRequest, taskQuery, task)
}

// OfClient returns the open request that registers a client.
func (t Requests) OfClient(client int64) (Request, error) {
	return one(t.tx, scanRequest, clientQuery, client)
}

// Postpone keeps a queued request in the queue until later, in the mail in which it is to go out.
func (t Requests) Postpone(r Request, dueAt time.Time, why string) error {
	return t.tx.swap("update requests set due_at = $1, error = $2, batch = $3 where id = $4 and state = 'Queued' and version = $5",
		sqldb.Millis(dueAt), why, orNull(r.Batch), r.ID, r.version)
}

// Open lists the requests for an object that R01 may still answer.
func (t Requests) Open(object string) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+` from requests
		where object = $1 and state <> 'Queued' and `+unfinished+` order by created_at`, object)
}

// LongestWait is longer than any request is put off. A later due time was written by a clock
// that was wrong, so the request counts as due.
const LongestWait = 48 * time.Hour

// NextDue is when the next queued request is due; zero = there is none.
func (t Requests) NextDue() (at time.Time, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) {
		return struct{}{}, s.Scan(sqldb.At(&at))
	}, "select min(due_at) from requests where state = 'Queued'")
	return at, err
}

// Overdue lists requests whose deadline has passed.
func (t Requests) Overdue(now time.Time) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+" from requests where deadline_at <= $1", sqldb.Millis(now))
}

// A query must repeat the condition of an index to use it, even if the condition follows from the rest of the query.
var (
	taskQuery        = "select " + requestColumns + " from requests where task = $1 and task <> '' order by created_at desc limit 1"
	lastRequestQuery = "select " + requestColumns + " from requests where object = $1 and claimed_at is not null order by claimed_at desc limit 1"
	clientQuery      = "select " + requestColumns + " from requests where client = $1 and kind = 'new-client' and " + unfinished

	inStateQuery = "select " + requestColumns + " from requests where state = $1 and " + unfinished + " order by created_at"
	heldQuery    = "select " + requestColumns + " from requests where state in ('NeedsAction', 'Uncertain') and hold = $1 and " + unfinished + " order by created_at"
	countQuery   = "select state, count(*) from requests where " + unfinished + " group by state"
	witnessQuery = "select " + requestColumns + ` from requests
		where state in ('Sent', 'Accepted', 'NeedsAction', 'Uncertain') and kind not in (` + unseenKinds + `)
			and ` + unfinished + " order by created_at"
)

// InState lists the requests in a state that is not final.
func (t Requests) InState(s lifecycle.State) ([]Request, error) {
	return collect(t.tx, scanRequest, inStateQuery, s)
}

// Held lists the requests that are held for a reason.
func (t Requests) Held(h lifecycle.StallReason) ([]Request, error) {
	return collect(t.tx, scanRequest, heldQuery, h)
}

// CountInStates counts the requests by state.
func (t Requests) CountInStates() (map[lifecycle.State]int, error) {
	count := map[lifecycle.State]int{}
	_, err := collect(t.tx, func(s sqldb.Scanner) (lifecycle.State, error) {
		var state lifecycle.State
		var n int
		err := s.Scan(&state, &n)
		count[state] = n
		return state, err
	}, countQuery)
	return count, err
}

const fenceSetting = "fence"

// TakeOver issues a new fence: the holder of an older one can't claim anything any more.
func (tx *Tx) TakeOver() (int64, error) { return tx.Count(fenceSetting, 1) }
