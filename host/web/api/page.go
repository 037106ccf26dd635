package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

// GetPage fetches a part of a list, and the mark behind which the next one begins; "" = this is the
// last. Some registrars' part of it may be missing.
func GetPage[T any](ctx context.Context, c *Client, path string, query url.Values) (v T, next string, missing []Missing, err error) {
	asked := url.Values{}
	for name, values := range query {
		if len(values) > 0 && values[0] != "" {
			asked[name] = values
		}
	}
	if len(asked) > 0 {
		path += "?" + asked.Encode()
	}
	resp, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return v, "", nil, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return v, "", nil, fmt.Errorf("read the panel's answer: %w", err)
	}
	return v, nextIn(resp.Header), missingIn(resp.Header), nil
}

var nextLink = regexp.MustCompile(`^<[^>]*\?([^>]*)>; rel="next"$`)

// nextIn is the mark of the next page, as the header names it.
func nextIn(h http.Header) string {
	m := nextLink.FindStringSubmatch(h.Get("Link"))
	if m == nil {
		return ""
	}
	values, err := url.ParseQuery(m[1])
	if err != nil {
		return ""
	}
	return values.Get("after")
}
