package orders

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// telling is a registrar that tells contacts.
type telling struct{ *fake }

func (telling) Contacts(context.Context, string) (registrar.Contacts, error) {
	return registrar.Contacts{registrar.RoleTech: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Tech CANARY"}}}}, nil
}

// withRoles asks for a domain with contacts beside the registrant.
func withRoles(domain string) NewOrder {
	q := request(domain)
	q.Contacts = registrar.Contacts{
		registrar.RoleAdmin: {Kind: registrar.Person, Fields: map[string][]string{"name": {" Admin  CANARY-1 "}}},
		registrar.RoleTech:  {Kind: registrar.Organization, Fields: map[string][]string{"name": {"Tech CANARY-2"}}}}
	q.DS = []registrar.DelegationSigner{{KeyTag: 12345, Algorithm: 13, DigestType: 2, Digest: strings.Repeat("9f", 32)}}
	return q
}

// Contacts by role reach the registrar and are shown on record, the order says for which roles it has
// any and which DS records, and nothing else says what is in them.
func TestContactsByRole(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	q := withRoles("example.ru")
	q.ID = "roles-1"
	o := b.failedOrder(q)
	if o = b.mustOrder(o.ID); !slices.Equal(o.Roles, []registrar.ContactRole{registrar.RoleAdmin, registrar.RoleTech}) || len(o.DS) != 1 || o.DS[0] != q.DS[0] {
		t.Errorf("the order has the roles %v and DS %v", o.Roles, o.DS)
	}
	sent := b.fake.taken()[0].Contacts
	if admin, tech := sent[registrar.RoleAdmin], sent[registrar.RoleTech]; admin.Get("name") != "Admin CANARY-1" || tech.Kind != registrar.Organization || len(sent) != 2 {
		t.Errorf("submitted with %v", sent)
	}

	if again, err := b.Place(t.Context(), q); err != nil || again.ID != o.ID {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	delete(q.Contacts, registrar.RoleTech)
	_, err := b.Place(t.Context(), q)
	wantCode(t, err, registrar.Conflict, "other contents")

	_, shown, err := b.Contact(t.Context(), Look{Order: o.ID, By: "anna"})
	if tech := shown[registrar.RoleTech]; err != nil || len(shown) != 3 || tech.Get("name") != "Tech CANARY-2" {
		t.Errorf("shown are %v, %v", shown.Roles(), err)
	}

	// Another attempt may correct one of them.
	_, _, err = b.Retry(t.Context(), Again{Order: o.ID, By: "anna", Contacts: registrar.Contacts{"ops": {Kind: registrar.Person, Fields: map[string][]string{"name": {"CANARY-3"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	b.during(func() { b.until("the second attempt", func() bool { return len(b.fake.taken()) == 2 }) })
	if have := b.fake.taken()[1]; !slices.Equal(have.Contacts.Roles(), []registrar.ContactRole{registrar.RoleAdmin, "ops", registrar.RoleTech}) || len(have.DS) != 1 {
		t.Errorf("the second attempt has %v and DS %v", have.Contacts.Roles(), have.DS)
	}
	if now := b.mustOrder(o.ID); len(now.Roles) != 3 || len(now.DS) != 1 {
		t.Errorf("the order has the roles %v and DS %v", now.Roles, now.DS)
	}

	for _, e := range b.entries("") {
		if strings.Contains(e.Message, "CANARY") {
			t.Errorf("the log says %q", e.Message)
		}
	}
	if b.server == "" {
		for _, file := range []string{database, database + "-wal"} {
			if text, err := os.ReadFile(filepath.Join(b.dir, file)); err == nil && strings.Contains(string(text), "CANARY") {
				t.Errorf("%s holds a contact", file)
			}
		}
	}
}

// What is too much, or can't be shown, is a problem at the contact of its role.
func TestContactsAreBounded(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	long := registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"name": {strings.Repeat("a", longestValue+1)}}}
	for why, c := range map[string]struct {
		contacts registrar.Contacts
		path     string
	}{
		"a long value":    {registrar.Contacts{registrar.RoleAdmin: long}, `contacts["admin"].name[0]`},
		"no role":         {registrar.Contacts{"no role": {}}, "contacts"},
		"too many values": {registrar.Contacts{"ops": {Fields: map[string][]string{"name": make([]string, mostValues+1)}}}, `contacts["ops"].name`},
	} {
		q := request("example.ru")
		q.Contacts = c.contacts
		_, err := b.Place(t.Context(), q)
		var e *registrar.Error
		if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Path != c.path {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// Contacts of a cancelled order are erased with the customer's data.
func TestContactsAreErased(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	q := withRoles("example.ru")
	q.Registrant = nil
	o := b.place(q)
	if _, _, err := b.Cancel(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	b.registrars.set("r01", eraser{b.fake, unable})
	if _, err := b.Data().Erase(t.Context(), o.Customer, "olga", ""); err != nil {
		t.Fatal(err)
	}
	if len(b.sealed(o.ID)) > 0 {
		t.Error("its contacts are there still")
	}
}

// Which contacts a registrar has it tells itself, and what it does not mask is masked.
func TestContactsOfADomain(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	b.place(request("example.ru"))
	b.registrars.set("r01", telling{b.fake})
	if c, err := Contacts(t.Context(), b.Service, "EXAMPLE.ru"); err != nil || c[registrar.RoleTech].Get("name") != "T*** C*****" {
		t.Errorf("%v, %v", c, err)
	}
	_, err := Contacts(t.Context(), b.Service, "unknown.ru")
	wantCode(t, err, registrar.NotFound, "unknown.ru")
}
