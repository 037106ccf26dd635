package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/testrun"
)

// begin runs panel plugin new in a directory outside the repository.
func begin(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = execute(t.Context(), append([]string{"plugin", "new"}, args...), command.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut})
	return out.String(), errOut.String(), code
}

// A new plugin is formatted, compiles without any download, has nothing of this machine
// in files to commit, and passes the suite with the fake registrar as its witness.
func TestPluginNew(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	dir := filepath.Join(t.TempDir(), "acme")
	stdout, stderr, code := begin(t, "acme-domains", "--dir", dir, "--panel", "../..", "-o", "json")
	if code != command.ExitDone || !strings.Contains(stderr, "docs/writing-a-registrar.md") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var list []struct{ File string }
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, strings.TrimPrefix(f.File, dir+"/"))
	}
	want := []string{".gitignore", "adapter.go", "adapter_test.go", "fake/main.go", "go.mod", "go.work", "main.go", "plugin.hcl", "remote.go"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatal(diff)
	}
	fewLines(t, 200, dir, "main.go", "adapter.go", "remote.go")
	if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || strings.Contains(string(mod), "replace") {
		t.Errorf("go.mod can't be committed: %s, %v", mod, err)
	}
	for _, step := range [][]string{{"gofmt", "-l", "."}, {"go", "vet", "./..."}, {"go", "build", "-o", "registrar-acme-domains", "."}, {"go", "test", "./..."}} {
		cmd := exec.CommandContext(t.Context(), step[0], step[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -ldflags=-s", "GOWORK=")
		out, err := cmd.CombinedOutput()
		if err != nil || step[0] == "gofmt" && len(out) > 0 {
			t.Fatalf("%s: %v\n%s", strings.Join(step, " "), err, out)
		}
	}
	// A panel accepts the program and the settings as they are.
	check := exec.CommandContext(t.Context(), os.Args[0], "check")
	check.Dir, check.Env = dir, append(os.Environ(), "ACME_DOMAINS_TOKEN=test")
	if out, err := check.CombinedOutput(); err != nil || !strings.Contains(string(out), "acme-domains  registrar  ok") {
		t.Errorf("panel check: %v\n%s", err, out)
	}
}

// fewLines checks that an author has no more than so many lines to read.
func fewLines(t *testing.T, most int, dir string, files ...string) {
	t.Helper()
	n := 0
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(string(text), "\n")
	}
	if n > most {
		t.Errorf("%v have %d lines, want %d at most", files, n, most)
	}
}

func TestPluginNewRefuses(t *testing.T) {
	t.Parallel()
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "main.go"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"Acme", "--panel", "../.."}, command.ExitUsage, `"Acme" is no name for a plugin`},
		{[]string{"../acme", "--panel", "../.."}, command.ExitUsage, "is no name for a plugin"},
		{[]string{"acme", "--panel", t.TempDir()}, command.ExitUsage, "no such file or directory"},
		{[]string{"acme", "--panel", "author", "--dir", taken}, command.ExitUsage, "find checkout"},
		{[]string{"acme", "--panel", "../..", "--dir", taken}, command.ExitFailed, "main.go is there already, and nothing is replaced"},
		{[]string{"acme", "--dir", taken}, command.ExitFailed, "main.go is there already"}, // this directory lies in a checkout
	} {
		if _, stderr, code := begin(t, c.args...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("plugin new %v: exit %d, want %d and %q: %s", c.args, code, c.code, c.says, stderr)
		}
	}
	if text, err := os.ReadFile(filepath.Join(taken, "main.go")); err != nil || string(text) != "mine" {
		t.Errorf("it replaced a file: %q, %v", text, err)
	}
	if entries, err := os.ReadDir(taken); err != nil || len(entries) != 1 {
		t.Errorf("it wrote where it was refused: %v, %v", entries, err)
	}
}

// Outside any checkout the checkout must be named.
func TestPluginNewNeedsACheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, stderr, code := begin(t, "acme"); code != command.ExitUsage || !strings.Contains(stderr, "give --panel DIR") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
