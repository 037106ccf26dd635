package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func migrations(steps ...string) fs.FS {
	files := fstest.MapFS{}
	for i, s := range steps {
		name := "0000" + string(rune('1'+i)) + "_step.sql"
		files[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + s + "\n")}
	}
	return files
}

const things = "create table things (name text primary key, at integer) strict;"

func mustOpen(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestOpenMissing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	if _, err := Open(t.Context(), Options{Path: path, Migrations: migrations(things)}); !errors.Is(err, ErrMissing) {
		t.Errorf("a missing database without Create: %v, want ErrMissing", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the refused open left a file: %v", err)
	}
	mustOpen(t, Options{Path: path, Create: true, Migrations: migrations(things)})
	for _, f := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want mode 0600", filepath.Base(f), info, err)
		}
	}
}

// Two connections, because a pragma run on a pool reaches only one of them.
func TestSettingsOnEveryConnection(t *testing.T) {
	t.Parallel()

	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a b?.db"), Create: true, Migrations: migrations(things)})
	var conns []*sql.Conn
	for _, pool := range []*sql.DB{db.writer, db.reader, db.reader} {
		c, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}

	for i, c := range conns {
		var journal string
		var synchronous, foreignKeys int
		for pragma, dest := range map[string]any{"journal_mode": &journal, "synchronous": &synchronous, "foreign_keys": &foreignKeys} {
			if err := c.QueryRowContext(t.Context(), "pragma "+pragma).Scan(dest); err != nil {
				t.Fatal(err)
			}
		}

		if journal != "wal" || synchronous != 2 || foreignKeys != 1 {
			t.Errorf("connection %d: journal_mode=%s synchronous=%d foreign_keys=%d", i, journal, synchronous, foreignKeys)
		}
	}

	if _, err := conns[1].ExecContext(t.Context(), "insert into things values ('x', 1)"); err == nil {
		t.Error("a reading connection could write")
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	old := migrations(things)
	newer := migrations(things, "alter table things add column note text;")
	for _, m := range []fs.FS{old, old, newer} {
		db, err := Open(t.Context(), Options{Path: path, Create: true, Migrations: m})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), Options{Path: path, Migrations: old})
	if err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("a database newer than the program was opened: %v", err)
	}
}

// All statements of a migration are carried out, those within a trigger as one and a last one without its newline, or
// none of them is.
func TestMigrateByStatements(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	const trigger = `-- what is counted
create table count (n integer not null) strict;
insert into count values (0);
-- +goose StatementBegin
create trigger counted after insert on things begin
    update count set n = n + 1;
    update count set n = n + 10;
end;
-- +goose StatementEnd
insert into things values ('a', 1); -- the first
insert into things values ('b;', 2);`

	_, err := Open(t.Context(), Options{Path: path, Create: true, Migrations: migrations(things, trigger+"\ninsert into nowhere values (1);")})
	if err == nil || !strings.Contains(err.Error(), "version:2") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a migration with a mistake at its end: %v", err)
	}

	db := mustOpen(t, Options{Path: path, Migrations: migrations(things, trigger)})
	var n, things int
	err = db.Read(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), "select n, (select count(*) from things) from count").Scan(&n, &things)
	})
	if err != nil || n != 22 || things != 2 {
		t.Errorf("%d things are counted as %d, %v", things, n, err)
	}
}

func TestWriteRollsBack(t *testing.T) {
	t.Parallel()

	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
	insert := func(name string, at time.Time, fail error) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "insert into things (name, at) values ($1, $2)", name, Millis(at))
			return errors.Join(err, fail)
		})
	}

	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	refused := errors.New("refused")
	if err := insert("undone", noon, refused); !errors.Is(err, refused) {
		t.Errorf("Write returned %v, want the function's error", err)
	}

	if err := errors.Join(insert("noon", noon, nil), insert("never", time.Time{}, nil)); err != nil {
		t.Fatal(err)
	}

	got := map[string]time.Time{}
	err := db.Read(t.Context(), func(tx *sql.Tx) error {
		_, err := Collect(t.Context(), tx, func(s Scanner) (string, error) {
			var name string
			var at time.Time
			err := s.Scan(&name, At(&at))
			got[name] = at
			return name, err
		}, "select name, at from things")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	if len(got) != 2 || !got["noon"].Equal(noon) || !got["never"].IsZero() {
		t.Errorf("stored %v", got)
	}
}

func TestOlderVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have, want string
		older      bool
	}{
		{"3.51.2", "3.51.3", true}, {"3.51.3", "3.51.3", false}, {"3.54.1", "3.51.3", false},
		{"3.9.9", "3.51.3", true}, {"4.0.0", "3.51.3", false},
	} {
		if got := olderVersion(c.have, c.want); got != c.older {
			t.Errorf("olderVersion(%s, %s) = %v", c.have, c.want, got)
		}
	}
}

func TestWriteHonoursContext(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: migrations(things)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Write(ctx, func(*sql.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Write with a cancelled context: %v", err)
	}
}
