package kit

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"registrar.panel/shared/registrar"
)

const (
	hidden = "***"
	// shortest is the fewest characters of a value that is hidden: a shorter one would be found in any text.
	shortest = 3
	// longest bounds a text of the registrar, in characters.
	longest = 500
)

// mask hides values in texts. The zero mask hides nothing.
type mask struct{ find *regexp.Regexp }

// newMask hides those of the values that are long enough.
func newMask(values []string) mask {
	var all []string
	for _, v := range values {
		if v = strings.TrimSpace(v); utf8.RuneCountInString(v) >= shortest {
			all = append(all, broken(v))
		}
	}
	if len(all) == 0 {
		return mask{}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // a value before its parts
	return mask{regexp.MustCompile("(?i)" + strings.Join(all, "|"))}
}

// broken returns a pattern for a value that may be broken between its words.
func broken(value string) string {
	words := strings.Fields(value)
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	return strings.Join(words, `\s+`)
}

// of returns a text that may be stored and shown: on one line, bounded, and without anything that the mask
// hides.
func (m mask) of(text string) string {
	// Hidden before it is cut: a value that is cut off would leave a part that the mask does not find.
	if m.find != nil {
		text = m.find.ReplaceAllString(text, hidden)
	}

	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// secretsOf lists the values of sensitive settings.
func secretsOf(s registrar.Schema, config json.RawMessage) []string {
	var values map[string]json.RawMessage
	if json.Unmarshal(config, &values) != nil {
		return nil
	}

	var all []string
	for _, a := range s.Attributes {
		if a.Sensitive {
			all = append(all, texts(values[a.Name])...)
		}
	}

	for _, b := range s.Blocks {
		entries := []json.RawMessage{values[b.Name]}
		if b.Repeated {
			entries = nil
			_ = json.Unmarshal(values[b.Name], &entries) // the schema was checked: it is a list, or absent
		}
		for _, e := range entries {
			all = append(all, secretsOf(b.Schema, e)...)
		}
	}
	return all
}

// texts reads a string or a list of strings.
func texts(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	var several []string
	_ = json.Unmarshal(value, &several) // a value that is neither contains no text
	return several
}
