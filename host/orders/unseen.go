package orders

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"registrar.panel/host/input"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// wrongValue checks one answer of a contact, in its normal form; nil = nothing is wrong.
func wrongValue(path, typed string) *registrar.Problem {
	text := entry.Text(typed)
	if i := strings.IndexFunc(text, hidden); i >= 0 && utf8.ValidString(text) {
		r, _ := utf8.DecodeRuneInString(text[i:])
		sign := fmt.Sprintf("%U", r)
		p := told(path, "invisible", map[string]string{"character": sign},
			"must be one line without control or invisible characters: it holds "+sign+"; remove it", "содержит невидимый знак "+sign+", уберите его")
		return &p
	}
	if wrong := input.CheckText(text, longestValue); wrong != "" {
		return &registrar.Problem{Path: path, Message: wrong}
	}
	return nil
}

// hidden reports whether a character is forbidden in values, which may have several lines.
func hidden(r rune) bool { return r != '\n' && input.Invisible(r) }
