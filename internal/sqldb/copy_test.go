package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCopyIsOneMoment(t *testing.T) {
	t.Parallel()

	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
	add := func(name string) {
		t.Helper()
		if err := db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("insert into things (name) values ($1)", name)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}

	add("one")
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Copy(t.Context(), path); err != nil {
		t.Fatal(err)
	}

	add("two")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v; want mode 0600", info, err)
	}

	copied, err := Open(t.Context(), Options{Path: path, Migrations: migrations(things)})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()

	if got := len(names(t, copied)); got != 1 {
		t.Errorf("the copy has %d rows, want the one that was there", got)
	}
	if got := len(names(t, db)); got != 2 {
		t.Errorf("the database has %d rows, want 2", got)
	}
}

// A copy never replaces a file, and the connection it used is a reader's again.
func TestCopyRefusesAFile(t *testing.T) {
	t.Parallel()

	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
	path := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := db.Copy(t.Context(), path); err == nil {
		t.Error("a copy replaced a file")
	}
	if err := db.Copy(t.Context(), filepath.Join(t.TempDir(), "no", "such", "directory")); err == nil {
		t.Error("a copy into a directory that is not there succeeded")
	}

	for range 20 { // whichever connection comes
		_, err := db.reader.ExecContext(t.Context(), "insert into things (name) values ('x')")
		if err == nil {
			t.Fatalf("a reading connection writes: %v", err)
		}
	}
}

// Others can't read the copy while it is made, and one that fails leaves nothing.
func TestCopyIsItsOwnersFromTheBeginning(t *testing.T) {
	t.Parallel()

	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := reserve(path); err != nil {
		t.Fatal(err)
	}
	if err := db.vacuumInto(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("what SQLite has written is %v, %v; want mode 0600 before anything else is done", info, err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	path = filepath.Join(t.TempDir(), "broken.db")
	if err := db.Copy(ended, path); !errors.Is(err, context.Canceled) {
		t.Errorf("a copy whose caller has gone: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it left a file: %v", err)
	}
}
