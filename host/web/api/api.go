// Package api is the panel's JSON API: its words, which are a promise to scripts outside
// this repository, and a client.
//
// In all of it times are RFC 3339 in UTC, dates YYYY-MM-DD, what is unknown is null, and a
// list is never null. New keys may appear; none is renamed.
//
// A call that the panel refused returns an [*Error] with the panel's code and words. When
// no panel answers the error is [ErrNotServing].
package api

import (
	"fmt"
	"strings"
)

// Failure is the body of every answer that is no success.
type Failure struct {
	Error Error `json:"error"`
}

// Error is a refused call.
type Error struct {
	Code     string    `json:"code"` // a registrar.Code, or UNAUTHORIZED, FORBIDDEN, BAD_REQUEST
	Message  string    `json:"message"`
	Problems []Problem `json:"problems"`
	Order    *string   `json:"order,omitempty"` // the order that stands in the way
}

// Problem is one mistake, by field path.
type Problem struct {
	Path    string            `json:"path"`
	Message string            `json:"message"`          // in English
	Code    string            `json:"code,omitempty"`   // for programs
	Params  map[string]string `json:"params,omitempty"` // what the texts speak of
	Texts   map[string]string `json:"texts,omitempty"`  // the message by language: "en", "ru"
}

// RequestMistakes is the message of mistakes that the panel finds by itself in what it was given:
// INVALID with any other message is the word of a registrar.
const RequestMistakes = "the request has mistakes"

// Error tells the message and every problem, one a line: words of others make no lines of
// their own.
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
