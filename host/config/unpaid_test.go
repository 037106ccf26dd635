package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// How long an order may stay unpaid: what is said, what is meant without a word, and mistakes.
func TestUnpaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line  string
		want  time.Duration
		wrong bool
	}{
		{"", 7 * 24 * time.Hour, false},
		{`unpaid = "2d"`, 48 * time.Hour, false},
		{`unpaid = "90m"`, 90 * time.Minute, false},
		{`unpaid = "0"`, 0, true},
		{`unpaid = "10s"`, 0, true},
		{`unpaid = "366d"`, 0, true},
		{`unpaid = "-1d"`, 0, true},
		{`unpaid = "a week"`, 0, true},
	} {
		path := filepath.Join(t.TempDir(), "plugin.hcl")
		if err := os.WriteFile(path, []byte("panel {\n  "+c.line+"\n}\nregistrar \"r01\" {\n  tlds = [\"ru\"]\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := LoadTolerant(path)
		switch {
		case c.wrong && (err == nil || !strings.Contains(err.Error(), ":2,") || !strings.Contains(err.Error(), "panel.unpaid")):
			t.Errorf("%s: %v", c.line, err)
		case !c.wrong && (err != nil || got.Panel.Unpaid != c.want):
			t.Errorf("%s: %v", c.line, err)
		}
	}
}
