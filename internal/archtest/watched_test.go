package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The gate watches code with several goroutines for races: .ci/unit lists the gateway's
// tests of this kind by name, and runs the packages that have none without the detector.
func TestSeveralGoroutinesAreWatched(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(root(".ci/unit"))
	if err != nil {
		t.Fatal(err)
	}

	list := regexp.MustCompile(`(?m)^several='(.+)'$`).FindSubmatch(script)
	still := regexp.MustCompile(`(?m)^still="(.+)"$`).FindSubmatch(script)
	if list == nil || still == nil {
		t.Fatal(".ci/unit has no list of either")
	}

	watched, seen := regexp.MustCompile(string(list[1])), 0
	for name := range severalGoroutines(t, "plugin/r01/gateway", "_test.go") {
		if strings.HasPrefix(name, "Test") {
			seen++
			if !watched.MatchString(name) {
				t.Errorf("%s of the gateway has several goroutines, and .ci/unit does not watch it", name)
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d tests of the gateway have several goroutines", seen)
	}

	for dir := range strings.FieldsSeq(string(still[1])) {
		for name := range severalGoroutines(t, strings.TrimPrefix(dir, "./"), ".go") {
			if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Benchmark") {
				t.Errorf("%s of %s has several goroutines, and .ci/unit does not watch it", name, dir)
			}
		}
	}
}

// severalGoroutines returns the functions in a directory's files
// that start goroutines, or that use such a function by name.
func severalGoroutines(t *testing.T, dir, ending string) map[string]bool {
	t.Helper()
	several, uses := map[string]bool{}, map[string]map[string]bool{}
	for _, file := range filesWhere(t, func(file string) bool {
		return strings.HasPrefix(file, dir+"/") && strings.Count(file, "/") == strings.Count(dir, "/")+1 && strings.HasSuffix(file, ending)
	}) {
		f, err := parser.ParseFile(token.NewFileSet(), root(file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}

		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || fn.Recv != nil && ending != ".go" {
				continue // the name of a test's method alone says too little
			}
			uses[fn.Name.Name] = map[string]bool{}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					several[fn.Name.Name] = true
				case *ast.Ident: // a name that starts goroutines, or makes the gateway start them
					uses[fn.Name.Name][n.Name] = true
					several[fn.Name.Name] = several[fn.Name.Name] || n.Name == "Go" || n.Name == "synctest" || n.Name == "Senders"
				}
				return true
			})
		}
	}

	for found := true; found; {
		found = false
		for name, used := range uses {
			for other := range used {
				if several[other] && uses[other] != nil && !several[name] {
					several[name], found = true, true
				}
			}
		}
	}

	for name := range several {
		if !several[name] {
			delete(several, name)
		}
	}
	return several
}
