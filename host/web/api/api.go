// Package api is the panel's JSON API: its types and field names, which scripts outside this repository
// can rely on, and a client.
//
// Times are RFC 3339 in UTC, dates are YYYY-MM-DD, unknown values are null, and a list is never
// null. New keys may appear; none is renamed.
//
// A call that the panel refused returns an [*Error] with the panel's code and words. If no panel
// answers, the error is [ErrNotServing].
package api

import (
	"fmt"
	"strings"
)

// Failure is the body of every answer that reports a failure.
type Failure struct {
	Error Error `json:"error"`
}

// Error is a refused call.
type Error struct {
	Code     string    `json:"code"` // a registrar.Code, or UNAUTHORIZED, FORBIDDEN, BAD_REQUEST
	Message  string    `json:"message"`
	Problems []Problem `json:"problems"`
	Order    *string   `json:"order,omitempty"` // an order that is in the way
}

// Problem is one mistake, by field path.
type Problem struct {
	Path    string            `json:"path"`
	Message string            `json:"message"`          // in English
	Code    string            `json:"code,omitempty"`   // for programs
	Params  map[string]string `json:"params,omitempty"` // the values in the texts
	Texts   map[string]string `json:"texts,omitempty"`  // the message by language: "en", "ru"
}

// RequestMistakes is the message for mistakes that the panel itself finds in a request: INVALID
// with any other message comes from a registrar.
const RequestMistakes = "the request has mistakes"

// Error returns the message and every problem, one a line. Line ends in the words of others are replaced.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(oneLine(e.Message))
	for _, p := range e.Problems {
		fmt.Fprintf(&text, "\n  %s: %s", oneLine(p.Path), oneLine(p.Message))
	}
	return text.String()
}

var lineBreaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func oneLine(text string) string { return lineBreaks.Replace(text) }
