package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// mostMethods is how many methods a type may have: with more it is several types.
	mostMethods = 50
	// mostLines is how long a file of a room of r01 may be.
	mostLines = 400
)

// No type does everything.
func TestNoTypeIsTooLarge(t *testing.T) {
	t.Parallel()
	book := 0
	for _, p := range packages(t) {
		for name, n := range methods(t, p) {
			full := short(p.ImportPath) + "." + name
			if n > mostMethods {
				t.Errorf("%s has %d methods, and %d are the most", full, n, mostMethods)
			}
			if full == "ours/host/orders.Service" {
				book = n
			}
		}
	}

	if book < 10 {
		t.Errorf("the book has %d methods; does the count still fit?", book)
	}
}

// methods counts the methods that are declared of each type, and those an interface asks for.
func methods(t *testing.T, p pkg) map[string]int {
	t.Helper()

	count := map[string]int{}
	for _, file := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				count[receiver(fn.Recv.List[0].Type)]++
			}
		}

		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if asked, ok := spec.Type.(*ast.InterfaceType); ok {
					count[spec.Name.Name] += asked.Methods.NumFields()
				}
			}
			return true
		})
	}

	return count
}

// receiver is the name of a receiver's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// The count itself: it must see what a type has.
func TestMethodsAreCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "package p\ntype A struct{}\nfunc (A) X() {}\nfunc (*A) Y() {}\ntype G[T any] struct{}\nfunc (g *G[T]) Z() {}\ntype I interface{ X(); Y() }\n"
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := methods(t, pkg{Dir: dir, GoFiles: []string{"p.go"}})
	if got["A"] != 2 || got["G"] != 1 || got["I"] != 2 {
		t.Errorf("counted %v", got)
	}
}

// A file of r01 is read in one sitting.
func TestFileLengths(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !strings.HasPrefix(short(p.ImportPath), "ours/plugin/r01") {
			continue
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > mostLines {
				t.Errorf("%s/%s has %d lines, more than %d", short(p.ImportPath), file, n, mostLines)
			}
		}
	}
}
