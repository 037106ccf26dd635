package orders

import (
	"slices"
	"testing"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/shared/registrar"
)

// Members and their sessions are kept until what ends them, and a name is one caller's.
func TestStaff(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	s, keys, ctx := b.Staff(), b.Credentials(), t.Context()
	clock := start
	s.now = func() time.Time { return clock }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(why string, err error, code registrar.Code) {
		t.Helper()
		if registrar.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", why, err, code)
		}
	}
	sessions := func(want ...string) {
		t.Helper()
		list, err := s.Sessions(ctx, "")
		var got []string
		for _, n := range list {
			got = append(got, n.Digest)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("sessions %v, %v; want %v", got, err, want)
		}
	}
	open := func(digest, name, hash string, want bool) {
		t.Helper()
		opened, err := s.Open(ctx, access.Session{Digest: digest, Name: name, Address: "192.0.2.1"}, hash)
		if err != nil || opened != want {
			t.Errorf("%s opened: %v, %v", digest, opened, err)
		}
	}

	must(s.Add(ctx, access.Member{Name: "anna", Password: "h1", Rights: []access.Right{access.Look, access.Money}, CreatedBy: "root"}))
	must(s.Add(ctx, access.Member{Name: "boris", Password: "h2", Rights: []access.Right{access.Look}}))
	must(keys.Add(ctx, access.Credential{Name: "shop", Digest: "d", Rights: []access.Right{access.Look}}))
	refused("the same again", s.Add(ctx, access.Member{Name: "anna", Password: "h", Rights: []access.Right{access.Look}}), registrar.Conflict)
	refused("a token's name", s.Add(ctx, access.Member{Name: "shop", Password: "h", Rights: []access.Right{access.Look}}), registrar.Conflict)
	refused("a member's name for a token", keys.Add(ctx, access.Credential{Name: "anna", Digest: "e", Rights: []access.Right{access.Look}}), registrar.Conflict)
	refused("the rights of none", s.SetRights(ctx, "carl", []access.Right{access.Look}), registrar.NotFound)
	if list, err := s.List(ctx); err != nil || len(list) != 2 || list[0].Name != "anna" || list[0].CreatedBy != "root" || !slices.Equal(list[0].Rights, []access.Right{access.Look, access.Money}) {
		t.Errorf("the staff are %+v, %v", list, err)
	}

	open("a1", "anna", "h1", true)
	open("a2", "anna", "h1", true)
	open("a3", "anna", "an older one", false)
	open("c1", "carl", "", false)
	open("b1", "boris", "h2", true)
	sessions("a1", "a2", "b1")
	n, m, ok, err := s.Session(ctx, "a1")
	if err != nil || !ok || m.Name != "anna" || n.Address != "192.0.2.1" || !n.Valid(clock) {
		t.Errorf("the session is %+v of %+v, %v, %v", n, m, ok, err)
	}
	must(s.End(ctx, "a2"))
	sessions("a1", "b1")

	clock = clock.Add(time.Hour)
	must(s.Seen(ctx, n))
	clock = clock.Add(70 * time.Minute)
	sessions("a1") // b1 has been idle for too long
	open("b2", "boris", "h2", true)
	sessions("a1", "b2")
	if _, _, ok, err := s.Session(ctx, "b1"); ok || err != nil {
		t.Errorf("a session that is over is kept: %v, %v", ok, err)
	}

	must(s.SetPassword(ctx, "anna", "h3"))
	sessions("b2")
	open("a4", "anna", "h1", false)
	must(s.Remove(ctx, "boris"))
	sessions()
	open("a5", "anna", "h3", true)
	if ended, err := s.EndAll(ctx, "anna"); err != nil || ended != 1 {
		t.Errorf("ended %d, %v", ended, err)
	}
	refused("taken off twice", s.Remove(ctx, "boris"), registrar.NotFound)
}
