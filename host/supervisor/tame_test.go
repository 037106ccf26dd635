package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

const escape = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202e\r\nfake: line"

// However many components a plugin has, few are kept, of bounded length and without what a
// terminal obeys; and those that are not well are among them.
func TestHealthIsBounded(t *testing.T) {
	t.Parallel()

	said, long := make([]registrar.Component, 200000), strings.Repeat("д", 1000)
	for i := range said {
		said[i] = registrar.Component{Name: fmt.Sprint(escape, i), OK: true, Detail: long}
	}

	said[150000].OK, said[150000].Detail = false, "the disk is full"
	p := newPlugin(Spec{Name: "evil"}, Options{Logger: slog.New(slog.DiscardHandler)})
	p.setHealth(components(said))
	s := p.Status()
	if len(s.Health) != mostComponents || s.State != Degraded || s.Health[0].OK || !strings.Contains(s.Error, "the disk is full") {
		t.Fatalf("%d components, %s: %s", len(s.Health), s.State, s.Error)
	}

	for _, c := range s.Health {
		if utf8.RuneCountInString(c.Detail) > longestDetail+1 || utf8.RuneCountInString(c.Name) > longestComponent+1 || strings.ContainsFunc(c.Name+c.Detail, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("component %q: %q", c.Name, c.Detail)
		}
	}

	for i := range said {
		said[i].OK = false
	}

	p.setHealth(components(said))
	if s := p.Status(); utf8.RuneCountInString(s.Error) > longestReason+1 {
		t.Errorf("the reason has %d characters", len(s.Error))
	}
}

// The order of a plugin's own components stays.
func TestHealthIsAsSaid(t *testing.T) {
	t.Parallel()
	said := []registrar.Component{{Name: "a", OK: true}, {Name: "b"}, {Name: "c", OK: true, Figures: map[registrar.Figure]float64{registrar.FigureLeft: 7}}}
	for i, c := range components(said) {
		if !reflect.DeepEqual(c, said[i]) {
			t.Errorf("%d: %+v", i, c)
		}
	}
}

func TestDescriptionIsBounded(t *testing.T) {
	t.Parallel()
	d := registrar.Description{Name: "evil", Title: escape + strings.Repeat("A", 1<<20), Version: "1\r\n\x1b[31m", TLDs: make([]string, 1<<16), Capabilities: []registrar.Capability{escape}}
	p := newPlugin(Spec{Name: "evil"}, Options{Logger: slog.New(slog.DiscardHandler)})
	p.introduce(d)
	s := p.Status()
	all := s.Title + s.Version + strings.Join(s.TLDs, "") + string(s.Capabilities[0])
	if len(all) > 1000 || len(s.TLDs) != mostWords || strings.ContainsFunc(all, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%d bytes, %d TLDs: %.200q", len(all), len(s.TLDs), all)
	}
}

// A plugin that logs without end fills no log: what is too much is dropped and counted, and
// reading is slowed down to a pace.
func TestRelayHasAQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		const lines = 200000
		line := `{"@level":"error","@message":"flood"}` + "\n"
		began := time.Now()
		relay(strings.NewReader(strings.Repeat(line, lines)), logline.New(&out, logline.Options{}), &words{})
		logged, told := strings.Count(out.String(), "flood"), strings.Count(out.String(), "lines were dropped")
		took := time.Since(began)
		if logged < linesBurst || logged > linesBurst+linesPace*int(took.Seconds()+1) || told == 0 {
			t.Errorf("%d lines logged in %s, dropping told %d times", logged, took, told)
		}
	})
}

func TestRelayIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		relay(io.LimitReader(endless{}, 300<<20), slog.New(slog.DiscardHandler), &words{})
		if took, want := time.Since(began), time.Duration(300-bytesBurst>>20)*time.Second; took < want {
			t.Errorf("300 MB were read in %s, want %s at least", took, want)
		}
	})
}

// endless is output without a line's end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, page), nil }

var page = strings.Repeat("y", 4<<10)

// Want of descriptors that only a message tells is known, too.
func TestStarvedByMessage(t *testing.T) {
	t.Parallel()
	i := &instance{process: newProcess(Spec{}, slog.New(slog.DiscardHandler))}
	err := i.explain(errors.New("connection error: dial unix /x: socket: too many open files"))
	if !errors.Is(err, syscall.EMFILE) || isCrash(err) {
		t.Errorf("%v: crash = %v", err, isCrash(err))
	}
	if err := i.explain(errors.New("exit status 2")); isOutOfResources(err) || !isCrash(err) {
		t.Errorf("%v is taken for want", err)
	}
}

// BenchmarkHealthOf200000Components is what a health check of a hostile plugin costs the host,
// beside decoding it.
func BenchmarkHealthOf200000Components(b *testing.B) {
	said := make([]registrar.Component, 200000)
	for i := range said {
		said[i] = registrar.Component{Name: fmt.Sprint("component ", i), Detail: strings.Repeat("x", 50)}
	}
	p := newPlugin(Spec{Name: "evil"}, Options{Logger: slog.New(slog.DiscardHandler)})
	for b.Loop() {
		p.setHealth(components(said))
		p.Status()
	}
}

// Of figures those are kept that have a meaning, and are numbers.
func TestFiguresAreTamed(t *testing.T) {
	t.Parallel()
	said := map[registrar.Figure]float64{registrar.FigureLeft: math.NaN(), registrar.FigureWaiting: math.Inf(1), "passport": 4509123456, registrar.FigureHeardAt: 5}
	got := components([]registrar.Component{{Name: "a", Figures: said}})
	if want := (map[registrar.Figure]float64{registrar.FigureHeardAt: 5}); len(got) != 1 || !maps.Equal(got[0].Figures, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}
