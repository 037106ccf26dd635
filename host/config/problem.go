package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Position is a place in a file. Lines and columns count from 1.
type Position struct {
	File   string // as the user named it
	Line   int
	Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d,%d", p.File, p.Line, p.Column) }

// Errorf returns an error with one mistake at this place.
func (p Position) Errorf(format string, args ...any) error {
	return &Error{Problems: []Problem{{Position: p, Message: fmt.Sprintf(format, args...)}}}
}

func positionOf(r hcl.Range) Position {
	return Position{File: r.Filename, Line: r.Start.Line, Column: r.Start.Column}
}

// Problem is one mistake, with what to do about it. It never contains the value of a setting that may be secret.
type Problem struct {
	Position
	Message string
	Texts   map[string]string // the message by language, as the registrar gives it; empty = only the message
}

// String returns one line: plugin.hcl:LINE,COLUMN: message.
func (p Problem) String() string { return p.Position.String() + ": " + p.Message }

// Error is one mistake or more of a file, in the order of their places.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// asError returns nil if there are no problems.
func asError(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{Problems: problems}
}

// problemsOf keeps the place and detail of each diagnostic. HCL's own writers would print the line
// of the file and the values in it.
func problemsOf(diags hcl.Diagnostics) []Problem {
	var problems []Problem
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		var at hcl.Range
		if d.Subject != nil {
			at = *d.Subject
		}
		problems = append(problems, Problem{Position: positionOf(at), Message: sentence(d)})
	}
	return problems
}

// sentence writes a diagnostic in the house's style: one line, lower case, no full stop.
func sentence(d *hcl.Diagnostic) string {
	text := d.Detail
	if text == "" {
		text = d.Summary
	}
	text = strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
	if len(text) > 1 && text[1:2] == strings.ToLower(text[1:2]) {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}
