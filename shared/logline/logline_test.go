package logline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"registrar.panel/shared/logline"
)

// stamp is the time of a line.
var stamp = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\S+ `)

type passport struct{}

func (passport) LogValue() slog.Value { return slog.StringValue("***") }

// A line of text is what go-hclog writes.
func TestText(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why  string
		log  func(*slog.Logger)
		want string
	}{
		{"values of each kind", func(l *slog.Logger) {
			l.Warn("mail refused", "n", 3, "err", errors.New("no route"), "after", 2*time.Second, "ok", true, "empty", "", "to", []string{"a", "b"})
		}, "[WARN]  panel: mail refused: n=3 err=\"no route\" after=2s ok=true empty=\"\" to=[\"a\", \"b\"]\n"},
		{"modules stand in a row", func(l *slog.Logger) {
			l.With(logline.Module, "r01").With(logline.Module, "mailbox").Info("read")
		}, "[INFO]  panel.r01.mailbox: read\n"},
		{"an attribute of one line is no module", func(l *slog.Logger) { l.Info("loaded", logline.Module, "x") }, "[INFO]  panel: loaded: module=x\n"},
		{"what a logger has goes first", func(l *slog.Logger) { l.With("node", "one").Error("failed", "n", 1) }, "[ERROR] panel: failed: node=one n=1\n"},
		{"groups qualify keys", func(l *slog.Logger) {
			l.WithGroup("smtp").With("host", "mx").Info("sent", slog.Group("reply", "code", 250), slog.Group("", "size", 7))
		}, "[INFO]  panel: sent: smtp.host=mx smtp.reply.code=250 smtp.size=7\n"},
		{"a value that hides itself stays hidden", func(l *slog.Logger) { l.Info("registrant", "passport", passport{}) }, "[INFO]  panel: registrant: passport=\"***\"\n"},
		{"a line stays one line", func(l *slog.Logger) { l.Info("said", "text", "a\tb") }, "[INFO]  panel: said: text=\"a\\tb\"\n"},
		{"below the level", func(l *slog.Logger) { l.Debug("detail") }, ""},
		{"an empty attribute", func(l *slog.Logger) { l.Info("bare", slog.Attr{}) }, "[INFO]  panel: bare\n"},
	} {
		var out bytes.Buffer
		c.log(logline.New(&out, logline.Options{Name: "panel"}))
		if got := stamp.ReplaceAllString(out.String(), ""); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

// An object has the keys by which a host knows the lines of its plugins.
func TestJSON(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	logline.New(&out, logline.Options{Name: "r01", JSON: true}).With(logline.Module, "outbox").Warn("held", "mails", 2)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}

	for key, want := range map[string]any{"@level": "warn", "@message": "held", "@module": "r01.outbox", "mails": 2.0} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
}

// Names of levels and levels agree both ways, and a level can be changed at work.
func TestLevels(t *testing.T) {
	t.Parallel()

	var level slog.LevelVar
	var out bytes.Buffer
	log := logline.New(&out, logline.Options{Level: &level})
	for _, name := range []string{"trace", "debug", "info", "warn", "error"} {
		l, ok := logline.ParseLevel(name)
		if level.Set(l); !ok || logline.LevelOf(log) != name {
			t.Errorf("%s is read as %v, %v, and the logger says %s", name, l, ok, logline.LevelOf(log))
		}
		out.Reset()
		log.Log(context.Background(), l-1, "below")
		log.Log(context.Background(), l, "at")
		if got := out.String(); !regexp.MustCompile(`^\S+ \[[A-Z]+\] +at\n$`).MatchString(got) {
			t.Errorf("at level %s: %q", name, got)
		}
	}

	if _, ok := logline.ParseLevel("loud"); ok {
		t.Error("a word that is no level is read as one")
	}
	if got := logline.LevelOf(slog.New(slog.DiscardHandler)); got != "error" {
		t.Errorf("a logger that writes nothing is of level %s", got)
	}
}
