package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/web/openapi"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// Parameters that several lists have.
var (
	limitParameter = openapi.Parameter{Name: "limit", Type: "integer", Does: fmt.Sprintf("So many entries at most; %d at most, and without it.", orders.MostRows)}
	afterParameter = openapi.Parameter{Name: "after", Does: `Entries after this mark, which the Link header of the page before names with rel="next".`}
)

// paging adds the parameters that every list has.
func paging(more ...openapi.Parameter) []openapi.Parameter {
	return append(more, limitParameter, afterParameter)
}

// asked reads the parameters of a query and collects what is wrong with them. An empty parameter counts as missing.
type asked struct {
	values   url.Values
	problems []registrar.Problem
}

func query(r *http.Request) *asked { return &asked{values: r.URL.Query()} }

func (a *asked) wrong(name, message string) {
	a.problems = append(a.problems, registrar.Problem{Path: name, Message: message})
}

func (a *asked) err() error { return input.Mistakes(a.problems) }

func (a *asked) text(name string) string { return entry.Line(a.values.Get(name)) }

// word reads one of a few words, and returns it in the panel's own case.
func word[T ~string](a *asked, name string, allowed []T) T {
	given := a.text(name)
	if given == "" {
		return ""
	}
	at := slices.IndexFunc(allowed, func(w T) bool { return strings.EqualFold(string(w), given) })
	if at < 0 {
		a.wrong(name, fmt.Sprintf("must be one of %v", allowed))
		return ""
	}
	return allowed[at]
}

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

func (a *asked) number(name, what string) int64 {
	given := a.text(name)
	if given == "" {
		return 0
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < 0 {
		a.wrong(name, "must be "+what)
	}
	return max(n, 0)
}

func (a *asked) limit() int {
	return int(min(a.number("limit", "a number of entries"), orders.MostRows))
}

func (a *asked) page() orders.Page { return orders.Page{Limit: a.limit(), After: a.text("after")} }

// day reads a day, or a number of days from today: 30d.
func (a *asked) day(name string, now time.Time) registrar.Date {
	given := a.text(name)
	if given == "" {
		return registrar.Date{}
	}
	if n, ok := wholeDays(given); ok {
		return registrar.DateOf(now.UTC()).AddDays(n)
	}
	d, err := registrar.ParseDate(given)
	if err != nil {
		a.wrong(name, "must be YYYY-MM-DD, or days from today, such as 30d")
	}
	return d
}

const mostDays = 40000

func wholeDays(text string) (int, bool) {
	digits, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 0 && n <= mostDays
}

// since reads an instant: the instant itself, a day, or how long ago it was.
func (a *asked) since(name string, now time.Time) time.Time {
	given := a.text(name)
	if given == "" {
		return time.Time{}
	}
	if n, ok := wholeDays(given); ok {
		return now.AddDate(0, 0, -n)
	}
	if ago, err := time.ParseDuration(given); err == nil && ago >= 0 {
		return now.Add(-ago)
	}
	if at, err := time.Parse(time.RFC3339, given); err == nil {
		return at
	}
	if d, err := registrar.ParseDate(given); err == nil {
		return d.In(time.UTC)
	}

	a.wrong(name, "must be an instant such as 2026-12-01T08:00:00Z, a day, or a time ago such as 2h or 7d")
	return time.Time{}
}

// longestWait is how long a poll may wait for something new.
const longestWait = time.Minute

func (a *asked) wait(name string) time.Duration {
	given := a.text(name)
	if given == "" {
		return 0
	}
	wait, err := time.ParseDuration(given)
	if n, wrong := strconv.Atoi(given); wrong == nil {
		wait, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || wait < 0 || wait > longestWait {
		a.wrong(name, fmt.Sprintf("must be a duration of %s at most, such as 30s", longestWait))
		return 0
	}
	return wait
}

// paged is a part of a list. Its JSON is only the list.
type paged[T any] struct {
	rows []T
	next url.Values // query for the next part; nil = this is the last
}

// MarshalJSON implements [json.Marshaler].
func (p paged[T]) MarshalJSON() ([]byte, error) { return json.Marshal(p.rows) }

func (paged[T]) shown() reflect.Type { return reflect.TypeFor[[]T]() }

func (p paged[T]) goesOn() url.Values { return p.next }

// following is an answer that may go on.
type following interface{ goesOn() url.Values }

// pageOf converts a part of a list; mark is where the next part begins, "" = there is none.
func pageOf[In, Out any](r *http.Request, rows []In, convert func(In) Out, mark string) paged[Out] {
	p := paged[Out]{rows: list(rows, convert)}
	if mark != "" {
		p.next = r.URL.Query()
		p.next.Set("after", mark)
	}
	return p
}

// cut makes a page of a list that is short enough to be read as a whole.
func cut[T any](r *http.Request, all []T, id func(T) string) (paged[T], error) {
	a := query(r)
	page := a.page()
	if err := a.err(); err != nil {
		return paged[T]{}, err
	}
	if page.After != "" {
		at := slices.IndexFunc(all, func(v T) bool { return id(v) == page.After })
		// The entry may be gone from the list by now. Silently beginning again would list everything twice.
		if at < 0 {
			return paged[T]{}, mistake("after", "names nothing of this list; begin again without it")
		}
		all = all[at+1:]
	}

	if page.Limit == 0 || len(all) <= page.Limit {
		return paged[T]{rows: append([]T{}, all...)}, nil
	}
	shown := all[:page.Limit]
	return pageOf(r, shown, func(v T) T { return v }, id(shown[len(shown)-1])), nil
}

// link adds the address of the next part of a list.
func link(w http.ResponseWriter, r *http.Request, next url.Values) {
	if next != nil {
		w.Header().Add("Link", "<"+r.URL.EscapedPath()+"?"+next.Encode()+`>; rel="next"`)
	}
}

// accepts refuses parameters that a route does not have. Otherwise a misspelt one would count as
// missing, and the answer would be misunderstood.
func accepts(parameters []openapi.Parameter, next http.Handler) http.Handler {
	names := list(parameters, func(p openapi.Parameter) string { return p.Name })
	slices.Sort(names)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			fail(w, http.StatusBadRequest, "BAD_REQUEST", "the query can't be read: what follows the ? must be name=value, escaped and joined by &")
			return
		}
		for name := range given {
			if !slices.Contains(names, name) {
				fail(w, http.StatusBadRequest, "BAD_REQUEST", fmt.Sprintf("there is no parameter %q here, but %s", input.OneLine(name, 50), cmp.Or(strings.Join(names, ", "), "none at all")))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
