package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// asked reads the parameters of a query and collects what is wrong with them. One that is empty is
// as if it were not there.
type asked struct {
	values   url.Values
	problems []registrar.Problem
}

func query(r *http.Request) *asked { return &asked{values: r.URL.Query()} }

func (a *asked) wrong(name, message string) {
	a.problems = append(a.problems, registrar.Problem{Path: name, Message: message})
}

func (a *asked) err() error { return input.Mistakes(a.problems) }

func (a *asked) text(name string) string { return strings.TrimSpace(a.values.Get(name)) }

func (a *asked) yes(name string) bool {
	switch a.text(name) {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	}
	a.wrong(name, "must be 1 or 0")
	return false
}

func (a *asked) limit() int {
	given := a.text("limit")
	if given == "" {
		return 0
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 0 {
		a.wrong("limit", "must be a number of entries")
	}
	return n
}

// paged is a part of a list. Its JSON is the list alone.
type paged[T any] struct {
	rows []T
	next url.Values // what to ask for the next part; nil = this is the last
}

// MarshalJSON implements [json.Marshaler].
func (p paged[T]) MarshalJSON() ([]byte, error) { return json.Marshal(p.rows) }

func (p paged[T]) goesOn() url.Values { return p.next }

// following is an answer that may go on.
type following interface{ goesOn() url.Values }

// pageOf converts a part of a list; mark is where the next one begins, "" = nowhere.
func pageOf[In, Out any](r *http.Request, rows []In, convert func(In) Out, mark string) paged[Out] {
	p := paged[Out]{rows: list(rows, convert)}
	if mark != "" {
		p.next = r.URL.Query()
		p.next.Set("after", mark)
	}
	return p
}

// succeed answers with a value, and names the next part of a list.
func succeed(w http.ResponseWriter, r *http.Request, v any) {
	if f, ok := v.(following); ok && f.goesOn() != nil {
		w.Header().Add("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.EscapedPath(), f.goesOn().Encode()))
	}
	writeJSON(w, http.StatusOK, v)
}
