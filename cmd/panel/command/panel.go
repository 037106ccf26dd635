package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/secret"
)

// Client makes a client for the panel that the command line names.
func (c *Call) Client() (*api.Client, string, error) {
	server, token := c.Server, secret.New(c.Secret)
	var options []func(*api.Client)
	// The token of the file belongs to the panel that the file describes, and is sent to no other.
	if server == "" {
		loaded, err := config.LoadTolerant(c.Config)
		if err != nil {
			return nil, "", Usage(err)
		}
		if server = loaded.Panel.URL(); token.IsEmpty() {
			token = loaded.Panel.Token
		}
		if t := loaded.Panel.TLS; t != nil {
			text, err := os.ReadFile(t.Cert)
			if err != nil {
				return nil, "", Usage(err)
			}
			options = append(options, api.Pinned(text))
		}
	}

	client, err := api.NewClient(server, token, options...)
	if err != nil {
		return nil, "", Usage(err)
	}
	c.Tongue.hears(c, client)
	return client, server, nil
}

// Get asks the panel for a value. It waits for a panel that is still starting.
func Get[T any](c *Call, path string, query map[string][]string) (v T, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, err
	}
	err = patiently(c.Ctx, func() (err error) { v, err = api.Get[T](c.Ctx, client, path, query); return err })
	return v, Explain(err, server)
}

// Post sends a value to the panel, waiting like Get, and returns the answer.
func Post[T any](c *Call, path string, in any) (v T, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, err
	}
	err = patiently(c.Ctx, func() (err error) { v, err = api.Post[T](c.Ctx, client, path, in); return err })
	return v, Explain(err, server)
}

// GetPartial is Get for an answer in which the part of some registrars may be missing; see [Absent].
func GetPartial[T any](c *Call, path string, query map[string][]string) (v T, missing []api.Missing, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, nil, err
	}
	err = patiently(c.Ctx, func() (err error) { v, missing, err = api.GetPartial[T](c.Ctx, client, path, query); return err })
	return v, missing, Explain(err, server)
}

// PostPartial is Post for such an answer.
func PostPartial[T any](c *Call, path string, in any) (v T, missing []api.Missing, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, nil, err
	}
	err = patiently(c.Ctx, func() (err error) { v, missing, err = api.PostPartial[T](c.Ctx, client, path, in); return err })
	return v, missing, Explain(err, server)
}

// GetPage fetches a part of a list.
func GetPage[T any](c *Call, path string, query map[string][]string) (page api.Page[T], err error) {
	client, server, err := c.Client()
	if err != nil {
		return page, err
	}
	err = patiently(c.Ctx, func() (err error) { page, err = api.GetPage[T](c.Ctx, client, path, query); return err })
	return page, Explain(err, server)
}

// Absent returns the result of a command whose answer, already shown, is incomplete.
func Absent(missing []api.Missing) error {
	if len(missing) == 0 {
		return nil
	}
	var lines []string
	for _, m := range missing {
		lines = append(lines, fmt.Sprintf("registrar %s is missing from the answer: %s", m.Registrar, m.Reason))
	}
	return Waiting(strings.Join(lines, "\n"))
}

// startsWithin is how long a panel, or one of its plugins, may take to start before a command gives up.
const startsWithin = 3 * time.Second

// patiently calls a panel that may still be starting.
func patiently(ctx context.Context, call func() error) error {
	for end := time.Now().Add(startsWithin); ; {
		err := call()
		if err == nil || !starting(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// starting reports whether nothing was done because the panel or the registrar's plugin is not running yet.
func starting(err error) bool {
	var refused *api.Error
	return errors.Is(err, api.ErrNotServing) || errors.As(err, &refused) && refused.Code == "UNAVAILABLE" && strings.HasSuffix(refused.Message, " is starting")
}

// List fetches a list, page by page, or its first entries; limit 0 = all.
func List[T any](c *Call, path string, query map[string][]string, limit int) ([]T, error) {
	all, _, err := ListPartial[T](c, path, query, limit)
	return all, err
}

// ListPartial is List for a list with parts from several registrars.
func ListPartial[T any](c *Call, path string, query map[string][]string, limit int) (all []T, missing []api.Missing, err error) {
	if limit < 0 {
		return nil, nil, Usage(errors.New("--limit must be 1 or more, or left out"))
	}

	client, server, err := c.Client()
	if err != nil {
		return nil, nil, err
	}

	asked := url.Values(maps.Clone(query))
	if limit > 0 {
		asked.Set("limit", strconv.Itoa(limit))
	}

	err = patiently(c.Ctx, func() error {
		// A repeated call begins the list anew.
		all, missing = []T{}, nil
		for page, err := range api.Pages[T](c.Ctx, client, path, asked) {
			if err != nil {
				return err
			}
			missing = append(missing, page.Missing...)
			if all = append(all, page.List...); limit > 0 && len(all) >= limit {
				all = all[:limit]
				break
			}
		}
		return nil
	})

	return all, distinct(missing), Explain(err, server)
}

// distinct names each missing registrar once, even if it is missing from every page.
func distinct(missing []api.Missing) []api.Missing {
	slices.SortFunc(missing, func(a, b api.Missing) int { return cmp.Compare(a.Registrar, b.Registrar) })
	return slices.CompactFunc(missing, func(a, b api.Missing) bool { return a.Registrar == b.Registrar })
}

// Explain says what to do if no panel serves. It treats mistakes in the command
// line that the panel has found like those that the command line finds itself.
func Explain(err error, server string) error {
	if errors.Is(err, api.ErrNotServing) {
		return fmt.Errorf("no panel is serving at %s; start one with: panel serve", server)
	}
	var refused *api.Error
	if errors.As(err, &refused) && (refused.Code == "BAD_REQUEST" || refused.Code == "INVALID" && refused.Message == api.RequestMistakes) {
		return Usage(err)
	}
	return err
}
