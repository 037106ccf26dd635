package testrun

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// perProcessor is how many families of processes may be at work for each processor.
// Most of the time they wait for each other, for a disk and for a server.
const perProcessor = 2

// Places returns how many families of processes may be at work at a time.
func Places() int { return perProcessor * runtime.NumCPU() }

// Held is a place that a test has taken.
type Held struct {
	t     testing.TB
	leave func()
}

// Place takes one of the run's places until the test ends. The caller then starts processes, and
// must not take a second place: tests that hold one and wait for another would block each other.
func Place(t testing.TB) *Held {
	t.Helper()
	NeedsServers(t)
	h := &Held{t: t}
	h.take()
	t.Cleanup(func() { h.leave() })
	return h
}

func (h *Held) take() {
	h.t.Helper()
	leave, err := take(h.t)
	if err != nil {
		h.t.Fatal(err)
	}
	h.leave = leave
}

// Lend lets another test have the place while wait waits for time to
// pass, such as that of a lease. It returns when it has a place again, which
// may be minutes later: a test that measures how long it waited does so in wait.
func (h *Held) Lend(wait func()) {
	h.t.Helper()
	h.leave()
	h.leave = func() {} // wait may end the test
	wait()
	h.take()
}

func take(t testing.TB) (leave func(), err error) {
	dir := shared()
	if dir == "" {
		own <- struct{}{}
		return func() { <-own }, nil
	}

	w := waiting{began: time.Now()}
	for {
		for i := range Places() {
			file, err := lock(filepath.Join(dir, fmt.Sprintf("place.%d", i)))
			if err != nil {
				return nil, fmt.Errorf("take place: %w", err)
			}
			if file != nil {
				return func() { file.Close() }, nil
			}
		}

		if end, ok := deadline(t); ok && time.Until(end) < last {
			return nil, fmt.Errorf("take place: all %d were taken since %s", Places(), w.began.Format(time.TimeOnly))
		}

		w.pause()
	}
}

// Within returns the environment of a process for which a test has
// taken a place: tests in that process take none of the run's.
func Within(environment []string) []string { return append(environment, directory+"=") }

// own holds the places of a process that has no run directory.
var own = make(chan struct{}, Places())

// lock returns nil if another process has the lock. The lock is free again
// when the file is closed, or when its process ends, however it ends.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, file.Close()
	}
	return nil, errors.Join(err, file.Close())
}
