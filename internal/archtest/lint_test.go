package archtest

import (
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// The vet tool of make lint replaces go vet, so it must have each pass that the go command's own has.
func TestLintVets(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}

	ours := passes(t, root(".ci/tools/lint/main.go"))
	theirs := passes(t, filepath.Join(strings.TrimSpace(string(out)), "src", "cmd", "vet", "main.go"))
	for pass := range theirs {
		if !ours[pass] {
			t.Errorf("go vet has the pass %s, and .ci/tools/lint has not", pass)
		}
	}
	if len(theirs) < 30 {
		t.Errorf("go vet has only %d passes", len(theirs))
	}
}

// passes returns the passes that a program imports.
func passes(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}

	found := map[string]bool{}
	for _, i := range f.Imports {
		dir, pass := path.Split(strings.Trim(i.Path.Value, `"`))
		if dir == "golang.org/x/tools/go/analysis/passes/" {
			found[pass] = true
		}
	}
	return found
}
