package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
)

// Claim is the compare-and-swap between RCPT and DATA: from now on the requests of one mail are
// ours to transmit, under this fence, and no other sender's. If it returns an error, none of them
// is claimed. digest is of the bytes, with the password masked; it is keyed before it is kept.
func (t Requests) Claim(requests []Request, fence int64, digest string, at time.Time) error {
	// An instance that took over has raised the fence, and transmits what this one still takes for its own.
	current, err := t.tx.Setting(fenceSetting)
	if err != nil {
		return fmt.Errorf("claim requests: %w", err)
	}
	if current != fmt.Sprint(fence) {
		return fmt.Errorf("claim requests: another instance has taken over: %w", ErrMoved)
	}

	// The caller's requests do not change until all are claimed, because they show whether anything may have left.
	claimed := slices.Clone(requests)
	moves := make([]Move, len(claimed))
	c := Change{At: at, Message: "handing over to the mail relay", Actor: "plugin"}
	for i := range claimed {
		r := &claimed[i]
		v := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: lifecycle.FromQueue, Event: lifecycle.Claimed, Proof: lifecycle.OwnWord})
		d, ok := v.Decision()
		if !ok {
			return fmt.Errorf("claim request %s: %w", r.ID, errors.Join(ErrMoved, v.Err()))
		}
		r.Attempt, r.Fence, r.ClaimedAt = r.Attempt+1, fence, at
		moves[i] = Move{Request: r, Decision: d, Change: c, digest: t.tx.keyed(digest)}
	}

	if _, err := t.AdvanceAll(moves); err != nil {
		return err
	}
	err = insert(t.tx, "attempts (request, attempt, claimed_at)", claimed, func(r Request) ([]any, error) {
		return []any{r.ID, r.Attempt, sqldb.Millis(r.ClaimedAt)}, nil
	})
	if err != nil {
		return fmt.Errorf("claim requests: %w", err)
	}
	copy(requests, claimed)
	return nil
}

// FinishAttempts records how a transmission of requests ended.
func (t Requests) FinishAttempts(sent []Request, outcome, response string, at time.Time) error {
	alike := newGroups()
	for i, r := range sent {
		var set assignments
		set.add("finished_at", sqldb.Millis(at))
		set.add("outcome", outcome)
		set.add("response", response)
		alike.add(i, set, "", r.Attempt)
	}

	for _, g := range alike.list {
		for _, some := range chunks(g.members) {
			args := slices.Clone(g.args)
			for _, n := range some {
				args = append(args, sent[n].ID)
			}
			// By number, so that a late outcome ends its own attempt and not a later one.
			err := t.tx.exec("update attempts set "+g.set.String()+" where attempt = $"+g.place(0)+" and request in ("+
				placeholders(len(args)-len(some)+1, len(some))+")", args...)
			if err != nil {
				return fmt.Errorf("finish attempt of request %s: %w", sent[some[0]].ID, err)
			}
		}
	}
	return nil
}
