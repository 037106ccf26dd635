package repath

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
)

// ours is the path of the module as it is.
var ours = strings.TrimSuffix(reflect.TypeFor[rewriter]().PkgPath(), "/internal/repath")

// checkout copies what the module is made of.
func checkout(t *testing.T) string {
	t.Helper()

	root, to := filepath.Join("..", ".."), t.TempDir()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "data" || name == "bin" || strings.HasPrefix(d.Name(), ".") && name != "." && d.Name() != ".ci"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}

		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}

		return os.WriteFile(filepath.Join(to, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}

	return to
}

func repath(t *testing.T, root, to string) []string {
	t.Helper()
	changed, err := Module(root, to)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// There and back again is where it began: no file loses or gains anything, whatever the length of
// the path, and nothing of the module keeps the old one.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)

	for _, to := range []string{"a.example/p", "example.com/" + strings.Repeat("long", 25) + "/panel"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()

			root := checkout(t)
			there := repath(t, root, to)
			if len(there) < 100 {
				t.Fatalf("only %d files were changed", len(there))
			}

			for _, file := range there {
				text := read(t, file)
				if bytes.Contains(text, []byte(`"`+ours+"/")) || strings.HasSuffix(file, ".pb.go") && bytes.Contains(text, []byte(ours+"/shared")) {
					t.Errorf("%s keeps the old path", file)
				}
			}

			repath(t, root, ours)

			for _, file := range there {
				name, _ := filepath.Rel(root, file)
				if !bytes.Equal(read(t, file), read(t, filepath.Join("..", "..", name))) {
					t.Errorf("%s is not what it was", name)
				}
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A program of a module of another path is a plugin for the panel of this one.
func TestModuleOfAnotherPathWorks(t *testing.T) {
	t.Parallel()
	testrun.NeedsServers(t)
	root, panel := checkout(t), testrun.Program(t, "registrar.panel/cmd/panel")
	for _, step := range [][]string{
		{"make", "module", "PATH=example.com/panel"},
		{"go", "build", "-ldflags=-s", "-o", "registrar", "./cmd/registrar-manual"},
		{panel, "conformance", "./registrar"},
	} {
		cmd := exec.CommandContext(t.Context(), step[0], step[1:]...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(step, " "), err, out)
		}
	}
	if mod := string(read(t, filepath.Join(root, "go.mod"))); !strings.HasPrefix(mod, "module example.com/panel\n") {
		t.Errorf("go.mod begins with %.60q", mod)
	}
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module "+ours+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "no dot/panel", "https://example.com/panel", "/usr/bin:/bin", "example.com/../panel"} {
		if _, err := Module(root, path); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
	if text := string(read(t, filepath.Join(root, "go.mod"))); text != "module "+ours+"\n" {
		t.Errorf("go.mod is %q", text)
	}
}

// What programs say to each other is no path.
func TestWireStays(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	repath(t, root, "example.com/panel")
	for file, want := range map[string]string{"shared/registrarrpc/errors.go": `const domain = "registrar.panel"`, "docs/python-registrar/server.py": `domain="registrar.panel"`} {
		if !strings.Contains(string(read(t, filepath.Join(root, file))), want) {
			t.Errorf("%s does not say %s any more", file, want)
		}
	}
}
