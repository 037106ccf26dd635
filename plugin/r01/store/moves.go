package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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

// Move is a decision on one of several requests.
type Move struct {
	Request  *Request
	Decision lifecycle.Decision
	Change   Change
	digest   string // of what is about to be sent; "" = it stays as it is
}

// Advance is AdvanceAll for one request.
func (t Requests) Advance(r *Request, d lifecycle.Decision, c Change) ([]Operation, error) {
	ops, err := t.AdvanceAll([]Move{{Request: r, Decision: d, Change: c}})
	if err != nil {
		return nil, err
	}
	return ops[0], nil
}

// AdvanceAll records decisions on requests, each of which occurs once, and on the operations that they carry:
// their state, what they wait for and a step of their history. It returns those operations as they are now,
// for each request. The error is ErrMoved if one of the requests is not as the caller read it: then none is
// changed in memory, and the caller must undo what was written. Requests that move alike share statements.
//
// Operations that another request will carry on stay open, in the state that the caller gives them next.
func (t Requests) AdvanceAll(moves []Move) ([][]Operation, error) {
	next := make([]Request, len(moves))
	alike := newGroups()
	for i, m := range moves {
		var set assignments
		var err error
		if next[i], set, err = moved(*m.Request, m.Decision, m.Change, m.digest); err != nil {
			return nil, err
		}
		// If the state were an argument, SQLite would plan anew each time, because its value
		// decides whether an index fits.
		alike.add(i, set, "state in ("+sqldb.Words([]lifecycle.State{m.Request.State})+")", m.Request.version)
	}

	for _, g := range alike.list {
		for _, some := range chunks(g.members) {
			err := t.tx.swapAll(len(some), "update requests set "+g.set.String()+" where "+g.where+" and version = $"+g.place(0)+
				" and id in ("+placeholders(len(g.args)+1, len(some))+")", append(slices.Clone(g.args), idsOf(moves, some)...)...)
			if err != nil {
				return nil, fmt.Errorf("advance request %s to %s: %w", moves[some[0]].Request.ID, moves[some[0]].Decision.State(), err)
			}
		}
	}

	for i, m := range moves {
		*m.Request = next[i]
	}
	return t.follow(moves)
}

func idsOf(moves []Move, which []int) []any {
	ids := make([]any, len(which))
	for i, n := range which {
		ids[i] = moves[n].Request.ID
	}
	return ids
}

// moved returns a request after a decision, and the assignments of it. An assignment rewrites
// every index that names the column, so a value that does not change is left out.
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
	// Only this column is in the indexes of open rows, so that only the last move of a request rewrites them.
	if n := ending(next); n > 0 {
		set.add("closed", n)
	}
	if digest != "" { // it is claimed
		set.add("attempt", next.Attempt)
		set.add("fence", next.Fence)
		set.add("claimed_at", sqldb.Millis(next.ClaimedAt))
		set.add("digest", digest)
		if next.Batch != "" {
			set.add("batch", next.Batch)
		}
	}
	return next, set, nil
}

// ending is how a request's state ends it: 0 = it is open; 1 = it is over; 2 = it is void as
// well, so that another may ask for the same.
func ending(r Request) int {
	switch {
	case !r.State.Final():
		return 0
	case r.State == registrar.Failed, r.State == registrar.Cancelled && r.Attempt == 0:
		return 2
	}
	return 1
}

// follow gives the operations of requests the states of their requests.
func (t Requests) follow(moves []Move) ([][]Operation, error) {
	all := make([][]Operation, len(moves))
	place := map[string]int{}
	alike := newGroups()
	for i, m := range moves {
		if m.Decision.Has(lifecycle.BeginDomain) { // they go on with another
			ops, err := t.tx.Operations.OpenOf(m.Request.ID)
			for n := range ops {
				err = errors.Join(err, t.tx.Operations.Set(&ops[n], m.Change))
			}
			if all[i] = ops; err != nil {
				return nil, err
			}
			continue
		}
		place[m.Request.ID] = i
		alike.add(i, followed(m), "finished_at is null")
	}

	for _, g := range alike.list {
		for _, some := range chunks(g.members) {
			ops, err := collect(t.tx, scanOperation, "update operations set "+g.set.String()+" where "+g.where+" and request in ("+
				placeholders(len(g.args)+1, len(some))+") returning "+operationColumns, append(slices.Clone(g.args), idsOf(moves, some)...)...)
			if err != nil {
				return nil, fmt.Errorf("set operations of request %s to %s: %w", moves[some[0]].Request.ID, moves[some[0]].Decision.State(), err)
			}
			for _, op := range ops {
				i := place[op.Request]
				all[i] = append(all[i], op)
			}
		}
	}

	var steps []step
	for i, m := range moves {
		// The database returns rows in any order, and people are shown a stable one.
		slices.SortFunc(all[i], func(a, b Operation) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		// These operations have their steps already, because each was set by itself.
		if m.Decision.Has(lifecycle.BeginDomain) {
			continue
		}
		for n := range all[i] {
			steps = append(steps, step{&all[i][n], m.Change})
		}
	}
	return all, t.tx.Operations.addSteps(steps)
}

// followed is what a move assigns to the operations of its request.
func followed(m Move) (set assignments) {
	set.add("state", m.Decision.State())
	set.add("waits_for", lifecycle.WaitsFor(m.Request.Lifecycle()))
	set.add("error", m.Change.Error)
	set.add("updated_at", sqldb.Millis(m.Change.At))
	deadline := m.Change.Deadline
	if m.Decision.State().Final() {
		deadline = time.Time{}
		set.add("finished_at", sqldb.Millis(m.Change.At))
	}
	set.add("deadline_at", sqldb.Millis(deadline))
	return set
}
