package api

import (
	"net/http"
	"strings"
)

// MissingHeader names a registrar that should have had a part in an answer and did not answer, once
// for each: its name, a colon, and why.
const MissingHeader = "Panel-Missing"

// Missing is a registrar whose part of an answer is missing.
type Missing struct {
	Registrar string
	Reason    string
}

// longestReason is the longest part of a reason in a header, in characters.
const longestReason = 300

// Header returns the value of a header line: visible ASCII, of bounded length.
func (m Missing) Header() string {
	return m.Registrar + ": " + strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, cut(m.Reason, longestReason))
}

func cut(text string, most int) string {
	for i := range text {
		if most == 0 {
			return text[:i] + "..."
		}
		most--
	}
	return text
}

func missingIn(h http.Header) []Missing {
	var all []Missing
	for _, line := range h.Values(MissingHeader) {
		name, reason, _ := strings.Cut(line, ": ")
		all = append(all, Missing{name, reason})
	}
	return all
}
