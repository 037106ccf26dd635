package registrar

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func paths(problems []Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Path)
	}
	return all
}

func TestDecisionProblems(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		d    Decision
		want []string
	}{
		{Decision{Operation: "o", Version: "1", Verdict: VerdictDone, By: "olga"}, nil},
		{Decision{Operation: "o", Verdict: VerdictDone, By: "olga"}, []string{"version"}},
		{Decision{Operation: "o", Version: "1", Verdict: VerdictDone, By: " "}, []string{"by"}},
		{Decision{Operation: "o", Version: "1", Verdict: "perhaps", By: "olga"}, []string{"outcome"}},
		{Decision{}, []string{"by", "outcome", "version"}},
	} {
		if got := paths(c.d.Problems()); !slices.Equal(got, c.want) {
			t.Errorf("%+v lacks %v, want %v", c.d, got, c.want)
		}
		r := ReviewDecision{Review: "r", Version: c.d.Version, Outcome: ReplyOutcome(c.d.Verdict), By: c.d.By}
		if got := paths(r.Problems()); !slices.Equal(got, c.want) && c.d.Verdict != VerdictDone {
			t.Errorf("%+v lacks %v, want %v", r, got, c.want)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 28, 23, 0, 0, 0, time.UTC)
	op := Operation{ID: "op-1", State: Sent, Version: "7", History: []Step{{At: at, State: Sent, Message: "sent again", Actor: "olga"}}}
	waiting := Review{ID: "rv-1", Version: "w", Candidates: []OperationID{"op-1"}}
	resolved := Review{ID: "rv-1", Version: "r", ResolvedAt: at, ResolvedBy: "ann", Outcome: ReplyIgnore}
	for _, c := range []struct {
		name string
		err  error
		code Code // "" = none
		path string
		says string
	}{
		{"the same", op.CheckVersion("7"), "", "", ""},
		{"none", op.CheckVersion(""), Invalid, "version", "the operation"},
		{"another", op.CheckVersion("6"), Conflict, "version", "operation op-1 has moved on since it was looked at, and nothing was changed: it is Sent now, by olga at 2026-11-28T23:00:00Z: sent again"},
		{"another, without a history", Operation{ID: "op-1", State: Sent, Version: "7"}.CheckVersion("8"), Conflict, "version", "it is Sent now"},
		{"none is kept, and one is named", Operation{ID: "op-1", State: Sent}.CheckVersion("8"), Conflict, "version", ""},
		{"the same entry", waiting.CheckVersion("w"), "", "", ""},
		{"no version of an entry", waiting.CheckVersion(""), Invalid, "version", "the review entry"},
		{"an entry whose candidate moved", waiting.CheckVersion("v"), Conflict, "version", "an operation that it may belong to has moved"},
		{"an entry that is resolved", resolved.CheckVersion("w"), Conflict, "version", `it was resolved as "ignore" by ann at 2026-11-28T23:00:00Z`},
		{"a candidate", ReviewDecision{}.CheckOperation(waiting, op), "", "", ""},
		{"a candidate that was seen otherwise", ReviewDecision{OperationVersion: "6"}.CheckOperation(waiting, op), Conflict, "operation_version", "op-1"},
		{"no candidate, not seen", ReviewDecision{}.CheckOperation(resolved, op), Invalid, "operation_version", ""},
		{"no candidate, seen", ReviewDecision{OperationVersion: "7"}.CheckOperation(resolved, op), "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if CodeOf(c.err) != c.code {
				t.Fatalf("%v, want %q", c.err, string(c.code))
			}
			var refusal *Error
			if errors.As(c.err, &refusal) && (len(refusal.Problems) != 1 || refusal.Problems[0].Path != c.path || !strings.Contains(refusal.Error(), c.says)) {
				t.Errorf("it says %q at %v", refusal, paths(refusal.Problems))
			}
		})
	}
}
