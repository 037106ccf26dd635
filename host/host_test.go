package host

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/host/config"
	"registrar.panel/host/door"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
	"registrar.panel/shared/secret"
)

// The test binary is the bundled plugin, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && slices.Contains([]string{"actor", "second"}, os.Args[1]) {
		logger := registrarrpc.Logger("actor")
		registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: &actor{name: os.Args[1]}, Logger: logger})
		return
	}
	os.Exit(m.Run())
}

// actor is a plugin that notes in its data directory what it is asked to do. What no test
// calls it does not have.
type actor struct {
	registrar.Plugin
	registrar.Registrar
	name string
	dir  string
}

func (a *actor) note(what string) error {
	f, err := os.OpenFile(filepath.Join(a.dir, "record"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fmt.Fprintln(f, what)
	return f.Close()
}

func (a *actor) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: a.name, Title: "An actor", Version: "1.0.0", TLDs: []string{"test", "example", "second"}, Schema: registrar.Schema{
		Attributes: []registrar.Attribute{{Name: "account", Type: registrar.TypeString, Required: true}},
		Blocks: []registrar.Block{{Name: "smtp", Schema: registrar.Schema{
			Attributes: []registrar.Attribute{{Name: "tls", Type: registrar.TypeString, OneOf: []string{"none", "implicit"}}},
		}}},
	}}, nil
}

func (a *actor) Configure(_ context.Context, s registrar.Settings) error {
	a.dir = s.DataDir
	if strings.Contains(string(s.Config), "closed") {
		return registrar.InvalidSettings([]registrar.Problem{{Path: "account", Message: "is closed"}})
	}
	return a.note(fmt.Sprintf("configure create=%v", s.Create))
}

func (a *actor) Start(context.Context) (registrar.Registrar, error) { return a, a.note("start") }
func (a *actor) Drain(context.Context) error                        { return a.note("drain") }

func (a *actor) Health(context.Context) ([]registrar.Component, error) { return nil, nil }

func (a *actor) Probe(_ context.Context, mail bool) ([]registrar.Component, error) {
	return []registrar.Component{{Name: "smtp", OK: true, Detail: fmt.Sprintf("mail=%v", mail)}}, nil
}

func (a *actor) Events(ctx context.Context, _ registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		<-ctx.Done()
		yield(registrar.Event{}, ctx.Err())
	}
}

// options writes plugin.hcl into a new directory.
func options(t *testing.T, text string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{ConfigPath: path, Bundled: map[string][]string{"actor": {program, "actor"}}, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

const good = `panel {
  listen = "127.0.0.1:0"
}
registrar "actor" {
  tlds = ["test"]
  config {
    account = "open"
  }
}`

// run serves until stop, which returns what Run did.
func run(t *testing.T, o Options) (h *Host, stop func() error) {
	t.Helper()

	h, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stopped := false
	stop = func() error {
		cancel()
		if stopped {
			return nil
		}
		stopped = true
		return <-done
	}
	t.Cleanup(func() { stop() })

	return h, stop
}

func ready(t *testing.T, h *Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Limit(t))
	defer cancel()
	if err := h.supervisor.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
}

// get asks for the plugins with a token, and returns the status of the answer.
func get(t *testing.T, h *Host, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.URL()+"/api/v1/plugins", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func recordOf(t *testing.T, o Options) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(o.ConfigPath), "data/plugins/actor/record"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "; ")
}

func TestRunTwice(t *testing.T) {
	t.Parallel()

	o := options(t, good)
	for range 2 {
		h, stop := run(t, o)
		ready(t, h)
		if status := get(t, h, ""); status != http.StatusUnauthorized {
			t.Errorf("without a credential the API answers %d", status)
		}

		h.web.SetToken(secret.New("a-token-of-enough-length"))
		if status := get(t, h, "a-token-of-enough-length"); status != http.StatusOK {
			t.Errorf("the API answers %d", status)
		}

		// The plugin serves more TLDs than are routed to it.
		if s := h.Statuses(); len(s) != 1 || !slices.Equal(s[0].TLDs, []string{"test"}) {
			t.Errorf("statuses: %+v", s)
		}
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if _, err := http.Get(h.URL()); err == nil {
			t.Error("still serving after Run")
		}
	}

	want := "configure create=true; start; drain; configure create=false; start; drain"
	if diff := cmp.Diff(want, recordOf(t, o)); diff != "" {
		t.Error(diff)
	}
}

func TestDataDirectoryIsTaken(t *testing.T) {
	t.Parallel()
	o := options(t, good)
	h, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), o)
	wantMistake(t, err, "1,1", "another panel is serving from")
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	again, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	again.Close()
}

func TestLostDatabaseIsNotAFreshStart(t *testing.T) {
	t.Parallel()
	o := options(t, good)
	h, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	if err := os.Remove(filepath.Join(filepath.Dir(o.ConfigPath), "data/panel.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), o); !errors.Is(err, sqldb.ErrMissing) {
		t.Errorf("Open = %v", err)
	}
}

// wantMistake checks that an error is exactly one problem of plugin.hcl.
func wantMistake(t *testing.T, err error, at, message string) {
	t.Helper()
	var mistakes *config.Error
	if !errors.As(err, &mistakes) || len(mistakes.Problems) != 1 {
		t.Fatalf("%v is not one mistake in the file", err)
	}
	p := mistakes.Problems[0]
	if place := fmt.Sprintf("%d,%d", p.Line, p.Column); place != at || !strings.Contains(p.Message, message) {
		t.Errorf("%v; want %s: %s", p, at, message)
	}
}

func TestMistakesAtOpen(t *testing.T) {
	t.Parallel()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })

	for _, test := range []struct{ reason, text, at, message string }{
		{"port in use", "panel {\n  listen = \"" + taken.Addr().String() + "\"\n}", "2,12", "is in use by another program"},
		{"no such address", "panel {\n  listen = \"unix:///no/such/directory/sock\"\n}", "2,12", "no such file or directory"},
		{"no place for data", "panel {\n  listen = \"127.0.0.1:0\"\n  data   = \"/dev/null/x\"\n}", "3,12", "can't make the data directory"},
		{"the file itself", "panel {\n  lisen = 1\n}", "2,3", "not expected here"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), options(t, test.text))
			wantMistake(t, err, test.at, test.message)
		})
	}
}

// A mistake in one registrar's block disables that registrar, loudly, and is looked at again:
// what is mended works. Check reports the same as a mistake of the file.
func TestMistakesOfOneRegistrar(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ reason, old, new, at, message string }{
		{"missing attribute", `account = "open"`, "", "6,3", "account is required"},
		{"wrong choice", `account = "open"`, "account = \"open\"\n    smtp {\n      tls = \"nope\"\n    }", "9,13", "smtp.tls must be one of none, implicit"},
		{"refused by the plugin", `"open"`, `"closed"`, "7,15", "account: is closed"},
		{"missing secret", `"open"`, `secret("file", "not-there")`, "7,15", "account: can't read the secret's file"},
		{"not bundled", `"actor"`, `"other"`, "4,1", "is not bundled with this panel"},
		{"no program", `  tlds = ["test"]`, "  tlds = [\"test\"]\n  path = \"no-such\"\n  dev  = true", "6,10", "no such file"},
		{"not pinned", `  tlds = ["test"]`, "  tlds = [\"test\"]\n  path = \"no-such\"", "6,10", "needs its sha256"},
		{"unknown attribute", `  tlds = ["test"]`, "  tlds = [\"test\"]\n  oops = 1", "6,3", "is not expected here"},
		{"TLD that is not served", `["test"]`, `["test", "ru"]`, "5,10", "does not serve the TLD ru; it serves test, example, second"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			o := options(t, strings.Replace(good, test.old, test.new, 1)+"\nregistrar \"second\" {\n  tlds = [\"second\"]\n  config {\n    account = \"open\"\n  }\n}")
			o.Bundled["second"] = []string{o.Bundled["actor"][0], "second"}
			o.Timing = supervisor.Timing{Retry: 20 * time.Millisecond}
			_, err := Check(t.Context(), o, false)
			wantMistake(t, err, test.at, test.message)

			h, stop := run(t, o)
			place := fmt.Sprintf("plugin.hcl:%s: ", test.at)
			eventually(t, h, "the one disabled and the other at work", func() bool {
				s := h.Statuses()
				return s[0].State == supervisor.Disabled && strings.Contains(s[0].Error, place) && strings.Contains(s[0].Error, test.message) && s[1].State == supervisor.Running
			})
			eventually(t, h, "the alarm in the Action Log", func() bool { return hasAlarm(t, h, test.message) })

			if test.reason != "not bundled" && test.reason != "TLD that is not served" { // a name and TLDs take a restart
				mended := good + "\nregistrar \"second\" {\n  tlds = [\"second\"]\n  config {\n    account = \"open\"\n  }\n}"
				if err := os.WriteFile(o.ConfigPath, []byte(mended), 0o600); err != nil {
					t.Fatal(err)
				}
				eventually(t, h, "the mended one at work", func() bool { return h.Statuses()[0].State == supervisor.Running })
			}

			if err := stop(); err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

// A registrar's data belong to the plugin that made them: another one would begin without what is paid.
func TestAnotherPluginGetsNoData(t *testing.T) {
	t.Parallel()

	o := options(t, good)
	h, stop := run(t, o)
	ready(t, h)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	before := recordOf(t, o)

	o.Bundled["second"] = []string{o.Bundled["actor"][0], "second"}
	given := strings.Replace(good, "  tlds", "  plugin = \"second\"\n  tlds", 1)
	if err := os.WriteFile(o.ConfigPath, []byte(given), 0o600); err != nil {
		t.Fatal(err)
	}
	const message = "the data of registrar actor are those of the plugin actor"
	_, err := Check(t.Context(), o, false)
	wantMistake(t, err, "5,12", message)

	// It is the only registrar: a panel that can use none does not serve.
	h, err = Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	wantMistake(t, h.Run(t.Context()), "5,12", message)
	if now := recordOf(t, o); now != before {
		t.Errorf("the other plugin was at the data: %s, then %s", before, now)
	}
}

// hasAlarm looks for an alarm in the Action Log.
func hasAlarm(t *testing.T, h *Host, message string) bool {
	t.Helper()
	entries, err := h.orders.Log(t.Context(), orders.LogQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(entries, func(e orders.Entry) bool {
		return e.Event == registrar.EventAlarm && e.Level == registrar.LevelError && strings.Contains(e.Message, message)
	})
}

func eventually(t *testing.T, h *Host, what string, ok func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return ok(), fmt.Sprintf("%+v", h.Statuses()) })
}

func TestBrokenPluginDoesNotEndRun(t *testing.T) {
	t.Parallel()
	o := options(t, good)
	o.Bundled["actor"] = []string{"/dev/null"}
	h, stop := run(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Limit(t))
	defer cancel()
	if err := h.supervisor.WaitReady(ctx); err == nil {
		t.Error("a program that is none was started")
	}
	// It is tried again from time to time, and is starting then.
	eventually(t, h, "the plugin to be disabled", func() bool { return h.supervisor.Statuses()[0].State == supervisor.Disabled })
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	o := options(t, good)
	reports, err := Check(t.Context(), o, true)
	want := []Report{{Registrar: "actor", Components: []registrar.Component{{Name: "smtp", OK: true, Detail: "mail=true"}}}}
	if diff := cmp.Diff(want, reports); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(o.ConfigPath), "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("checking left a data directory: %v", err)
	}
}

// A database of the panel that can't be reached is named, without its password.
func TestCheckTriesTheStore(t *testing.T) {
	t.Parallel()
	o := options(t, strings.Replace(good, "panel {", "panel {\n  store = \"postgres://u:CANARY@127.0.0.1:1/d\"", 1))
	reports, err := Check(t.Context(), o, false)
	if err != nil || len(reports) != 2 || reports[0].Registrar != "panel" || len(reports[0].Components) != 1 {
		t.Fatalf("%+v, %v", reports, err)
	}
	if c := reports[0].Components[0]; c.OK || c.Name != "store" || !strings.Contains(c.Detail, "127.0.0.1") || strings.Contains(c.Detail, "CANARY") {
		t.Errorf("%+v", c)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()

	dir, err := os.MkdirTemp("", "ho")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := config.Panel{Listen: "unix://" + dir + "/s"}

	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: dir + "/s"})
	if err != nil {
		t.Fatal(err)
	}

	_, err = door.Listen(t.Context(), p, slog.New(slog.DiscardHandler))
	wantMistake(t, err, "0,0", "is in use by another program")

	left.SetUnlinkOnClose(false)
	left.Close()

	l, err := door.Listen(t.Context(), p, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("a socket left behind: %v", err)
	}
	defer l.Close()

	if info, err := os.Stat(dir + "/s"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
