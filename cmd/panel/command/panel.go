package command

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"registrar.panel/host/config"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/secret"
)

// Client makes a client of the panel that the command line means.
func (c *Call) Client() (*api.Client, string, error) {
	server, token := c.Server, secret.New(c.Secret)
	var options []func(*api.Client)
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
	return client, server, nil
}

// Get and Post call the panel.
func Get[T any](c *Call, path string, query map[string][]string) (v T, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, err
	}
	v, err = api.Get[T](c.Ctx, client, path, query)
	return v, Explain(err, server)
}

func Post[T any](c *Call, path string, in any) (v T, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, err
	}
	v, err = api.Post[T](c.Ctx, client, path, in)
	return v, Explain(err, server)
}

// GetPartial and PostPartial call the panel where some registrars' part of the answer may be
// missing; see [Absent].
func GetPartial[T any](c *Call, path string, query map[string][]string) (v T, missing []api.Missing, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, nil, err
	}
	v, missing, err = api.GetPartial[T](c.Ctx, client, path, query)
	return v, missing, Explain(err, server)
}

func PostPartial[T any](c *Call, path string, in any) (v T, missing []api.Missing, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, nil, err
	}
	v, missing, err = api.PostPartial[T](c.Ctx, client, path, in)
	return v, missing, Explain(err, server)
}

// GetPage fetches a part of a list, and the mark behind which the next one begins; "" = this is the last.
func GetPage[T any](c *Call, path string, query map[string][]string) (v T, next string, missing []api.Missing, err error) {
	client, server, err := c.Client()
	if err != nil {
		return v, "", nil, err
	}
	v, next, missing, err = api.GetPage[T](c.Ctx, client, path, query)
	return v, next, missing, Explain(err, server)
}

// Absent is the result of a command whose answer, which has been shown, lacks something.
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

// Explain says what to do where no panel serves.
func Explain(err error, server string) error {
	if errors.Is(err, api.ErrNotServing) {
		return fmt.Errorf("no panel is serving at %s; start one with: panel serve", server)
	}
	return err
}
