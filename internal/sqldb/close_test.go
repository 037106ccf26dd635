package sqldb

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A file is closed when its connections are: also those that were in use.
func TestCloseWaitsForConnections(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]func(*DB) *sql.DB{
		"a reader's": func(db *DB) *sql.DB { return db.reader },
		"a writer's": func(db *DB) *sql.DB { return db.writer },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				db := openThings(t, dir)
				release := borrow(t, pool(db))
				closed := make(chan error, 1)
				go func() { closed <- db.Close() }()

				time.Sleep(time.Second)
				select {
				case err := <-closed:
					t.Errorf("it was closed while a connection was in use: %v", err)
				default:
				}

				release()
				if err := <-closed; err != nil {
					t.Error(err)
				}
				if left, err := filepath.Glob(filepath.Join(dir, "*-wal")); err != nil || len(left) > 0 {
					t.Errorf("it left %v, %v", left, err)
				}
			})
		})
	}
}

// A connection that does not end is told of, and does not keep a program from stopping.
func TestCloseWaitsNoLongerThanItMust(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := openThings(t, dir)
		release := borrow(t, db.reader)
		defer release()

		began := time.Now()
		if err := db.Close(); err == nil || !strings.Contains(err.Error(), "1 connections were in use") {
			t.Errorf("a connection was in use, and closing says %v", err)
		}
		if took := time.Since(began); took < settleWithin || took > 2*settleWithin {
			t.Errorf("it took %s", took)
		}
	})
}

// borrow takes a connection and returns what gives it back.
func borrow(t *testing.T, pool *sql.DB) (release func()) {
	t.Helper()
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
