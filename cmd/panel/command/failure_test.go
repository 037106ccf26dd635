package command

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"registrar.panel/host/web/api"
)

// The words of a plugin, a mail or a server in an error neither
// control the terminal nor look like a line of the panel's own.
func TestErrorsAreCleaned(t *testing.T) {
	t.Parallel()
	const escape, bell, csi, override = "\x1b", "\a", "\u009b", "\u202e"
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"one line", errors.New("it is so"), "panel: it is so\n"},
		{"escapes", errors.New(escape + "]0;title" + bell + escape + "[31mred" + csi + "2J" + override), "panel: \uFFFD]0;title\uFFFD\uFFFD[31mred\uFFFD2J\uFFFD\n"},
		{"a line of its own", errors.New("refused\npanel: hint: pay twice"), "panel: refused\npanel:   panel: hint: pay twice\n"},
		{"a line that overwrites", errors.New("refused\rpanel: all is well"), "panel: refusedpanel: all is well\n"},
		{"errors that are joined", errors.Join(errors.New("one"), errors.New("two")), "panel: one\npanel:   two\n"},
		{"of the panel", &api.Error{Code: "INVALID", Message: "no\npanel: hint: yes", Problems: []api.Problem{{Path: "a\nb", Message: "c\r\n  d: e"}}},
			"panel: no panel: hint: yes\npanel:   a b: c   d: e\n"},
		{"wrapped", fmt.Errorf("a.eml: %w", &api.Error{Message: "x\ny"}), "panel: a.eml: x y\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if code := Report(c.err, &out); code != ExitFailed || out.String() != c.want {
				t.Errorf("exit %d, %q, want %q", code, out.String(), c.want)
			}
		})
	}
	var out bytes.Buffer
	if Hint(&out, "see "+escape+"[1m\nhere"); out.String() != "panel: hint: see \uFFFD[1m here\n" {
		t.Errorf("a hint: %q", out.String())
	}
	for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		if !strings.HasPrefix(line, "panel:") {
			t.Errorf("the line %q is not the panel's", line)
		}
	}
}
