package registrarkit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/shared/registrar"
)

// A directory is one instance's, until it is released.
func TestLockDir(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	first, err := LockDir(dir, "x.lock", 0)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := LockDir(dir, "x.lock", 0); !errors.Is(err, registrar.Locked) {
		t.Errorf("a second instance: %v", err)
	}

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	again, err := LockDir(dir, "x.lock", 0)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}

	again.Close()
}

// With patience a lock is taken as soon as it is released.
func TestLockDirWaits(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	first, err := LockDir(dir, "x.lock", 0)
	if err != nil {
		t.Fatal(err)
	}

	taken := make(chan error, 1)
	go func() {
		second, err := LockDir(dir, "x.lock", time.Minute)
		if err == nil {
			err = second.Close()
		}
		taken <- err
	}()

	first.Close()
	if err := <-taken; err != nil {
		t.Error(err)
	}
}

// What is no lock of another process is told as it is.
func TestLockDirFails(t *testing.T) {
	t.Parallel()

	if _, err := LockDir(filepath.Join(t.TempDir(), "missing"), "x.lock", 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is missing: %v", err)
	}
}

// record is a record in memory.
type record struct {
	mu      sync.Mutex
	events  []registrar.Event
	changed chan struct{}
	err     error
}

func (r *record) EventsAfter(_ context.Context, after registrar.Cursor) ([]registrar.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events[min(int(after), len(r.events)):]), r.err
}

func (r *record) Changed() <-chan struct{} { return r.changed }

func (r *record) add() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, registrar.Event{Cursor: registrar.Cursor(len(r.events) + 1)})
}

// Events come in order from behind the cursor: those that are there, those that are announced,
// and those that are not.
func TestFollow(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		r := &record{changed: make(chan struct{})}
		for range 3 {
			r.add()
		}

		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()

		var got []registrar.Cursor
		var last error
		for e, err := range Follow(ctx, r, 1, time.Hour) {
			if last = err; err != nil {
				break
			}

			switch got = append(got, e.Cursor); e.Cursor {
			case 3: // announced
				r.add()
				close(r.changed)
				r.changed = make(chan struct{})
			case 4: // by another process
				time.AfterFunc(time.Minute, r.add)
			case 5:
				cancel()
			}
		}

		if want := []registrar.Cursor{2, 3, 4, 5}; !slices.Equal(got, want) || !errors.Is(last, context.Canceled) {
			t.Errorf("followed %v, %v; want %v and the end of the context", got, last, want)
		}
	})
}

// A record that can't be read ends the stream with its error.
func TestFollowFails(t *testing.T) {
	t.Parallel()

	broken := &record{err: registrar.Errorf(registrar.Draining, "drained")}
	n := 0
	for _, err := range Follow(t.Context(), broken, 0, 0) {
		if n++; !errors.Is(err, registrar.Draining) {
			t.Errorf("the error is %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d values, want the error alone", n)
	}
}
