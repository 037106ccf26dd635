// Package testrun supports tests: it holds what the tests of one run share across packages, and how they wait.
//
// A test that starts a family of processes takes a [Place] first, so that no more families are at work
// than the machine has processors for. A program that tests run is built once, by [Program]; other
// things that take long to make are made by [Once]. A test waits with [Until], which looks until it
// sees what must come, for as long as a slow machine needs, and otherwise reports what it saw; and
// for a server that it has started, with [Reach].
//
// make test hands over places and programs in a directory that the variable TESTRUN names. A test that is
// run by hand has no such directory: its places are those of its own process, and it builds what it needs.
package testrun

import (
	"os"
	"testing"
	"time"

	"registrar.panel/internal/pace"
)

// directory names the run's directory in the environment.
const directory = "TESTRUN"

// NeedsServers leaves the test out in a short run, because it starts servers, programs
// or families of processes. go test -short runs what Go alone can do, in seconds.
func NeedsServers(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs servers or many processes, and -short leaves them out")
	}
}

// TakesLong leaves the test out in a short run, because it takes seconds of a processor.
func TakesLong(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds, and -short leaves it out")
	}
}

// patience is how long to wait, on the usual machine, for things that take seconds at most.
const patience = 2 * time.Minute

// last is the time that a test keeps to say what it waited for, and to clean up.
const last = 30 * time.Second

// Until calls look until it reports done. look also returns what it saw, which
// the test reports when it gives up: when it has waited longer than anything
// may take on a machine so slow, or when the time of the whole run ends.
func Until(t testing.TB, what string, look func() (done bool, seen string)) {
	t.Helper()
	w := waiting{began: time.Now()}
	for {
		done, seen := look()
		if done {
			return
		}
		if w.over(t) {
			t.Fatalf("waited in vain for %s since %s (%s); last seen: %s", what, w.began.Format(time.TimeOnly),
				time.Since(w.began).Round(time.Second), seen)
		}
		w.pause()
	}
}

// waiting is a wait that has begun.
type waiting struct {
	began time.Time
}

// pause is short at first, for what comes at once, and grows with the wait:
// frequent looks would slow down what a busy machine is waiting for.
func (w *waiting) pause() {
	time.Sleep(min(max(time.Since(w.began)/3, 2*time.Millisecond), 250*time.Millisecond))
}

// over measures the machine only if the wait is longer than it should be anywhere.
func (w *waiting) over(t testing.TB) bool {
	waited := time.Since(w.began)
	if end, ok := deadline(t); ok && time.Until(end) < last {
		return true
	}
	return waited > patience && waited > pace.Scale(patience)
}

// deadline returns when the time of the test's process ends.
func deadline(t testing.TB) (time.Time, bool) {
	limited, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return time.Time{}, false
	}
	return limited.Deadline()
}

// Limit returns how long a single step may take that the caller can't look into: so
// long that only a step that hangs exceeds it, and short enough for the test to say so.
func Limit(t testing.TB) time.Duration {
	const hangs = 10 * time.Minute
	return min(hangs, Remaining(t))
}

// Remaining returns how long the test may go on, so that it still has time to say what went wrong.
func Remaining(t testing.TB) time.Duration {
	end, ok := deadline(t)
	if !ok {
		return time.Hour
	}
	return max(time.Until(end)-last, time.Second)
}

// shared returns the run's directory; "" = there is none.
func shared() string { return os.Getenv(directory) }
