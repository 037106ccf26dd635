// Package gosource reads Go sources for tests that check them: for
// example, that all texts for people are translated into every language.
package gosource

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Held stands for a value that is put into a text when the program runs.
const Held = "x7"

var verb = regexp.MustCompile(`%(\[\d\])?[svdqwT]|U\+%04x`)

// Inspect visits the files that match the patterns of [filepath.Glob], except
// tests, as [ast.Inspect] does. A pattern that matches no file fails the test.
func Inspect(t *testing.T, patterns []string, visit func(ast.Node) bool) {
	t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources %s: %v", pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, visit)
		}
	}
}

// Text returns a text as far as the source contains it, with [Held]
// for each verb of a format and for each part that is not a literal.
func Text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return verb.ReplaceAllString(text, Held)
		}
	case *ast.BinaryExpr:
		return Text(e.X) + Text(e.Y)
	case *ast.CallExpr:
		if slices.Contains([]string{"Sprintf", "Errorf"}, Called(e)) && len(e.Args) > 0 {
			return Text(e.Args[0])
		}
	}
	return Held
}

// Called returns the name of the called function, without its package or value; "" = it has none.
func Called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}
