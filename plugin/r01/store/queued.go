package store

import (
	"fmt"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Queued is a request in the queue, with the open operations that wait for it.
type Queued struct {
	Request    Request
	Scheduled  bool // as of [Requests.IsScheduled]
	Operations []Operation
}

var (
	queuedQuery     = "select " + requestColumns + " from requests where state = 'Queued' and " + unfinished + " and id > $1 order by id limit $2"
	scheduledQuery  = "select id from requests where state = 'Queued' and " + unfinished + " and id > $1 and id <= $2 and " + ofSchedule
	queuedOperation = "select " + operationColumns + ` from operations where state = 'Queued' and finished_at is null
		and request in (select id from requests where state = 'Queued' and ` + unfinished + ` and id > $1 and id <= $2) order by created_at, id`
)

// QueuedPage lists at most limit queued requests behind an ID, in the order of their IDs.
func (t Requests) QueuedPage(after string, limit int) ([]Queued, error) {
	requests, err := collect(t.tx, scanRequest, queuedQuery, after, limit)
	if err != nil || len(requests) == 0 {
		return nil, err
	}

	last := requests[len(requests)-1].ID
	// By the range of the page and not by its IDs, because a statement is kept for each number of arguments.
	scheduled, err := collect(t.tx, scanText, scheduledQuery, after, last)
	if err != nil {
		return nil, err
	}
	ops, err := collect(t.tx, scanOperation, queuedOperation, after, last)
	if err != nil {
		return nil, err
	}

	page, place := make([]Queued, len(requests)), map[string]int{}
	for i, r := range requests {
		page[i].Request, place[r.ID] = r, i
	}
	for _, id := range scheduled {
		page[place[id]].Scheduled = true
	}
	for _, op := range ops {
		q := &page[place[op.Request]]
		q.Operations = append(q.Operations, op)
	}
	return page, nil
}

// SetWaitsFor changes what people are told that a queued operation waits for, without giving it
// another version. It reports whether the operation still is as it was read.
func (t Operations) SetWaitsFor(op Operation, text string) (bool, error) {
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, "update operations set waits_for = $1 where id = $2 and state = $3 and waits_for = $4 and finished_at is null",
		text, op.ID, registrar.Queued, op.WaitsFor)
	if err != nil {
		return false, fmt.Errorf("set what operation %s waits for: %w", op.ID, translate(err))
	}
	return n > 0, nil
}
