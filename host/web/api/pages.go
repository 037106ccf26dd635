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

// Pages yields the parts of a list, each as the panel answers it, until its end.
func Pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		for at := withQuery(path, query); at != ""; {
			page, next, err := onePage[T](ctx, c, at)
			if !yield(page, err) || err != nil {
				return
			}
			at = next
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
		all = append(all, page...)
	}
	return all, nil
}

func onePage[T any](ctx context.Context, c *Client, path string) (page []T, next string, err error) {
	resp, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return nil, "", fmt.Errorf("read the panel's answer: %w", err)
	}
	return page, nextAddress(resp.Header), nil
}

var nextPart = regexp.MustCompile(`^<(/[^>]*)>; rel="next"$`)

// nextAddress is the address of the next part of a list; "" = this is the last.
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
