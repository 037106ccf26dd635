package supervisor

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

func TestLife(t *testing.T) {
	t.Parallel()

	th := open(t, nil)
	th.ready()
	want := Status{Name: "actor", Plugin: "actor", Title: "An actor", Version: "1.2.3", TLDs: []string{"test"}, Kinds: registrar.OperationKinds(), State: Running}
	got := th.Statuses()[0]
	got.Since, got.Health, got.Capabilities = time.Time{}, nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := th.submit("good.test"); err != nil {
		t.Error(err)
	}

	th.stop()
	if asked := th.asked(); asked != "configure start drain" {
		t.Errorf("asked to: %s", asked)
	}
	if locked(t, filepath.Join(th.stage, "alive")) {
		t.Error("the process outlives Run")
	}
	if _, err := os.Stat(filepath.Join(th.stage, "run")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is left: %v", err)
	}
	if _, err := th.Registrar("actor"); !errors.Is(err, registrar.Unavailable) || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("Registrar after the end: %v", err)
	}
	if _, err := th.Registrar("nobody"); !errors.Is(err, registrar.NotFound) {
		t.Errorf("Registrar of nobody: %v", err)
	}
}

func TestCrashRestarts(t *testing.T) {
	t.Parallel()

	var sessions atomic.Int32
	th := open(t, func(o *Options) {
		o.Timing.Interval = time.Hour // a health check might notice first
		o.Session = func(ctx context.Context, _ string, _ registrar.Service) error {
			sessions.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
	})

	th.ready()
	if err := th.submit("crash.test"); !errors.Is(err, registrar.Unavailable) {
		t.Errorf("Submit = %v", err)
	}

	th.until("running again", func(s Status) bool { return s.State == Running && s.Restarts == 1 })
	until(t, "a second session", func() bool { return sessions.Load() == 2 }, th.log)

	if asked := th.asked(); asked != "configure start configure start" {
		t.Errorf("asked to: %s", asked)
	}
	if !strings.Contains(th.log.String(), "exit status 3") {
		t.Errorf("the log does not say why:\n%s", th.log)
	}
}

func TestSessionIsResumed(t *testing.T) {
	t.Parallel()
	var sessions atomic.Int32
	th := open(t, func(o *Options) {
		o.Session = func(ctx context.Context, _ string, _ registrar.Service) error {
			if sessions.Add(1) < 3 {
				return errors.New("the stream broke")
			}
			<-ctx.Done()
			return nil
		}
	})
	until(t, "a third session", func() bool { return sessions.Load() == 3 }, th.log)
	if asked := th.asked(); asked != "configure start" {
		t.Errorf("a broken session restarts the plugin: %s", asked)
	}
}

// What must be recorded of a plugin that has begun is recorded before it is called; where that fails
// it begins anew.
func TestStartedComesBeforeCalls(t *testing.T) {
	t.Parallel()
	var started atomic.Int32
	firstSession := make(chan int32, 1)
	th := open(t, func(o *Options) {
		o.Plugins[0].Started = func() error {
			if started.Add(1) == 1 {
				return errors.New("the disk is full")
			}
			return nil
		}
		o.Session = func(ctx context.Context, _ string, _ registrar.Service) error {
			select {
			case firstSession <- started.Load():
			default:
			}
			<-ctx.Done()
			return nil
		}
	})
	th.ready()
	if n := <-firstSession; n != 2 {
		t.Errorf("called after %d starts were reported, want 2", n)
	}
	if !strings.Contains(th.log.String(), "the disk is full") {
		t.Errorf("the log does not say why it began anew:\n%s", th.log)
	}
}

func TestLogBomb(t *testing.T) {
	t.Parallel()
	th := open(t, nil)
	th.ready()
	if err := th.submit("bomb.test"); err != nil {
		t.Error(err)
	}
	until(t, "the line in the log", func() bool { return strings.Contains(th.log.String(), "12345") }, th.log)
	if err := th.submit("good.test"); err != nil {
		t.Errorf("after the bomb: %v", err)
	}
}

func TestFrozenIsRestarted(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) { o.Timing.Answer, o.Timing.Kill = 300*time.Millisecond, 100*time.Millisecond })
	th.ready()
	if err := th.submit("freeze.test"); err == nil {
		t.Error("a frozen plugin answered")
	}
	th.until("restarted", func(s Status) bool { return s.State == Running && s.Restarts > 0 })
	if !strings.Contains(th.log.String(), "does not answer") {
		t.Errorf("the log does not say why:\n%s", th.log)
	}
}

func TestFrozenIsStopped(t *testing.T) {
	t.Parallel()

	th := open(t, func(o *Options) {
		o.Timing.Interval, o.Timing.Answer = time.Hour, time.Minute // health is not what ends it
		o.Timing.Drain, o.Timing.Kill = 100*time.Millisecond, 100*time.Millisecond
	})
	th.ready()
	r, err := th.Registrar("actor")
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := r.Submit(ctx, registrar.Order{ID: "1", Domain: "freeze.test", Kind: registrar.KindRegister}); err == nil {
		t.Error("a frozen plugin answered")
	}

	began := time.Now()
	th.stop()
	if took := time.Since(began); took > pace.Scale(15*time.Second) { // an hour, if it waited for the health check
		t.Errorf("stopping took %s", took)
	}
	if locked(t, filepath.Join(th.stage, "alive")) {
		t.Error("the frozen process is still there")
	}
}

func TestChildrenGoToo(t *testing.T) {
	t.Parallel()
	th := open(t, nil)
	th.ready()
	if err := th.submit("family.test"); err != nil {
		t.Fatal(err)
	}
	child := filepath.Join(th.stage, "child")
	until(t, "the child's lock", func() bool { return locked(t, child) }, th.log)
	if err := th.submit("crash.test"); err == nil {
		t.Error("a crashed plugin answered")
	}
	until(t, "the child's end", func() bool { return !locked(t, child) }, th.log)
}

func TestHostDeath(t *testing.T) {
	t.Parallel()

	stage := stageDir(t)
	host := exec.Command(os.Args[0])
	host.Env = []string{roleVariable + "=host", stageVariable + "=" + stage}

	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := host.Start(); err != nil {
		t.Fatal(err)
	}

	defer host.Wait()
	defer host.Process.Kill()

	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the host says %q, %v", line, err)
	}

	alive := filepath.Join(stage, "alive")
	if !locked(t, alive) {
		t.Fatal("the plugin is not at work")
	}

	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	log := &record{}
	until(t, "the plugin's end", func() bool { return !locked(t, alive) }, log)

	th := theatre{t: t, stage: stage}
	if asked := th.asked(); asked != "configure start drain" {
		t.Errorf("asked to: %s", asked)
	}
}

// disabled waits for the verdict and returns it.
func (th *theatre) disabled() error {
	th.t.Helper()
	ctx, cancel := context.WithTimeout(th.t.Context(), testrun.Limit(th.t))
	defer cancel()
	err := th.WaitReady(ctx)
	if s := th.Statuses()[0]; err == nil || s.State != Disabled || s.Error == "" {
		th.t.Fatalf("WaitReady = %v, state %s, error %q", err, s.State, s.Error)
	}
	if _, callErr := th.Registrar("actor"); !errors.Is(callErr, registrar.Unavailable) || !strings.Contains(callErr.Error(), err.Error()) {
		th.t.Errorf("Registrar = %v", callErr)
	}
	return err
}

func TestChecksum(t *testing.T) {
	t.Parallel()

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	f, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		t.Fatal(err)
	}

	right := hex.EncodeToString(hash.Sum(nil))
	th := open(t, func(o *Options) { o.Plugins[0].SHA256 = strings.ToUpper(right) })
	th.ready()

	wrong := open(t, func(o *Options) { o.Plugins[0].SHA256 = strings.Repeat("0", 64) })
	if err := wrong.disabled(); !strings.Contains(err.Error(), "its sha256 is "+right) {
		t.Error(err)
	}

	if asked := wrong.asked(); asked != "" {
		t.Errorf("a program with the wrong checksum ran: %s", asked)
	}
}

// withoutProgram names one that is missing, and looks for it again long after the test: at once it
// would be tried again while the test looks.
func withoutProgram(o *Options) {
	o.Plugins[0].Command = []string{"/no/such/program"}
	o.Timing.First, o.Timing.BackoffMin, o.Timing.BackoffMax, o.Timing.Retry = time.Hour, time.Hour, time.Hour, time.Hour
}

func TestNeverRetried(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		reason, told string
		change       func(*Options)
		want         string
		asked        string
	}{
		{"settings that the plugin refuses", "unsuited", nil, "stage: is too small", "configure"},
		{"settings that can't be made", "", func(o *Options) {
			o.Plugins[0].Configure = func(context.Context, registrar.Hosted, registrar.Description) error {
				return errors.New("plugin.hcl:1,2: no such secret")
			}
		}, "plugin.hcl:1,2: no such secret", ""},
		{"another name", "misnamed", nil, `it calls itself "impostor"`, ""},
		{"another plugin than the account's", "", func(o *Options) { o.Plugins[0].Plugin = "impostor" }, `it calls itself "actor", and is to be "impostor"`, ""},
		{"another major version", "", func(o *Options) { o.Plugins[0].Env = []string{roleVariable + "=major"} },
			"it speaks version 2 of the protocol and this panel version 1: upgrade the panel", ""},
		{"no program", "", withoutProgram, "no such file", ""},
		{"a long path for sockets", "", func(o *Options) { o.Plugins[0].RunDir = "/" + strings.Repeat("x", 100) }, "the directory for sockets", ""},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			var told []string
			if test.told != "" {
				told = append(told, test.told)
			}

			th := open(t, test.change, told...)
			if err := th.disabled(); !strings.Contains(err.Error(), test.want) {
				t.Errorf("WaitReady = %v, want %s", err, test.want)
			}

			if asked := th.asked(); asked != test.asked {
				t.Errorf("asked to: %s", asked)
			}
			if s := th.Statuses()[0]; s.Restarts != 0 {
				t.Errorf("restarted %d times", s.Restarts)
			}
		})
	}
}

func TestBrokenIsDisabledAfterTries(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) {
		o.Plugins[0].Env = []string{roleVariable + "=broken"}
		o.Timing.Crashes = 3
	})
	if err := th.disabled(); !strings.Contains(err.Error(), "no licence found") {
		t.Errorf("WaitReady = %v, want the plugin's last words", err)
	}
	if s := th.Statuses()[0]; s.Restarts != 2 {
		t.Errorf("restarted %d times", s.Restarts)
	}
}

func TestOutputBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) {
		o.Plugins[0].Env = []string{roleVariable + "=chatty"}
		o.Timing.Crashes = 1
	})
	if err := th.disabled(); !strings.Contains(err.Error(), "Welcome! (a plugin prints nothing before the handshake") {
		t.Errorf("WaitReady = %v", err)
	}
}

func TestProbeAfterDisabled(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) { o.Timing.Crashes, o.Timing.Probe = 1, 50*time.Millisecond })
	th.ready()
	if err := th.submit("crash.test"); err == nil {
		t.Error("a crashed plugin answered")
	}
	th.until("probed", func(s Status) bool { return s.State == Running && s.Restarts == 1 })
}

func TestLockedWaits(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) { o.Timing.Crashes = 2 }, "locked")
	until(t, "three tries", func() bool { return strings.Count(th.asked(), "locked") >= 3 }, th.log)
	if _, err := th.Registrar("actor"); !errors.Is(err, registrar.Unavailable) {
		t.Errorf("Registrar = %v", err)
	}
	th.untell("locked")
	th.ready()
}

func TestDegraded(t *testing.T) {
	t.Parallel()
	th := open(t, nil, "unwell")
	th.until("degraded", func(s Status) bool { return s.State == Degraded && s.Error == "stage: dusty" })
	if err := th.submit("good.test"); err != nil {
		t.Errorf("a degraded plugin answers: %v", err)
	}
	th.untell("unwell")
	th.until("running", func(s Status) bool { return s.State == Running && s.Error == "" && len(s.Health) == 1 })
}

func TestWaitReadyEnds(t *testing.T) {
	t.Parallel()
	th := open(t, nil, "locked")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := th.WaitReady(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("WaitReady = %v", err)
	}
}

func TestVisit(t *testing.T) {
	t.Parallel()
	stage := stageDir(t)
	var health []registrar.Component
	err := Visit(t.Context(), specIn(stage), quick(), slog.New(slog.DiscardHandler), func(ctx context.Context, p registrar.Hosted) (err error) {
		health, err = p.Probe(ctx, false)
		return err
	})
	if err != nil || len(health) != 1 {
		t.Errorf("Visit = %v, %v", health, err)
	}
	th := theatre{t: t, stage: stage}
	if asked := th.asked(); asked != "configure" {
		t.Errorf("asked to: %s", asked)
	}
}
