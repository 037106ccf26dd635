package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/secret"
)

// post sends JSON to the panel's API, and returns the refusal; no code = it was not refused.
func (w *world) post(path string, in any) (refusal api.Error) {
	w.t.Helper()
	client, err := api.NewClient("unix://"+filepath.Join(w.dir, "panel.sock"), secret.New(""))
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = api.Post[json.RawMessage](w.t.Context(), client, path, in)
	var refused *api.Error
	if errors.As(err, &refused) {
		return *refused
	}
	if err != nil {
		w.t.Error(err)
	}
	return refusal
}

// doubtful returns an operation whose paid request R01 may have got. R01 will never answer it.
func (w *world) doubtful(domain string) api.Operation {
	w.t.Helper()
	contact := w.write("person.json", person)
	w.serve()
	w.buy("first.ru", "c1", contact)
	w.reach("first.ru", "Registered")
	w.drop(1)
	w.buy(domain, "c1", contact)
	w.stands(domain, "Uncertain")
	var op api.Operation
	w.json(&op, "operation", "show", w.operationOf(domain))
	return op
}

// doubtfulAgain waits until an operation that was sent again is in doubt anew. Until the panel has heard
// of the new attempt it may show the doubt about the one before: a version belongs to one attempt.
func (w *world) doubtfulAgain(before api.Operation) (now api.Operation) {
	w.t.Helper()
	w.until("the operation to be Uncertain anew", func() bool {
		now = api.Operation{}
		return w.ask(&now, "operations", before.ID) == nil && now.State == "Uncertain" && now.Version != nil && *now.Version != *before.Version
	})
	return now
}

// drop sets the rate of mails that the relay takes without saying so.
func (w *world) drop(rate float64) {
	w.t.Helper()
	policy := w.sim.Policy()
	policy.Drop = rate
	if err := w.sim.SetPolicy(policy); err != nil {
		w.t.Fatal(err)
	}
}

// After ten equal decisions at once, and one more after a time-out,
// a person has decided once, and R01 gets one more mail.
func TestEqualDecisionsSendOneMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	op := w.doubtful("silent-u.ru")
	before := w.requests("silent-u.ru")
	path := api.Path("operations", op.ID, "resolve")
	d := api.Decision{Outcome: "resend", By: "olga", Note: "R01 has not got it"}
	if refusal := w.post(path, d); refusal.Code != "INVALID" || len(refusal.Problems) != 1 || refusal.Problems[0].Path != "version" {
		t.Errorf("without a version: %+v", refusal)
	}
	d.Version = *op.Version
	var all sync.WaitGroup
	answers := make([]api.Error, 10)
	for i := range answers {
		all.Go(func() { answers[i] = w.post(path, d) })
	}
	all.Wait()
	accepted := 0
	for _, refusal := range answers {
		switch {
		case refusal.Code == "":
			accepted++
		case refusal.Code != "CONFLICT" || !strings.Contains(refusal.Message, "now, by "):
			t.Errorf("one of ten: %+v, want a CONFLICT that says what has happened", refusal)
		}
	}
	if accepted != 1 {
		t.Errorf("%d of ten equal decisions were accepted", accepted)
	}
	w.until("it to be sent again", func() bool { return w.requests("silent-u.ru") > before })
	w.doubtfulAgain(op)
	if refusal := w.post(path, d); refusal.Code != "CONFLICT" {
		t.Errorf("repeated after it took effect: %+v", refusal)
	}
	// A refused decision wakes no sender: another order, sent after it, shows that nothing is due.
	w.drop(0)
	w.buy("after.ru", "c1", w.write("person.json", person))
	w.reach("after.ru", "Registered")
	if n := w.requests("silent-u.ru") - before; n != 1 {
		t.Errorf("R01 got %d mails more, want 1", n)
	}
}

// The command line reads before it decides. Called twice in a hurry it sends once, even if
// the operation waits for a person again at once; a second resend has to say what was seen.
func TestCommandDecidesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	op := w.doubtful("silent-c.ru")
	before := w.requests("silent-c.ru")
	args := []string{"operation", "resolve", op.ID, "--outcome", "resend", "--by", "olga", "--note", "R01 has not got it"}
	w.must(args...)
	w.until("it to be sent again", func() bool { return w.requests("silent-c.ru") > before })
	again := w.doubtfulAgain(op)
	if _, stderr, code := w.run(args...); code != 1 || !strings.Contains(stderr, "was sent again by a person already") || !strings.Contains(stderr, "--version ") {
		t.Errorf("called again: exit %d, %s", code, stderr)
	}
	if _, stderr, code := w.run(append(args, "--version", *op.Version)...); code != 1 || !strings.Contains(stderr, "has moved on since it was looked at") {
		t.Errorf("called again with what was seen the first time: exit %d, %s", code, stderr)
	}
	if n := w.requests("silent-c.ru") - before; n != 1 {
		t.Errorf("R01 got %d mails more, want 1", n)
	}
	var now api.Operation
	w.json(&now, "operation", "show", op.ID)
	if now.State != "Uncertain" || now.Version == nil || *now.Version != *again.Version {
		t.Fatalf("it is %+v", now)
	}
	w.must(append(args, "--version", *now.Version)...)
	w.until("it to be sent once more", func() bool { return w.requests("silent-c.ru") == before+2 })
	w.doubtfulAgain(now)
	w.must("operation", "resolve", op.ID, "--outcome", "failed", "--by", "olga", "--note", "told by telephone")
	if _, stderr, code := w.run("operation", "resolve", op.ID, "--outcome", "failed", "--by", "olga"); code != 1 || !strings.Contains(stderr, fmt.Sprintf("operation %s is Failed and waits for no person", op.ID)) {
		t.Errorf("what is over: exit %d, %s", code, stderr)
	}
}
