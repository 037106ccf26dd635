package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strings"
	"testing"
)

// hostWords are words that only the front ends of this panel use: its commands and its file.
// What a person should do is expressed as data, registrar.Advice, and each front end words it.
var hostWords = regexp.MustCompile(`\bpanel (backup|check|customers?|demo|domains?|erase|form|import|keys|log|mails?|notify|operations?|orders?|plugins?|renewals?|review|serve|staff|status|todo|token|webhooks?)\b|\bplugin\.hcl\b|\bHCL\b`)

// registrarWords belong to one registrar.
var registrarWords = regexp.MustCompile(`(?i)\br01\b|-R01\b`)

// speaks reports whether a file belongs to the rooms that know no front end.
func speaks(file string) bool {
	return (strings.HasPrefix(file, "shared/") || strings.HasPrefix(file, "plugin/")) && strings.HasSuffix(file, ".go") &&
		!strings.HasSuffix(file, "_test.go") && !strings.HasSuffix(file, ".pb.go")
}

// Messages of the contract, of its suite and of plugins name neither a command of the panel nor its file.
func TestMessagesNameNoCommand(t *testing.T) {
	t.Parallel()

	for _, file := range filesWhere(t, speaks) {
		f, err := parser.ParseFile(token.NewFileSet(), root(file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && hostWords.MatchString(text.Value) {
				t.Errorf("%s says %s: give it as registrar.Advice", file, text.Value)
			}
			return true
		})
	}
}

// shared is about any registrar and any panel's configuration, even in its comments.
func TestSharedIsNeutral(t *testing.T) {
	t.Parallel()
	for _, file := range filesWhere(t, func(f string) bool { return speaks(f) && strings.HasPrefix(f, "shared/") || path.Ext(f) == ".proto" }) {
		for line := range strings.SplitSeq(readText(t, file), "\n") {
			if word := registrarWords.FindString(line) + hostWords.FindString(line); word != "" {
				t.Errorf("%s: %q in: %s", file, word, strings.TrimSpace(line))
			}
		}
	}
}

// Tests the words themselves: they must catch what they forbid, and nothing innocent.
func TestHostWords(t *testing.T) {
	t.Parallel()
	for text, caught := range map[string]bool{
		"it waits for a person: panel review": true, "read it with panel order secret ORDER": true, "look at panel domains": true,
		"set it in plugin.hcl": true, "written as HCL": true,
		"this panel version": false, "the panel's order": false, "the panel normalises": false, "panel.registrar.v1": false,
	} {
		if got := hostWords.MatchString(text); got != caught {
			t.Errorf("%q: caught %v", text, got)
		}
	}
}
