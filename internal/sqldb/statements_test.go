package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"
)

// counted is a connection that counts the statements prepared on it and closed again.
type counted struct {
	connection
	prepared, closed int
}

func (c *counted) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.connection.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.prepared++
	return &countedStatement{s.(statement), c}, nil
}

type countedStatement struct {
	statement
	of *counted
}

func (s *countedStatement) Close() error {
	s.of.closed++
	return s.statement.Close()
}

// single gives database/sql one connection and no other.
type single struct {
	driver.Connector
	conn driver.Conn
}

func (s single) Connect(context.Context) (driver.Conn, error) { return s.conn, nil }

func openCounted(t *testing.T) (*sql.DB, *counted) {
	t.Helper()
	c, err := sqlite.NewConnector(dsn(filepath.Join(t.TempDir(), "a.db"), false))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := &counted{connection: inner.(connection)}
	db := sql.OpenDB(single{c, &stmtCacheConn{connection: count, idle: map[string]statement{}}})
	db.SetMaxOpenConns(1)
	mustExec(t, db, "CREATE TABLE things (name text primary key, at integer) strict")
	return db, count
}

func mustExec(t *testing.T, db Querier, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// The same text is prepared once, in and out of transactions, read or written, also after it
// found nothing; one that failed is prepared again; all are closed in the end.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()

	db, count := openCounted(t)
	const insert, find = "insert into things (name, at) values ($1, $2)", "select at from things where name = $1"
	look := func(q Querier, name string) (at int, err error) {
		err = q.QueryRowContext(t.Context(), find, name).Scan(&at)
		return at, err
	}
	if _, err := look(db, "a"); !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("in an empty table: %v", err)
	}

	for n, name := range []string{"a", "b", "c"} {
		mustExec(t, db, insert, name, n)
		if at, err := look(db, name); err != nil || at != n {
			t.Fatalf("%s is at %d, %v", name, at, err)
		}
	}

	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}

	mustExec(t, tx, insert, "d", 3)
	if at, err := look(tx, "d"); err != nil || at != 3 {
		t.Fatalf("d is at %d, %v", at, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if count.prepared != 2 || count.closed != 0 {
		t.Errorf("%d statements prepared and %d closed, want 2 and 0", count.prepared, count.closed)
	}
	if _, err := db.ExecContext(t.Context(), insert, "a", 9); err == nil {
		t.Fatal("a second a")
	}

	mustExec(t, db, insert, "e", 4)
	if at, err := look(db, "a"); err != nil || at != 0 {
		t.Errorf("after the refusal a is at %d, %v", at, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if count.prepared != 3 || count.closed != 3 {
		t.Errorf("in the end %d statements prepared and %d closed, want 3 and 3", count.prepared, count.closed)
	}
}

// A statement that is being read can be run again, and each run has its own answer.
func TestStatementWithinItself(t *testing.T) {
	t.Parallel()

	db, count := openCounted(t)
	for n, name := range []string{"a", "b", "c"} {
		mustExec(t, db, "insert into things (name, at) values ($1, $2)", name, n)
	}

	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	const later = "select name from things where at >= $1 order by at"
	var pairs string

	names := func(from int, each func(n int, name string)) {
		rows, err := tx.QueryContext(t.Context(), later, from)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()

		for n := from; rows.Next(); n++ {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			each(n, name)
		}

		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		names(0, func(n int, first string) {
			names(n, func(_ int, second string) { pairs += first + second + " " })
		})
	}

	if want := "aa ab ac bb bc cc aa ab ac bb bc cc "; pairs != want {
		t.Errorf("pairs: %s, want %s", pairs, want)
	}
	if len(pairs) > 0 && count.prepared-count.closed > 3 { // insert, and one or two of the other
		t.Errorf("%d statements are kept", count.prepared-count.closed)
	}
}

// However many texts there are, a connection keeps a bounded number of them.
func TestKeptStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db, count := openCounted(t)
	for i := range cacheSize + 50 {
		var n int
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf("select %d", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("select %d gave %d, %v", i, n, err)
		}
	}
	if open := count.prepared - count.closed; open != cacheSize {
		t.Errorf("%d statements are kept, want %d", open, cacheSize)
	}
	if err := db.Close(); err != nil || count.prepared != count.closed {
		t.Errorf("in the end %d prepared and %d closed, %v", count.prepared, count.closed, err)
	}
}

// A kept statement sees the schema as it is, and what a pragma says is asked each time.
func TestKeptStatementsAndTheSchema(t *testing.T) {
	t.Parallel()

	db, _ := openCounted(t)
	const all = "select count(*) from things where name <> 'x'"
	for _, change := range []string{"", "CREATE INDEX things_at ON things (at)", "ALTER TABLE things ADD COLUMN more text", "DROP INDEX things_at"} {
		if change != "" {
			mustExec(t, db, change)
		}
		mustExec(t, db, "insert into things (name) values ($1)", "n"+change)
		var n int
		if err := db.QueryRowContext(t.Context(), all).Scan(&n); err != nil || n == 0 {
			t.Errorf("after %q: %d, %v", change, n, err)
		}
	}

	for _, want := range []int{0, 1, 0} {
		mustExec(t, db, fmt.Sprintf("pragma foreign_keys = %d", want))
		var have int
		if err := db.QueryRowContext(t.Context(), "pragma foreign_keys").Scan(&have); err != nil || have != want {
			t.Errorf("foreign_keys is %d, %v, want %d", have, err, want)
		}
	}
}

// Parameters lose their names only where their order says as much, and always have the same values.
func TestParametersHaveNoNames(t *testing.T) {
	t.Parallel()
	db, _ := openCounted(t)
	defer db.Close()
	for query, want := range map[string]struct{ prepared, got string }{
		"select $1 || $2":                   {"select ? || ?", "ab"},
		"select $2 || $1":                   {"select $2 || $1", "ba"},
		"select $1 || $1 || $2":             {"select $1 || $1 || $2", "aab"},
		"select $1 || '$1 it''s ?' || $2":   {"select ? || '$1 it''s ?' || ?", "a$1 it's ?b"},
		"select '$' || $1 || '$2' || $2":    {"select '$' || ? || '$2' || ?", "$a$2b"},
		"select $1 || $2 where $2 <> ''":    {"select $1 || $2 where $2 <> ''", "ab"},
		"select $1 || coalesce($2, '$3''')": {"select ? || coalesce(?, '$3''')", "ab"},
	} {
		if prepared := unnamed(query); prepared != want.prepared {
			t.Errorf("%s is prepared as %s, want %s", query, prepared, want.prepared)
		}
		var got string
		if err := db.QueryRowContext(t.Context(), query, "a", "b").Scan(&got); err != nil || got != want.got {
			t.Errorf("%s: %q, %v, want %q", query, got, err, want.got)
		}
	}
}
