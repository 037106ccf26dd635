package r01

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

var place = regexp.MustCompile(`\{[a-z]+\}`)

func placesOf(text string) []string {
	all := place.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

// Every phrase has both texts, with the same places, and none is said twice.
func TestPhrases(t *testing.T) {
	t.Parallel()

	said := map[string]string{}
	for _, p := range phrases() {
		en, ru := p.Texts["en"], p.Texts["ru"]
		if en == "" || ru == "" || len(p.Texts) != 2 || !slices.Equal(placesOf(en), placesOf(ru)) {
			t.Errorf("%s has not both texts with the same places: %q, %q", p.Code, en, ru)
		}
		if other := said[en]; other != "" {
			t.Errorf("%s and %s say the same in English", other, p.Code)
		}
		said[en] = p.Code
	}
}

// What stands between the places of a phrase stands in the sources: a sentence that was reworded there
// would be shown in English without a word.
func TestPhrasesAreSaid(t *testing.T) {
	t.Parallel()

	sources := literals(t, ".", "../../shared/registrar")
	for _, p := range phrases() {
		for _, piece := range place.Split(p.Texts["en"], -1) {
			if piece = strings.Trim(piece, " ,;:.()"); piece != "" && !strings.Contains(sources, piece) {
				t.Errorf("%s: no source says %q", p.Code, piece)
			}
		}
	}
}

// literals are the texts in the sources below some directories, tests apart.
func literals(t *testing.T, dirs ...string) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
						all.WriteString(text + "\n")
					}
				case *ast.BinaryExpr: // a long text on several lines
					if text, whole := concatenated(n); whole {
						all.WriteString(text + "\n")
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// concatenated is a sum of texts alone.
func concatenated(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := concatenated(e.X)
		right, also := concatenated(e.Y)
		return left + right, ok && also
	}
	return "", false
}

// What an operation waits for, and what has happened to a request, is translated in every case.
func TestStatesHavePhrases(t *testing.T) {
	t.Parallel()

	known := map[string]bool{}
	for _, p := range phrases() {
		known[p.Texts["en"]] = true
	}
	for _, line := range lifecycle.Table() {
		for _, state := range append(slices.Clone(line.From), line.To) {
			if text := lifecycle.WaitsFor(lifecycle.Request{State: state, Stall: line.Stall}); text != "" && !known[text] {
				t.Errorf("no phrase for what %s, %s waits for: %q", state, line.Stall, text)
			}
		}
	}
	for event, text := range engine.Happened {
		if !known[text] {
			t.Errorf("no phrase for %s: %q", event, text)
		}
	}
	for _, noun := range engine.Nouns {
		if !known[noun] {
			t.Errorf("no phrase for %q", noun)
		}
	}
	if len(known) > 450 {
		t.Error("a host reads 500 phrases of a plugin, and no more")
	}
	if d := description(); !slices.ContainsFunc(d.Phrases, func(p registrar.Phrase) bool { return p.Code == "waits.queued" }) {
		t.Error("the plugin does not tell its phrases")
	}
}
