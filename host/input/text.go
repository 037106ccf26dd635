package input

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// The longest texts that are kept, in characters.
const (
	LongestCustomer = 128
	LongestPerson   = 100
	LongestHandle   = 128
	LongestID       = 128
	LongestMessage  = 2000
)

// Invisible reports whether a reader would not see a character, or a terminal would obey it.
func Invisible(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp)
}

// CheckLine checks a text that is kept as one line, and returns what is wrong with it; "" = nothing.
func CheckLine(text string, most int) string {
	switch {
	case !utf8.ValidString(text):
		return "must be UTF-8 text"
	case utf8.RuneCountInString(text) > most:
		return fmt.Sprintf("must have %d characters at most", most)
	case strings.ContainsFunc(text, Invisible):
		return "must be one line without control or invisible characters"
	}
	return ""
}

// CheckText checks a text that may have several lines.
func CheckText(text string, most int) string {
	return CheckLine(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(text), most)
}

// OneLine turns any text into one line of bounded length. It replaces characters that a reader
// would not see or a terminal would obey.
func OneLine(text string, most int) string {
	if len(text) > most { // characters are no shorter than bytes
		// Cut first, so that the cost of cleaning depends on the limit and not on what was sent.
		for i := range text {
			if most == 0 {
				text = text[:i] + "…"
				break
			}
			most--
		}
	}

	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case Invisible(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Customer normalises the panel's name for a customer.
func Customer(typed string) (string, error) {
	id := entry.Line(typed)
	if id == "" {
		return "", Mistake("customer", "is required: the name your panel has for the customer")
	}
	if wrong := CheckLine(id, LongestCustomer); wrong != "" {
		return "", Mistake("customer", wrong)
	}
	return id, nil
}

// Handle normalises a registrar's name for a client.
func Handle(typed string) (string, error) {
	handle := entry.Line(typed)
	if wrong := CheckLine(handle, LongestHandle); wrong != "" {
		return "", Mistake("handle", wrong)
	}
	return handle, nil
}

// Person checks the name of the person who decides.
func Person(name string) []registrar.Problem {
	if strings.TrimSpace(name) == "" {
		return []registrar.Problem{{Path: "by", Message: "is required: who decides"}}
	}
	if wrong := CheckLine(name, LongestPerson); wrong != "" {
		return []registrar.Problem{{Path: "by", Message: wrong}}
	}
	return nil
}

// Behalf checks the free text that says on whose behalf a person decides.
func Behalf(text string) []registrar.Problem {
	if wrong := CheckLine(text, LongestPerson); wrong != "" {
		return []registrar.Problem{{Path: "by", Message: wrong}}
	}
	return nil
}

// OnBehalf returns that text as a note.
func OnBehalf(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" (on behalf of %q)", text)
}
