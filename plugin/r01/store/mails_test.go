package store

import (
	"errors"
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Of several mails that are stored together each is stored once: not what is known, not what was known by an
// earlier digest, and not what comes twice.
func TestAddMailsTogether(t *testing.T) {
	t.Parallel()

	s := open(t)
	write(t, s, func(tx *Tx) error {
		return errors.Join(tx.Mails.Add(Mail{ID: "before", Hash: "a", At: noon, State: MailNew}, []byte("a")),
			tx.Mails.Add(Mail{ID: "long before", Hash: "old b", At: noon, State: MailNew}, []byte("b")))
	})

	write(t, s, func(tx *Tx) error {
		stored, err := tx.Mails.AddAll([]Mail{
			{ID: "1", Hash: "a", At: noon, State: MailNew}, {ID: "2", Hash: "b", FormerHash: "old b", At: noon, State: MailNew},
			{ID: "3", Hash: "c", FormerHash: "old c", At: noon, State: MailNew}, {ID: "4", Hash: "c", At: noon, State: MailNew},
		}, [][]byte{[]byte("a"), []byte("b"), []byte("c"), []byte("c")})
		if len(stored) != 1 || !stored["3"] {
			t.Errorf("stored %v, want the third alone", stored)
		}
		return err
	})
}

// Mails that are opened together are each counted; one that can't be read keeps none of the others.
func TestOpenMailsTogether(t *testing.T) {
	t.Parallel()

	s := open(t)
	write(t, s, func(tx *Tx) error {
		return errors.Join(tx.Mails.Add(Mail{ID: "new", Hash: "new", At: noon, State: MailNew}, []byte("text")),
			tx.Mails.Add(Mail{ID: "moved", Hash: "moved", At: noon, State: MailReview}, []byte("text")),
			tx.Mails.Add(Mail{ID: "removed", Hash: "removed", At: noon, State: MailNew}, []byte("text")),
			tx.exec("update mails set sealed_raw = $1 where id = 'removed'", []byte{}))
	})

	write(t, s, func(tx *Tx) error {
		opened, err := tx.Mails.Open([]registrar.MailID{"new", "moved", "removed", "unknown"})
		if err != nil {
			return err
		}

		for id, want := range map[registrar.MailID]error{"new": nil, "moved": ErrMoved, "removed": ErrRemoved, "unknown": ErrMoved} {
			if got := opened[id]; !errors.Is(got.Err, want) || want == nil && string(got.Raw) != "text" {
				t.Errorf("%s: %q, %v, want %v", id, got.Raw, got.Err, want)
			}
		}

		for id, want := range map[registrar.MailID]int{"new": 1, "moved": 0, "removed": 1} {
			if m, err := tx.Mails.Get(id); err != nil || m.Tries != want {
				t.Errorf("%s was tried %d times, %v", id, m.Tries, err)
			}
		}

		return nil
	})
}

// What a part of a transaction did is forgotten with it: no alarm is thought to stand that does not, or the
// other way round, and no record is told as the part left it.
func TestUndonePartIsForgotten(t *testing.T) {
	t.Parallel()

	s := open(t)
	domain := registrar.Domain{Name: "a.ru", Customer: "c", Status: registrar.StatusRegistered, Renewal: registrar.RenewManual}
	write(t, s, func(tx *Tx) error {
		_, err := tx.RaiseAlarm(registrar.Alarm{Key: "stands", Since: noon}, "")
		return errors.Join(err, tx.Domains.Put(domain, noon))
	})

	undone := errors.New("undone")
	write(t, s, func(tx *Tx) error {
		err := tx.Part(func() error {
			changed, err := tx.Domains.Record("a.ru")
			changed.Status = registrar.StatusExpired
			_, raised := tx.RaiseAlarm(registrar.Alarm{Key: "raised", Since: noon}, "")
			stood, cleared := tx.ClearAlarm("stands")
			if !stood {
				t.Error("the alarm did not stand")
			}
			return errors.Join(err, tx.Domains.Put(changed, noon), raised, cleared, undone)
		})
		if !errors.Is(err, undone) {
			return err
		}

		for key, want := range map[string]bool{"stands": true, "raised": false} {
			if stood, err := tx.ClearAlarm(key); err != nil || stood != want {
				t.Errorf("alarm %q stood: %v, %v; want %v", key, stood, err, want)
			}
		}

		d, err := tx.Domains.Record("a.ru")
		if d.Status != registrar.StatusRegistered {
			t.Errorf("the domain is %s", d.Status)
		}

		return err
	})
}

// A request is found by the Message-ID and token of the mail that it went out in, alone or with others, and
// each of them is told to be ours.
func TestFoundByTheirMail(t *testing.T) {
	t.Parallel()

	s := open(t)
	write(t, s, func(tx *Tx) error {
		alone, err := addRequest(tx, "alone", lifecycle.NewDomain, "a.ru")
		if err != nil {
			return err
		}
		ours, err := tx.Requests.Ours([]string{alone.MessageID, "other", alone.MessageID}, []string{alone.Token, "OTHER"})
		if err != nil || len(ours) != 2 || !ours[alone.MessageID] || !ours[alone.Token] {
			t.Errorf("ours are %v, %v", ours, err)
		}
		found, err := tx.Requests.ByToken(alone.Token)
		if err != nil || len(found) != 1 || found[0].ID != "alone" {
			t.Errorf("found %+v, %v", found, err)
		}
		return nil
	})
}
