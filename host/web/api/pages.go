package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Page is a part of a list.
type Page[T any] struct {
	List    []T
	Next    string    // the address of the next part; "" = this is the last
	Missing []Missing // registrars whose part of the list is missing
}

// Mark returns the value of the parameter after for the next part; "" = this is the last.
func (p Page[T]) Mark() string {
	next, err := url.Parse(p.Next)
	if err != nil {
		return ""
	}
	return next.Query().Get("after")
}

// Pages yields the parts of a list, each as the panel answers it, until its end.
func Pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[Page[T], error] {
	return func(yield func(Page[T], error) bool) {
		for at := withQuery(path, query); at != ""; {
			page, err := pageAt[T](ctx, c, at)
			if !yield(page, err) || err != nil {
				return
			}
			at = page.Next
		}
	}
}

// All fetches a whole list.
func All[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	all := []T{}
	for page, err := range Pages[T](ctx, c, path, query) {
		if err != nil {
			return nil, err
		}
		all = append(all, page.List...)
	}
	return all, nil
}

// GetPage fetches one part of a list.
func GetPage[T any](ctx context.Context, c *Client, path string, query url.Values) (Page[T], error) {
	return pageAt[T](ctx, c, withQuery(path, query))
}

func pageAt[T any](ctx context.Context, c *Client, address string) (Page[T], error) {
	resp, err := c.send(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page[T]{}, err
	}
	defer resp.Body.Close()

	page := Page[T]{Next: nextAddress(resp.Header), Missing: missingIn(resp.Header)}
	if err := json.NewDecoder(resp.Body).Decode(&page.List); err != nil {
		return Page[T]{}, fmt.Errorf("read the panel's answer: %w", err)
	}
	return page, nil
}

var nextPart = regexp.MustCompile(`^<(/[^>]*)>; rel="next"$`)

// nextAddress returns the address of the next part of a list; "" = this is the last.
func nextAddress(h http.Header) string {
	for _, line := range h.Values("Link") {
		if found := nextPart.FindStringSubmatch(line); found != nil {
			return found[1]
		}
	}
	return ""
}

// withQuery adds a query to a path; parameters without a value are left out.
func withQuery(path string, query url.Values) string {
	given := url.Values{}
	for name, values := range query {
		for _, v := range values {
			if v != "" {
				given.Add(name, v)
			}
		}
	}
	if len(given) == 0 {
		return path
	}
	return path + "?" + strings.ReplaceAll(given.Encode(), "+", "%20")
}
