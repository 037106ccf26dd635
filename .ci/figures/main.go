// Command figures counts what a reader meets in the Go files of a tree: sizes, nesting,
// comments, paragraphs and words. It leaves out generated files and testdata.
//
//	go run ./.ci/figures [DIR]
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	f, err := count(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
	f.print()
}

// figures are counts over production code, unless a name says otherwise.
type figures struct {
	lines, testLines       int
	comments, dialect      int // comment lines, tests included
	tellsWhether           int
	files, functions       []int // lengths
	bodies, blank, inner   int   // lines of bodies
	complex                int   // functions of a complexity above 10
	interfaces             []int // methods
	methods                map[string]int
	packages, documented   map[string]bool
	exported, undocumented int
	errorfs, wrapped       int
	examples               int
}

func count(root string) (*figures, error) {
	f := &figures{methods: map[string]int{}, packages: map[string]bool{}, documented: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".pb.go"):
			return nil
		}
		return f.file(path)
	})
	return f, err
}

var dialect = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|anybody|for ever)\b`)

func (f *figures) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}

	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	// Generated code says nothing about our writing.
	if err != nil || ast.IsGenerated(file) {
		return err
	}

	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")

	for _, group := range file.Comments {
		for line := range strings.Lines(string(text[group.Pos()-file.FileStart : group.End()-file.FileStart])) {
			f.comments++
			if dialect.MatchString(line) {
				f.dialect++
			}
			f.tellsWhether += strings.Count(line, "tells whether")
		}
	}

	if strings.HasSuffix(path, "_test.go") {
		f.testLines += len(lines)
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Example") {
				f.examples++
			}
		}
		return nil
	}

	dir := filepath.Dir(path)
	f.lines += len(lines)
	f.files = append(f.files, len(lines))
	f.packages[dir] = true

	if file.Doc != nil {
		f.documented[dir] = true
	}

	f.declarations(fset, file, dir, lines)
	return nil
}

func (f *figures) declarations(fset *token.FileSet, file *ast.File, dir string, lines []string) {
	commented := map[int]bool{}
	for _, group := range file.Comments {
		for l := fset.Position(group.Pos()).Line; l <= fset.Position(group.End()).Line; l++ {
			commented[l] = true
		}
	}

	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.function(fset, d, dir, lines, commented)
		case *ast.GenDecl:
			f.general(d)
		}
	}

	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.InterfaceType:
			if n.Methods.NumFields() > 0 {
				f.interfaces = append(f.interfaces, n.Methods.NumFields())
			}
		case *ast.CallExpr:
			f.call(n)
		}
		return true
	})
}

func (f *figures) function(fset *token.FileSet, d *ast.FuncDecl, dir string, lines []string, commented map[int]bool) {
	if d.Recv != nil {
		f.methods[dir+"."+receiver(d.Recv.List[0].Type)]++
	}

	f.export(d.Name, d.Doc != nil)
	if d.Body == nil {
		return
	}

	first, last := fset.Position(d.Body.Lbrace).Line, fset.Position(d.Body.Rbrace).Line
	length := fset.Position(d.End()).Line - fset.Position(d.Pos()).Line + 1
	f.functions = append(f.functions, length)

	if complexity(d) > 10 {
		f.complex++
	}

	for l := first + 1; l < last; l++ {
		f.bodies++
		switch text := strings.TrimSpace(lines[l-1]); {
		case text == "":
			f.blank++
		// Only a comment on a line of its own counts, not one behind code.
		case commented[l] && strings.HasPrefix(text, "//"):
			f.inner++
		}
	}
}

func (f *figures) general(d *ast.GenDecl) {
	for _, s := range d.Specs {
		if t, ok := s.(*ast.TypeSpec); ok {
			f.export(t.Name, d.Doc != nil || t.Doc != nil || t.Comment != nil)
		}
	}
}

func (f *figures) export(name *ast.Ident, documented bool) {
	if !name.IsExported() {
		return
	}
	f.exported++
	if !documented {
		f.undocumented++
	}
}

func (f *figures) call(c *ast.CallExpr) {
	fun, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || fun.Sel.Name != "Errorf" || len(c.Args) == 0 {
		return
	}
	if pkg, ok := fun.X.(*ast.Ident); !ok || pkg.Name != "fmt" {
		return
	}
	f.errorfs++
	if format, ok := c.Args[0].(*ast.BasicLit); ok && strings.Contains(format.Value, "%w") {
		f.wrapped++
	}
}

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
	return "?"
}

// complexity returns McCabe's number: one, and one more for each branch.
func complexity(d *ast.FuncDecl) int {
	n := 1
	ast.Inspect(d, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		// A default clause is no branch of its own.
		case *ast.CaseClause:
			if node.List != nil {
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}

		return true
	})

	return n
}

func (f *figures) print() {
	most, name := 0, ""
	for t, n := range f.methods {
		if n > most || n == most && t < name {
			most, name = n, t
		}
	}

	row := func(what, format string, values ...any) {
		fmt.Printf("%-36s "+format+"\n", append([]any{what}, values...)...)
	}
	row("production lines", "%d", f.lines)
	row("lines of tests to one of production", "%.2f", share(f.testLines, f.lines))
	row("files: median, p90, above 400", "%d, %d, %d of %d", quantile(f.files, 50), quantile(f.files, 90), above(f.files, 400), len(f.files))
	row("functions: median, p90", "%d, %d", quantile(f.functions, 50), quantile(f.functions, 90))
	row("functions above 60, above 100", "%d, %d of %d", above(f.functions, 60), above(f.functions, 100), len(f.functions))
	row("functions of a complexity above 10", "%.1f %%", 100*share(f.complex, len(f.functions)))
	row("interfaces: median, most methods", "%d, %d", quantile(f.interfaces, 50), quantile(f.interfaces, 100))
	row("most methods on a type", "%d %s", most, name)
	row("packages with a comment", "%d of %d", len(f.documented), len(f.packages))
	row("exported without a comment", "%.0f %%", 100*share(f.undocumented, f.exported))
	row("comment lines, tests included", "%.1f %%", 100*share(f.comments, f.lines+f.testLines))
	row("blank lines in bodies", "%.1f %%", 100*share(f.blank, f.bodies))
	row("comment lines in bodies", "%.1f %%", 100*share(f.inner, f.bodies))
	row("Errorf that wraps", "%.0f %%", 100*share(f.wrapped, f.errorfs))
	row("examples", "%d", f.examples)
	row("nobody, whoever … in 1,000 comments", "%.1f", 1000*share(f.dialect, f.comments))
	row("\"tells whether\"", "%d", f.tellsWhether)
}

func share(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }

func above(all []int, limit int) (n int) {
	for _, v := range all {
		if v > limit {
			n++
		}
	}
	return n
}

func quantile(all []int, percent int) int {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}
