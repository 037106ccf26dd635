package main

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

var (
	largeDomains    = flag.Int("large-domains", 1000, "measure a plugin with so many domains")
	largeOperations = flag.Int("large-operations", 100, "and so many open operations")
)

// What a plugin with a large store costs: its memory, how long it takes to be ready, and how
// long it does not serve after it was killed. The figures are in docs/benchmarks.md.
func TestLargeStore(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	w.stop(syscall.SIGTERM)
	fill(t, filepath.Join(w.dir, "data", "plugins", "r01", "r01.db"))

	began := time.Now()
	w.serve()
	t.Logf("ready after %d ms", time.Since(began).Milliseconds())
	plugins := children(t, w.panel.Process.Pid)
	if len(plugins) != 1 {
		t.Fatalf("the panel has %d children", len(plugins))
	}
	w.must("plugins")
	for range 50 { // work, so that the caches are filled
		w.run("domain", "show", "d0000001.ru")
	}
	t.Logf("peak of the plugin's memory: %d MiB", peak(t, plugins[0])>>20)

	began = time.Now()
	if err := syscall.Kill(plugins[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.until("another process to serve", func() bool {
		now := children(t, w.panel.Process.Pid)
		if len(now) != 1 || now[0] == plugins[0] {
			return false
		}
		var all []struct{ State string }
		return w.tryJSON(&all, "plugins") == nil && all[0].State == "running"
	})
	t.Logf("serving again %d ms after the kill", time.Since(began).Milliseconds())
}

// fill makes rows as the plugin makes them, without their meaning.
func fill(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(0)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	numbers := func(n int) string {
		return fmt.Sprintf("with recursive n(i) as (select 1 union all select i + 1 from n where i < %d) ", n)
	}
	for _, statement := range []string{
		numbers(*largeDomains) + `insert into domains (name, customer, status, paid_till, renewal, nameservers, updated_at)
			select printf('d%07d.ru', i), 'c' || (i % 50000), 'Registered', '2027-11-24', 'auto', '[{"host":"ns1.hoster.example"}]', 0 from n`,
		numbers(*largeOperations) + `insert into requests (id, kind, agreement, object, base, state, message_id, token, sealed_body, created_at, due_at, deadline_at, updated_at)
			select 'rq-' || i, 'prolong', 'A', printf('d%07d.ru', i), '2026-11-24', 'Accepted', 'm' || i, 't' || i, randomblob(1200), 0, 0, 4000000000000, 0 from n`,
		numbers(*largeOperations) + `insert into operations (id, order_id, digest, kind, domain, customer, request, state, sealed_order, created_at, updated_at)
			select 'op-' || i, 'o' || i, 'd', 'renew', printf('d%07d.ru', i), 'c', 'rq-' || i, 'Accepted', randomblob(300), 0, 0 from n`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory a process has had, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := highWater.FindSubmatch(text)
	if m == nil {
		t.Fatal("no VmHWM")
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
