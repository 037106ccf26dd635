package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// mostMethods is what a reader can keep in mind of one type.
const mostMethods = 50

// tooLarge are the types that are being taken apart.
var tooLarge = map[string]bool{
	"ours/plugin/r01/gateway.Gateway": true,
	"ours/plugin/r01/store.Tx":        true,
}

// TestNoTypeIsTooLarge counts the methods that are declared on each type.
func TestNoTypeIsTooLarge(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if method, ok := d.(*ast.FuncDecl); ok && method.Recv != nil {
					counted[short(p.ImportPath)+"."+receiver(method.Recv.List[0].Type)]++
				}
			}
		}
	}

	if counted["ours/host/orders.Service"] < 10 {
		t.Errorf("the book has %d methods; does the count still fit?", counted["ours/host/orders.Service"])
	}
	for name, n := range counted {
		if n > mostMethods && !tooLarge[name] {
			t.Errorf("%s has %d methods, and %d are the most", name, n, mostMethods)
		}
	}
}

// receiver is the name of a method's type.
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
