package gateway

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// successor is a second instance on the store, as on another node.
func (g *gate) successor() *gate {
	next := *g
	next.relay = &relay{}
	next.compose(testSettings(), Parts{Store: g.st, Submitter: next.relay, Verifier: verdict(func() mailauth.Verdict { return g.judge }),
		Recogniser: g.parts.Recogniser, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return g.clock }, Random: rand.Text, Node: "another"})
	return &next
}

// takesOver opens it, and lets it send what is due.
func (g *gate) takesOver() {
	g.t.Helper()
	if err := g.Gateway.Open(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	if _, err := g.SendDue(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// An instance is frozen while it sends, is replaced, and wakes up. R01 gets the request once,
// whichever node sent it, and what happened to it is known or before a person.
func TestFrozenInstance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		freeze      func(next *gate) func(claim func() error, take func()) *smtpout.Result
		first, then int // mails that each of the two sent
		state       registrar.OperationState
	}{
		{"before its claim", func(next *gate) func(func() error, func()) *smtpout.Result {
			return func(func() error, func()) *smtpout.Result { next.takesOver(); return nil } // and goes on to claim
		}, 0, 1, registrar.Sent},
		{"after its claim, and nothing left", func(next *gate) func(func() error, func()) *smtpout.Result {
			return func(claim func() error, _ func()) *smtpout.Result {
				if err := claim(); err != nil {
					t.Error(err)
				}
				next.takesOver()
				return &smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay} // the relay had hung up
			}
		}, 0, 0, registrar.Uncertain},
		{"after its claim, and the relay still waited", func(next *gate) func(func() error, func()) *smtpout.Result {
			return func(claim func() error, take func()) *smtpout.Result {
				if err := claim(); err != nil {
					t.Error(err)
				}
				next.takesOver()
				take()
				return &smtpout.Result{Outcome: smtpout.Accepted, Response: "250 2.0.0 taken"}
			}
		}, 1, 0, registrar.Uncertain},
		{"after the relay took it", func(next *gate) func(func() error, func()) *smtpout.Result {
			return func(claim func() error, take func()) *smtpout.Result {
				if err := claim(); err != nil {
					t.Error(err)
				}
				take()
				next.takesOver()
				return &smtpout.Result{Outcome: smtpout.Accepted, Response: "250 2.0.0 taken"}
			}
		}, 1, 0, registrar.Uncertain},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			next := g.successor()
			op := g.submit(registration("o1", "frozen.ru"))
			g.relay.fail = c.freeze(next)
			if _, err := g.SendDue(t.Context()); err != nil {
				t.Logf("the frozen one says: %v", err)
			}
			g.relay.fail = nil
			g.clock = g.clock.Add(time.Hour) // both try again whatever they may
			next.clock = g.clock
			for _, one := range []*gate{g, next, g} {
				if _, err := one.SendDue(t.Context()); err != nil {
					t.Logf("sending again: %v", err)
				}
			}
			if len(g.relay.taken) != c.first || len(next.relay.taken) != c.then {
				t.Errorf("the frozen one sent %d mails and its successor %d, want %d and %d", len(g.relay.taken), len(next.relay.taken), c.first, c.then)
			}
			state := g.operation(op.ID).State
			if state != c.state {
				t.Errorf("the operation is %s, want %s", state, c.state)
			}
			if state == registrar.Uncertain {
				person := registrar.Decision{Operation: op.ID, Verdict: registrar.VerdictDone, By: "olga"}
				if _, err := next.Resolve(t.Context(), person); err != nil {
					t.Errorf("a person's word about what is %s: %v", lifecycle.FateUnknown, err)
				}
			}
		})
	}
}

// An instance wakes up while its successor sends the request again, which a person decided.
// What the first attempt came to says nothing about the second.
func TestFrozenInstanceWakesUpLate(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	next := g.successor()
	op := g.submit(registration("o1", "late.ru"))
	var first store.Request
	g.relay.fail = func(claim func() error, _ func()) *smtpout.Result {
		if err := claim(); err != nil {
			t.Error(err)
		}
		err := g.st.Read(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Requests.InState(registrar.Sending)
			if err == nil && len(all) == 1 {
				first = all[0]
			}
			return err
		})
		if err != nil || first.Attempt != 1 {
			t.Fatalf("the first attempt: %+v, %v", first, err)
		}
		next.takesOver()
		return &smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
	}
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := registrar.Decision{Operation: op.ID, Verdict: registrar.VerdictResend, By: "olga", Note: "R01 does not have it"}
	if _, err := next.Resolve(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	next.relay.fail = func(claim func() error, take func()) *smtpout.Result {
		if err := claim(); err != nil {
			t.Error(err)
		}
		if err := g.Conclude(t.Context(), []store.Request{first}, smtpout.Result{Outcome: smtpout.Deferred, Err: errRelay}); err != nil {
			t.Error(err)
		}
		take()
		return &smtpout.Result{Outcome: smtpout.Accepted, Response: "250 2.0.0 taken"}
	}
	for range 2 {
		if _, err := next.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		next.clock = next.clock.Add(time.Hour)
	}
	if state := g.operation(op.ID).State; len(next.relay.taken) != 1 || state != registrar.Sent {
		t.Errorf("sent %d times, and the operation is %s; want once, Sent", len(next.relay.taken), state)
	}
}

// What was fetched together is read in the order of the mailbox: R01's "queued" before its
// "done", also when nothing but the domain tells what they are about.
func TestMailsAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	var mails []mailbox.Mail
	var want []string
	for i := range 12 {
		raw := strings.ReplaceAll(g.mail("", fmt.Sprint("mail ", i)), "\n", "\r\n")
		mails, want = append(mails, mailbox.Mail{Raw: []byte(raw)}), append(want, raw)
	}
	if err := g.Deliver(t.Context(), mails); err != nil {
		t.Fatal(err)
	}
	err := g.st.Read(t.Context(), func(tx *store.Tx) error {
		stored, err := tx.Mails.New(g.clock, 100)
		for i, m := range stored {
			raw, err := tx.Mails.Raw(m.ID)
			if err != nil || string(raw) != want[i] {
				t.Errorf("mail %d comes out of its order: %v", i, err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
