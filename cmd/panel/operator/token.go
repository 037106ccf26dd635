package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/config"
	"registrar.panel/host/web"
	"registrar.panel/host/web/api"
)

// Token holds the commands about credentials.
type Token struct {
	Add    addTokenCommand    `cmd:"" help:"Make a credential and show its token, once."`
	List   listTokensCommand  `cmd:"" default:"1" help:"The credentials, with their rights and last use (the default)."`
	Revoke revokeTokenCommand `cmd:"" help:"End a credential."`
}

// vault opens the credentials in the book of the panel that --config describes, even if that panel does not serve.
func vault(c *command.Call, use func(ctx context.Context, v web.Vault) error) error {
	loaded, err := config.LoadTolerant(c.Config)
	if err != nil {
		return command.Usage(err)
	}
	return host.WithCredentials(c.Ctx, loaded.Panel, func(v web.Vault) error { return use(c.Ctx, v) })
}

type addTokenCommand struct {
	Name    string   `arg:"" help:"Who uses it: the name in the Action Log."`
	Rights  []string `required:"" placeholder:"R,…" help:"What it may: look, order, money, secrets, admin."`
	Expires string   `placeholder:"DURATION" help:"After this long, such as 90d or 12h. Without it, never."`
}

func (p *addTokenCommand) Run(c *command.Call) error {
	in := api.NewToken{Name: p.Name, Rights: p.Rights}

	if p.Expires != "" {
		lasts, err := duration(p.Expires)
		if err != nil {
			return command.Usage(err)
		}
		end := time.Now().Add(lasts)
		in.ExpiresAt = &end
	}

	issued, err := onServer(c, func() (api.IssuedToken, error) { return command.Post[api.IssuedToken](c, api.Path("tokens"), in) },
		func(ctx context.Context, v web.Vault) (api.IssuedToken, error) {
			return web.IssueToken(ctx, v, in, command.Login())
		})
	if err != nil {
		return err
	}

	command.Hint(c.Stderr, "this is the only time that the token is shown; give it as PANEL_TOKEN, or as Authorization: Bearer TOKEN")

	return c.Show(issued, func(w io.Writer) {
		command.Fact(w, "name", issued.Name)
		command.Fact(w, "rights", issued.Rights)
		command.Fact(w, "expires", issued.ExpiresAt)
		command.Fact(w, "token", issued.Secret)
	})
}

type listTokensCommand struct{}

func (listTokensCommand) Run(c *command.Call) error {
	list, err := onServer(c, func() ([]api.Token, error) { return command.Get[[]api.Token](c, api.Path("tokens"), nil) },
		func(ctx context.Context, v web.Vault) ([]api.Token, error) { return web.ListTokens(ctx, v) })
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "NAME", "RIGHTS", "MADE", "BY", "EXPIRES", "LAST USED", "REVOKED")
		for _, t := range list {
			command.Row(w, t.Name, t.Rights, t.CreatedAt, t.CreatedBy, t.ExpiresAt, t.LastUsed, t.RevokedAt)
		}
	})
}

type revokeTokenCommand struct {
	Name string `arg:"" help:"As panel token list names it."`
}

func (p *revokeTokenCommand) Run(c *command.Call) error {
	r, err := onServer(c, func() (api.Revoked, error) {
		return command.Post[api.Revoked](c, api.Path("tokens", p.Name, "revoke"), nil)
	}, func(ctx context.Context, v web.Vault) (api.Revoked, error) {
		changed, err := v.Revoke(ctx, p.Name)
		return api.Revoked{Name: p.Name, Changed: changed}, err
	})
	if err != nil {
		return err
	}
	if !r.Changed {
		command.Hint(c.Stderr, "it was revoked already; nothing has changed")
	}
	return c.Show(r, func(w io.Writer) { command.Fact(w, "revoked", r.Name) })
}

// onServer asks the panel of --server, or does the same in its book.
func onServer[T any](c *command.Call, ask func() (T, error), here func(context.Context, web.Vault) (T, error)) (v T, err error) {
	if c.Server != "" {
		return ask()
	}
	err = vault(c, func(ctx context.Context, kept web.Vault) (err error) {
		v, err = here(ctx, kept)
		return err
	})
	return v, err
}

// duration reads 90d, and what Go reads.
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("--expires %s: %w", text, errors.New(`must be a duration such as "90d" or "12h"`))
}
