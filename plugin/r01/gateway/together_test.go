package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/store"
)

// A mail that has been tried before is read alone, so that it takes no other's tries with it.
func TestReadTogether(t *testing.T) {
	t.Parallel()
	mails := func(tries ...int) (all []store.Mail) {
		for _, n := range tries {
			all = append(all, store.Mail{Tries: n})
		}
		return all
	}
	for _, c := range []struct {
		mails []store.Mail
		want  int
	}{
		{mails(0), 1}, {mails(1, 0, 0), 1}, {mails(0, 0, 1, 0), 2}, {mails(2), 1},
		{make([]store.Mail, 3*together), together},
	} {
		if got := batch(c.mails); got != c.want {
			t.Errorf("of %d mails, the first tried %d times, %d are read together, want %d", len(c.mails), c.mails[0].Tries, got, c.want)
		}
	}
}

// A process that dies while reading has blamed every mail of the batch; read one by one they
// all come through.
func TestReadTogetherAfterADeath(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.registerClient()
	var mails []mailbox.Mail
	for range 3 {
		mails = append(mails, mailbox.Mail{Raw: []byte(strings.ReplaceAll(g.reply(1, delegated("first.ru")...), "\n", "\r\n"))})
	}
	if err := g.Deliver(t.Context(), mails); err != nil {
		t.Fatal(err)
	}
	err := g.st.Write(t.Context(), func(tx *store.Tx) error {
		fresh, err := tx.NewMails(g.clock, 10)
		for _, m := range fresh {
			err = errors.Join(err, tx.TryMail(m.ID))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	g.restart(testSettings())
	if err := g.readNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reviews, err := g.Reviews(t.Context()); err != nil || len(reviews) != 0 {
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
		fresh, err := tx.NewMails(g.clock, 100)
		if err != nil || len(fresh) != len(mails) {
			t.Fatalf("%d mails, %v", len(fresh), err)
		}
		for i, m := range fresh {
			raw, err := tx.MailRaw(m.ID)
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
