package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// longFunction is the number of lines from which a function needs paragraphs.
const longFunction = 20

// A long function is read by its paragraphs: empty lines separate its steps. A
// function of two statements, such as a table and the line before it, needs none.
func TestParagraphs(t *testing.T) {
	t.Parallel()

	long := 0
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			path := filepath.Join(p.Dir, file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}

			if strings.Contains(string(text), "DO NOT EDIT") {
				continue
			}

			all, solid := functions(t, text)
			long += all
			for _, name := range solid {
				t.Errorf("%s/%s: %s has %d lines or more and no empty one between its steps", short(p.ImportPath), file, name, longFunction)
			}
		}
	}

	if long < 100 {
		t.Errorf("only %d long functions were looked at", long)
	}
}

// functions counts the long functions of a file, and names those without paragraphs.
func functions(t *testing.T, text []byte) (long int, solid []string) {
	t.Helper()

	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}

	lines := strings.Split(string(text), "\n")
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}

		first, last := fset.Position(fn.Pos()).Line, fset.Position(fn.End()).Line
		if last-first+1 < longFunction {
			continue
		}

		long++
		if steps(fn.Body.List) > 2 && !hasBlank(lines[first-1:last]) {
			solid = append(solid, fn.Name.Name)
		}
	}

	return long, solid
}

// steps counts statements, but not returns and defers, which belong to the statements beside them.
func steps(list []ast.Stmt) (n int) {
	for _, s := range list {
		switch s.(type) {
		case *ast.ReturnStmt, *ast.DeferStmt:
		default:
			n++
		}
	}
	return n
}

func hasBlank(lines []string) bool {
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			return true
		}
	}
	return false
}

// Tests the check itself: it must see a function without paragraphs, and accept one with a single step.
func TestParagraphsCatch(t *testing.T) {
	t.Parallel()

	body := strings.Repeat("\tx()\n", longFunction)
	for name, c := range map[string]struct {
		text        string
		long, solid int
	}{
		"solid":      {"package p\nfunc f() {\n" + body + "}\n", 1, 1},
		"paragraphs": {"package p\nfunc f() {\n\tx()\n\n" + body + "}\n", 1, 0},
		"short":      {"package p\nfunc f() {\n\tx()\n\tx()\n}\n", 0, 0},
		"one switch": {"package p\nfunc f() int {\n\tswitch {\n" + strings.Repeat("\tcase true:\n", longFunction) + "\t}\n\treturn 1\n}\n", 1, 0},
	} {
		long, solid := functions(t, []byte(c.text))
		if long != c.long || len(solid) != c.solid {
			t.Errorf("%s: %d long functions, %d solid; want %d and %d", name, long, len(solid), c.long, c.solid)
		}
	}
}
