package supervisor

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/logline"
)

// stamp is the time of a line.
var stamp = regexp.MustCompile(`(?m)^\d{4}-\S+ `)

// relayed returns the log that a plugin's stderr becomes.
func relayed(text string) (log, last string) {
	var out bytes.Buffer
	var w words
	relay(strings.NewReader(text), logline.New(&out, logline.Options{Level: logline.Trace}), &w)
	return stamp.ReplaceAllString(out.String(), ""), w.last()
}

func TestRelay(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ reason, in, want string }{
		{"an entry keeps level, message and keys, in order",
			`{"@level":"warn","@message":"mail refused","@timestamp":"2026-11-24T00:00:00.000000Z","@module":"r01","b":1,"a":"x y"}`,
			"[WARN]  mail refused: a=\"x y\" b=1\n"},
		{"a message that is no string", `{"@message":12345}`, "[DEBUG] plugin output: line=\"{\\\"@message\\\":12345}\"\n"},
		{"a level that is no string", `{"@level":[],"@message":"x"}`, "[DEBUG] plugin output: line=\"{\\\"@level\\\":[],\\\"@message\\\":\\\"x\\\"}\"\n"},
		{"a time that is no string", `{"@level":"info","@message":"x","@timestamp":7}`, "[INFO]  x\n"},
		{"an unknown level", `{"@level":"loud","@message":"x"}`, "[DEBUG] plugin output: line=\"{\\\"@level\\\":\\\"loud\\\",\\\"@message\\\":\\\"x\\\"}\"\n"},
		{"plain text", "hello", "[DEBUG] plugin output: line=hello\n"},
		{"null", "null", "[DEBUG] plugin output: line=null\n"},
		{"a panic with its trace", "before\npanic: oh\n\tmain.go:1", "[DEBUG] plugin output: line=before\n[ERROR] plugin panics: line=\"panic: oh\"\n[ERROR] plugin panics: line=\"\uFFFDmain.go:1\"\n"},
		{"terminal sequences in lists", "{\"@level\":\"info\",\"@message\":\"a\",\"k\":[\"\\u001b[2J\",{\"b\":\"\\u009b\"}]}",
			"[INFO]  a: k=\"[\\\"\\u001b[2J\\\",{\\\"b\\\":\\\"\uFFFD\\\"}]\"\n"},
		{"terminal sequences", "{\"@level\":\"info\",\"@message\":\"a\\u001b[2Jb\\nc\"}", "[INFO]  a\uFFFD[2Jb\uFFFDc\n"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			got, _ := relayed(test.in)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRelayCutsLongLines(t *testing.T) {
	t.Parallel()
	got, last := relayed(strings.Repeat("x", 3*maxLine) + "\nnext\n")
	if lines := strings.Count(got, "\n"); lines != 2 || len(got) > maxLine+200 || last != "next" {
		t.Errorf("%d lines, %d bytes, last %q", lines, len(got), last)
	}
}

// FuzzRelay: nothing that a plugin writes panics the host or smuggles a control character
// into its log.
func FuzzRelay(f *testing.F) {
	for _, s := range []string{
		`{"@message":12345}`, `{"@level":"info","@message":"x","@timestamp":7}`, "panic: x\n\x1b[2J", "\xff\n\x00", "{}", "[]", "null",
		`{"@level":"error","@message":"x","k":{"a":["\u001b"]}}`, "[ERROR] x", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		log, last := relayed(text)
		for _, r := range log + last {
			if r != '\n' && !unicode.IsPrint(r) && !unicode.IsSpace(r) {
				t.Fatalf("%q became %q", text, log)
			}
		}
		if !utf8.ValidString(log) {
			t.Fatalf("%q became %q", text, log)
		}
	})
}
