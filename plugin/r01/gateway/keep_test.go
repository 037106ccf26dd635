package gateway

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A mail that has been kept long enough is shown without its text, and is still known.
func TestOldMailsLoseTheirText(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	known := g.reply(1, delegated("first.ru")...)
	g.receive(known)
	mails := map[registrar.MailID]bool{}
	for _, s := range g.operation(g.lastOperation()).History {
		if s.Mail != "" {
			mails[s.Mail] = true
		}
	}
	removed := func() (n int) {
		t.Helper()
		if err := g.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id := range mails {
			m, err := g.Mail(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(m.Text, "was removed") {
				n++
			}
		}
		return n
	}
	if len(mails) != 5 {
		t.Fatalf("the operation has mails %v, want two requests and three replies", mails)
	}
	g.clock = g.clock.Add(testSettings().KeepMails)
	if n := removed(); n != 0 {
		t.Errorf("%d mails were removed on their last day", n)
	}
	g.clock = g.clock.Add(time.Millisecond)
	if n := removed(); n != 5 {
		t.Errorf("%d mails were removed, want all five", n)
	}
	g.receive(known)
	err := g.st.Read(t.Context(), func(tx *store.Tx) error {
		fresh, err := tx.Mails.New(g.clock, 10)
		if len(fresh) > 0 {
			t.Errorf("a known mail was taken for a new one: %v", fresh)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if reviews, err := g.Desk.Reviews(t.Context()); err != nil || len(reviews) != 0 {
		t.Errorf("reviews: %v, %v", reviews, err)
	}
}

// lastOperation is the one that registerClient carried through.
func (g *gate) lastOperation() registrar.OperationID {
	g.t.Helper()
	return g.submit(registration("client-first", "first.ru")).ID
}
