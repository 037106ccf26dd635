package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// open opens the store of a directory, or of the server that the suite runs on.
func open(t *testing.T, dir string, create bool) *Store {
	t.Helper()
	note := filepath.Join(dir, "server") // remembers which database, for the next time
	if url := ""; create {
		if url = pgtest.Database(t); url != "" {
			if err := os.WriteFile(note, []byte(url), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	url, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return openOn(t, dir, string(url), dir, create)
}

func openOn(t *testing.T, dir, url, node string, create bool) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: dir, Server: secret.New(url), Node: node, Name: "acme", Create: create, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// The same tests hold on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	pgtest.Again(t, pgtest.Suite{Skip: []string{"TestClaimInFilesThatAreGone", "TestRestored", "TestQueriesUseIndexes", "TestTakenOverSchema", "TestWordsAgree"}})
}

func order(id, domain string) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindTransfer, Domain: domain, Customer: "c1", AuthCode: "code-CANARY-1",
		Registrant: &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"passport": {"CANARY-2"}}}}
}

func submit(t *testing.T, s *Store, o registrar.Order) registrar.Operation {
	t.Helper()
	op, err := s.Submit(t.Context(), o, "transfer "+o.Domain, "")
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func one(t *testing.T, s *Store) Task {
	t.Helper()
	due, _, err := s.Next(t.Context(), 2)
	if err != nil || len(due) != 1 {
		t.Fatalf("due are %d: %v", len(due), err)
	}
	return due[0]
}

// The lists in the schema are those in Go.
func TestWordsAgree(t *testing.T) {
	t.Parallel()
	text, err := migrations.ReadFile("migrations/00003_kinds.sql")
	if err != nil {
		t.Fatal(err)
	}
	var final []registrar.OperationState
	for _, s := range life.States() {
		if s.Final() {
			final = append(final, s)
		}
	}
	for _, want := range []string{
		"kind in (" + sqldb.Words(registrar.OperationKinds()) + ")",
		"state in (" + sqldb.Words(life.States()) + ")",
		"(state in (" + sqldb.Words(final) + ")) = (finished_at is not null)",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the schema lacks %s", want)
		}
	}
}

// What is known of an order before it ends is all of it, and afterwards nothing personal, in no file.
func TestOrdersAreSealedAndForgotten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, true)
	submit(t, s, order("o1", "a.example"))

	task := one(t, s)
	if task.Contents.AuthCode != "code-CANARY-1" || task.Contents.Registrant.Get("passport") != "CANARY-2" {
		t.Errorf("the order that is to be sent is %+v", task.Contents)
	}
	claimed, err := s.Claim(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Conclude(t.Context(), claimed, Move{Cause: life.Refused, Message: "no", Actor: "registrar", Error: "no"}); err != nil {
		t.Fatal(err)
	}

	var sealed []byte
	if err := s.db.Read(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow("select sealed_order from operations").Scan(&sealed)
	}); err != nil || len(sealed) != 0 {
		t.Errorf("%d bytes of the order are left: %v", len(sealed), err)
	}
	erased, err := s.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"})
	if err != nil || len(erased.Kept) != 0 {
		t.Errorf("Erase keeps %+v: %v", erased.Kept, err)
	}
	s.Close()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(text, []byte("CANARY")) {
			t.Errorf("%s holds a canary, or %v", f.Name(), err)
		}
	}
}

// An operation that has moved since it was read is neither claimed nor concluded.
func TestCompareAndSwap(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), true)
	op := submit(t, s, order("o1", "a.example"))
	task := one(t, s)
	if _, err := s.Decide(t.Context(), registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictCancel, By: "staff"}, Change{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), task); !errors.Is(err, registrar.Conflict) {
		t.Errorf("a claim of what was cancelled: %v", err)
	}
	if err := s.Conclude(t.Context(), task, Move{Cause: life.Finished}); !errors.Is(err, registrar.Conflict) {
		t.Errorf("an end of what was cancelled: %v", err)
	}
	if err := s.Postpone(t.Context(), task, time.Now()); !errors.Is(err, registrar.Conflict) {
		t.Errorf("more time for what was cancelled: %v", err)
	}
}

// Nothing is sent when the files of the store were taken away: the claim would be forgotten.
func TestClaimInFilesThatAreGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, true)
	submit(t, s, order("o1", "a.example"))
	task := one(t, s)
	if err := os.Rename(filepath.Join(dir, "registrar.db"), filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), task); !errors.Is(err, sqldb.ErrMoved) {
		t.Errorf("a claim: %v", err)
	}
	if now, err := s.Operation(t.Context(), task.ID); err != nil || now.State != registrar.Queued {
		t.Errorf("it is %s afterwards: %v", now.State, err)
	}
}

// A store that went back is noticed, whichever way it was put back; one that did not is left alone.
func TestRestored(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		restore  func(t *testing.T, dir, backup, files string)
		restored bool
	}{
		"nothing happened": {func(*testing.T, string, string, string) {}, false},
		"the backup was laid over it": {func(t *testing.T, dir, backup, _ string) {
			clean(t, dir)
			lay(t, backup, dir)
		}, true},
		"the backup was laid into a fresh directory": {func(t *testing.T, dir, backup, _ string) {
			clean(t, dir)
			os.Remove(filepath.Join(dir, "registrar.mark"))
			lay(t, backup, dir)
		}, true},
		"older files were put back": {func(t *testing.T, dir, _, files string) {
			clean(t, dir)
			lay(t, files, dir)
		}, true},
		"the mark is gone": {func(t *testing.T, dir, _, _ string) { os.Remove(filepath.Join(dir, "registrar.mark")) }, true},
		"the mark can't be read": {func(t *testing.T, dir, _, _ string) {
			os.WriteFile(filepath.Join(dir, "registrar.mark"), []byte("?"), 0o600)
		}, true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			dir, backup, files := t.TempDir(), t.TempDir(), t.TempDir()
			s := open(t, dir, true)
			op := submit(t, s, order("o1", "a.example"))
			if err := s.Backup(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			if err := s.db.Purge(t.Context()); err != nil { // into the one file that is copied
				t.Fatal(err)
			}
			lay(t, dir, files)
			if _, err := s.Claim(t.Context(), one(t, s)); err != nil {
				t.Fatal(err)
			}
			s.Close()

			c.restore(t, dir, backup, files)
			s = open(t, dir, false)
			since, err := s.Restored(t.Context())
			if err != nil || (since != "") != c.restored {
				t.Fatalf("restored since %q: %v", since, err)
			}
			if err := s.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if now, err := s.Operation(t.Context(), op.ID); err != nil || now.State != registrar.Uncertain {
				t.Errorf("what may have been sent is %s: %v", now.State, err)
			}

			want := registrar.Queued
			if c.restored {
				want = registrar.Uncertain
			}
			if next := submit(t, s, order("o2", "b.example")); next.State != want {
				t.Errorf("the next order is %s, want %s", next.State, want)
			}
			if next, err := s.Submit(t.Context(), order("o3", "c.example"), "transfer", "staff"); err != nil || next.State != registrar.NeedsAction { // nothing is sent of it
				t.Errorf("what people carry out is %s: %v", next.State, err)
			}
			s.Close()
			if again, _ := open(t, dir, false).Restored(context.Background()); again != since {
				t.Errorf("the next time it is restored since %q, and was %q", again, since)
			}
		})
	}
}

// clean removes what a restore replaces.
func clean(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"registrar.db", "registrar.db-wal", "registrar.db-shm", "registrar.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// lay copies database and key.
func lay(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"registrar.db", "registrar.key"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Importing again with the same contents changes nothing; a domain of another customer stays his.
func TestImport(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), true)
	d := registrar.Domain{Name: "a.example", Customer: "c1", Status: registrar.StatusRegistered, Handle: "H1", PaidTill: registrar.Date{Year: 2027, Month: 1, Day: 2}, Renewal: registrar.RenewManual}
	for range 2 {
		if _, err := s.Import(t.Context(), d, "staff"); err != nil {
			t.Fatal(err)
		}
	}
	if events, err := s.EventsAfter(t.Context(), 0); err != nil || len(events) != 1 || events[0].Domain.PaidTill != d.PaidTill {
		t.Errorf("the events are %+v: %v", events, err)
	}
	other := d
	other.Customer = "c2"
	if _, err := s.Import(t.Context(), other, "staff"); !errors.Is(err, registrar.Conflict) {
		t.Errorf("for another customer: %v", err)
	}
	if h, err := s.Handles(t.Context(), "c1"); err != nil || len(h) != 1 || h[0].Handle != "H1" {
		t.Errorf("handles %+v: %v", h, err)
	}
}
