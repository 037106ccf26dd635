//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"registrar.panel/internal/r01sim"
)

// tally counts what happens, over all rounds.
type tally struct {
	mu     sync.Mutex
	began  time.Time
	enough int           // how many kills are enough
	over   chan struct{} // closed when there were enough

	Orders     int // acknowledged by a panel
	Operations int
	Requests   int // that reached R01
	Replies    int // that R01 sent
	Events     int
	Kills      int
	Starts     int // of panels
	Missed     int // faults that came at once, because their point of a dialogue was never reached
	Deferred   int // transmissions of which the relay took nothing
	Unknown    int // transmissions whose fate was unknown
	Uncertain  int // operations that were ever Uncertain
	ByReply    int // of these, how many left by R01's word
	ByCopy     int // by our own copy
	ByRegistry int
	ByPerson   int
	Asked      int // decisions of the operator
	Reviews    int // mails that no rule could place
	Lost       int
	Double     int
	Believed   int // conclusions that are false, or rest on a lie
	Rounds     int

	faults  map[kind]int
	points  map[point]int
	lies    map[r01sim.LieGroup]int
	serving []time.Duration // from a panel's start until its plugin is at work
	broken  []error
	faulty  []error
}

func newTally(kills int) *tally {
	return &tally{began: time.Now(), enough: kills, over: make(chan struct{}), faults: map[kind]int{}, points: map[point]int{},
		lies: map[r01sim.LieGroup]int{}}
}

func (t *tally) add(field *int, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*field += n
}

func (t *tally) killed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Kills++; t.Kills == t.enough {
		close(t.over)
	}
}

func (t *tally) kills() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Kills
}

func (t *tally) done() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

func (t *tally) fault(k kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[k]++
}

func (t *tally) at(p point) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.points[p]++
}

// lied counts the lies that were told in a round.
func (t *tally) lied(all []r01sim.Lie) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range all {
		t.lies[l.Group]++
	}
}

func (t *tally) served(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.serving = append(t.serving, d)
}

// broke records a round that broke an invariant.
func (t *tally) broke(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken = append(t.broken, err)
}

// trouble records that the program itself could not do something.
func (t *tally) trouble(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faulty = append(t.faulty, err)
}

// print writes the summary.
func (t *tally) print(out io.Writer, seed uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()

	took := time.Since(t.began)
	fmt.Fprintf(out, "seed %d, %d rounds, %s\n", seed, t.Rounds, took.Round(time.Second))
	fmt.Fprintf(out, "orders %d, operations %d (%.1f/s), requests that reached R01 %d, replies %d, events %d\n",
		t.Orders, t.Operations, float64(t.Operations)/took.Seconds(), t.Requests, t.Replies, t.Events)
	fmt.Fprintf(out, "kills %d (%.1f/s), starts of a panel %d, faults whose point was not reached %d\n", t.Kills, float64(t.Kills)/took.Seconds(), t.Starts, t.Missed)
	for _, k := range slices.Sorted(maps.Keys(t.faults)) {
		fmt.Fprintf(out, "  %-26s %6d\n", k, t.faults[k])
	}

	fmt.Fprintln(out, "faults at a point of a dialogue:")
	for _, p := range slices.Sorted(maps.Keys(t.points)) {
		fmt.Fprintf(out, "  %-26s %6d\n", p, t.points[p])
	}

	slices.Sort(t.serving)
	if n := len(t.serving); n > 0 {
		fmt.Fprintf(out, "from a panel's start until its plugin is at work: median %s, p90 %s, p99 %s (%d starts)\n", ms(t.serving[n/2]), ms(t.serving[n*9/10]), ms(t.serving[n*99/100]), n)
	}

	fmt.Fprintf(out, "transmissions deferred %d, of unknown fate %d\n", t.Deferred, t.Unknown)
	fmt.Fprintf(out, "operations that were uncertain %d: left by a reply %d, by our own copy %d, by the registry %d, by a person %d\n",
		t.Uncertain, t.ByReply, t.ByCopy, t.ByRegistry, t.ByPerson)
	fmt.Fprintf(out, "decisions asked of the operator %d, mails for review %d\n", t.Asked, t.Reviews)
	for _, group := range r01sim.LieGroups() {
		fmt.Fprintf(out, "lies of the group %s: %d\n", group, t.lies[group])
	}

	fmt.Fprintf(out, "%d lost, %d double, %d believed\n", t.Lost, t.Double, t.Believed)
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// count adds the round to the tally.
func (j *judge) count(ctx context.Context, t *tally) error {
	numbers := map[*int]struct {
		db    *sql.DB
		query string
	}{
		&t.Events:    {j.plugin, "select count(*) from events"},
		&t.Deferred:  {j.plugin, "select count(*) from attempts where outcome = 'deferred'"},
		&t.Unknown:   {j.plugin, "select count(*) from attempts where outcome = 'unknown'"},
		&t.Uncertain: {j.plugin, "select count(distinct operation) from steps where state = 'Uncertain'"},
		&t.ByReply:   {j.plugin, leaves("reply")}, &t.ByCopy: {j.plugin, leaves("copy")},
		&t.ByRegistry: {j.plugin, leaves("registry")}, &t.ByPerson: {j.plugin, leaves("person")},
	}

	counted := map[*int]int{} // all of them or none
	for field, q := range numbers {
		n, err := number(ctx, q.db, q.query)
		if err != nil {
			return err
		}
		counted[field] = n
	}

	for field, n := range counted {
		t.add(field, n)
	}

	t.add(&t.Operations, len(j.operations))
	t.add(&t.Requests, len(j.history))
	t.add(&t.Replies, len(j.sent))
	t.lied(j.lies)
	t.add(&t.Rounds, 1)

	for _, f := range j.faults {
		if f.isUntrue() {
			t.add(&t.Believed, 1)
		}
		switch f.invariant {
		case "no request is sent twice", "one paid task for one object":
			t.add(&t.Double, 1)
		case "no acknowledged order is lost", "every order is concluded", "every order has its operation", "every reply is stored once":
			t.add(&t.Lost, 1)
		}
	}

	return nil
}

// leaves returns the query that counts the operations which left Uncertain by the given evidence.
func leaves(evidence string) string {
	return `select count(distinct n.operation) from steps u join steps n on n.operation = u.operation and n.number = u.number + 1
		where u.state = 'Uncertain' and n.state <> 'Uncertain' and n.evidence = '` + evidence + `'`
}
