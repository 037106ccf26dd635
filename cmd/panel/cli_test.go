package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

const manualBlock = `
registrar "manual" {
  tlds = ["com", "example"]
  env  = ["GORACE"]
  config {
    lookup  = "always_available"
    confirm = "operator"
  }
}
`

// TestCommandLine runs the scripts in testdata/script against one panel, which has both
// bundled plugins and a simulated R01. Each script uses names and customers of its own.
//
// Beside testscript's own commands there are
//
//	panel ARG…         runs the command line against that panel; ! when it must not exit with 0
//	exits CODE         what the last panel exited with
//	json [KEY[=VALUE]…]  the last output is JSON, and it, or each of a list that is not
//	                   empty, has these keys; VALUE is JSON or a plain word
//	set VAR KEY        keeps a text of the last output, of a list the last there is
//	until TEXT ARG…    runs panel ARG… until it prints the text
//
// and in the environment $ME, who runs it, $CONFIG, the panel's plugin.hcl, and $WRONG, one with a wrong
// IMAP password.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script/*.txtar")
}

// TestCommandLineAlone runs scripts that would disturb others on a panel of
// its own: a mail that waits for review shows in the state of its plugin.
func TestCommandLineAlone(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script/alone/*.txtar")
}

func runScripts(t *testing.T, pattern string) {
	t.Helper()
	w := newWorld(t, func(hcl string) string { return hcl + manualBlock })
	wrong := w.write("wrong.hcl", strings.NewReplacer(`"imap.secret"`, `"wrong.secret"`, `"data"`, `"elsewhere"`).Replace(w.hcl()))
	w.write("wrong.secret", "wrong-CANARY-79\n")
	program := w.self // for the client; the panel runs under the race detector
	w.watch()
	w.servePlugins("r01", "manual")
	scripts, err := filepath.Glob(pattern)
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", pattern, err)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CONFIG", filepath.Join(w.dir, "plugin.hcl"))
			env.Setenv("WRONG", wrong)
			env.Setenv("ME", command.Login())
			env.Setenv("TILL", registrar.DateOf(time.Now()).AddDays(100).String()) // a day that the zone can have sold
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"panel": func(ts *testscript.TestScript, neg bool, args []string) { w.scriptPanel(program, ts, neg, args) }, "exits": scriptExits, "json": scriptJSON, "set": scriptSet, "until": w.scriptUntil,
		},
	})
}

// servePlugins starts the panel and waits until these plugins run.
func (w *world) servePlugins(names ...string) {
	w.t.Helper()
	w.launch()
	w.until("the plugins to run", func() bool {
		var plugins []api.Plugin
		running := 0
		if w.ask(&plugins, "plugins") == nil {
			for _, p := range plugins {
				if p.State == "running" {
					running++
				}
			}
		}
		return running == len(names)
	})
}

func (w *world) scriptPanel(program string, ts *testscript.TestScript, neg bool, args []string) {
	var out, errOut bytes.Buffer
	var code int
	again(w.t, func() (failed bool, stderr string) {
		cmd := w.command(args...)
		cmd.Path, cmd.Dir = program, ts.MkAbs(".")
		cmd.Env = slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "USER=") || strings.HasPrefix(v, "PANEL_") })
		cmd.Env = append(cmd.Env, "LC_ALL="+cmp.Or(ts.Getenv("LC_ALL"), "C"))
		out.Reset()
		errOut.Reset()
		cmd.Stdout, cmd.Stderr = &out, &errOut
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			ts.Fatalf("run panel: %v", err)
		}
		code = cmd.ProcessState.ExitCode()
		return code != 0 && !neg, errOut.String()
	})
	fmt.Fprint(ts.Stdout(), out.String())
	fmt.Fprint(ts.Stderr(), errOut.String())
	ts.Setenv("exit", strconv.Itoa(code))
	if failed := code != 0; failed != neg {
		ts.Fatalf("exit %d", code)
	}
	for _, secret := range []string{mailPassword, imapPassword, "wrong-CANARY-79", "4598 654321"} {
		if strings.Contains(out.String()+errOut.String(), secret) {
			ts.Fatalf("it tells %q", secret)
		}
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: exits CODE")
	}
	if got := ts.Getenv("exit"); got != args[0] {
		ts.Fatalf("exit %s, want %s", got, args[0])
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: json [KEY[=VALUE]…]")
	}
	found := objects(ts)
	if len(found) == 0 && len(args) > 0 {
		ts.Fatalf("the list is empty")
	}
	for _, object := range found {
		for _, arg := range args {
			key, want, given := strings.Cut(arg, "=")
			got, ok := object[key]
			if !ok {
				ts.Fatalf("no key %q in %v", key, object)
			}
			text, err := json.Marshal(got)
			ts.Check(err)
			if given && string(text) != want && got != want {
				ts.Fatalf("%s is %s, want %s", key, text, want)
			}
		}
	}
}

// objects reads the last output: an object, or a list of them.
func objects(ts *testscript.TestScript) []map[string]any {
	text := []byte(ts.ReadFile("stdout"))
	var list []map[string]any
	if json.Unmarshal(text, &list) == nil && list != nil {
		return list
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		ts.Fatalf("neither an object nor a list of objects: %v", err)
	}
	return []map[string]any{object}
}

func scriptSet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: set VAR KEY")
	}
	value := ""
	for _, o := range objects(ts) {
		if text, ok := o[args[1]].(string); ok {
			value = text
		}
	}
	if value == "" {
		ts.Fatalf("no text at %s", args[1])
	}
	ts.Setenv(args[0], value)
}

// scriptUntil polls another process.
func (w *world) scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT ARG…")
	}
	testrun.Until(w.t, args[0], func() (bool, string) {
		stdout, stderr, _ := w.run(args[1:]...)
		if strings.Contains(stdout, args[0]) {
			fmt.Fprint(ts.Stdout(), stdout)
			return true, ""
		}
		return false, stdout + stderr
	})
}

// Following the log shows the existing entries and new ones, until it is interrupted.
func TestLogFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(hcl string) string { return hcl[:strings.Index(hcl, "registrar ")] + manualBlock })
	contact := w.write("person.json", person)
	w.servePlugins("manual")
	w.order("first.com", "c1", contact)
	follow := w.command("log", "--follow", "--tail", "1", "-o", "json")
	lines, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(testrun.Limit(t), func() { follow.Process.Kill() }) // ends the reading
	defer timer.Stop()
	entries := json.NewDecoder(lines)
	for _, want := range []string{"first.com", "second.com"} {
		var e api.Entry
		if err := entries.Decode(&e); err != nil || *e.Domain != want || e.Event != "order-placed" {
			t.Errorf("followed %+v, %v; want %s", e, err, want)
		}
		if want == "first.com" {
			w.order("second.com", "c1", contact)
		}
	}
	if err := follow.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := follow.Wait(); err != nil {
		t.Errorf("interrupted, it ends with %v", err)
	}
}
