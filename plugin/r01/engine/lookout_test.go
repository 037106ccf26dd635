package engine

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// watched is an engine over a store, whose parts stand as a test says.
type watched struct {
	*Engine
	t     *testing.T
	st    *store.Store
	clock time.Time
	well  map[string]bool
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w := &watched{t: t, st: st, clock: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), well: map[string]bool{}}
	w.Engine = New(&Settings{}, Parts{Store: st, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.clock }})
	return w
}

func (w *watched) part(name string, patience time.Duration) Watched {
	return Watched{Patience: patience, Component: func() registrar.Component {
		return registrar.Component{Name: name, OK: w.well[name], Detail: "it hangs"}
	}}
}

// stands lists the alarms, and how many were told of.
func (w *watched) stands() (keys string, told int) {
	w.t.Helper()
	err := w.st.Read(w.t.Context(), func(tx *store.Tx) error {
		alarms, err := tx.Alarms()
		for _, a := range alarms {
			keys += " " + a.Key
		}
		events, err2 := tx.Events(0, 1000)
		for _, e := range events {
			if e.Type == registrar.EventAlarm {
				told++
			}
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(keys), told
}

// What hangs is an alarm within a minute, once; it is over when the part has been well for a while,
// and another instance goes on from there.
func TestLookout(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	lookout := func() *Lookout {
		return NewLookout(w.Engine, w.part("relay", 0), w.part("mailbox", 30*time.Second))
	}
	lo := lookout()
	look := func(after time.Duration, relay, mailbox bool) (string, int) {
		w.well["relay"], w.well["mailbox"] = relay, mailbox
		w.clock = w.clock.Add(after)
		if err := lo.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.stands()
	}
	for n, c := range []struct {
		after          time.Duration
		relay, mailbox bool
		again          bool // by another instance
		keys           string
		told           int
	}{
		{0, true, true, false, "", 0},
		{lookoutEvery, false, false, false, "unwell:relay", 1},
		{lookoutEvery, false, false, false, "unwell:relay", 1},
		{lookoutEvery, false, false, false, "unwell:relay", 1},
		{lookoutEvery, false, false, false, "unwell:relay unwell:mailbox", 2},
		{lookoutEvery, true, false, false, "unwell:relay unwell:mailbox", 2},  // well between two mails
		{lookoutEvery, false, false, false, "unwell:relay unwell:mailbox", 2}, // and not again an alarm
		{lookoutEvery, true, true, false, "unwell:relay unwell:mailbox", 2},
		{recovery, true, false, false, "unwell:mailbox", 2},
		{lookoutEvery, true, false, true, "unwell:mailbox", 2},
		{30 * time.Second, true, false, false, "unwell:mailbox", 2},
		{recovery, true, true, true, "unwell:mailbox", 2},
		{recovery, true, true, false, "", 2},
		{lookoutEvery, false, true, false, "unwell:relay", 3},
	} {
		if c.again {
			lo = lookout()
		}
		if keys, told := look(c.after, c.relay, c.mailbox); keys != c.keys || told != c.told {
			t.Errorf("look %d: %q stands, and %d were told; want %q and %d", n, keys, told, c.keys, c.told)
		}
	}
}

// A store that grows, or has no room to, is not well; work of a usual day is.
func TestGrowth(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	var size, free int64
	var fault error
	g := NewGrowth(func() (int64, int64, error) { return size, free, fault }, func() time.Time { return now })
	for n, c := range []struct {
		after      time.Duration
		size, free int64
		fault      error
		says       string // "" = it is well
	}{
		{0, 900 * mib, 9000 * mib, nil, ""},
		{time.Minute, 1400 * mib, 8500 * mib, nil, ""},
		{time.Minute, 1500 * mib, 8400 * mib, nil, "grown by 600 MiB"},
		{23 * time.Hour, 1500 * mib, 8400 * mib, nil, "grown by 600 MiB"},
		{2 * time.Hour, 1500 * mib, 8400 * mib, nil, ""}, // no more than a day ago
		{time.Hour, 1500 * mib, 500 * mib, nil, "only 500 MiB"},
		{time.Hour, 0, 0, errors.New("no such disk"), "no such disk"},
		{time.Hour, 1500 * mib, 8400 * mib, nil, ""},
	} {
		now, size, free, fault = now.Add(c.after), c.size, c.free, c.fault
		got := g.Component()
		if got.OK != (c.says == "") || !strings.Contains(got.Detail, c.says) || !reflect.DeepEqual(g.Last(), got) {
			t.Errorf("measurement %d: %+v, want %q", n, got, c.says)
		}
	}
}

// The lookout looks often enough for a minute.
func TestLookoutRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		lo := &Lookout{now: time.Now, log: slog.New(slog.DiscardHandler), states: map[string]wellness{}, parts: []Watched{{Component: func() registrar.Component {
			looks++
			return registrar.Component{Name: "relay", OK: true}
		}}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = lo.Run(ctx)
		if looks < 5 {
			t.Errorf("%d looks in a minute", looks)
		}
	})
}
