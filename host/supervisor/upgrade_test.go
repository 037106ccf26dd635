package supervisor

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// version is the actor as another program, which fails at what weak says.
func (th *theatre) version(as, weak string) Spec {
	s := specIn(th.stage)
	s.Env = append(slices.Clone(s.Env), asVariable+"="+as, weakVariable+"="+weak)
	return s
}

func (th *theatre) upgrade(s Spec) (from, to string, err error) {
	th.t.Helper()
	ctx, cancel := context.WithTimeout(th.t.Context(), testrun.Limit(th.t))
	defer cancel()
	return th.Upgrade(ctx, s)
}

// The new process is set up before the old one is disturbed, and begins after it is gone:
// the actor's lock, taken in Start, would hold it up otherwise.
func TestUpgrade(t *testing.T) {
	t.Parallel()

	var mu sync.Mutex
	var ends []string // of sessions, by what was asked until then
	th := open(t, func(o *Options) {
		stage := &theatre{t: t, stage: filepath.Dir(o.Plugins[0].RunDir)}
		o.Session = func(ctx context.Context, _ string, _ registrar.Service) error {
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			ends = append(ends, stage.asked())
			return nil
		}
	})

	th.ready()
	from, to, err := th.upgrade(th.version("2.0.0", ""))
	if err != nil || from != "1.2.3" || to != "2.0.0" {
		t.Fatalf("Upgrade = %s, %s, %v\n%s", from, to, err, th.log)
	}

	if asked := th.asked(); asked != "configure start configure drain start" {
		t.Errorf("asked to: %s", asked)
	}
	if s := th.Statuses()[0]; s.Version != "2.0.0" || !s.State.Serves() || s.Restarts != 0 {
		t.Errorf("status: %+v", s)
	}
	if err := th.submit("good.test"); err != nil {
		t.Error(err)
	}

	mu.Lock()
	if want := []string{"configure start configure drain"}; !slices.Equal(ends, want) {
		t.Errorf("sessions ended after %q, want %q: they see what a drain makes happen", ends, want)
	}

	mu.Unlock()

	// The new program is the one that is started again.
	if err := th.submit("crash.test"); err == nil {
		t.Error("a crashed plugin answered")
	}

	th.until("running again", func(s Status) bool { return s.State == Running && s.Restarts == 1 && s.Version == "2.0.0" })
}

// A successor that is not right is never noticed by those who use the old one.
func TestUpgradeToWhatIsNotRight(t *testing.T) {
	t.Parallel()

	th := open(t, nil)
	th.ready()
	missing, pinned := th.version("2.0.0", ""), th.version("2.0.0", "")
	missing.Command = []string{"/no/such/program"}
	pinned.SHA256 = strings.Repeat("0", 64)

	for _, test := range []struct {
		reason string
		spec   Spec
		want   string
	}{
		{"no program", missing, "no such file"},
		{"another checksum", pinned, "is expected"},
		{"another name", th.version("2.0.0", "name"), `it calls itself "impostor"`},
		{"refused settings", th.version("2.0.0", "configure"), "stage: is too small"},
	} {
		if _, _, err := th.upgrade(test.spec); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Upgrade = %v, want %s", test.reason, err, test.want)
		}
		if s := th.Statuses()[0]; s.Version != "1.2.3" || !s.State.Serves() {
			t.Errorf("%s: status %+v", test.reason, s)
		}
	}

	if asked := th.asked(); asked != "configure start configure" {
		t.Errorf("asked to: %s", asked)
	}
	if _, _, err := th.Upgrade(t.Context(), Spec{Name: "nobody"}); !errors.Is(err, registrar.NotFound) {
		t.Errorf("Upgrade of nobody = %v", err)
	}
}

// A successor that can't begin leaves the plugin as it was.
func TestUpgradeThatCantBegin(t *testing.T) {
	t.Parallel()
	th := open(t, nil)
	th.ready()
	_, _, err := th.upgrade(th.version("2.0.0", "start"))
	if err == nil || !strings.Contains(err.Error(), "the store is too new; the program that was at work before is started again") {
		t.Errorf("Upgrade = %v", err)
	}
	th.until("the old program at work", func(s Status) bool { return s.State == Running && s.Version == "1.2.3" })
	if err := th.submit("good.test"); err != nil {
		t.Error(err)
	}
	if asked := th.asked(); asked != "configure start configure drain configure start" {
		t.Errorf("asked to: %s", asked)
	}
}

// A plugin that needs a person is healed by an upgrade, without a restart of the panel.
func TestUpgradeHealsTheDisabled(t *testing.T) {
	t.Parallel()
	th := open(t, withoutProgram)
	th.disabled()
	if _, to, err := th.upgrade(th.version("2.0.0", "")); err != nil || to != "2.0.0" {
		t.Fatalf("Upgrade = %s, %v", to, err)
	}
	if err := th.submit("good.test"); err != nil {
		t.Error(err)
	}
}

// Calls that come during an upgrade get an answer by which they are made again; none is lost.
func TestUpgradeUnderCalls(t *testing.T) {
	t.Parallel()

	th := open(t, nil)
	th.ready()
	stop, calls := make(chan struct{}), make(chan int, 1)
	go func() {
		done := 0
		for {
			select {
			case <-stop:
				calls <- done
				return
			default:
			}

			r, err := th.Registrar("actor")
			if err == nil {
				_, err = r.Submit(t.Context(), registrar.Order{ID: "1", Kind: registrar.KindRegister, Domain: "good.test"})
			}

			switch {
			case err == nil:
				done++
			case !errors.Is(err, registrar.Draining) && !errors.Is(err, registrar.Unavailable):
				t.Errorf("a call during an upgrade: %v", err)
			default:
				time.Sleep(time.Millisecond) // as a dispatcher pauses
			}
		}
	}()

	for range 3 {
		if _, _, err := th.upgrade(th.version("2.0.0", "")); err != nil {
			t.Error(err)
		}
	}

	close(stop)
	if done := <-calls; done == 0 {
		t.Error("no call was answered")
	}
}

// An upgrade ends with the host, and leaves no process.
func TestUpgradeWhileTheHostStops(t *testing.T) {
	t.Parallel()
	th := open(t, nil)
	th.ready()
	th.stop()
	if _, _, err := th.upgrade(th.version("2.0.0", "")); !errors.Is(err, registrar.Draining) {
		t.Errorf("Upgrade = %v", err)
	}
}
