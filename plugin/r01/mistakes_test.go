package r01

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registrar.panel/internal/gosource"
)

// Every mistake of the settings, and all that a check of the connections says by itself, is said in Russian:
// write a phrase for what is named here.
func TestMistakesHavePhrases(t *testing.T) {
	t.Parallel()

	var known []*regexp.Regexp
	for _, p := range phrases() {
		expression := ""
		for i, piece := range place.Split(p.Texts["en"], -1) {
			if i > 0 {
				expression += ".+"
			}
			expression += regexp.QuoteMeta(piece)
		}
		known = append(known, regexp.MustCompile(`\A`+expression+`\z`))
	}

	told := mistakes(t)
	for _, text := range told {
		if !slices.ContainsFunc(known, func(p *regexp.Regexp) bool { return p.MatchString(text) }) {
			t.Errorf("no phrase for the mistake %q", text)
		}
	}
	if len(told) < 35 {
		t.Errorf("only %d mistakes were found; does the test still look?", len(told))
	}
}

// mistakes are the messages in the sources that judge settings, with a word for what is put in.
func mistakes(t *testing.T) (all []string) {
	t.Helper()
	gosource.Inspect(t, []string{"config.go", "witness.go", "smtpout/config.go", "mailbox/config.go", "mailauth/mailauth.go", "registry/*.go", "renewal/schedule.go", "endpoint/endpoint.go", "mailform/rule.go"}, func(n ast.Node) bool {
		all = append(all, mistakeAt(n)...)
		return true
	})
	slices.Sort(all)
	return slices.Compact(all)
}

var (
	place = regexp.MustCompile(`\{[a-z]+\}`)
	verb  = regexp.MustCompile(`%[svdqw]`)
)

// mistakeAt is the message that a place in a source adds.
func mistakeAt(n ast.Node) []string {
	var said ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if !slices.Contains([]string{"add", "problem"}, gosource.Called(n)) || len(n.Args) < 2 {
			return nil
		}
		if said = n.Args[1]; textAt(said) == "%s" && len(n.Args) > 2 {
			said = n.Args[2]
		}
	case *ast.KeyValueExpr:
		if key, is := n.Key.(*ast.Ident); !is || key.Name != "Message" {
			return nil
		}
		said = n.Value
	}

	text := strings.ReplaceAll(verb.ReplaceAllString(textAt(said), "x7"), "%%", "%")
	if !strings.Contains(text, " ") {
		return nil
	}
	return []string{text}
}

func textAt(e ast.Expr) string {
	literal, is := e.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value) // the source compiles
	return text
}
