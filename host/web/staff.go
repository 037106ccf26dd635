package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
)

// Staff lets people sign in on the pages: it is the handler of signing in and out, and knows who is signed in.
type Staff interface {
	http.Handler
	Serves(r *http.Request) bool
	Caller(r *http.Request) (c access.Caller, ok bool, err error)
	Confirm(ctx context.Context, name, password, address string) error
	Roster
}

// Roster keeps who may sign in, and who is signed in.
type Roster interface {
	Add(ctx context.Context, name string, rights []string, password, by string) (access.Member, error)
	SetRights(ctx context.Context, name string, rights []string) error
	SetPassword(ctx context.Context, name, password string) error
	Remove(ctx context.Context, name string) error
	List(ctx context.Context) ([]access.Member, error)
	Sessions(ctx context.Context, name string) ([]access.Session, error)
	EndAll(ctx context.Context, name string) (int, error)
}

// AddMember adds a member to the staff.
func AddMember(ctx context.Context, r Roster, in api.NewMember, by string) (api.Member, error) {
	m, err := r.Add(ctx, in.Name, in.Rights, in.Password, by)
	return memberOf(m, nil), err
}

// ListStaff lists the staff as the API shows them.
func ListStaff(ctx context.Context, r Roster) ([]api.Member, error) {
	members, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	sessions, err := r.Sessions(ctx, "")
	return list(members, func(m access.Member) api.Member { return memberOf(m, sessions) }), err
}

// ListSessions lists the open sessions of a member, or of all members if there is no name, as the API shows them.
func ListSessions(ctx context.Context, r Roster, name string) ([]api.Session, error) {
	all, err := r.Sessions(ctx, name)
	return list(all, sessionOf), err
}

// ChangeMember makes a change that ends the sessions of a member, and counts the sessions.
func ChangeMember(ctx context.Context, r Roster, name string, change func() error) (api.MemberChanged, error) {
	// Counted first, because afterwards there are none.
	open, err := r.Sessions(ctx, name)
	if err == nil {
		err = change()
	}
	return api.MemberChanged{Name: name, Ended: len(open)}, err
}

func memberOf(m access.Member, sessions []access.Session) api.Member {
	v := api.Member{Name: m.Name, Rights: texts(m.Rights), CreatedAt: m.CreatedAt.UTC(), CreatedBy: m.CreatedBy, PasswordSince: m.ChangedAt.UTC()}
	for _, s := range sessions {
		if s.Name != m.Name {
			continue
		}
		if v.Sessions++; v.LastSeen == nil || s.SeenAt.After(*v.LastSeen) {
			v.LastSeen = knownTime(s.SeenAt)
		}
	}
	return v
}

// shownDigest is the length of the part of a session's digest that identifies it.
const shownDigest = 12

func sessionOf(s access.Session) api.Session {
	return api.Session{ID: s.Digest[:min(len(s.Digest), shownDigest)], Name: s.Name, CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(),
		EndsAt: s.CreatedAt.Add(access.SessionLife).UTC(), Address: s.Address}
}

// staffCalls answers about the staff.
type staffCalls struct {
	staff Staff
	log   *slog.Logger
}

func routeStaff(t *routes, s *Server) {
	c := staffCalls{s.staff, s.log}
	t.handle("GET /api/v1/staff", admin, endpoint(s, c.list), says("Who may sign in on the pages."), takes(paging()...))
	t.handle("POST /api/v1/staff", admin, action(s, c.add), says("Take a member on."))
	t.handle("POST /api/v1/staff/{name}/remove", admin, action(s, c.remove), says("Take a member off; the sessions end."))
	t.handle("POST /api/v1/staff/{name}/rights", admin, action(s, c.rights), says("Exchange a member's rights, from the next request on."))
	t.handle("POST /api/v1/staff/{name}/password", access.Rights(), action(s, c.password), says("Exchange a password; the sessions end. Without the right admin, only one's own, with the old one."))
	t.handle("GET /api/v1/staff/{name}/sessions", admin, endpoint(s, c.sessions), says("The open sessions of a member."), takes(paging()...))
	t.handle("POST /api/v1/staff/{name}/sign-out", admin, action(s, c.signOut), says("End all sessions of a member."))
}

func (c staffCalls) list(r *http.Request) (paged[api.Member], error) {
	all, err := ListStaff(r.Context(), c.staff)
	if err != nil {
		return paged[api.Member]{}, err
	}
	return cut(r, all, func(m api.Member) string { return m.Name })
}

func (c staffCalls) add(r *http.Request, in api.NewMember) (api.Member, error) {
	m, err := AddMember(r.Context(), c.staff, in, caller(r).Name)
	if err == nil {
		c.log.Info("member of the staff added", "name", m.Name, "rights", fmt.Sprint(m.Rights), "by", caller(r).Name)
	}
	return m, err
}

func (c staffCalls) remove(r *http.Request, _ none) (api.MemberChanged, error) {
	return c.changed(r, "removed", func(name string) error { return c.staff.Remove(r.Context(), name) })
}

func (c staffCalls) rights(r *http.Request, in api.NewRights) (api.MemberChanged, error) {
	name := r.PathValue("name")
	err := c.staff.SetRights(r.Context(), name, in.Rights)
	if err == nil {
		c.log.Info("member of the staff has other rights", "name", name, "rights", fmt.Sprint(in.Rights), "by", caller(r).Name)
	}
	return api.MemberChanged{Name: name}, err
}

func (c staffCalls) password(r *http.Request, in api.NewPassword) (api.MemberChanged, error) {
	who, name := caller(r), r.PathValue("name")
	if !who.May(access.Admin) {
		if who.Name != name {
			return api.MemberChanged{}, forbidden(r, access.Admin)
		}

		// A browser that was left signed in must not suffice to keep its owner out.
		if err := c.staff.Confirm(r.Context(), name, in.Old, who.Address); err != nil {
			return api.MemberChanged{}, err
		}
	}
	return c.changed(r, "given another password", func(name string) error { return c.staff.SetPassword(r.Context(), name, in.Password) })
}

func (c staffCalls) sessions(r *http.Request) (paged[api.Session], error) {
	all, err := ListSessions(r.Context(), c.staff, r.PathValue("name"))
	if err != nil {
		return paged[api.Session]{}, err
	}
	return cut(r, all, func(s api.Session) string { return s.ID })
}

func (c staffCalls) signOut(r *http.Request, _ none) (api.MemberChanged, error) {
	return c.changed(r, "signed out everywhere", func(name string) error { _, err := c.staff.EndAll(r.Context(), name); return err })
}

func (c staffCalls) changed(r *http.Request, what string, change func(name string) error) (api.MemberChanged, error) {
	name := r.PathValue("name")
	done, err := ChangeMember(r.Context(), c.staff, name, func() error { return change(name) })
	if err == nil {
		c.log.Info("member of the staff was "+what, "name", name, "by", caller(r).Name)
	}
	return done, err
}
