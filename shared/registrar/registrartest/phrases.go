package registrartest

import (
	"fmt"
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

	"registrar.panel/shared/registrar"
)

// place is a place in a phrase that another text fills.
var place = regexp.MustCompile(`\{[a-z]+\}`)

func placesOf(text string) []string {
	all := place.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

func hasPhrases(e *exam) {
	for _, wrong := range mistakesIn(e.description.Phrases) {
		e.broken("%s", wrong)
	}
}

// mistakesIn lists what is wrong with the phrases themselves.
func mistakesIn(phrases []registrar.Phrase) (wrong []string) {
	codes, said := map[string]bool{}, map[string]string{}
	for _, p := range phrases {
		if p.Code == "" || codes[p.Code] {
			wrong = append(wrong, fmt.Sprintf("the code %q is none, or stands there twice", p.Code))
		}
		en := p.Texts["en"]
		if en == "" || len(p.Texts) < 2 {
			wrong = append(wrong, fmt.Sprintf("%s has no text in English, or in that alone", p.Code))
		}
		for language, text := range p.Texts {
			if strings.TrimSpace(text) == "" || !slices.Equal(placesOf(text), placesOf(en)) {
				wrong = append(wrong, fmt.Sprintf("%s has no text in %q with the places of the English one: %q, %q", p.Code, language, text, en))
			}
		}
		if other := said[en]; other != "" {
			wrong = append(wrong, fmt.Sprintf("%s and %s say the same in English", other, p.Code))
		}
		codes[p.Code], said[en] = true, p.Code
	}
	return wrong
}

// untranslated lists the languages that some phrases have and others lack.
func untranslated(phrases []registrar.Phrase) (wrong []string) {
	all := map[string]bool{}
	for _, p := range phrases {
		for language := range p.Texts {
			all[language] = true
		}
	}
	for _, p := range phrases {
		for language := range all {
			if p.Texts[language] == "" {
				wrong = append(wrong, fmt.Sprintf("%s has no text in %q, which others have", p.Code, language))
			}
		}
	}
	return wrong
}

// Phrases fails a test if a plugin's phrases are not as the contract demands, or lack one of their languages,
// or if the text between the places of a phrase occurs nowhere in the sources: a sentence that was reworded
// there would silently be shown in English. dirs are the directories whose sources, and those below them,
// contain the phrases; tests are left out.
func Phrases(t *testing.T, phrases []registrar.Phrase, dirs ...string) {
	t.Helper()
	for _, wrong := range append(mistakesIn(phrases), untranslated(phrases)...) {
		t.Error(wrong)
	}

	sources := sayings(t, dirs)
	for _, p := range phrases {
		for _, piece := range place.Split(p.Texts["en"], -1) {
			if piece = strings.Trim(piece, " ,;:.()"); piece != "" && !strings.Contains(sources, piece) {
				t.Errorf("%s: no source says %q", p.Code, piece)
			}
		}
	}
}

// sayings returns the texts in the sources below some directories, except tests, one on each line.
func sayings(t *testing.T, dirs []string) string {
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
				if e, ok := n.(ast.Expr); ok {
					if text, whole := concatenated(e); whole {
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

// concatenated returns a string literal, or a sum of literals, which is how a long text is split over lines.
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
