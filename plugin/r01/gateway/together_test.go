package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A process that dies while reading has blamed every mail of the batch; read one by one they
// all come through.
func TestReadTogetherAfterADeath(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	var mails []mailbox.Mail
	for range 3 {
		mails = append(mails, mailbox.Mail{Raw: []byte(strings.ReplaceAll(g.reply(1, delegated("first.ru")...), "\n", "\r\n"))})
	}
	if err := g.Deliver(t.Context(), mails); err != nil {
		t.Fatal(err)
	}
	err := g.st.Write(t.Context(), func(tx *store.Tx) error {
		fresh, err := tx.Mails.New(g.clock, 10)
		var ids []registrar.MailID
		for _, m := range fresh {
			ids = append(ids, m.ID)
		}
		_, also := tx.Mails.Open(ids)
		return errors.Join(err, also)
	})
	if err != nil {
		t.Fatal(err)
	}
	g.restart(testSettings())
	if err := g.ReadNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reviews, err := g.Desk.Reviews(t.Context()); err != nil || len(reviews) != 0 {
		t.Errorf("put aside: %v, %v", reviews, err)
	}
}

// Mails that are stored together are read in the order in which they arrived.
func TestMailsAreReadInOrder(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	var mails []mailbox.Mail
	for i := range 30 {
		mails = append(mails, mailbox.Mail{Raw: []byte(fmt.Sprintf("Subject: %d\r\n\r\nhello\r\n", i))})
	}
	if err := g.Deliver(t.Context(), mails); err != nil {
		t.Fatal(err)
	}
	err := g.st.Read(t.Context(), func(tx *store.Tx) error {
		fresh, err := tx.Mails.New(g.clock, 100)
		if err != nil || len(fresh) != len(mails) {
			t.Fatalf("%d mails, %v", len(fresh), err)
		}
		for i, m := range fresh {
			raw, err := tx.Mails.Raw(m.ID)
			if err != nil || !strings.HasPrefix(string(raw), fmt.Sprintf("Subject: %d\r\n", i)) {
				t.Errorf("mail %d is %q, %v", i, raw, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// answersTogether has registrations sent, and returns R01's answers to them as one delivery.
func (g *gate) answersTogether(names ...string) (ops map[string]registrar.OperationID, mails []mailbox.Mail) {
	g.t.Helper()
	g.registerClient()
	before := len(g.relay.taken)
	ops = map[string]registrar.OperationID{}
	for _, name := range names {
		ops[name] = g.submit(registration("o-"+name, name)).ID
	}
	g.send()
	for n := before; n < len(g.relay.taken); n++ {
		text := g.reply(n, delegated(field(g.t, g.relay.taken[n], "domain"))...)
		mails = append(mails, mailbox.Mail{Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n"))})
	}
	if len(mails) != len(names) {
		g.t.Fatalf("R01 got %d requests, want %d", len(mails), len(names))
	}
	return ops, mails
}

// succeededOnce fails unless each operation has succeeded, and one event tells so.
func (g *gate) succeededOnce(ops map[string]registrar.OperationID) {
	g.t.Helper()
	told := map[registrar.OperationID]int{}
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, 100000)
		for _, e := range events {
			if e.State == registrar.Succeeded && e.Type == registrar.EventMailIn {
				told[e.Operation]++
			}
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	for name, id := range ops {
		if op := g.expect(id, registrar.Succeeded); told[id] != 1 {
			g.t.Errorf("%d events tell that %s has succeeded: %+v", told[id], name, op.History)
		}
	}
}

// unwilling goes on with no order while it refuses.
type unwilling struct {
	engine.Continuer
	refuses bool
	asked   int
}

var errUnwilling = errors.New("unwilling")

func (u *unwilling) ClientRegistered(tx *store.Tx, op *store.Operation, handle string) error {
	if u.asked++; u.refuses {
		return errUnwilling
	}
	return u.Continuer.ClientRegistered(tx, op, handle)
}

// One mail of a batch that can't be applied takes none of the others along, before it or behind it, and is
// applied once it can be.
func TestOneOfABatchFails(t *testing.T) {
	t.Parallel()
	for at := range 4 {
		g := newGate(t)
		ops, mails := g.answersTogether("one.ru", "two.ru", "three.ru")
		other := registration("other", "other.ru")
		other.Customer = "c2"
		waits := g.submit(other)
		g.send()
		client := field(t, g.relay.taken[g.last()], "nic-hdl")
		poison := mailbox.Mail{Raw: []byte(strings.ReplaceAll(g.reply(g.last(), "nic-hdl: "+client, "status: TASK_SUCCESS"), "\n", "\r\n"))}
		mails = slices.Insert(mails, at, poison)

		u := &unwilling{Continuer: g.Orders, refuses: true}
		g.ContinueWith(u)
		if err := errors.Join(g.Deliver(t.Context(), mails), g.ReadNew(t.Context())); err != nil {
			t.Fatal(err)
		}
		g.check()
		g.succeededOnce(ops)
		if u.asked != 2 { // with the others, and by itself
			t.Errorf("it was tried %d times", u.asked)
		}
		g.expect(waits.ID, registrar.Sent)

		u.refuses = false
		if err := g.ReadNew(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.check()
		g.succeededOnce(ops)
		g.expect(waits.ID, registrar.Queued)
	}
}

// Whichever commit fails of those that take in several answers, before it has happened or after, with an error or
// with the end of the process: each answer is applied once.
func TestCommitFaultsOfABatch(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	const commits = 3 // they are stored, opened and applied
	for fails := range commits {
		for _, how := range []flawed{{}, {did: true}, {dies: true}, {did: true, dies: true}} {
			p := &play{gate: newGate(t), settings: testSettings()}
			ops, mails := p.answersTogether("one.ru", "two.ru", "three.ru")
			how.fails = fails + 1
			p.flaw = &how
			p.spoil()
			for range 3 {
				p.step(func() error { return p.Deliver(t.Context(), mails) })
				p.step(func() error { return p.ReadNew(t.Context()) })
			}
			if p.flaw.commits < commits {
				t.Errorf("there were %d commits", p.flaw.commits)
			}
			p.succeededOnce(ops)
		}
	}
}
