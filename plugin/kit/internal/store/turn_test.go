package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// Who works under an older fence claims nothing, and takes no claim of the other's for lost.
func TestFence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := open(t, dir, true)
	if err := old.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	submit(t, old, order("o1", "a.example"))
	task := one(t, old)

	successor := open(t, dir, false)
	if err := successor.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Claim(t.Context(), task); !errors.Is(err, ErrOthersTurn) {
		t.Errorf("a claim under the older fence: %v", err)
	}
	claimed, err := successor.Claim(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Lose(t.Context(), claimed); !errors.Is(err, ErrOthersTurn) {
		t.Errorf("the older one concludes the claim of the other: %v", err)
	}
	if err := successor.Conclude(t.Context(), claimed, Move{Cause: life.Taken, Message: "has it", Actor: "registrar"}); err != nil {
		t.Error(err)
	}
}

// Instances that share a database notice once that it is an older one, also one that only stood by; and
// an instance that has gone on without another is no older database to that one.
func TestMarksOfNodes(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if url == "" {
		return // a file has one instance
	}
	first, second := t.TempDir(), t.TempDir()
	working := openOn(t, first, url, "first", true)
	if err := working.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(first, "registrar.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(second, "registrar.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	submit(t, working, order("o1", "a.example"))
	working.Close()
	older := pgtest.Copy(t, url)

	working, standby := openOn(t, first, url, "first", false), openOn(t, second, url, "second", false)
	if err := errors.Join(working.Recover(t.Context()), standby.Follow(t.Context(), "first")); err != nil {
		t.Fatal(err)
	}
	if _, err := working.Claim(t.Context(), one(t, working)); err != nil {
		t.Fatal(err)
	}
	if err := standby.Follow(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	if err := standby.Recover(t.Context()); err != nil { // its turn
		t.Fatal(err)
	}
	if since, err := standby.Restored(t.Context()); err != nil || since != "" {
		t.Errorf("the same database is restored since %q, %v", since, err)
	}
	working.Close()
	standby.Close()

	standby = openOn(t, second, older, "second", false)
	if err := standby.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	since, err := standby.Restored(t.Context())
	if err != nil || since == "" {
		t.Fatalf("the older database is restored since %q, %v", since, err)
	}
	if now, err := standby.Operation(t.Context(), "acme-1"); err != nil || now.State != registrar.Uncertain {
		t.Errorf("what was claimed since is %s, %v", now.State, err)
	}
	incarnation := incarnationOf(t, standby)

	working = openOn(t, first, older, "first", false)
	if err := working.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := incarnationOf(t, working); again != incarnation {
		t.Errorf("noticed a second time: %s became %s", incarnation, again)
	}
}

func incarnationOf(t *testing.T, s *Store) (m string) {
	t.Helper()
	err := s.db.Read(t.Context(), func(tx *sql.Tx) error {
		have, err := position(t.Context(), tx)
		m = have.incarnation
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
