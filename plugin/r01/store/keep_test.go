package store

import (
	"errors"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// What is not concluded, not read or not decided keeps its bytes, however old.
func TestRemoveMails(t *testing.T) {
	t.Parallel()

	s := open(t)

	mails := map[registrar.MailID]struct {
		at      time.Time
		state   MailState
		request string
		removed bool
	}{
		"concluded":           {noon, MailApplied, "concluded", true},
		"concluded and sent":  {noon, MailSent, "concluded", true},
		"of no request":       {noon, MailIgnored, "", true},
		"young":               {noon.Add(time.Hour), MailApplied, "concluded", false},
		"open":                {noon, MailApplied, "open", false},
		"unread":              {noon, MailNew, "", false},
		"in review":           {noon, MailReview, "", false},
		"in review and moved": {noon, MailIgnored, "", false},
	}

	write(t, s, func(tx *Tx) error {
		if _, err := addRequest(tx, "open", lifecycle.NewDomain, "open.ru"); err != nil {
			return err
		}

		r, err := addRequest(tx, "concluded", lifecycle.NewDomain, "a.ru")
		if err != nil {
			return err
		}

		if _, err := tx.Requests.Advance(&r, decide(t, r, lifecycle.Withdrawn), Change{At: noon}); err != nil {
			return err
		}

		for id, m := range mails {
			if err := tx.Mails.Add(Mail{ID: id, Hash: string(id), Request: m.request, At: m.at, State: m.state}, []byte("text")); err != nil {
				return err
			}
		}

		return tx.Reviews.Add(Review{ID: "r", Mail: "in review and moved", ReceivedAt: noon})
	})

	var counts []int64
	for range 3 {
		write(t, s, func(tx *Tx) error {
			n, err := tx.Mails.Remove(noon.Add(time.Minute), 2)
			counts = append(counts, n)
			return err
		})
	}

	if counts[0] != 2 || counts[1] != 1 || counts[2] != 0 {
		t.Errorf("removed %v mails, want two, one and none", counts)
	}

	write(t, s, func(tx *Tx) error {
		for id, m := range mails {
			raw, err := tx.Mails.Raw(id)
			if m.removed != errors.Is(err, ErrRemoved) || !m.removed && string(raw) != "text" {
				t.Errorf("%s: %q, %v", id, raw, err)
			}
			if err := tx.Mails.Add(Mail{ID: "again " + id, Hash: string(id), At: noon, State: MailNew}, []byte("text")); !errors.Is(err, ErrExists) {
				t.Errorf("%s is not known any more: %v", id, err)
			}
		}

		return nil
	})
}
