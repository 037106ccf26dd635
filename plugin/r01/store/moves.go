package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Change is what a transition records beside the new state.
type Change struct {
	At       time.Time
	Message  string // for people; masked
	Actor    string
	Evidence registrar.EvidenceKind
	Mail     registrar.MailID
	Error    string    // why it failed or stands; "" clears
	Task     string    // R01's number, when this told it
	DueAt    time.Time // when it goes back to Queued: not before
	Deadline time.Time // until when the next word is expected; zero = none
}

// Advance records a decision on a request, and on the operations it carries: their state,
// what they wait for and a step of their history. It returns those operations as they are
// now. ErrMoved when the request is not as the caller read it.
//
// Operations that will be carried on by another request stay open, in the state the caller
// gives them next.
func (t Requests) Advance(r *Request, d lifecycle.Decision, c Change) ([]Operation, error) {
	return t.advance(r, d, c, "")
}

// advance is Advance, with the digest of what is about to be sent; "" = it stays as it is.
func (t Requests) advance(r *Request, d lifecycle.Decision, c Change, digest string) ([]Operation, error) {
	next, set, err := moved(*r, d, c, digest)
	if err != nil {
		return nil, err
	}
	n := len(set.args)
	err = t.tx.swap(fmt.Sprintf("update requests set %s where id = $%d and state = $%d and version = $%d", set, n+1, n+2, n+3),
		append(set.args, r.ID, r.State, r.version)...)
	if err != nil {
		return nil, fmt.Errorf("advance request %s to %s: %w", r.ID, d.State(), err)
	}

	*r = next
	return t.follow(next, d, c)
}

// moved is a request after a decision, and what that assigns. An assignment rewrites every index that
// names the column, so a value that stays is left out.
func moved(r Request, d lifecycle.Decision, c Change, digest string) (next Request, set assignments, err error) {
	next = r
	if d.State() == "" {
		return next, set, fmt.Errorf("advance request %s: nothing was decided", r.ID)
	}

	next.State, next.Stall, next.Error, next.Deadline = d.State(), d.Stall(), c.Error, c.Deadline
	next.MayRun, next.Releasable = d.MayRun(), d.Releasable()
	next.version++
	set.add("state", next.State)
	set.add("hold", next.Stall)
	set.add("error", next.Error)
	set.add("may_run", next.MayRun)
	set.add("releasable", next.Releasable)
	set.add("updated_at", sqldb.Millis(c.At))
	set.add("version", next.version)

	if r.State != registrar.Queued || !next.Deadline.IsZero() { // in the queue there is none
		set.add("deadline_at", sqldb.Millis(next.Deadline))
	}
	if c.Task != "" && c.Task != r.Task {
		next.Task = c.Task
		set.add("task", next.Task)
	}
	if !c.DueAt.IsZero() {
		next.DueAt = c.DueAt
		set.add("due_at", sqldb.Millis(next.DueAt))
	}
	if d.State() == registrar.Sent && next.SentAt.IsZero() {
		next.SentAt = c.At
		set.add("sent_at", sqldb.Millis(next.SentAt))
	}
	if n := ending(next); n > 0 {
		set.add("closed", n)
	}
	if digest != "" { // it is claimed
		set.add("attempt", next.Attempt)
		set.add("fence", next.Fence)
		set.add("claimed_at", sqldb.Millis(next.ClaimedAt))
		set.add("digest", digest)
	}
	return next, set, nil
}

// ending is what a request's state comes to: 0 = open; 1 = it is over; 2 = it is void as well, so that
// another may ask for the same.
func ending(r Request) int {
	switch {
	case !r.State.Final():
		return 0
	case r.State == registrar.Failed, r.State == registrar.Cancelled && r.Attempt == 0:
		return 2
	}
	return 1
}

// assignments are columns of an update with their values, which are its first arguments.
type assignments struct {
	columns []string
	args    []any
}

func (a *assignments) add(column string, value any) {
	a.args = append(a.args, value)
	a.columns = append(a.columns, fmt.Sprint(column, " = $", len(a.args)))
}

// String is what follows SET.
func (a assignments) String() string { return strings.Join(a.columns, ", ") }

// follow brings the operations of a request to its state.
func (t Requests) follow(r Request, d lifecycle.Decision, c Change) ([]Operation, error) {
	if d.Has(lifecycle.BeginDomain) { // they go on with another
		ops, err := t.tx.Operations.OpenOf(r.ID)
		for i := range ops {
			err = errors.Join(err, t.tx.Operations.Set(&ops[i], c))
		}
		return ops, err
	}

	var set assignments
	set.add("state", d.State())
	set.add("waits_for", lifecycle.WaitsFor(r.Lifecycle()))
	set.add("error", c.Error)
	set.add("updated_at", sqldb.Millis(c.At))
	deadline := c.Deadline
	if d.State().Final() {
		deadline = time.Time{}
		set.add("finished_at", sqldb.Millis(c.At))
	}
	set.add("deadline_at", sqldb.Millis(deadline))

	ops, err := collect(t.tx, scanOperation, fmt.Sprintf("update operations set %s where request = $%d and finished_at is null returning %s",
		set, len(set.args)+1, operationColumns), append(set.args, r.ID)...)
	if err != nil {
		return nil, fmt.Errorf("set operations of request %s to %s: %w", r.ID, d.State(), err)
	}

	slices.SortFunc(ops, func(a, b Operation) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})

	for i := range ops {
		if err := t.tx.Operations.addStep(&ops[i], c); err != nil {
			return nil, err
		}
	}

	return ops, nil
}

