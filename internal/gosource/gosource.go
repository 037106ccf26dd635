// Package gosource reads Go sources for tests that hold them to something: that what they say to people
// has a text in every language.
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

// Held stands for what is put into a text when the program runs.
const Held = "x7"

var verb = regexp.MustCompile(`%(\[\d\])?[svdqwT]|U\+%04x`)

// Inspect visits the files that match the patterns of [filepath.Glob], tests apart, as [ast.Inspect]
// does. A pattern that no file matches fails the test.
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

// Text is a text as far as the source has it, with [Held] for each verb of a format and for what is
// no text there.
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

// Called is the name of a function that is called, without its package or value; "" = it has none.
func Called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}
