// Package logline makes loggers of log/slog that write the lines of go-hclog: as JSON they are what
// a host reads of its plugins, as text what a panel prints. go-hclog itself stays behind it, and
// behind what go-plugin asks for.
package logline

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// Trace is the level below debug.
const Trace = slog.LevelDebug - 4

// Module is the key of the attribute by which a logger says whose lines it writes:
// log.With(logline.Module, "orders"). A line has the names in a row, panel.orders.
const Module = "module"

// Options of a logger.
type Options struct {
	Name  string       // the first of the names
	JSON  bool         // an object a line, in place of text
	Level slog.Leveler // the lowest that is written; nil = info
}

// New makes a logger that writes to out, one line at a time.
func New(out io.Writer, o Options) *slog.Logger {
	if o.Level == nil {
		o.Level = slog.LevelInfo
	}

	// go-hclog is to let everything pass: the handler decides what is written, by a level that may change.
	lines := hclog.New(&hclog.LoggerOptions{Name: o.Name, Output: out, JSONFormat: o.JSON, Level: hclog.Trace})
	return slog.New(&handler{lines: lines, level: o.Level})
}

// levels are the levels by their names, the lowest first.
var levels = []struct {
	name  string
	level slog.Level
	line  hclog.Level
}{
	{"trace", Trace, hclog.Trace},
	{"debug", slog.LevelDebug, hclog.Debug},
	{"info", slog.LevelInfo, hclog.Info},
	{"warn", slog.LevelWarn, hclog.Warn},
	{"error", slog.LevelError, hclog.Error},
}

// ParseLevel reads the name of a level, such as "warn", in letters of either case.
func ParseLevel(name string) (slog.Level, bool) {
	for _, l := range levels {
		if strings.EqualFold(name, l.name) {
			return l.level, true
		}
	}
	return 0, false
}

// LevelOf names the lowest level that a logger writes, for a process that is to do the same.
func LevelOf(log *slog.Logger) string {
	for _, l := range levels {
		if log.Enabled(context.Background(), l.level) {
			return l.name
		}
	}
	return levels[len(levels)-1].name
}

// lineLevel is the line's level for a record's, which may lie between two.
func lineLevel(level slog.Level) hclog.Level {
	line := levels[0].line
	for _, l := range levels {
		if level >= l.level {
			line = l.line
		}
	}
	return line
}

// handler writes records as lines.
type handler struct {
	lines hclog.Logger
	level slog.Leveler
	group string // what goes before each key, with its point
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	pairs := make([]any, 0, 2*r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		pairs = appendPairs(pairs, h.group, a)
		return true
	})
	h.lines.Log(lineLevel(r.Level), r.Message, pairs...)
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	for _, a := range attrs {
		if h.group == "" && a.Key == Module {
			more.lines = more.lines.Named(a.Value.String())
		} else if pairs := appendPairs(nil, h.group, a); len(pairs) > 0 {
			more.lines = more.lines.With(pairs...)
		}
	}
	return &more
}

func (h *handler) WithGroup(name string) slog.Handler {
	more := *h
	if name != "" {
		more.group += name + "."
	}
	return &more
}

// appendPairs adds an attribute's key and value, or those of a group's members.
func appendPairs(pairs []any, group string, a slog.Attr) []any {
	value := a.Value.Resolve()
	switch {
	case value.Kind() == slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			pairs = appendPairs(pairs, group, member)
		}
		return pairs
	case a.Key == "" && value.Any() == nil: // an empty attribute
		return pairs
	}
	return append(pairs, group+a.Key, value.Any())
}
