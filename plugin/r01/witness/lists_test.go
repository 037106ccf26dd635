package witness

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
)

// slowList is a zone list whose server never comes to an end.
type slowList struct{}

func (slowList) String() string { return "https://lists.example/slow" }

func (slowList) Open(ctx context.Context, _ registry.Edition) (io.ReadCloser, registry.Edition, error) {
	<-ctx.Done()
	return nil, registry.Edition{}, ctx.Err()
}

// A pass that takes too long is an alarm as any other that fails; one that ends with the plugin is none.
func TestListThatTakesTooLong(t *testing.T) {
	t.Parallel()

	kept, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })

	log, s := slog.New(slog.DiscardHandler), &engine.Settings{}
	en := engine.New(s, engine.Parts{Store: kept, Logger: log, Now: time.Now, Random: rand.Text})
	w := New(s, en, Parts{ZoneLists: []ZoneList{slowList{}}, Store: kept, Logger: log, Now: time.Now})
	alarms := func() int {
		all, err := engine.Look(t.Context(), kept, (*store.Tx).Alarms)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Lists.ReconcileList(stopped, slowList{}); err == nil || alarms() != 0 {
		t.Errorf("a pass that was stopped: %v, %d alarms", err, alarms())
	}
	if h := w.Health(); strings.Contains(h[0].Detail, "canceled") {
		t.Errorf("a pass that was stopped became the state of the list: %+v", h)
	}

	w.Lists.within = time.Nanosecond
	err = w.Lists.ReconcileList(t.Context(), slowList{})
	if err == nil || alarms() != 1 {
		t.Errorf("a pass that took too long: %v, %d alarms", err, alarms())
	}
	if h := w.Health(); h[0].OK || !strings.Contains(h[0].Detail, "within") {
		t.Errorf("health says %+v", h)
	}
}
