package main

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

// replacement is how long after a kill another instance had the lease, R01 got a request, and panel plugins showed it.
type replacement struct{ lease, work, shown time.Duration }

// occupancy is the memory of a process, in MiB.
type occupancy struct {
	what        string
	since, seen time.Time
	first, last int
}

// grown returns how much the memory has grown since it was first measured.
func (o *occupancy) grown() int { return o.last - o.first }

func (o *occupancy) lived() time.Duration { return o.seen.Sub(o.since) }

func (o *occupancy) String() string {
	return fmt.Sprintf("from %d to %d MiB in %s", o.first, o.last, o.lived().Round(time.Second))
}

// size is the size of the databases, in KiB, after a number of orders.
type size struct{ orders, panel, plugin int }

// measure records the memory of all processes.
func (n *trio) measure() {
	n.t.Helper()
	for _, w := range n.nodes {
		for what, pid := range map[string]int{"panel": w.panel.Process.Pid, "plugin": w.child()} {
			_, now := occupies(n.t, pid)
			if n.processes[pid] == nil {
				n.processes[pid] = &occupancy{what: what, since: time.Now(), first: now}
			}
			n.processes[pid].seen, n.processes[pid].last = time.Now(), now
		}
	}
}

// size measures the databases.
func (n *trio) size() size {
	n.t.Helper()
	const kib = "select pg_database_size(current_database()) / 1024"
	return size{len(n.shop.sold), n.number(n.panel, kib), n.number(n.plugin, kib)}
}

func (n *trio) number(db *sql.DB, query string) (v int) {
	n.t.Helper()
	if err := db.QueryRowContext(n.t.Context(), query).Scan(&v); err != nil {
		n.t.Fatal(err)
	}
	return v
}

// tell logs the figures for docs/nodes.md.
func (n *trio) tell() {
	n.t.Helper()
	n.tellTook("another instance had the lease", func(r replacement) time.Duration { return r.lease })
	n.tellTook("R01 got a request from it", func(r replacement) time.Duration { return r.work })
	n.tellTook("panel plugins showed it", func(r replacement) time.Duration { return r.shown })

	n.t.Logf("%d operations were Uncertain: %d left that by a reply, %d by a person; %d requests were sent again by a decision",
		n.number(n.plugin, "select count(distinct operation) from steps where state = 'Uncertain'"),
		n.number(n.plugin, leaves("reply")), n.number(n.plugin, leaves("person")), n.shop.resent)

	for _, what := range []string{"panel", "plugin"} {
		all := slices.DeleteFunc(slices.Collect(maps.Values(n.processes)), func(o *occupancy) bool { return o.what != what })
		oldest := slices.MaxFunc(all, func(a, b *occupancy) int { return int(a.lived() - b.lived()) })
		most := slices.MaxFunc(all, func(a, b *occupancy) int { return a.grown() - b.grown() })
		n.t.Logf("of %d processes of a %s the one that lived longest went %s; the one that grew most %s", len(all), what, oldest, most)
	}

	now := n.size()
	n.t.Logf("databases after %d and %d orders: the panel's %d and %d KiB, the plugin's %d and %d KiB",
		n.begun.orders, now.orders, n.begun.panel, now.panel, n.begun.plugin, now.plugin)
}

func (n *trio) tellTook(what string, of func(replacement) time.Duration) {
	n.t.Helper()
	var took []time.Duration
	for _, r := range n.replaced {
		took = append(took, of(r))
	}
	slices.Sort(took)
	n.t.Logf("%s, in %d take-overs: median %s, longest %s", what, len(took), tenths(took[len(took)/2]), tenths(took[len(took)-1]))
}

// leaves returns the query that counts the operations which left Uncertain by the given evidence.
func leaves(evidence string) string {
	return `select count(distinct n.operation) from steps u join steps n on n.operation = u.operation and n.number = u.number + 1
		where u.state = 'Uncertain' and n.state <> 'Uncertain' and n.evidence = '` + evidence + `'`
}

func tenths(d time.Duration) time.Duration { return d.Round(time.Second / 10) }
