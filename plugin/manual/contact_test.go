package manual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// Staff are told which contacts a domain has, and their data are nowhere.
func TestContacts(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := started(t, dir, "always_available", "operator", true)
	o := order("o1", "roles.com", registrar.KindRegister)
	o.Contacts = registrar.Contacts{registrar.RoleTech: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Tech CANARY-1"}, "emails": {"canary-2@example.com"}}}}

	op := submit(t, p, o)
	if c, err := p.Contacts(t.Context(), o.Domain); err != nil || len(c) != 0 {
		t.Errorf("before it is registered its contacts are %v, %v", c, err)
	}
	resolve(t, p, op.ID, registrar.VerdictDone)
	tech := func() string {
		t.Helper()
		c, err := p.Contacts(t.Context(), o.Domain)
		if err != nil || len(c) != 2 || c[registrar.RoleRegistrant].Get("name") != "C***** S******" {
			t.Errorf("its contacts are %v, %v", c, err)
		}
		return c[registrar.RoleTech].Get("name") + ", " + c[registrar.RoleTech].Get("emails")
	}
	if have := tech(); have != "T*** C*****-*, c*****-*@e******.c**" {
		t.Errorf("the technical contact is %s", have)
	}

	change := registrar.Order{ID: "o2", Kind: registrar.KindUpdate, Domain: o.Domain, Contacts: registrar.Contacts{
		registrar.RoleTech: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Another"}, "emails": {"other@example.com"}}}}}
	resolve(t, p, submit(t, p, change).ID, registrar.VerdictDone)
	if have := tech(); have != "A******, o****@e******.c**" {
		t.Errorf("after a change the technical contact is %s", have)
	}

	for e, err := range p.Events(t.Context(), 0) {
		if err != nil || strings.Contains(e.Message, "CANARY") {
			t.Fatalf("an event says %q, %v", e.Message, err)
		}
		if e.Order == "o2" && e.State.Final() {
			break
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "manual.db*"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "CANARY") || strings.Contains(string(text), "C*****") {
			t.Errorf("%s holds the contact, or %v", file, err)
		}
	}
	if err != nil {
		t.Error(err)
	}

	// With the domain they are gone.
	resolve(t, p, submit(t, p, registrar.Order{ID: "o3", Kind: registrar.KindDelete, Domain: o.Domain}).ID, registrar.VerdictDone)
	if c, err := p.Contacts(t.Context(), o.Domain); err != nil || len(c) != 0 {
		t.Errorf("of a deleted domain the contacts are %v, %v", c, err)
	}
	if _, err := p.Contacts(t.Context(), "unknown.com"); registrar.CodeOf(err) != registrar.NotFound {
		t.Errorf("of an unknown domain: %v", err)
	}
}

// A contact that is named in a change is named whole, and only the roles that staff know are taken.
func TestRoles(t *testing.T) {
	t.Parallel()

	p := started(t, t.TempDir(), "always_available", "operator", true)
	for role, want := range map[registrar.ContactRole]string{registrar.RoleAdmin: `contacts["admin"].emails`, registrar.RoleBilling: `contacts["billing"]`} {
		o := order("o1", "a.com", registrar.KindUpdate)
		o.Contacts = registrar.Contacts{role: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Olga"}}}}
		v, err := p.Validate(t.Context(), o)
		if err != nil || len(v.Problems) != 1 || v.Problems[0].Path != want {
			t.Errorf("%s: %v, %v", role, v.Problems, err)
		}
	}
}
