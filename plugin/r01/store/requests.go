package store

import (
	"errors"
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
	// As of lifecycle.Request.
	MayRun     bool
	Releasable bool

	version int64
}

// Lifecycle is what the lifecycle needs to know of it.
func (r Request) Lifecycle() lifecycle.Request {
	return lifecycle.Request{Kind: r.Kind, State: r.State, Stall: r.Stall, MayRun: r.MayRun, Releasable: r.Releasable,
		Leads: r.Kind.AboutClient() && r.Client != 0}
}

// Untouched reports whether nothing has been done with it or decided about it since it was
// stored.
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

// Add stores a new request in state Queued. body holds its templates and is sealed.
// An open request for the same object is ErrExists, and so is a prolongation from an expiry of
// the same year that was not refused, or taken back before it was sent.
func (t Requests) Add(r Request, body []byte) (Request, error) {
	r.State, r.Stall, r.version = registrar.Queued, lifecycle.NotStalled, 1
	var client any
	if r.Client != 0 {
		client = r.Client
	}
	err := t.tx.exec(`insert into requests (id, kind, agreement, object, base, client, state, message_id, token,
			sealed_body, created_at, due_at, updated_at, base_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $13)`,
		r.ID, r.Kind, r.Agreement, r.Object, r.Base.String(), client, r.State, r.MessageID, r.Token,
		t.tx.box.Seal(body, "requests|"+r.ID), sqldb.Millis(r.CreatedAt), sqldb.Millis(r.DueAt), baseDay(r.Base))
	if err != nil {
		return Request{}, fmt.Errorf("add request for %s: %w", r.Object, err)
	}
	return r, nil
}

// Get returns a request by its ID.
func (t Requests) Get(id string) (Request, error) {
	return one(t.tx, scanRequest, "select "+requestColumns+" from requests where id = $1", id)
}

// Body opens the templates of a request. They may have been erased: ErrRemoved.
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

// ByMessageID and RequestsByToken find what a mail of ours asked for: one request,
// or all that went out in it together. None is an empty list.
func (t Requests) ByMessageID(id string) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+` from requests where message_id = $1
		or id in (select request from batched where batch in (select id from batches where message_id = $1)) order by object`, id)
}

func (t Requests) ByToken(token string) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+` from requests where token = $1
		or id in (select request from batched where batch in (select id from batches where token = $1)) order by object`, token)
}

// Last finds the request about an object that was made last, however it stands.
func (t Requests) Last(object string) (Request, error) {
	return one(t.tx, scanRequest, lastRequestQuery, object)
}

// FirstClaim is when a request was first handed over; zero = never.
func (t Requests) FirstClaim(request string) (at time.Time, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) { return struct{}{}, s.Scan(sqldb.At(&at)) },
		"select min(claimed_at) from attempts where request = $1", request)
	return at, err
}

// ByTask finds the request that R01 gave a number.
func (t Requests) ByTask(task string) (Request, error) {
	return one(t.tx, scanRequest, taskQuery, task)
}

// OfClient returns the open request that registers a client.
func (t Requests) OfClient(client int64) (Request, error) {
	return one(t.tx, scanRequest, clientQuery, client)
}

// Postpone keeps a queued request in the queue until later.
func (t Requests) Postpone(r Request, dueAt time.Time, why string) error {
	return t.tx.swap("update requests set due_at = $1, error = $2 where id = $3 and state = 'Queued' and version = $4",
		sqldb.Millis(dueAt), why, r.ID, r.version)
}

// Open lists the requests for an object that R01 may still answer.
func (t Requests) Open(object string) ([]Request, error) {
	return collect(t.tx, scanRequest, "select "+requestColumns+` from requests
		where object = $1 and state <> 'Queued' and `+unfinished+` order by created_at`, object)
}

// LongestWait is longer than a request is ever put off. What is to wait for longer was written by
// a clock that was wrong, and is due.
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

// A query must repeat the condition of an index to use it, even where it follows from what else
// is asked.
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

// Held lists the requests that stand for one reason.
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

// Claim is the compare-and-swap between RCPT and DATA: the request is ours to transmit now,
// under this fence, and no other sender's. digest is of the bytes, the password masked; it
// is keyed before it is kept.
func (t Requests) Claim(r *Request, fence int64, digest string, at time.Time) error {
	current, err := t.tx.Setting(fenceSetting)
	if err != nil {
		return fmt.Errorf("claim request %s: %w", r.ID, err)
	}

	if current != fmt.Sprint(fence) {
		return fmt.Errorf("claim request %s: another instance has taken over: %w", r.ID, ErrMoved)
	}

	v := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: lifecycle.FromQueue, Event: lifecycle.Claimed, Proof: lifecycle.OwnWord})
	d, ok := v.Decision()
	if !ok {
		return fmt.Errorf("claim request %s: %w", r.ID, errors.Join(ErrMoved, v.Err()))
	}

	r.Attempt, r.Fence, r.ClaimedAt = r.Attempt+1, fence, at
	c := Change{At: at, Message: "handing over to the mail relay", Actor: "plugin"}
	if _, err := t.advance(r, d, c, t.tx.keyed(digest)); err != nil {
		return err
	}

	err = t.tx.exec("insert into attempts (request, attempt, claimed_at) values ($1, $2, $3)", r.ID, r.Attempt, sqldb.Millis(at))
	if err != nil {
		return fmt.Errorf("claim request %s: %w", r.ID, err)
	}

	return nil
}

// FinishAttempt records how a transmission ended.
func (t Requests) FinishAttempt(r Request, outcome, response string, at time.Time) error {
	return t.tx.exec("update attempts set finished_at = $1, outcome = $2, response = $3 where request = $4 and attempt = $5",
		sqldb.Millis(at), outcome, response, r.ID, r.Attempt)
}

const fenceSetting = "fence"

// TakeOver gives out a new fence: the holder of an older one can claim nothing any more.
func (tx *Tx) TakeOver() (int64, error) { return tx.Count(fenceSetting, 1) }
