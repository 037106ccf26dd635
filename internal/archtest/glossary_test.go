package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// homes maps each word of docs/glossary.md that is marked with * to the rooms that
// may declare it at package level: those that mean by it what the glossary says.
var homes = map[string]string{
	"agreement":   `^$`,
	"binding":     `^ours/(plugin/r01/lifecycle|shared/registrar|shared/registrarrpc|host/web/api)$`,
	"brake":       `^ours/plugin/r01/engine$`,
	"claim":       `^$`,
	"doubt":       `^ours/plugin/r01/(mailform|store)$`,
	"evidence":    `^ours/plugin/r01/lifecycle$`,
	"fence":       `^ours/plugin/kit/internal/store$`,
	"handle":      `^ours/(host/input|host/web/api|plugin/r01/mailform|shared/registrar)$`,
	"incarnation": `^$`,
	"lease":       `^ours/(internal/sqldb|internal/turn)$`,
	"lifeline":    `^ours/shared/registrarrpc$`,
	"operation":   `^ours/(cmd/crash|cmd/panel/operator|host/web/api|plugin/r01/(renewal/policy|store)|shared/registrar)$`,
	"pass":        `^ours/plugin/r01/renewal$`,
	"proof":       `^ours/(plugin/r01/lifecycle|shared/registrar)$`,
	"redact":      `^ours/plugin/r01/mailform$`,
	"reply":       `^ours/internal/r01sim$`,
	"request":     `^ours/(cmd/crash|internal/r01sim|plugin/r01/(lifecycle|mailform|store))$`,
	"review":      `^ours/(cmd/panel/operator|host/web/api|plugin/r01/store|shared/registrar)$`,
	"seal":        `^$`,
	"trigger":     `^$`,
	"watermark":   `^ours/plugin/r01/store$`,
	"witness":     `^ours/plugin/r01/(views|witness)$`,
}

var starred = regexp.MustCompile(`^\| *(\w+)\\\*`)

// The marked words of the glossary are exactly those that the test knows.
func TestGlossaryMarksTheWordsThatAreHeld(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}

	var marked, held []string
	for line := range strings.Lines(string(text)) {
		if m := starred.FindStringSubmatch(line); m != nil {
			marked = append(marked, m[1])
		}
	}

	for word := range homes {
		held = append(held, word)
	}

	slices.Sort(marked)
	slices.Sort(held)

	if !slices.Equal(marked, held) {
		t.Errorf("marked are %v\nheld are   %v", marked, held)
	}
}

// A word of the glossary has one meaning, even as a name.
func TestGlossaryWordsHaveOneMeaning(t *testing.T) {
	t.Parallel()

	found := 0
	for _, p := range packages(t) {
		if strings.HasSuffix(p.ImportPath, "registrarpb") { // generated, and named by the contract
			continue
		}

		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}

			for _, name := range packageLevel(f) {
				home, is := homes[strings.ToLower(name)]
				if !is {
					continue
				}
				found++
				if !match(home, short(p.ImportPath)) {
					t.Errorf("%s/%s declares %s: docs/glossary.md has that word for something else", short(p.ImportPath), file, name)
				}
			}
		}
	}

	if found < len(homes) {
		t.Errorf("only %d names were found; does the test still look?", found)
	}
}

// packageLevel lists the names that a file declares at package level, without methods.
func packageLevel(f *ast.File) (names []string) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}

	return names
}

// Tests packageLevel itself: it must see each sort of declaration, and no method.
func TestPackageLevelNamesAreSeen(t *testing.T) {
	t.Parallel()

	const text = "package p\ntype A struct{}\nfunc (A) M() {}\nfunc B() {}\nvar (\n\tC, D int\n)\nconst E = 1\n"
	f, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := packageLevel(f), []string{"A", "B", "C", "D", "E"}; !slices.Equal(got, want) {
		t.Errorf("seen are %v, want %v", got, want)
	}
}
