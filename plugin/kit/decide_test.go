package kit

import (
	"testing"
	"time"

	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// Every answer in every state that is sent or asked about: what it causes, and that the table knows
// the way. "" is that it is asked about again.
func TestDecide(t *testing.T) {
	t.Parallel()

	timing := DefaultTiming()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	early, late := now.Add(-time.Second), now.Add(-timing.Settle)

	for _, c := range []struct {
		why      string
		state    registrar.OperationState
		claimed  time.Time
		deadline time.Time
		answer   Answer
		want     life.Cause
	}{
		{"sent and done", registrar.Sending, early, time.Time{}, Done(Facts{}), life.Finished},
		{"sent and taken", registrar.Sending, early, time.Time{}, Pending("7"), life.Taken},
		{"sent, and a person is needed", registrar.Sending, early, time.Time{}, NeedsPerson("sign it"), life.Handed},
		{"sent and refused", registrar.Sending, early, time.Time{}, Refused("no"), life.Refused},
		{"sent and refused without a word", registrar.Sending, early, time.Time{}, Refused(""), life.Refused},
		{"did not get there", registrar.Sending, early, time.Time{}, NotSent("no route"), life.Unsent},
		{"no answer", registrar.Sending, early, time.Time{}, Answer{}, life.Lost},

		{"lost, and done", registrar.Uncertain, early, time.Time{}, Done(Facts{}), life.Finished},
		{"lost, and taken", registrar.Uncertain, early, time.Time{}, Pending(""), life.Taken},
		{"lost, and a person is needed", registrar.Uncertain, early, time.Time{}, NeedsPerson("sign it"), life.Handed},
		{"lost, and refused", registrar.Uncertain, early, time.Time{}, Refused("no"), life.Refused},
		{"lost, and never got, but just now", registrar.Uncertain, early, time.Time{}, NotSent(""), ""},
		{"lost, and never got", registrar.Uncertain, late, time.Time{}, NotSent(""), life.Unheard},
		{"lost, and silence", registrar.Uncertain, late, time.Time{}, Answer{}, ""},

		{"taken, and done", registrar.Accepted, early, now.Add(1), Done(Facts{}), life.Finished},
		{"taken, and a person is needed", registrar.Accepted, early, now.Add(1), NeedsPerson("sign it"), life.Handed},
		{"taken, and refused", registrar.Accepted, early, now.Add(1), Refused("no"), life.Refused},
		{"taken, and under way", registrar.Accepted, early, now.Add(1), Pending(""), ""},
		{"taken, and silence", registrar.Accepted, early, now.Add(1), Answer{}, ""},
		{"taken, and under way for too long", registrar.Accepted, early, now, Pending(""), life.Overdue},
		{"taken, and silence for too long", registrar.Accepted, early, now, Answer{}, life.Overdue},
		{"taken, and not known any more", registrar.Accepted, late, now.Add(1), NotSent(""), life.Disowned},

		{"late, and done", registrar.NeedsAction, late, time.Time{}, Done(Facts{}), life.Finished},
		{"late, and refused", registrar.NeedsAction, late, time.Time{}, Refused("no"), life.Refused},
		{"late, and a person is needed still", registrar.NeedsAction, late, time.Time{}, NeedsPerson("sign it"), ""},
		{"late, and under way", registrar.NeedsAction, late, time.Time{}, Pending(""), ""},
		{"late, and never got: a person decides", registrar.NeedsAction, late, time.Time{}, NotSent(""), ""},
		{"late, and silence", registrar.NeedsAction, late, time.Time{}, Answer{}, ""},
	} {
		task := store.Task{ClaimedAt: c.claimed}
		task.State, task.Deadline, task.Kind = c.state, c.deadline, registrar.KindRegister
		m, ok := decide(task, c.answer, now, timing)
		if m.Cause != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.why, m.Cause, ok, c.want)
		}
		if !ok {
			continue
		}
		to, known := life.Next(c.state, m.Cause)
		if !known || m.Message == "" || m.Actor == "" || to == registrar.Failed && m.Error == "" || to == registrar.Succeeded && m.Evidence == "" || m.Cause == life.Handed && m.WaitsFor != "sign it" {
			t.Errorf("%s: it becomes %q by %+v", c.why, to, m)
		}
	}
}

// Done is whole when it says what the record needs.
func TestComplete(t *testing.T) {
	t.Parallel()
	day := registrar.Date{Year: 2027, Month: 3, Day: 1}
	for _, c := range []struct {
		kind registrar.OperationKind
		facts
		want bool
	}{
		{registrar.KindRegister, facts{}, false},
		{registrar.KindTransfer, facts{PaidTill: day}, true},
		{registrar.KindRenew, facts{PaidTill: day}, false}, // as it was
		{registrar.KindRenew, facts{PaidTill: day.AddYears(1)}, true},
		{registrar.KindUpdate, facts{}, true},
	} {
		task := store.Task{Contents: registrar.Order{PaidTill: day}}
		task.Kind = c.kind
		if got := complete(task, Facts(c.facts)); got != c.want {
			t.Errorf("%s with %+v: %v", c.kind, c.facts, got)
		}
	}
}

type facts Facts
