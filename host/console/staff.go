package console

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeStaff() {
	all := screen{"staff.html", admin, showStaff}
	one := screen{"member.html", admin, showMember}
	own := screen{"password.html", access.Rights(), showOwnPassword}
	c.page("GET /staff", all)
	c.act("POST /staff", admin, addMember, all)
	c.page("GET /staff/{name}", one)
	c.act("POST /staff/{name}/rights", admin, setRights, one)
	c.act("POST /staff/{name}/password", admin, setPassword, one)
	c.act("POST /staff/{name}/sign-out", admin, signOut, one)
	c.act("POST /staff/{name}/remove", admin, removeMember, one)
	c.page("GET /password", own)
	c.act("POST /password", access.Rights(), setOwnPassword, own)
}

// tick is a right that may be ticked.
type tick struct {
	Right  string
	Ticked bool
}

func ticks(ticked []string) (all []tick) {
	for _, r := range access.Rights() {
		all = append(all, tick{string(r), slices.Contains(ticked, string(r))})
	}
	return all
}

// roster is who may sign in; Name and Rights are what a refused form had.
type roster struct {
	list[api.Member]
	Name   string
	Rights []tick
}

func showStaff(v *visit) (any, error) {
	rows, err := listOf[api.Member](v, api.Path("staff"), nil, nil)
	return roster{rows, v.PostFormValue("name"), ticks(v.PostForm["right"])}, err
}

func addMember(v *visit) (done, error) {
	password, err := v.newPassword()
	if err != nil {
		return done{}, err
	}
	m, err := post[api.Member](v, api.Path("staff"), api.NewMember{Name: strings.TrimSpace(v.PostFormValue("name")), Rights: v.PostForm["right"], Password: password})
	return done{address("staff", m.Name), told("done.member-added", "Name", m.Name)}, err
}

// newPassword returns the password that was entered twice.
func (v *visit) newPassword() (string, error) {
	password := v.PostFormValue("password")
	if password != v.PostFormValue("again") {
		return "", &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.passwords-differ")}
	}
	return password, nil
}

// member is a member of the staff; Self means the person at the page.
type member struct {
	api.Member
	Open  []api.Session
	Ticks []tick
	Self  bool
}

func showMember(v *visit) (any, error) {
	name := v.PathValue("name")
	all, err := api.All[api.Member](v.Context(), v.console.client, api.Path("staff"), nil)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(m api.Member) bool { return m.Name == name })
	if at < 0 {
		return nil, &api.Error{Code: string(registrar.NotFound), Message: v.lang.Text("failure.no-member", "Name", name)}
	}

	open, err := api.All[api.Session](v.Context(), v.console.client, api.Path("staff", name, "sessions"), nil)
	return member{all[at], open, ticks(all[at].Rights), v.caller.SignedIn && v.caller.Name == name}, err
}

func setRights(v *visit) (done, error) {
	m, err := post[api.MemberChanged](v, api.Path("staff", v.PathValue("name"), "rights"), api.NewRights{Rights: v.PostForm["right"]})
	return done{address("staff", m.Name), told("done.member-rights", "Name", m.Name)}, err
}

func setPassword(v *visit) (done, error) {
	password, err := v.newPassword()
	if err != nil {
		return done{}, err
	}
	m, err := post[api.MemberChanged](v, api.Path("staff", v.PathValue("name"), "password"), api.NewPassword{Password: password})
	return done{address("staff", m.Name), told("done.member-password", "Name", m.Name, "Ended", strconv.Itoa(m.Ended))}, err
}

func signOut(v *visit) (done, error) {
	m, err := post[api.MemberChanged](v, api.Path("staff", v.PathValue("name"), "sign-out"), struct{}{})
	return done{address("staff", m.Name), told("done.member-signed-out", "Name", m.Name, "Ended", strconv.Itoa(m.Ended))}, err
}

func removeMember(v *visit) (done, error) {
	m, err := post[api.MemberChanged](v, api.Path("staff", v.PathValue("name"), "remove"), struct{}{})
	return done{"/staff", told("done.member-removed", "Name", m.Name, "Ended", strconv.Itoa(m.Ended))}, err
}

// showOwnPassword shows only the form, and only to people who have a password.
func showOwnPassword(v *visit) (any, error) {
	if !v.caller.SignedIn {
		return nil, &api.Error{Code: string(registrar.Precondition), Message: v.lang.Text("failure.no-password")}
	}
	return nil, nil
}

// setOwnPassword changes the password of the person at the page, and leads to the sign-in page,
// because the session at the page ends, too.
func setOwnPassword(v *visit) (done, error) {
	if _, err := showOwnPassword(v); err != nil {
		return done{}, err
	}
	password, err := v.newPassword()
	if err != nil {
		return done{}, err
	}

	_, err = post[api.MemberChanged](v, api.Path("staff", v.caller.Name, "password"), api.NewPassword{Password: password, Old: v.PostFormValue("old")})
	var refused *api.Error
	// The API's words are those of signing in, where the name could be wrong as well.
	if errors.As(err, &refused) && refused.Code == string(registrar.Precondition) {
		err = &api.Error{Code: refused.Code, Message: v.lang.Text("failure.old-password")}
	}
	return done{"/sign-in", told("done.own-password")}, err
}
