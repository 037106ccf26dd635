package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// normal checks a query and writes its words as the log does.
func (q LogQuery) normal() (LogQuery, error) {
	if q.Event != "" && !slices.Contains(EntryTypes(), q.Event) {
		return q, input.Mistake("event", fmt.Sprintf("must be one of %v", EntryTypes()))
	}
	if q.Outcome != "" && !slices.Contains(registrar.Outcomes(), q.Outcome) {
		return q, input.Mistake("outcome", fmt.Sprintf("must be one of %v", registrar.Outcomes()))
	}
	if q.State != "" && !slices.Contains(registrar.OperationStates(), q.State) {
		return q, input.Mistake("operation_state", fmt.Sprintf("must be one of %v", registrar.OperationStates()))
	}
	if q.Level != "" && !slices.Contains(registrar.Levels(), q.Level) {
		return q, input.Mistake("level", fmt.Sprintf("must be one of %v", registrar.Levels()))
	}

	q.Actor = entry.Line(q.Actor)
	if q.Domain == "" {
		return q, nil
	}

	ace, err := input.ACE(q.Domain)
	q.Domain = ace
	return q, err
}

// filter returns the query in SQL. Levels are written as words, so that the index of entries above info answers them.
func (q LogQuery) filter() (f filter) {
	f.by("domain", q.Domain)
	f.by("registrar", q.Registrar)
	f.by("actor", q.Actor)
	f.by("event", string(q.Event))
	f.by("outcome", string(q.Outcome))
	f.by("operation_state", string(q.State))
	if q.Level != "" && q.Level != registrar.LevelInfo {
		f.conditions = append(f.conditions, "level <> 'info'")
	}
	if q.Level == registrar.LevelError {
		f.conditions = append(f.conditions, "level = 'error'")
	}

	if !q.Since.IsZero() {
		// The first such ID bounds what is read. Times are compared as well: they are those of the registrars' events, and do
		// not always grow with the IDs.
		f.add("id >= (select coalesce(min(id), 9223372036854775807) from log where at >= ", sqldb.Millis(q.Since))
		f.conditions[len(f.conditions)-1] += ")"
		f.add("at >= ", sqldb.Millis(q.Since))
	}

	f.add("id > ", q.After)
	if q.Before > 0 {
		f.add("id < ", q.Before)
	}
	return f
}

// WaitLog is Log for a caller who polls: if there is no entry yet, it waits that long for one.
func (l *ledger) WaitLog(ctx context.Context, q LogQuery, wait time.Duration) ([]Entry, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		more := l.logged.Next() // before reading, so that no entry slips in between
		entries, err := l.Log(ctx, q)
		if err != nil || len(entries) > 0 || wait <= 0 {
			return entries, err
		}
		select {
		case <-more:
		// Another panel on the same database wakes no waiter here.
		case <-time.After(lookAtOthers):
		case <-end.C:
			wait = 0 // and one last look
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
