package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// The parser of one command reads a command line as the parser of all commands does.
func TestOneCommandIsParsedAsAll(t *testing.T) {
	t.Parallel()
	want := &grammar{}
	whole := kong.Must(want, kong.Name(programName), variables())
	lines := [][]string{nil, {"nothing"}, {"--config", "serve"}, {"--config", "serve", "status"}, {"-o", "json", "status"}, {"status", "serve"},
		{"status", "--nothing"}, {"--output=json", "orders"}, {"order", "domain"}, {"orders", "-o", "xml"}, {"serve", "--", "status"}, {"operation", "help"}}
	for _, n := range whole.Model.Leaves(false) {
		line := strings.Fields(n.FullPath())[1:]
		for range n.Positional {
			line = append(line, "status")
		}
		lines = append(lines, append(line, "--config=serve"))
	}

	read := 0
	for _, line := range lines {
		got, _, parsed, err := parse(line, kong.Name(programName), variables())
		asked, wrong := whole.Parse(line)
		if fmt.Sprint(err) != fmt.Sprint(wrong) {
			t.Errorf("%q: %v, and of all %v", line, err, wrong)
		}
		if wrong != nil || err != nil {
			continue
		}

		read++
		self, other := parsed.Selected().Target.Interface(), asked.Selected().Target.Interface()
		if parsed.Command() != asked.Command() || got.Globals != want.Globals || !reflect.DeepEqual(self, other) {
			t.Errorf("%q is %s with %+v %+v, and of all %s with %+v %+v", line, parsed.Command(), got.Globals, self, asked.Command(), want.Globals, other)
		}
	}

	if read < len(lines)/2 {
		t.Errorf("of %d command lines %d can be read", len(lines), read)
	}
}

// A command line that names a command is read without the others; one about the grammar needs all.
func TestBesides(t *testing.T) {
	t.Parallel()
	for line, without := range map[string]string{
		"status": "Serve", "-o json orders": "Status", "help order": "", "complete st": "", "manual": "", "status --help": "", "-h": "", "": "", "nothing": "",
	} {
		if got := besides(strings.Fields(line)); (got == "") != (without == "") || !strings.Contains(got, without) {
			t.Errorf("besides what %q names there is %q", line, got)
		}
	}
}
