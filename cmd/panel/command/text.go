package command

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Row writes the cells of one line of a table. Line breaks and control characters
// in a cell would break the table, and could come from a mail; they are replaced.
func Row(w io.Writer, cells ...any) {
	reader := tongueOf(w)
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, Printable(reader.cell(cell), false))
	}
	fmt.Fprintln(w)
}

// Text returns a cell as people read it.
func Text(cell any) string {
	switch v := cell.(type) {
	case *string:
		return OrDash(v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05")
	case *time.Time:
		if v == nil {
			return "-"
		}
		return Text(*v)
	case []string:
		return strings.Join(v, " ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}

	return fmt.Sprint(cell)
}

// OrDash returns the text, or a dash if there is none.
func OrDash(v *string) string {
	if v == nil {
		return "-"
	}
	return *v
}

// Printable replaces characters that a terminal might obey; lines keeps line breaks and tabs.
func Printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case lines && r == '\r':
			return -1
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// Block writes a text of several lines as it is.
func Block(w io.Writer, s string) {
	s = Printable(s, true)
	fmt.Fprint(w, strings.TrimRight(s, "\n"), "\n")
}

// Wellness returns a cell with the result of a probe in one word.
func Wellness(ok bool) any {
	if ok {
		return Name("ok")
	}
	return Name("FAILED")
}
