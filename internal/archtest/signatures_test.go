package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// public are the packages that other modules import.
var public = regexp.MustCompile(`^ours/(shared/[a-z/]*|host[a-z/]*|plugin/(kit|r01|manual))$`)

// kept matches types that a caller outside the module can't name, or should not have to.
var kept = regexp.MustCompile(`^ours/internal/|go-hclog`)

// Other modules can call everything that they can import: no exported name uses
// types that they can't import, or a logger other than the standard library's.
func TestPublicSignatures(t *testing.T) {
	t.Parallel()

	seen := 0
	for _, p := range packages(t) {
		if !public.MatchString(short(p.ImportPath)) {
			continue
		}

		seen++
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for name, of := range unnameable(f) {
				t.Errorf("%s: %s speaks of %s", short(p.ImportPath), name, of)
			}
		}
	}

	if seen < 20 {
		t.Errorf("%d public packages are not all", seen)
	}
}

// unnameable finds the exported names of a file that use kept types, and the type that each uses.
func unnameable(f *ast.File) map[string]string {
	imports := map[string]string{}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		name := regexp.MustCompile(`/v\d+$`).ReplaceAllString(path, "")
		name = strings.TrimPrefix(name[strings.LastIndex(name, "/")+1:], "go-")
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = short(path)
	}

	found := map[string]string{}
	look := func(name string, in ast.Node) {
		ast.Inspect(in, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && kept.MatchString(imports[x.Name]) {
					found[name] = x.Name + "." + sel.Sel.Name
				}
			}
			return true
		})
	}

	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
				look(d.Name.Name, d.Type)
			}
		case *ast.GenDecl:
			for name, spoken := range declared(d) {
				look(name, spoken)
			}
		}
	}

	return found
}

// declared returns the exported names of a declaration, and the part of each that a caller sees.
func declared(d *ast.GenDecl) map[string]ast.Node {
	names := map[string]ast.Node{}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			if exported(s.Names) && s.Type != nil {
				names[s.Names[0].Name] = s.Type
			}
		case *ast.TypeSpec:
			fields, isStruct := s.Type.(*ast.StructType)
			switch {
			case !s.Name.IsExported():
			case !isStruct:
				names[s.Name.Name] = s.Type
			default:
				for _, field := range fields.Fields.List {
					if exported(field.Names) || len(field.Names) == 0 {
						names[s.Name.Name+fieldName(field)] = field.Type
					}
				}
			}
		}
	}
	return names
}

func fieldName(field *ast.Field) string {
	if len(field.Names) == 0 {
		return ""
	}
	return "." + field.Names[0].Name
}

func exported(names []*ast.Ident) bool {
	return slices.ContainsFunc(names, (*ast.Ident).IsExported)
}

// Tests the search itself: it must see what a caller would.
func TestSignaturesAreRead(t *testing.T) {
	t.Parallel()

	const head = "package p\nimport (\n\t\"" // the module's path follows
	source := head + module + "/internal/sqldb\"\n\t\"github.com/hashicorp/go-hclog\"\n)\n"
	for text, want := range map[string]string{
		"func F(l hclog.Logger) {}":                                            "F",
		"func f(l hclog.Logger) {}":                                            "",
		"type T struct{ Log hclog.Logger }":                                    "T.Log",
		"type T struct{ log hclog.Logger }":                                    "",
		"type T struct{ *sqldb.DB }":                                           "T",
		"type T interface{ Open() (*sqldb.DB, error) }":                        "T",
		"type t struct{}; func (t) F(sqldb.DB) {}":                             "",
		"type T[K any] struct{}; func (t *T[K]) F(m map[string][]sqldb.DB) {}": "F",
		"var V func(sqldb.DB)":                                                 "V",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "p.go", source+text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if found := slices.Sorted(maps.Keys(unnameable(f))); strings.Join(found, " ") != want {
			t.Errorf("%s: %q, want %q", text, found, want)
		}
	}
}
