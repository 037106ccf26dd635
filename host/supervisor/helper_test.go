package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// The test binary plays all parts: run with a role in its environment it is a plugin, a
// plugin's child, or a host.
const (
	roleVariable  = "SUPERVISOR_TEST_ROLE"
	stageVariable = "SUPERVISOR_TEST_STAGE" // the directory that the parts share
	weakVariable  = "SUPERVISOR_TEST_WEAK"  // what this version of the plugin fails at
	asVariable    = "SUPERVISOR_TEST_AS"    // the version that it says it is
)

func TestMain(m *testing.M) {
	stage := os.Getenv(stageVariable)
	switch os.Getenv(roleVariable) {
	case "":
		// go test names its flags first; without them this is a part that was given no role,
		// and running the tests in it would start parts without end.
		if len(os.Args) < 2 || !strings.HasPrefix(os.Args[1], "-test.") {
			fmt.Fprintln(os.Stderr, "started without a role")
			os.Exit(99)
		}
		os.Exit(m.Run())
	case "plugin":
		logger := registrarrpc.Logger("actor")
		registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: &actor{stage: stage}, Logger: logger})
	case "child":
		lock(filepath.Join(stage, "child"))
		select {}
	case "host":
		playHost(stage)
	case "major":
		goplugin.Serve(&goplugin.ServeConfig{HandshakeConfig: registrarrpc.Handshake(), GRPCServer: goplugin.DefaultGRPCServer,
			VersionedPlugins: map[int]goplugin.PluginSet{registrarrpc.ProtocolVersion + 1: registrarrpc.ClientSet()[registrarrpc.ProtocolVersion]}})
	case "mute":
		lock(filepath.Join(stage, "alive"))
		select {}
	case "chatty":
		fmt.Println("Welcome!")
		time.Sleep(time.Minute)
	case "broken":
		fmt.Fprintln(os.Stderr, "no licence found")
		os.Exit(7)
	}
}

// playHost supervises a plugin until it is killed.
func playHost(stage string) {
	s := New(Options{Plugins: []Spec{specIn(stage)}, Logger: slog.New(slog.DiscardHandler)})
	go func() {
		if err := s.WaitReady(context.Background()); err == nil {
			fmt.Println("ready")
		}
	}()
	s.Run(context.Background())
}

// actor is a plugin that does as files and domain names tell it. What no test calls it does
// not have.
type actor struct {
	registrar.Plugin
	registrar.Registrar
	stage string
}

// told reports whether a file is on the stage.
func (a *actor) told(name string) bool {
	_, err := os.Stat(filepath.Join(a.stage, name))
	return err == nil
}

// note writes into the stage's record what the plugin was asked to do.
func (a *actor) note(what string) {
	f, err := os.OpenFile(filepath.Join(a.stage, "record"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, what)
}

func (a *actor) Describe(context.Context) (registrar.Description, error) {
	d := registrar.Description{Name: "actor", Title: "An actor", Version: "1.2.3", TLDs: []string{"test"}, Kinds: registrar.OperationKinds()}
	if v := os.Getenv(asVariable); v != "" {
		d.Version = v
	}
	if a.told("misnamed") || os.Getenv(weakVariable) == "name" {
		d.Name = "impostor"
	}
	return d, nil
}

func (a *actor) Configure(_ context.Context, s registrar.Settings) error {
	a.note("configure")
	if a.told("unsuited") || os.Getenv(weakVariable) == "configure" {
		return registrar.InvalidSettings([]registrar.Problem{{Path: "stage", Message: "is too small"}})
	}
	return nil
}

func (a *actor) Start(context.Context) (registrar.Registrar, error) {
	if a.told("locked") {
		a.note("locked")
		return nil, registrar.Errorf(registrar.Locked, "another instance is at work")
	}
	if os.Getenv(weakVariable) == "start" {
		return nil, registrar.Errorf(registrar.Internal, "the store is too new")
	}
	if os.Getenv("PATH") != "" {
		a.note("inherited")
	}
	lock(filepath.Join(a.stage, "alive"))
	a.note("start")
	return a, nil
}

func (a *actor) Health(context.Context) ([]registrar.Component, error) {
	return []registrar.Component{{Name: "stage", OK: !a.told("unwell"), Detail: "dusty"}}, nil
}

func (a *actor) Drain(context.Context) error {
	a.note("drain")
	return nil
}

// Submit does what the domain says.
func (a *actor) Submit(_ context.Context, o registrar.Order) (registrar.Operation, error) {
	switch o.Domain {
	case "crash.test":
		os.Exit(3)
	case "once.test":
		a.note("submit")
		os.Exit(3)
	case "freeze.test":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		select {} // the signal stops threads one by one
	case "who.test":
		groups, err := os.Getgroups()
		if err != nil {
			return registrar.Operation{}, err
		}
		a.note(fmt.Sprintf("as-%d-%d-%d", os.Getuid(), os.Getgid(), len(groups)))
	case "bomb.test":
		fmt.Fprintln(realStderr, `{"@level":"info","@message":12345}`)
		fmt.Fprintln(realStderr, strings.Repeat("x", 1<<20))
	case "family.test":
		child := exec.Command(os.Args[0])
		child.Env = []string{roleVariable + "=child", stageVariable + "=" + a.stage}
		child.Stdout, child.Stderr = realStdout, realStderr
		if err := child.Start(); err != nil {
			return registrar.Operation{}, err
		}
	}

	now := time.Unix(1, 0).UTC()
	return registrar.Operation{ID: "op", Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued, CreatedAt: now, UpdatedAt: now}, nil
}

// go-plugin puts others in their places.
var realStdout, realStderr = os.Stdout, os.Stderr

func (a *actor) Probe(context.Context, bool) ([]registrar.Component, error) {
	return []registrar.Component{{Name: "stage", OK: true}}, nil
}

// lock holds a lock for as long as the process lives. A lock ends with the process even where
// dead processes are not reaped.
func lock(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		panic(err)
	}
	held = append(held, f)
}

var held []*os.File

func locked(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// specIn is an actor on a stage, as quick as tests want it.
func specIn(stage string) Spec {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Spec{
		Name: "actor", Command: []string{program}, RunDir: filepath.Join(stage, "run"),
		Env: []string{roleVariable + "=plugin", stageVariable + "=" + stage},
		Configure: func(ctx context.Context, p registrar.Hosted, _ registrar.Description) error {
			return p.Configure(ctx, registrar.Settings{Config: json.RawMessage("{}"), DataDir: stage})
		},
	}
}

// quick makes failures show fast, and leaves time where a slow machine needs it.
func quick() Timing {
	slow := pace.Factor()
	longer := func(d time.Duration) time.Duration { return time.Duration(float64(d) * slow) }
	return Timing{
		Start: longer(10 * time.Second), Interval: 20 * time.Millisecond, Answer: longer(2 * time.Second),
		First: 10 * time.Millisecond, BackoffMin: 10 * time.Millisecond, BackoffMax: 40 * time.Millisecond,
		Kill: longer(time.Second), Drain: longer(time.Second),
	}
}

// theatre is a supervisor at work with one actor.
type theatre struct {
	*Supervisor
	t     *testing.T
	stage string
	log   *record
	stop  func() // ends Run and waits for it
}

// stageDir is short enough for sockets, which t.TempDir is not with a long test name.
func stageDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func open(t *testing.T, change func(*Options), told ...string) *theatre {
	t.Helper()

	th := &theatre{t: t, stage: stageDir(t), log: &record{}}
	for _, name := range told {
		th.tell(name)
	}

	o := Options{
		Plugins: []Spec{specIn(th.stage)}, Timing: quick(), Jitter: steady,
		Logger: logline.New(th.log, logline.Options{Level: slog.LevelDebug}),
	}

	if change != nil {
		change(&o)
	}

	th.Supervisor = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		th.Run(ctx)
	}()
	th.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(th.stop)

	return th
}

func (th *theatre) tell(name string) {
	th.t.Helper()
	if err := os.WriteFile(filepath.Join(th.stage, name), nil, 0o600); err != nil {
		th.t.Fatal(err)
	}
}

func (th *theatre) untell(name string) {
	th.t.Helper()
	if err := os.Remove(filepath.Join(th.stage, name)); err != nil {
		th.t.Fatal(err)
	}
}

// asked lists what the plugin was asked to do, over all its lives.
func (th *theatre) asked() string {
	text, err := os.ReadFile(filepath.Join(th.stage, "record"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		th.t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func (th *theatre) ready() {
	th.t.Helper()
	ctx, cancel := context.WithTimeout(th.t.Context(), testrun.Limit(th.t))
	defer cancel()
	if err := th.WaitReady(ctx); err != nil {
		th.t.Fatalf("%v\n%s", err, th.log)
	}
}

// submit orders a domain and expects an answer.
func (th *theatre) submit(domain string) error {
	th.t.Helper()
	r, err := th.Registrar("actor")
	if err != nil {
		th.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(th.t.Context(), testrun.Limit(th.t))
	defer cancel()
	_, err = r.Submit(ctx, registrar.Order{ID: "1", Kind: registrar.KindRegister, Domain: domain})
	return err
}

func (th *theatre) until(what string, condition func(Status) bool) {
	th.t.Helper()
	until(th.t, what, func() bool { return condition(th.Statuses()[0]) }, th.log)
}

func until(t *testing.T, what string, condition func() bool, context fmt.Stringer) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return condition(), context.String() })
}

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

var _ io.Writer = (*record)(nil)

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
