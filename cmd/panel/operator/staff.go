package operator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/config"
	"registrar.panel/host/web"
	"registrar.panel/host/web/api"
)

// Staff holds the commands about the people who sign in on the pages.
type Staff struct {
	List     listStaffCommand     `cmd:"" default:"1" help:"Who may sign in on the pages, with rights and open sessions (the default)."`
	Add      addMemberCommand     `cmd:"" help:"Take a member on; the password is asked for, or read from stdin."`
	Password memberPassword       `cmd:"" help:"Exchange a member's password; the sessions end."`
	Rights   memberRights         `cmd:"" help:"Exchange a member's rights, from the next request on."`
	Sessions listSessionsCommand  `cmd:"" help:"The open sessions, of all or of one member."`
	SignOut  signOutMemberCommand `cmd:"" help:"End all sessions of a member."`
	Remove   removeMemberCommand  `cmd:"" help:"Take a member off; the sessions end."`
}

// onRoster asks the panel of --server. Without that it does the same in the
// book of the panel that --config describes, even if that panel does not serve.
func onRoster[T any](c *command.Call, ask func() (T, error), here func(context.Context, web.Roster) (T, error)) (v T, err error) {
	if c.Server != "" {
		return ask()
	}
	loaded, err := config.LoadTolerant(c.Config)
	if err != nil {
		return v, command.Usage(err)
	}
	err = host.WithStaff(c.Ctx, loaded.Panel, func(r web.Roster) (err error) {
		v, err = here(c.Ctx, r)
		return err
	})
	return v, err
}

// newPassword asks a person twice, without showing it, or reads a line of stdin. The
// password is never an argument, because others on the machine can see arguments.
func newPassword(c *command.Call) (string, error) {
	if f, ok := c.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		first, err := hidden(c.Stderr, f, c.Tongue.Say("The new password, which is not shown")+": ")
		if err != nil {
			return "", err
		}

		second, err := hidden(c.Stderr, f, c.Tongue.Say("Once more")+": ")
		if err == nil && first != second {
			err = command.Usage(errors.New("the two are not the same; nothing was changed"))
		}
		return first, err
	}

	line, err := bufio.NewReader(io.LimitReader(c.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	// Only the line's end is cut off, because a password may begin or end with a blank.
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", command.Usage(errors.New("the password is read from stdin, and there was none"))
	}
	return line, nil
}

func hidden(out io.Writer, f *os.File, question string) (string, error) {
	fmt.Fprint(out, question)
	text, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(out)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(text), nil
}

type addMemberCommand struct {
	Name   string   `arg:"" help:"The name in the Action Log, and for signing in."`
	Rights []string `required:"" placeholder:"R,…" help:"What the member may: look, order, money, secrets, admin."`
}

func (p *addMemberCommand) Run(c *command.Call) error {
	password, err := newPassword(c)
	if err != nil {
		return err
	}
	in := api.NewMember{Name: p.Name, Rights: p.Rights, Password: password}
	m, err := onRoster(c, func() (api.Member, error) { return command.Post[api.Member](c, api.Path("staff"), in) },
		func(ctx context.Context, r web.Roster) (api.Member, error) {
			return web.AddMember(ctx, r, in, command.Login())
		})
	if err != nil {
		return err
	}
	return c.Show(m, func(w io.Writer) {
		command.Fact(w, "name", m.Name)
		command.Fact(w, "rights", m.Rights)
	})
}

type listStaffCommand struct{}

func (listStaffCommand) Run(c *command.Call) error {
	list, err := onRoster(c, func() ([]api.Member, error) {
		return command.List[api.Member](c, api.Path("staff"), map[string][]string{}, 0)
	},
		func(ctx context.Context, r web.Roster) ([]api.Member, error) { return web.ListStaff(ctx, r) })
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "NAME", "RIGHTS", "MADE", "BY", "PASSWORD SINCE", "SESSIONS", "LAST SEEN")
		for _, m := range list {
			command.Row(w, m.Name, m.Rights, m.CreatedAt, m.CreatedBy, m.PasswordSince, m.Sessions, m.LastSeen)
		}
	})
}

type memberPassword struct {
	Name string `arg:"" help:"As panel staff list names the member."`
}

func (p *memberPassword) Run(c *command.Call) error {
	password, err := newPassword(c)
	if err != nil {
		return err
	}
	return changeMember(c, p.Name, "password", api.NewPassword{Password: password},
		func(ctx context.Context, r web.Roster) error { return r.SetPassword(ctx, p.Name, password) })
}

type memberRights struct {
	Name   string   `arg:"" help:"As panel staff list names the member."`
	Rights []string `required:"" placeholder:"R,…" help:"All that the member may from now on."`
}

func (p *memberRights) Run(c *command.Call) error {
	m, err := onRoster(c, func() (api.MemberChanged, error) {
		return command.Post[api.MemberChanged](c, api.Path("staff", p.Name, "rights"), api.NewRights{Rights: p.Rights})
	}, func(ctx context.Context, r web.Roster) (api.MemberChanged, error) {
		return api.MemberChanged{Name: p.Name}, r.SetRights(ctx, p.Name, p.Rights)
	})
	if err != nil {
		return err
	}
	return c.Show(m, func(w io.Writer) { command.Fact(w, "name", m.Name); command.Fact(w, "rights", p.Rights) })
}

type signOutMemberCommand struct {
	Name string `arg:"" help:"As panel staff list names the member."`
}

func (p *signOutMemberCommand) Run(c *command.Call) error {
	return changeMember(c, p.Name, "sign-out", nil, func(ctx context.Context, r web.Roster) error {
		_, err := r.EndAll(ctx, p.Name)
		return err
	})
}

type removeMemberCommand struct {
	Name string `arg:"" help:"As panel staff list names the member."`
}

func (p *removeMemberCommand) Run(c *command.Call) error {
	return changeMember(c, p.Name, "remove", nil, func(ctx context.Context, r web.Roster) error { return r.Remove(ctx, p.Name) })
}

// changeMember makes a change that ends a member's sessions.
func changeMember(c *command.Call, name, verb string, in any, here func(context.Context, web.Roster) error) error {
	m, err := onRoster(c, func() (api.MemberChanged, error) {
		return command.Post[api.MemberChanged](c, api.Path("staff", name, verb), in)
	}, func(ctx context.Context, r web.Roster) (api.MemberChanged, error) {
		return web.ChangeMember(ctx, r, name, func() error { return here(ctx, r) })
	})
	if err != nil {
		return err
	}
	return c.Show(m, func(w io.Writer) {
		command.Fact(w, "name", m.Name)
		command.Fact(w, "sessions ended", m.Ended)
	})
}

type listSessionsCommand struct {
	Name string `arg:"" optional:"" help:"Of this member only."`
}

func (p *listSessionsCommand) Run(c *command.Call) error {
	list, err := onRoster(c, func() ([]api.Session, error) { return p.ask(c) },
		func(ctx context.Context, r web.Roster) ([]api.Session, error) {
			return web.ListSessions(ctx, r, p.Name)
		})
	if err != nil {
		return err
	}
	return c.Show(list, func(w io.Writer) {
		command.Head(w, "SESSION", "NAME", "OPENED", "LAST SEEN", "ENDS", "FROM")
		for _, s := range list {
			command.Row(w, s.ID, s.Name, s.CreatedAt, s.SeenAt, s.EndsAt, s.Address)
		}
	})
}

// ask asks the panel for the sessions of one member, or of all.
func (p *listSessionsCommand) ask(c *command.Call) (all []api.Session, err error) {
	names := []string{p.Name}
	if p.Name == "" {
		members, err := command.List[api.Member](c, api.Path("staff"), map[string][]string{}, 0)
		if err != nil {
			return nil, err
		}
		names = nil
		for _, m := range members {
			names = append(names, m.Name)
		}
	}

	// Scripts expect an empty list in JSON, not null.
	all = []api.Session{}
	for _, name := range names {
		some, err := command.List[api.Session](c, api.Path("staff", name, "sessions"), map[string][]string{}, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}

	return all, nil
}
