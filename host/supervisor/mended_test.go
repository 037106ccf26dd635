package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told keeps what a supervisor tells of disabled plugins.
type told struct {
	mu   sync.Mutex
	list []string
}

func (r *told) hear(_ context.Context, _ string, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reason == nil {
		r.list = append(r.list, "well")
		return
	}
	r.list = append(r.list, reason.Error())
}

func (r *told) said() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.list...)
}

// untilWell waits until the plugin is told to be well, which comes after its state, and returns all that was told.
func (r *told) untilWell(th *theatre) []string {
	th.t.Helper()

	th.until("told to be well", func(Status) bool { return slices.Contains(r.said(), "well") })
	return r.said()
}

// A program that is away while it is exchanged is started as soon as it is back, and what was
// wrong is told once.
func TestProgramComesBack(t *testing.T) {
	t.Parallel()

	var r told
	var program, aside string
	th := open(t, func(o *Options) {
		dir := filepath.Dir(o.Plugins[0].RunDir)
		program, aside = filepath.Join(dir, "program"), filepath.Join(dir, "aside")
		if err := os.Symlink(o.Plugins[0].Command[0], aside); err != nil {
			t.Fatal(err)
		}
		o.Plugins[0].Command = []string{program}
		o.Told = r.hear
	})

	th.until("disabled", func(s Status) bool { return s.State == Disabled && strings.Contains(s.Error, "no such file") })
	if err := os.Rename(aside, program); err != nil {
		t.Fatal(err)
	}

	th.until("running", func(s Status) bool { return s.State == Running })
	if said := r.untilWell(th); len(said) != 2 || !strings.Contains(said[0], "no such file") || said[1] != "well" {
		t.Errorf("told %q", said)
	}
}

// What is mended in the specification is found at the next try.
func TestFaultIsMended(t *testing.T) {
	t.Parallel()

	var mu sync.Mutex
	fault := errors.New("plugin.hcl:1,1: its path is wrong")
	var r told
	th := open(t, func(o *Options) {
		good := o.Plugins[0]
		o.Plugins[0].Fault, o.Plugins[0].Command = fault, []string{"/no/such"}
		o.Timing.Retry = 10 * time.Millisecond
		o.Told = r.hear

		o.Reread = func(string) (Spec, error) {
			mu.Lock()
			defer mu.Unlock()
			if fault != nil {
				return Spec{}, fault
			}
			return good, nil
		}
	})

	th.until("tried again", func(s Status) bool { return s.Restarts > 3 && strings.Contains(s.Error, "its path is wrong") })
	if err := th.WaitReady(t.Context()); !errors.Is(err, fault) {
		t.Errorf("WaitReady = %v", err)
	}

	mu.Lock()
	fault = nil
	mu.Unlock()
	th.until("running", func(s Status) bool { return s.State == Running && s.Error == "" })

	if said := strings.Join(r.untilWell(th), "; "); said != "plugin.hcl:1,1: its path is wrong; well" {
		t.Errorf("told %q", said)
	}
}
