package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

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
