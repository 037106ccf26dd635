package gateway

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// doubtful is an operation whose paid request R01 may have got.
func (g *gate) doubtful(order, domain string) registrar.Operation {
	g.t.Helper()
	op := g.submit(registration(order, domain))
	g.relay.fail = noAnswerNotTaken
	g.send()
	g.relay.fail = nil
	return g.expect(op.ID, registrar.Uncertain)
}

func sendAgain(op registrar.Operation) registrar.Decision {
	return registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictResend, By: "olga", Note: "R01 does not have it"}
}

// A person who clicks ten times, and whose browser repeats it, has decided once.
func TestEqualDecisionsSendOneMail(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.doubtful("o1", "twice.ru")
	before := len(g.relay.taken)
	answers := make([]error, 10)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { _, answers[i] = g.Orders.Resolve(t.Context(), sendAgain(op)) })
	}
	all.Wait()
	accepted := 0
	for _, err := range answers {
		switch {
		case err == nil:
			accepted++
		case !errors.Is(err, registrar.Conflict) || !strings.Contains(err.Error(), "it is Queued now, by olga at 2026-"):
			t.Errorf("one of ten: %v, want a Conflict that says what has happened", err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d of ten equal decisions were accepted, want 1", accepted)
	}
	g.send()
	sent := g.expect(op.ID, registrar.Sent)
	if _, err := g.Orders.Resolve(t.Context(), sendAgain(op)); !errors.Is(err, registrar.Conflict) {
		t.Errorf("repeated after it took effect: %v", err)
	}
	if now := g.operation(op.ID); now.Version != sent.Version || len(g.relay.taken) != before+1 {
		t.Errorf("R01 got %d mails, want 1; the operation is %+v, and was %+v", len(g.relay.taken)-before, now, sent)
	}
	g.check()
}

// Even if it waits for a person again, the old decision was about another attempt.
func TestDecisionIsAboutOneAttempt(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.doubtful("o1", "again.ru")
	g.relay.fail = noAnswerNotTaken
	if _, err := g.Orders.Resolve(t.Context(), sendAgain(op)); err != nil {
		t.Fatal(err)
	}
	g.send()
	if now := g.expect(op.ID, registrar.Uncertain); now.Version == op.Version {
		t.Fatalf("after another attempt the version is %q, as before", now.Version)
	}
	if _, err := g.Orders.Resolve(t.Context(), sendAgain(op)); !errors.Is(err, registrar.Conflict) {
		t.Errorf("the old decision on the new attempt: %v", err)
	}
	g.expect(op.ID, registrar.Uncertain)
}

// What makes another version, and what does not.
func TestVersionChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		change  func(g *gate, op registrar.Operation)
		changes bool
	}{
		{"nothing", func(*gate, registrar.Operation) {}, false},
		{"an attempt that the relay put off", func(g *gate, _ registrar.Operation) {
			g.relay.fail = temporarily
			g.send()
		}, true},
		{"a relay that can't be reached", func(g *gate, _ registrar.Operation) {
			g.relay.fail = unreachable
			g.send()
		}, false},
		{"a mail that was sent", func(g *gate, _ registrar.Operation) { g.send() }, true},
		{"a reply", func(g *gate, _ registrar.Operation) {
			g.send()
			g.receive(g.reply(g.last(), "domain: seen.ru", "status: TASK_QUEUED"))
		}, true},
		{"a mail that nothing recognises", func(g *gate, _ registrar.Operation) { g.receive(g.mail("", "Good morning.")) }, false},
		{"another order", func(g *gate, _ registrar.Operation) { g.submit(registration("o2", "other.ru")) }, false},
		{"a note", func(g *gate, op registrar.Operation) {
			err := g.st.Write(t.Context(), func(tx *store.Tx) error {
				o, err := tx.Operations.Get(op.ID)
				if err == nil {
					_, err = tx.Operations.Note(o.Request, store.Change{At: g.clock, Message: "R01 wrote once more", Actor: engine.ByRegistrar})
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o1", "seen.ru"))
			if op.Version == "" || op.Version != g.operation(op.ID).Version || op.Version != g.status("seen.ru").Operation.Version {
				t.Fatalf("the version is %q when stored, %q when read, %q in its domain", op.Version, g.operation(op.ID).Version, g.status("seen.ru").Operation.Version)
			}
			c.change(g, op)
			now := g.operation(op.ID)
			if (now.Version != op.Version) != c.changes {
				t.Errorf("the version was %q and is %q; history: %+v", op.Version, now.Version, now.History)
			}
		})
	}
}

// A decision on what has moved on changes nothing, whatever it says.
func TestDecisionOnWhatHasMovedOn(t *testing.T) {
	t.Parallel()
	for _, v := range registrar.Verdicts() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			seen := g.doubtful("o1", "moved.ru")
			if _, err := g.Resolve(t.Context(), sendAgain(seen)); err != nil {
				t.Fatal(err)
			}
			g.send()
			g.receive(g.reply(g.last(), "domain: moved.ru", "status: TASK_QUEUED"))
			before := g.expect(seen.ID, registrar.Accepted)
			d := sendAgain(seen)
			d.Verdict = v
			_, err := g.Orders.Resolve(t.Context(), d)
			var refusal *registrar.Error
			if !errors.As(err, &refusal) || refusal.Code != registrar.Conflict || len(refusal.Problems) != 1 || refusal.Problems[0].Path != "version" {
				t.Fatalf("%s: %v, want a Conflict about the version", v, err)
			}
			if !strings.Contains(refusal.Detail, "Accepted now, by registrar") {
				t.Errorf("it does not say what has happened: %s", refusal.Detail)
			}
			if after := g.operation(seen.ID); after.Version != before.Version || after.State != before.State || !slices.Equal(after.History, before.History) {
				t.Errorf("%s changed %+v to %+v", v, before, after)
			}
		})
	}
}

func TestDecisionNamesWhatWasSeen(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.doubtful("o1", "unseen.ru")
	d := sendAgain(op)
	d.Version = ""
	if _, err := g.Orders.Resolve(t.Context(), d); !errors.Is(err, registrar.Invalid) || !strings.Contains(err.Error(), "version: is required") {
		t.Errorf("a decision without a version: %v", err)
	}
	g.expect(op.ID, registrar.Uncertain)
}

// Two operations that wait for one client share its request: a decision on one is news about
// the other.
func TestSharedRequestMovesBothVersions(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	one, two := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.relay.fail = noAnswerNotTaken
	g.send()
	one, two = g.expect(one.ID, registrar.Uncertain), g.expect(two.ID, registrar.Uncertain)
	if _, err := g.Orders.Resolve(t.Context(), sendAgain(one)); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Orders.Resolve(t.Context(), sendAgain(two)); !errors.Is(err, registrar.Conflict) {
		t.Errorf("the request that both wait for was decided about twice: %v", err)
	}
}

func (g *gate) waiting() registrar.Review {
	g.t.Helper()
	list, err := g.Desk.Reviews(g.t.Context())
	if err != nil || len(list) != 1 {
		g.t.Fatalf("reviews: %+v, %v", list, err)
	}
	return list[0]
}

// What is read from a mail counts for what the person saw: the entry, and the operations it
// may belong to.
func TestReviewDecisionNamesWhatWasSeen(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "doubt.ru"))
	g.send()
	g.receive(g.reply(g.last(), "Your wish is noted."))
	seen := g.waiting()
	d := registrar.ReviewDecision{Review: seen.ID, Version: seen.Version, Outcome: registrar.ReplyDone, By: "olga"}

	unseen := d
	unseen.Version = ""
	if _, err := g.Desk.ResolveReview(t.Context(), unseen); !errors.Is(err, registrar.Invalid) {
		t.Errorf("without a version: %v", err)
	}
	g.receive(g.reply(g.last(), "domain: doubt.ru", "status: TASK_QUEUED"))
	before := g.expect(op.ID, registrar.Accepted)
	if _, err := g.Desk.ResolveReview(t.Context(), d); !errors.Is(err, registrar.Conflict) || !strings.Contains(err.Error(), "an operation that it may belong to has moved") {
		t.Errorf("the candidate has moved: %v", err)
	}
	if after := g.operation(op.ID); after.Version != before.Version || g.waiting().ResolvedAt != (time.Time{}) {
		t.Errorf("a refused decision changed %+v to %+v", before, after)
	}
	d.Version = g.waiting().Version
	if _, err := g.Desk.ResolveReview(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	g.expect(op.ID, registrar.Succeeded)
	if _, err := g.Desk.ResolveReview(t.Context(), d); !errors.Is(err, registrar.Conflict) || !strings.Contains(err.Error(), `resolved as "done" by olga`) {
		t.Errorf("repeated: %v", err)
	}
}

// An operation that the entry does not name was looked at by itself.
func TestReviewDecisionOnAnotherOperation(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "else.ru"))
	g.send()
	op = g.operation(op.ID)
	g.receive(g.mail("", "Your wish is noted."))
	seen := g.waiting()
	d := registrar.ReviewDecision{Review: seen.ID, Version: seen.Version, Outcome: registrar.ReplyQueued, Operation: op.ID, By: "olga"}
	if _, err := g.Desk.ResolveReview(t.Context(), d); !errors.Is(err, registrar.Invalid) || !strings.Contains(err.Error(), "operation_version") {
		t.Errorf("without the operation's version: %v", err)
	}
	d.OperationVersion = op.Version
	g.receive(g.reply(g.last(), "domain: else.ru", "status: TASK_QUEUED"))
	if _, err := g.Desk.ResolveReview(t.Context(), d); !errors.Is(err, registrar.Conflict) {
		t.Errorf("the operation has moved: %v", err)
	}
	d.OperationVersion = g.expect(op.ID, registrar.Accepted).Version
	if _, err := g.Desk.ResolveReview(t.Context(), d); err != nil {
		t.Errorf("on what is there: %v", err)
	}
}
