package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/seal"
	"registrar.panel/shared/secret"
)

// The promises that need a server, with one server for all of them.
func TestPostgreSQL(t *testing.T) {
	t.Parallel()

	server := pgtest.Start(t)
	bouncer := pgtest.StartBouncer(t, server)
	promises := map[string]func(*testing.T, place){
		"missing":          testServerMissing,
		"refuses":          testServerRefuses,
		"probe":            testServerProbe,
		"not copied":       testServerIsNotCopied,
		"migrate":          testServerMigrate,
		"own migration":    testServerOwnMigration,
		"owner":            testServerOwner,
		"all at once":      testServersStartAtOnce,
		"values":           testServerValues,
		"writers":          testWritersTakeTurns,
		"one view":         testReadersSeeOneView,
		"stopped writer":   testStoppedWriterLosesItsTurn,
		"key":              testServerKey,
		"lease":            testLeaseOnServer,
		"unique":           testServerUnique,
		"nothing prepared": testNothingStaysInTheSession,
	}
	for name, test := range promises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := server.Database()
			test(t, place{url, url})
		})

		t.Run(name+" behind PgBouncer", func(t *testing.T) {
			t.Parallel()
			url := server.Database()
			test(t, place{pgtest.Via(bouncer.Address, url), url})
		})
	}

	promises["nothing prepared"] = testStatementsStayPrepared
	for name, test := range promises {
		t.Run(name+" with prepared statements", func(t *testing.T) {
			t.Parallel()
			url := server.Database()
			test(t, place{url + "&" + execModeParameter + "=cache_statement", url})
		})
	}
}

// place is an empty database, as a store reaches it and as it is itself.
type place struct{ url, direct string }

func (p place) options(m fs.FS) Options {
	return Options{Server: secret.New(p.url), Owner: "things", Create: true, Migrations: m}
}

func testServerMissing(t *testing.T, p place) {
	o := p.options(migrations(things))
	o.Create = false
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrMissing) {
		t.Errorf("an empty database without Create: %v, want ErrMissing", err)
	}
	o.Create = true
	mustOpen(t, o)
	o.Create = false
	mustOpen(t, o)
}

func testServerMigrate(t *testing.T, p place) {
	old := migrations(things)
	newer := migrations(things, "alter table things add column note text;")
	for _, m := range []fs.FS{old, old, newer} {
		db, err := Open(t.Context(), p.options(m))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), p.options(old))
	if err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("a database newer than the program was opened: %v", err)
	}
}

// A file in the directory postgres stands for one that only SQLite understands.
func testServerOwnMigration(t *testing.T, p place) {
	m := migrations(things, "vacuum into 'nowhere';").(fstest.MapFS)
	m["postgres/00002_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nalter table things add column own text;\n")}
	db := mustOpen(t, p.options(m))
	if _, err := db.writer.ExecContext(t.Context(), "insert into things (name, own) values ('x', 'y')"); err != nil {
		t.Error(err)
	}
}

func testServerOwner(t *testing.T, p place) {
	mustOpen(t, p.options(migrations(things)))
	o := p.options(migrations(things))
	o.Owner = "others"
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "belongs to things") {
		t.Errorf("another's database was opened: %v", err)
	}
}

func testServersStartAtOnce(t *testing.T, p place) {
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			db, err := Open(t.Context(), p.options(migrations(things, "create table more (n integer primary key) strict;")))
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
}

type word string

// What Go gives comes back as with SQLite, and what PostgreSQL has no place for is replaced.
func testServerValues(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations("create table v (w text primary key, n integer, yes integer not null, raw blob) strict;")))
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into v values ($1, $2, $3, $4), ($5, $6, $7, $8)",
			word("Ё\x00\xff"), Millis(time.Time{}), true, []byte{0, 255}, word("b"), Millis(time.UnixMilli(7)), false, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	err = db.Read(t.Context(), func(tx *sql.Tx) error {
		got, err := Collect(t.Context(), tx, func(s Scanner) (string, error) {
			var w word
			var at time.Time
			var yes bool
			var raw []byte
			err := s.Scan(&w, At(&at), &yes, &raw)
			return fmt.Sprintf("%s %v %v %v", w, at.IsZero(), yes, raw), err
		}, "select w, n, yes, raw from v where yes = $1 or w = $2 order by w", true, word("b"))
		if want := []string{"b false false []", "Ё\uFFFD\uFFFD true true [0 255]"}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("stored %q, want %q", got, want)
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const counters = "create table counters (name text primary key, n integer not null) strict; insert into counters values ('c', 0);"

func counterOf(ctx context.Context, q Querier) (n int, err error) {
	return n, q.QueryRowContext(ctx, "select n from counters").Scan(&n)
}

// Each reads and writes what it read plus one: without turns, counts would be lost.
func testWritersTakeTurns(t *testing.T, p place) {
	const nodes, each = 3, 20
	var all sync.WaitGroup
	defer all.Wait() // before the test ends, however it does
	for range nodes {
		db := mustOpen(t, p.options(migrations(counters)))
		for range 2 {
			all.Go(func() {
				for range each {
					err := db.Write(t.Context(), func(tx *sql.Tx) error {
						n, err := counterOf(t.Context(), tx)
						if err != nil {
							return err
						}
						_, err = tx.ExecContext(t.Context(), "update counters set n = $1", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}

	all.Wait()
	db := mustOpen(t, p.options(migrations(counters)))
	if n, err := counterOf(t.Context(), db.reader); err != nil || n != nodes*2*each {
		t.Errorf("counted %d, %v; want %d", n, err, nodes*2*each)
	}
}

func testReadersSeeOneView(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(counters)))
	err := db.Read(t.Context(), func(tx *sql.Tx) error {
		before, err := counterOf(t.Context(), tx)
		if err != nil {
			return err
		}

		err = db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "update counters set n = n + 1")
			return err
		})
		if err != nil {
			return err
		}

		after, err := counterOf(t.Context(), tx)
		if before != after {
			t.Errorf("a reader saw %d, then %d", before, after)
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	err = db.Read(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "update counters set n = 9")
		return err
	})
	if err == nil {
		t.Error("a reader could write")
	}
}

// A node that is stopped in the middle of a transaction does not stop the others.
func testStoppedWriterLosesItsTurn(t *testing.T, p place) {
	stopped, other := mustOpen(t, p.options(migrations(counters))), mustOpen(t, p.options(migrations(counters)))
	err := stopped.Write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), "update counters set n = 100"); err != nil {
			return err
		}

		began := time.Now()
		err := other.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "update counters set n = n + 1")
			return err
		})
		if waited := time.Since(began); err != nil || waited > pace.Scale(15*time.Second) {
			t.Errorf("the other writer: %v after %s", err, waited)
		}

		return nil
	})
	if err == nil {
		t.Error("the stopped writer could commit")
	}

	if n, err := counterOf(t.Context(), other.reader); err != nil || n != 1 {
		t.Errorf("counted %d, %v; want 1", n, err)
	}
}

func testServerKey(t *testing.T, p place) {
	here, there := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "key")
	first := mustOpen(t, p.options(migrations(things)))
	box, err := first.OpenBox(t.Context(), here, true)
	if err != nil {
		t.Fatal(err)
	}

	second := mustOpen(t, p.options(migrations(things)))
	if _, err := second.OpenBox(t.Context(), there, true); err == nil || !strings.Contains(err.Error(), "from another node") {
		t.Errorf("a second node without the key: %v", err)
	}

	if _, err := seal.OpenBox(there, true); err != nil { // its own
		t.Fatal(err)
	}
	if _, err := second.OpenBox(t.Context(), there, true); err == nil || !strings.Contains(err.Error(), "sealed with another key") {
		t.Errorf("a second node with another key: %v", err)
	}

	same, err := second.OpenBox(t.Context(), here, false)
	if err != nil || same.Fingerprint("x") != box.Fingerprint("x") {
		t.Errorf("a second node with the key: %v", err)
	}
}

func testLeaseOnServer(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(things)))
	a, b := db.Lease("l", "a", DefaultLeaseTiming()), db.Lease("l", "b", DefaultLeaseTiming())

	take := func(l *Lease, holder string, held bool) {
		t.Helper()
		if h, ok, err := l.Take(t.Context()); h != holder || ok != held || err != nil {
			t.Errorf("%s takes it: %s, %v, %v; want %s, %v", l.holder, h, ok, err, holder, held)
		}
	}

	take(a, "a", true)
	take(b, "a", false)
	take(a, "a", true)

	if err := b.Release(t.Context()); err != nil { // not its own
		t.Fatal(err)
	}

	take(b, "a", false)
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}

	take(b, "b", true)
	take(a, "b", false)

	if err := a.Keep(t.Context()); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("keeping another's lease: %v", err)
	}
	if _, err := db.writer.ExecContext(t.Context(), "update leases set until = clock_timestamp()"); err != nil {
		t.Fatal(err)
	}

	take(a, "a", true)
	take(b, "a", false)
}

func testServerUnique(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(things)))
	insert := func() error {
		return db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "insert into things (name) values ('x')")
			return err
		})
	}
	if err := insert(); err != nil {
		t.Fatal(err)
	}

	if err := insert(); !IsUnique(err) {
		t.Errorf("a second one: %v", err)
	}

	if err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into nothing values (1)")
		return err
	}); err == nil || IsUnique(err) {
		t.Errorf("another mistake: %v", err)
	}
}

// The next user of our connection finds nothing of ours in it.
func testNothingStaysInTheSession(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(things)))
	if err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "insert into things (name, at) values ($1, $2)", "x", 1)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var prepared, locks int
	var idle string
	err := db.writer.QueryRowContext(t.Context(), `select (select count(*) from pg_prepared_statements),
		(select count(*) from pg_locks where locktype = 'advisory'), current_setting('idle_in_transaction_session_timeout')`).Scan(&prepared, &locks, &idle)
	if err != nil || prepared != 0 || locks != 0 || idle != "0" {
		t.Errorf("%d prepared statements, %d advisory locks, idle_in_transaction_session_timeout %s, %v", prepared, locks, idle, err)
	}
}

// Where the URL says so, a connection prepares a statement that it runs again, once.
func testStatementsStayPrepared(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(things)))
	const insert = "insert into things (name, at) values ($1, $2)"
	for n, want := range []int{0, 1, 1} {
		mustExec(t, db.writer, insert, fmt.Sprint(n), n)
		var prepared int
		err := db.writer.QueryRowContext(t.Context(), "select count(*) from pg_prepared_statements where statement = $1", insert).Scan(&prepared)
		if err != nil || prepared != want {
			t.Errorf("run %d times it is prepared %d times, %v, want %d", n+1, prepared, err, want)
		}
	}
}

// Every fault of a URL is reported without the password in it.
func TestServerURL(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		url, wrong string // "" = accepted
	}{
		{"postgres://u:CANARY@127.0.0.1/d", ""},
		{"postgresql://u:CANARY@localhost:5433/d?sslmode=disable", ""},
		{"postgres://u:CANARY@[::1]/d", ""},
		{"postgres:///d?host=/run/postgresql&user=u&password=CANARY", ""},
		{"postgres://u:CANARY@db.example/d", ""},
		{"postgres://u:CANARY@db.example/d?sslmode=require", ""},
		{"postgres://u:CANARY@a.example,b.example/d?sslmode=verify-full", ""},
		{"postgres://u:CANARY@127.0.0.1/d?default_query_exec_mode=exec", ""},
		{"postgres://u:CANARY@127.0.0.1/d?default_query_exec_mode=cache_statement", ""},
		{"postgres://u:CANARY@127.0.0.1/d?default_query_exec_mode=simple_protocol", "cache_statement"},
		{"postgres://u:CANARY@db.example/d?sslmode=disable", "sslmode=disable"},
		{"postgres://u:CANARY@db.example/d?sslmode=prefer", "sslmode=prefer"},
		{"postgres://u:CANARY@127.0.0.1,b.example/d?sslmode=allow", "sslmode=allow"},
		{"postgres://u:CANARY@db.example/d?sslmode=nonsense", "parameters"},
		{"postgres://u:CANARY@db.example:port/d", "not a URL"},
		{"postgres://u:CANARY%zz@db.example/d", "not a URL"},
		{"host=db.example password=CANARY", "not a URL"},
		{"mysql://u:CANARY@db.example/d", "not a URL"},
	} {
		_, err := ServerOf(secret.New(c.url))
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%s: %v", c.url, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %q", c.url, err, c.wrong)
		case err != nil && strings.Contains(err.Error(), "CANARY"):
			t.Errorf("%s: the error shows the password: %v", c.url, err)
		}
	}

	tls, err := parseServer(secret.New("postgres://u@db.example/d"))
	if err != nil || tls.TLSConfig == nil || tls.TLSConfig.InsecureSkipVerify || len(tls.Fallbacks) != 0 {
		t.Errorf("another machine by default: %+v, %v; want its certificate checked", tls, err)
	}
}

// What a server must be, each wrong in one thing.
func TestServerSettings(t *testing.T) {
	t.Parallel()

	good := serverSettings{140000, "on", "on", "on", "UTF8"}
	for name, c := range map[string]struct {
		change func(s *serverSettings)
		wrong  string
	}{
		"all right":             {func(*serverSettings) {}, ""},
		"commit waits for more": {func(s *serverSettings) { s.commit = "remote_apply" }, ""},
		"old":                   {func(s *serverSettings) { s.version = 130022 }, "PostgreSQL 13 is too old: need 14"},
		"no fsync":              {func(s *serverSettings) { s.fsync = "off" }, "fsync=off"},
		"torn pages":            {func(s *serverSettings) { s.pages = "off" }, "full_page_writes=off"},
		"commit waits for less": {func(s *serverSettings) { s.commit = "off" }, "synchronous_commit=off"},
		"another encoding":      {func(s *serverSettings) { s.encoding = "SQL_ASCII" }, "SQL_ASCII"},
	} {
		s := good
		c.change(&s)
		if err := s.check(); (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
	}
}

// Mistakes that only the server can find are reported in its words, without the password.
func testServerRefuses(t *testing.T, p place) {
	for name, c := range map[string]struct{ from, to, want string }{
		"wrong password": {pgtest.Password, "CANARY", "password authentication failed"},
		"no such role":   {"//tester:", "//nobody:", "password authentication failed"},
		"no database":    {"?", "nothing?", "does not exist"},
	} {
		url := strings.Replace(p.direct, c.from, c.to, 1)
		o := p.options(migrations(things))
		o.Server = secret.New(url)

		_, err := Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}

		probed := Probe(t.Context(), o.Server)
		if probed == nil || !strings.Contains(probed.Error(), c.want) {
			t.Errorf("%s, probed: %v, want %q", name, probed, c.want)
		}

		if text := fmt.Sprint(err, probed); strings.Contains(text, "CANARY") || strings.Contains(text, pgtest.Password) {
			t.Errorf("%s: the error shows a password: %s", name, text)
		}
	}
}

// A probe leaves nothing behind.
func testServerProbe(t *testing.T, p place) {
	if err := Probe(t.Context(), secret.New(p.url)); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), Options{Server: secret.New(p.url), Owner: "things", Migrations: migrations(things)}); !errors.Is(err, ErrMissing) {
		t.Errorf("after a probe: %v, want ErrMissing", err)
	}
}

// A copy is for files; who keeps a server has better means.
func testServerIsNotCopied(t *testing.T, p place) {
	db := mustOpen(t, p.options(migrations(things)))
	path := filepath.Join(t.TempDir(), "copy")
	if err := db.Copy(t.Context(), path); !errors.Is(err, ErrOnServer) {
		t.Errorf("copying a server: %v, want ErrOnServer", err)
	}
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Options{Server: secret.New("postgres://u:CANARY@127.0.0.1:1/d"), Owner: "things", Migrations: migrations(things)})
	if err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%v, want an error without the password", err)
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	for sqlite, want := range map[string]string{
		"create table a (n integer primary key autoincrement) strict;": "create table a (n bigint generated by default as identity primary key);",
		"raw blob not null, -- a blob of text":                         `raw bytea not null, -- a blob of text`,
		"s text check (s in ('text', 'integer'))":                      `s text collate "C" check (s in ('text', 'integer'))`,
		`"text" integer, texts integer`:                                `"text" bigint, texts bigint`,
		"create table b (\n  n integer\n) STRICT;":                     "create table b (\n  n bigint\n);",
		"create table c (s text) strict, without rowid;":               `create table c (s text collate "C");`,
		"pragma foreign_keys = off;\nselect 1;":                        "\nselect 1;",
	} {
		if got := toPostgres(sqlite); got != want {
			t.Errorf("%q becomes %q, want %q", sqlite, got, want)
		}
	}
}
