package sqldb

import (
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkCommit compares durable transactions with what the disk can do at all: writing
// 8 KiB and flushing, again and again. 1 = as many transactions as flushes. The two take
// turns, because others use the disk, too.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(strconv.Itoa(writers)+" writers", func(b *testing.B) { benchmarkCommit(b, writers) })
	}
}

func benchmarkCommit(b *testing.B, writers int) {
	const transactions, flushes = 256, 64 // in one round
	db, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "a.db"), Create: true, Migrations: migrations(
		"create table requests (id integer primary key, body text not null) strict;",
		"create table events (cursor integer primary key, event text not null) strict;",
		"create table states (object text primary key, state text not null) strict;")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	bare, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	var ours, baseline time.Duration
	var id atomic.Int64
	rounds := 0
	for b.Loop() {
		rounds++
		began := time.Now()

		var working sync.WaitGroup
		for range writers {
			working.Go(func() {
				for range transactions / writers {
					if err := transact(b, db, id.Add(1)); err != nil {
						b.Error(err)
					}
				}
			})
		}

		working.Wait()
		ours += time.Since(began)
		began = time.Now()
		flush(b, bare, flushes)
		baseline += time.Since(began)
	}

	rate := float64(id.Load()) / ours.Seconds()
	b.ReportMetric(rate*baseline.Seconds()/float64(rounds*flushes), "of-bare-flush")
	b.ReportMetric(rate, "tx/s")
}

// transact is what a step of an operation writes: a request's body, an event, a state.
func transact(b *testing.B, db *DB, n int64) error {
	return db.Write(b.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec("insert into requests (id, body) values ($1, $2)", n, strings.Repeat("#[DOMAIN]# ", 140)); err != nil {
			return err
		}
		if _, err := tx.Exec("insert into events (cursor, event) values ($1, $2)", n, strings.Repeat("event ", 40)); err != nil {
			return err
		}
		_, err := tx.Exec("insert into states (object, state) values ($1, 'Sent') on conflict (object) do update set state = excluded.state", "d"+strconv.FormatInt(n%1000, 10))
		return err
	})
}

func flush(b *testing.B, f *os.File, n int) {
	block := make([]byte, 8192)
	for range n {
		if _, err := f.WriteAt(block, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
