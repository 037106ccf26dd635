package config

import (
	"go/ast"
	"go/build"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/hashicorp/hcl/v2"

	"registrar.panel/host/wording"
	"registrar.panel/internal/gosource"
)

// Every mistake of plugin.hcl has a Russian text: what the panel finds, here and where the file meets the
// plugins and the record. Write one for what is named here into host/wording/texts, under a code that begins
// with say.
func TestMistakesAreRussian(t *testing.T) {
	t.Parallel()

	mustBeRussian(t, 100, sentencesIn(t, "*.go", "../launch/launch.go", "../launch/account.go", "../status.go", "../upgrade.go"))
}

// The same of what the library says that reads HCL: its code has all of it.
func TestMistakesOfTheLanguageAreRussian(t *testing.T) {
	t.Parallel()

	var said []string
	for _, path := range []string{"github.com/hashicorp/hcl/v2", "github.com/hashicorp/hcl/v2/hclsyntax", "github.com/hashicorp/hcl/v2/gohcl"} {
		room, err := build.Import(path, ".", build.FindOnly)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, details(t, room.Dir)...)
	}
	mustBeRussian(t, 120, said)
}

// mustBeRussian fails for each sentence that is not wholly said in Russian.
func mustBeRussian(t *testing.T, least int, said []string) {
	t.Helper()
	russian := wording.Of("ru").Sayings(nil, wording.Panel)
	slices.Sort(said)
	said = slices.Compact(said)
	for _, text := range said {
		line, english := "", false
		for _, p := range russian.Say(text) {
			line += p.Text
			english = english || p.English
		}
		if english || !strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			t.Errorf("has no Russian text: %q (%q)", text, line)
		}
	}
	if len(said) < least {
		t.Errorf("only %d sentences were found; does the test still look?", len(said))
	}
}

var (
	about = regexp.MustCompile(`^\S+ x7$`) // a setting, and what is said of it elsewhere
	words = regexp.MustCompile(`[a-z]{2,}[a-z:,]* [a-z("{]`)
)

// sentencesIn are the texts of several words in sources, each whole: with what it is put together of.
func sentencesIn(t *testing.T, patterns ...string) (all []string) {
	t.Helper()
	gosource.Inspect(t, patterns, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field, *ast.ImportSpec:
			return false // tags and paths
		case *ast.CallExpr:
			if name := gosource.Called(n); slices.Contains([]string{"MustCompile", "Warn", "Error", "Info"}, name) {
				return false
			}
			if text := gosource.Text(n); text != gosource.Held {
				all = append(all, text)
				return false
			}
		case *ast.BinaryExpr, *ast.BasicLit:
			if text := gosource.Text(n.(ast.Expr)); text != gosource.Held {
				all = append(all, text)
				return false
			}
		}
		return true
	})
	for i, text := range all {
		if strings.HasPrefix(text, ".") { // of a setting
			all[i] = gosource.Held + text
		}
	}
	return slices.DeleteFunc(all, func(text string) bool { return !words.MatchString(text) || about.MatchString(text) })
}

// missing says of how many arguments a function has, with "at least" or without.
var missing = regexp.MustCompile(`expectsx7 x7`)

// details are what the diagnostics of a room say, as [sentence] writes them.
func details(t *testing.T, dir string) (all []string) {
	t.Helper()
	gosource.Inspect(t, []string{filepath.Join(dir, "*.go")}, func(n ast.Node) bool {
		if guess, is := n.(*ast.BasicLit); is && strings.Contains(guess.Value, "Did you mean") && !strings.Contains(guess.Value, ". Did") {
			all = append(all, strings.TrimSuffix(strings.TrimSpace(gosource.Text(guess)), "."))
		}
		if pair, is := n.(*ast.KeyValueExpr); is {
			if key, is := pair.Key.(*ast.Ident); is && key.Name == "Detail" {
				text := strings.TrimSuffix(gosource.Text(pair.Value), "."+gosource.Held) // a guess, which is a sentence of its own
				if text = missing.ReplaceAllString(text, "expects x7"); text != gosource.Held {
					all = append(all, sentence(&hcl.Diagnostic{Detail: text}))
				}
			}
		}
		return true
	})
	return all
}
