package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// parse reads a command line. A parser of the whole grammar takes ten times as long to make as most
// commands run, so the first parser knows only the command that a word names. If it can't read the line,
// the second one, which knows all commands, reads or refuses it and can name them in its messages.
func parse(args []string, options ...kong.Option) (*grammar, *kong.Kong, *kong.Context, error) {
	if others := besides(args); others != "" {
		g := &grammar{}
		parser := kong.Must(g, append(slices.Clone(options), kong.IgnoreFields(others))...)
		if parsed, err := parser.Parse(args); err == nil {
			return g, parser, parsed, nil
		}
	}

	g := &grammar{}
	parser := kong.Must(g, options...)
	parsed, err := parser.Parse(args)
	return g, parser, parsed, err
}

// besides returns a pattern for the commands of the grammar that a command line does not name.
// "" = any may be needed: the line names none, asks for help, or is about the grammar itself.
func besides(args []string) (pattern string) {
	about := []reflect.Type{reflect.TypeFor[helpCommand](), reflect.TypeFor[completeCommand](), reflect.TypeFor[manualCommand]()}
	fields := reflect.VisibleFields(reflect.TypeFor[grammar]())
	named := func(word string) (reflect.StructField, bool) {
		i := slices.IndexFunc(fields, func(f reflect.StructField) bool { return isCommand(f) && strings.ToLower(f.Name) == word })
		if i < 0 {
			return reflect.StructField{}, false
		}
		return fields[i], true
	}

	// A flag's value may be such a word, too. If the narrow grammar can't read the line, parse uses the whole one.
	first := slices.IndexFunc(args, func(word string) bool { _, ok := named(word); return ok })
	if first < 0 || slices.ContainsFunc(args, asksForHelp) {
		return ""
	}

	command, _ := named(args[first])
	if slices.Contains(about, command.Type) {
		return ""
	}

	var others []string
	for _, f := range fields {
		if isCommand(f) && f.Name != command.Name {
			others = append(others, f.Name)
		}
	}

	return `^grammar\.(?:` + strings.Join(others, "|") + `)$`
}

func isCommand(f reflect.StructField) bool {
	_, is := f.Tag.Lookup("cmd")
	return is && len(f.Index) == 1
}

func asksForHelp(word string) bool {
	return strings.HasPrefix(word, "-h") || strings.HasPrefix(word, "--h")
}
