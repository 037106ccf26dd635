// Package entry normalises what people type, before anything is checked, stored or compared: letters are
// composed (Unicode's NFC), every kind of blank becomes one plain blank, and blanks at the ends and invisible
// characters of pasted text are removed.
//
// Characters whose removal would change what a person meant are left for the checks to refuse: bytes that are
// not UTF-8, control characters, and characters that reverse the direction of a text.
package entry

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"registrar.panel/shared/registrar"
)

// Line normalises one line. A line break within it stays, so that it can be refused.
func Line(text string) string {
	if !utf8.ValidString(text) {
		return text
	}

	// Composed only after invisible characters are removed: some of them keep a letter and its accent apart.
	text = norm.NFC.String(strings.Map(plain, text))
	text = strings.TrimFunc(text, func(r rune) bool { return r == ' ' || isBreak(r) })
	for strings.Contains(text, "  ") {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	return text
}

// Lines returns the lines of a text, such as that of a browser's text area, normalised. Empty lines are left
// out.
func Lines(text string) []string {
	if !utf8.ValidString(text) {
		return []string{text}
	}
	var lines []string
	for l := range strings.FieldsFuncSeq(text, isBreak) {
		if l = Line(l); l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// Text normalises a text of several lines: [Lines] with LF between them.
func Text(text string) string { return strings.Join(Lines(text), "\n") }

// Registrant normalises the answers to a form: values as by [Text], without empty values, because an HTML
// form sends every field.
func Registrant(r registrar.Registrant) registrar.Registrant {
	// In the order of the keys, because two keys may become one: their values must always come in the same
	// order, or the order would differ when it is repeated.
	normal := registrar.Registrant{Kind: r.Kind, Fields: make(map[string][]string, len(r.Fields))}
	for _, typed := range slices.Sorted(maps.Keys(r.Fields)) {
		key := Line(typed)
		for _, v := range r.Fields[typed] {
			if v = Text(v); v != "" {
				normal.Fields[key] = append(normal.Fields[key], v)
			}
		}
	}
	return normal
}

// plain maps every blank to a plain one and drops invisible characters that have no meaning.
func plain(r rune) rune {
	switch {
	case r == '\t' || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unseen, r):
		return -1
	}
	return r
}

// unseen are the invisible characters of pasted text. The override U+202E is not among them: with it, a
// person has seen something else than the text says.
var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, // soft hyphen
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // grapheme joiner
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, // Arabic letter mark
		{Lo: 0x180b, Hi: 0x180e, Stride: 1}, // Mongolian separators
		{Lo: 0x200b, Hi: 0x200f, Stride: 1}, // zero width; left-to-right, right-to-left mark
		{Lo: 0x202a, Hi: 0x202d, Stride: 1}, // embeddings, as telephones put them around numbers
		{Lo: 0x2060, Hi: 0x2064, Stride: 1}, // word joiner, invisible operators
		{Lo: 0x2066, Hi: 0x2069, Stride: 1}, // isolates
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, // byte order mark
	},
	LatinOffset: 1,
}

// isBreak reports whether a character ends a line in any script.
func isBreak(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}
