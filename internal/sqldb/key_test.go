package sqldb

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"registrar.panel/internal/seal"
)

var sealedThings = Sealed{Table: "things", Key: "id", Column: "sealed", Context: "'things|' || id"}

// openThings opens a database that keeps sealed things.
func openThings(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Path: filepath.Join(dir, "x.db"), Create: true, Migrations: fstest.MapFS{"00001_start.sql": {
		Data: []byte("-- +goose Up\ncreate table things (id integer primary key, sealed blob not null) strict;")}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func sealOne(t *testing.T, db *DB, box *seal.Box) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into things (id, sealed) values (1, $1)", box.Seal([]byte("passport"), "things|1"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func anotherKey(t *testing.T, file string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "key")
	if _, err := seal.OpenBox(other, true); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, file); err != nil {
		t.Fatal(err)
	}
}

// A key that is not the database's is refused, whether the database has a fingerprint or is of
// before there were any; and a lost key is not replaced.
func TestForeignKeyIsRefused(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why          string
		sealed       bool // something is
		fingerprint  bool
		change       func(t *testing.T, file string)
		says         string // "" = it is accepted
		fingerprints int    // afterwards
	}{
		{"the right key", true, true, nil, "", 1},
		{"the right key, and no fingerprint yet", true, false, nil, "", 1},
		{"another key", true, true, anotherKey, "another key", 1},
		{"another key, nothing sealed", false, true, anotherKey, "another key", 1},
		{"another key, and no fingerprint yet", true, false, anotherKey, "another key", 0},
		{"no key", true, true, remove, "is not there", 1},
		{"no key, nothing sealed", false, true, remove, "is not there", 1},
		{"no key, and no fingerprint yet", true, false, remove, "is not there", 0},
		{"a key for a database that has nothing", false, false, anotherKey, "", 1},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			file := filepath.Join(dir, "x.key")
			db := openThings(t, dir)
			box, err := db.OpenBox(t.Context(), file, true, sealedThings)
			if err != nil {
				t.Fatal(err)
			}

			if c.sealed {
				sealOne(t, db, box)
			}

			if !c.fingerprint {
				if _, err := db.writer.ExecContext(t.Context(), "drop table keeper"); err != nil {
					t.Fatal(err)
				}
			}

			if c.change != nil {
				c.change(t, file)
			}

			_, err = db.OpenBox(t.Context(), file, true, sealedThings)
			switch {
			case c.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v, want %q", err, c.says)
			}

			if known, err := db.keyCheck(t.Context()); err != nil || (known != "") != (c.fingerprints == 1) {
				t.Errorf("the fingerprint afterwards is %q, %v", known, err)
			}
		})
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// A copy knows its key, too.
func TestCopyKnowsItsKey(t *testing.T) {
	t.Parallel()

	dir, copied := t.TempDir(), t.TempDir()
	db := openThings(t, dir)
	box, err := db.OpenBox(t.Context(), filepath.Join(dir, "x.key"), true, sealedThings)
	if err != nil {
		t.Fatal(err)
	}

	if err := db.Copy(context.Background(), filepath.Join(copied, "x.db")); err != nil {
		t.Fatal(err)
	}
	if err := box.Save(filepath.Join(copied, "x.key")); err != nil {
		t.Fatal(err)
	}

	again := openThings(t, copied)
	if _, err := again.OpenBox(t.Context(), filepath.Join(copied, "x.key"), false, sealedThings); err != nil {
		t.Errorf("its own key: %v", err)
	}

	anotherKey(t, filepath.Join(copied, "x.key"))
	if _, err := again.OpenBox(t.Context(), filepath.Join(copied, "x.key"), false, sealedThings); err == nil {
		t.Error("another key was accepted")
	}
}

// A database that was deleted, moved or replaced while it is open is noticed, and one that was
// put back is, too.
func TestInPlace(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}

	db := openThings(t, dir)
	in := func(want bool, why string) {
		t.Helper()
		if err := db.InPlace(); (err == nil) != want {
			t.Errorf("%s: %v", why, err)
		}
	}

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	in(true, "untouched")
	must(os.Rename(dir, dir+".old"))
	in(false, "the directory was moved")
	must(os.Mkdir(dir, 0o700))
	text, err := os.ReadFile(filepath.Join(dir+".old", "x.db"))
	must(err)
	must(os.WriteFile(filepath.Join(dir, "x.db"), text, 0o600))
	in(false, "a copy lies in its place")
	must(os.RemoveAll(dir))
	must(os.Rename(dir+".old", dir))
	in(true, "put back")
	must(os.Remove(filepath.Join(dir, "x.db-wal")))
	in(false, "its write-ahead log was deleted")
}
