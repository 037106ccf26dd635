package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

func plainDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// held tells which files of a directory hold a text.
func held(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text) {
			names = append(names, filepath.Base(f))
		}
	}
	return names
}

func reopen(t *testing.T, dir string, create bool) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: dir, Create: create})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// With the database and without the key the text of a mail or request can't be guessed.
func TestDigestsAreKeyed(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	s := reopen(t, dir, true)
	mail, request := plainDigest("the passport is 4510 123456"), plainDigest("passport: 4510 123456")
	write(t, s, func(tx *Tx) error {
		r, err := addRequest(tx, "r", lifecycle.NewDomain, "a.ru")
		fence, err2 := tx.TakeOver()
		return errors.Join(err, err2, claim(tx, &r, fence, request, noon),
			tx.Mails.Add(Mail{ID: "m", Hash: mail, At: noon, State: MailNew}, nil))
	})

	for _, digest := range []string{mail, request} {
		if files := held(t, dir, digest); len(files) > 0 {
			t.Errorf("%v hold the plain digest of what is personal", files)
		}
	}

	keyed := columns(t, s)
	closed(t, s)
	another := reopen(t, t.TempDir(), true)
	defer closed(t, another)

	write(t, another, func(tx *Tx) error {
		if tx.keyed(mail) == keyed[0] || tx.keyed(request) == keyed[1] {
			t.Error("another key gives the same digest")
		}
		return nil
	})
}

// columns are the digests of the one mail and the one request, as they are kept.
func columns(t *testing.T, s *Store) (kept []string) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		for _, query := range []string{"select hash from mails", "select digest from requests"} {
			digest, err := one(tx, scanText, query)
			if err != nil {
				return err
			}
			kept = append(kept, digest)
		}
		return nil
	})
	return kept
}

// A store of before the digests were keyed knows its mails when they come again, and keeps
// no plain digest.
func TestPlainDigestsAreReplaced(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	mail, request := plainDigest("a mail of before"), plainDigest("a request of before")
	s := reopen(t, dir, true)
	write(t, s, func(tx *Tx) error {
		_, err := addRequest(tx, "r", lifecycle.NewDomain, "a.ru")
		_, err2 := addRequest(tx, "unsent", lifecycle.NewDomain, "b.ru")
		return errors.Join(err, err2, tx.Mails.Add(Mail{ID: "m", Hash: "-", At: noon, State: MailNew}, nil),
			// what the earlier version left
			tx.exec("update mails set hash = $1", mail), tx.exec("update requests set digest = $1 where id = 'r'", request),
			addPlain(tx, 300), tx.SetSetting(digestsSetting, "plain"))
	})

	closed(t, s)
	if len(held(t, dir, mail)) == 0 || len(held(t, dir, request)) == 0 {
		t.Fatal("the store is none of before")
	}

	for range 2 { // the second opening must leave them as they are
		s = reopen(t, dir, false)
		again := s.Write(t.Context(), func(tx *Tx) error {
			return tx.Mails.Add(Mail{ID: "m2", Hash: mail, At: noon, State: MailNew}, nil)
		})
		if !errors.Is(again, ErrExists) {
			t.Errorf("the mail again: %v", again)
		}

		write(t, s, func(tx *Tx) error {
			unsent, err := one(tx, scanText, "select digest from requests where id = 'unsent'")
			sent, err2 := one(tx, scanText, "select digest from requests where id = 'r'")
			if unsent != "" || sent != tx.keyed(request) {
				t.Errorf("the digests of requests are %q and %q", unsent, sent)
			}
			return errors.Join(err, err2)
		})

		closed(t, s)
	}

	for _, digest := range []string{mail, request, plainDigest("mail 1"), plainDigest("mail 150"), plainDigest("mail 300")} {
		if files := held(t, dir, digest); len(files) > 0 {
			t.Errorf("%v still hold a plain digest", files)
		}
	}
}

// addPlain stores mails under plain digests, enough for an index of several pages.
func addPlain(tx *Tx, n int) error {
	for i := 1; i <= n; i++ {
		id := fmt.Sprint("mail ", i)
		err := tx.Mails.Add(Mail{ID: registrar.MailID(id), Hash: id, At: noon, State: MailIgnored}, nil)
		err2 := tx.exec("update mails set hash = $1 where id = $2", plainDigest(id), id)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	return nil
}

// A fresh store has nothing to replace, and the same contents are the same mail.
func TestKnownMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	add := func(id registrar.MailID, content string) error {
		return s.Write(t.Context(), func(tx *Tx) error {
			return tx.Mails.Add(Mail{ID: id, Hash: plainDigest(content), At: noon, State: MailNew}, nil)
		})
	}
	if err := errors.Join(add("a", "one"), add("b", "two")); err != nil {
		t.Fatal(err)
	}
	if err := add("c", "one"); !errors.Is(err, ErrExists) {
		t.Errorf("the same again: %v", err)
	}
}
