package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCutAt(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		text, before, after string
		end                 ending
	}{
		"the next part":            {"x\r\n--b\r\ny", "x", "y", another},
		"LF line ends":             {"x\n--b\ny", "x", "y", another},
		"only one break belongs":   {"x\r\n\r\n--b\r\ny", "x\r\n", "y", another},
		"at once":                  {"--b\r\ny", "", "y", another},
		"padded":                   {"x\r\n--b \t\r\ny", "x", "y", another},
		"the end":                  {"x\r\n--b--\r\ny", "x", "y", final},
		"the end, padded":          {"x\r\n--b-- \r\ny", "x", "y", final},
		"the end, and no line end": {"x\r\n--b--", "x", "", final},
		"no line end":              {"x\r\n--b", "x", "", another},
		"none":                     {"x\r\ny", "x\r\ny", "", missing},
		"within a line":            {"x--b\r\ny", "x--b\r\ny", "", missing},
		"another's":                {"x\r\n--bb\r\ny\r\n--b\r\nz", "x\r\n--bb\r\ny", "z", another},
		"something behind":         {"x\r\n--b--y\r\nz", "x\r\n--b--y\r\nz", "", missing},
		"nothing":                  {"", "", "", missing},
	} {
		before, after, end := cutAt([]byte(c.text), []byte("--b"))
		if diff := cmp.Diff([]string{c.before, c.after, string(c.end)}, []string{string(before), string(after), string(end)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A part may have no header, and its body may begin with an empty line.
func TestSplitPart(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		part, header, body string
		wrong              bool
	}{
		"both":            {"a: b\r\n\r\nx", "a: b\r\n", "x", false},
		"LF line ends":    {"a: b\n\nx\r\n\r\ny", "a: b\r\n", "x\r\n\r\ny", false},
		"mixed line ends": {"a: b\n\r\nx\n\ny", "a: b\r\n", "x\n\ny", false},
		"no header":       {"\r\nx", "", "x", false},
		"no header, LF":   {"\n\nx", "", "\nx", false},
		"no body":         {"a: b", "a: b\r\n", "", false},
		"no empty line":   {"text", "", "text", true},
	} {
		header, body, wrong := splitPart([]byte(c.part))
		if string(header) != c.header || string(body) != c.body || (len(wrong) > 0) != c.wrong {
			t.Errorf("%s: got header %q, body %q, wrong %q", name, header, body, wrong)
		}
	}
}
