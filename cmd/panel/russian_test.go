package main

import (
	"bytes"
	"go/ast"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/gosource"
)

// Everything that the command line says has a Russian text: names, help, headings and sentences. For
// each text that this test names write one into host/wording/texts, under a code that begins with cli.
func TestCommandLineIsRussian(t *testing.T) {
	t.Parallel()

	russian := command.NewTongue("ru")
	alike := []string{"panel --help", "panel serve", "panel log --domain refuse-me.ru", "it x7", "usage", "--expires x7: x7", "x7: x7 is x7: x7", "x7 is x7x7; panel domain show x7 tells what happened"} // commands, a mark, and names alone
	said := slices.Concat(helps(t), sentences(t), told(t))
	var out bytes.Buffer
	for _, name := range slices.Compact(slices.Sorted(slices.Values(labels(t)))) {
		out.Reset()
		if command.Head(russian.To(&out), name); out.String() == name+"\n" {
			t.Errorf("has no Russian name: %q", name)
		}
	}
	slices.Sort(said)
	for _, text := range slices.Compact(said) {
		if in := russian.Say(strings.TrimSuffix(text, "\n"+gosource.Held)); !slices.Contains(alike, text) && (!strings.ContainsFunc(in, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) || english.MatchString(in)) {
			t.Errorf("has no Russian text: %q (%q)", text, in)
		}
	}
	if len(said) < 300 {
		t.Errorf("only %d texts were found; does the test still look?", len(said))
	}
}

// english matches a sequence of English words that is no part of a command.
var english = regexp.MustCompile(`\b(is|are|was|were|the|it|of|to|not|no|be|as|by|for|with|from)\b [a-z]`)

// helps returns the texts of help.
func helps(t *testing.T) (all []string) {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name(programName), kong.Description(description), variables())
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		if n.Hidden {
			return
		}
		all = append(all, n.Help)
		for _, f := range n.Flags {
			all = append(all, f.Help)
		}
		for _, p := range n.Positional {
			all = append(all, p.Help)
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(parser.Model.Node)
	return slices.DeleteFunc(all, func(text string) bool { return text == "" || !strings.Contains(text, " ") })
}

// sayers maps the functions that get a sentence to the number of that argument.
var sayers = map[string]int{"errors.New": 0, "fmt.Errorf": 0, "command.Waiting": 0, "command.Hint": 1, "command.Line": 1, "command.Complain": 1, "command.Said": 0}

// sentences returns the texts in the sources, with a placeholder for each value that is put in.
func sentences(t *testing.T) []string {
	all := calls(t, func(call *ast.CallExpr, function string) []string {
		if at, is := sayers[function]; is && at < len(call.Args) {
			return []string{gosource.Text(call.Args[at])}
		}
		return nil
	})
	return slices.DeleteFunc(all, func(text string) bool {
		return !strings.ContainsFunc(strings.ReplaceAll(text, gosource.Held, ""), unicode.IsLetter)
	})
}

// told returns the texts of several words in sources whose every text is for people, and
// the notes in their tables: questions and findings, advice, and the story of the demo.
func told(t *testing.T) (all []string) {
	t.Helper()
	gosource.Inspect(t, []string{"setup/*.go", "demo/*.go"}, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field, *ast.ImportSpec:
			return false // tags and paths
		case *ast.BinaryExpr, *ast.BasicLit, *ast.CallExpr:
			if text := gosource.Text(n.(ast.Expr)); text != gosource.Held {
				all = append(all, text)
				return false
			}
		}
		return true
	})
	return slices.DeleteFunc(all, func(text string) bool {
		return !severalWords.MatchString(text) || strings.Contains(text, "registrar \"r01\"") || strings.HasPrefix(text, "(?i)") // the demo's file, and patterns
	})
}

var severalWords = regexp.MustCompile(`[a-z]{2,}[a-z:,]* [a-z("{]`)

// labels returns the names of things in the sources.
func labels(t *testing.T) []string {
	all := calls(t, func(call *ast.CallExpr, function string) (all []string) {
		switch function {
		case "command.Head":
			for _, arg := range call.Args[1:] {
				all = append(all, gosource.Text(arg))
			}
		case "command.Fact":
			all = append(all, gosource.Text(call.Args[1]))
		case "command.Name":
			all = append(all, gosource.Text(call.Args[0]))
		}
		return all
	})
	return slices.DeleteFunc(all, func(text string) bool { return text == gosource.Held || text == "" })
}

// calls collects the texts in calls of functions in the sources.
func calls(t *testing.T, said func(call *ast.CallExpr, function string) []string) (all []string) {
	t.Helper()
	gosource.Inspect(t, []string{"*.go", "command/*.go", "operator/*.go", "setup/*.go", "author/*.go", "demo/*.go"}, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			all = append(all, said(call, called(call))...)
		}
		return true
	})
	return all
}

// called returns the name of a function, with its room.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if room, is := f.X.(*ast.Ident); is {
			return room.Name + "." + f.Sel.Name
		}
	case *ast.Ident:
		return "command." + f.Name
	}
	return ""
}

// The library's messages about mistakes in the command line are shown in Russian, with the same exit code.
func TestUsageMistakesInRussian(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "panel: ожидается одно из"},
		{[]string{"frobnicate"}, "panel: лишний аргумент frobnicate"},
		{[]string{"domian"}, `panel: лишний аргумент domian, возможно, "domain"?`},
		{[]string{"orders", "--stat", "x"}, "panel: неизвестный флаг --stat, возможно, "},
		{[]string{"order", "register"}, "panel: не хватает флагов: --contact=FILE, --customer=ID"},
		{[]string{"domain", "show"}, `panel: ожидается "<name>"`},
		{[]string{"orders", "-o", "yaml"}, `panel: --output: допустимо "text","json","junit", а указано "yaml"`},
		{[]string{"orders", "--limit", "many"}, `panel: --limit: ожидается целое число (64 бит), а указано "many"`},
		{[]string{"order", "pay", "x", "--wait", "long"}, `panel: --wait: ожидается длительность, а указано "long"`},
		{[]string{"orders", "--limit"}, `panel: --limit: ожидается целое число, а указано "EOL"`},
		{[]string{"form", ""}, "panel: <tld>: не должно быть пустым"},
		{[]string{"orders", "-o", "junit"}, "panel: -o junit — только для panel conformance"},
	} {
		var out, errOut, english bytes.Buffer
		code := execute(t.Context(), c.args, command.Streams{Stdout: &out, Stderr: &errOut, Tongue: command.NewTongue("ru")})
		if want := execute(t.Context(), c.args, command.Streams{Stdout: io.Discard, Stderr: &english}); code != want || code != command.ExitUsage {
			t.Errorf("%v exits %d, in English %d", c.args, code, want)
		}
		if text := errOut.String(); !strings.HasPrefix(text, c.says) || !strings.Contains(text, "panel: подсказка: panel --help\n") || out.Len() > 0 {
			t.Errorf("%v says %q, want %q; in English %q", c.args, text, c.says, english.String())
		}
	}
}
