// Package logline makes loggers of log/slog that write the lines of go-hclog: as JSON, which a host reads
// from its plugins, or as text, which a panel prints. Only this package and go-plugin use go-hclog itself.
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

// Module is the key of the attribute that names the part of the program a logger writes for:
// log.With(logline.Module, "orders"). A line has all the names in a row: panel.orders.
const Module = "module"

// Options are the options of a logger.
type Options struct {
	Name  string       // the first of the names in a line
	JSON  bool         // one object for each line, instead of text
	Level slog.Leveler // the lowest level that is written; nil = info
}

// New returns a logger that writes to out, one line at a time.
func New(out io.Writer, o Options) *slog.Logger {
	if o.Level == nil {
		o.Level = slog.LevelInfo
	}

	// go-hclog lets everything pass: the handler decides what is written, by a level that may change.
	lines := hclog.New(&hclog.LoggerOptions{Name: o.Name, Output: out, JSONFormat: o.JSON, Level: hclog.Trace})
	return slog.New(&handler{lines: lines, level: o.Level})
}

// levels are the levels and their names, the lowest first.
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

// ParseLevel reads the name of a level, such as "warn", in either case.
func ParseLevel(name string) (slog.Level, bool) {
	for _, l := range levels {
		if strings.EqualFold(name, l.name) {
			return l.level, true
		}
	}
	return 0, false
}

// LevelOf names the lowest level that a logger writes, for another process that should do the same.
func LevelOf(log *slog.Logger) string {
	for _, l := range levels {
		if log.Enabled(context.Background(), l.level) {
			return l.name
		}
	}
	return levels[len(levels)-1].name
}

// lineLevel returns a line's level for a record's, which may lie between two.
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
	group string // prefix of each key, with its dot
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

// appendPairs appends an attribute's key and value, or those of a group's members.
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
