package kit

import (
	"errors"
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// rolesShop takes contacts beside the registrant.
type rolesShop struct{ *shop }

func (s rolesShop) Describe() registrar.Description {
	d := s.shop.Describe()
	d.Offers = []registrar.Offer{{Kinds: []registrar.KindOffer{
		{Kind: registrar.KindRegister, Contacts: []registrar.ContactOffer{{Role: registrar.RoleAdmin, Required: true}, {Role: registrar.RoleTech}}}}}}
	return d
}

func (s rolesShop) Form(q registrar.FormQuery) []registrar.Field {
	if q.Role == registrar.RoleTech {
		return []registrar.Field{{Key: "phone", Label: map[string]string{"en": "Phone"}, Type: registrar.FieldPhone, Required: true, Example: "+7 495 1234567", Class: registrar.DataPersonal}}
	}
	return s.shop.Form(q)
}

// Each contact is judged by the form for its role.
func TestJudgeContacts(t *testing.T) {
	t.Parallel()

	contact := func(key string, values ...string) registrar.Registrant {
		return registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{key: values}}
	}
	admin := *order("o", "a.example").Registrant
	tech := contact("phone", "+7 495 1234567")

	for why, c := range map[string]struct {
		contacts registrar.Contacts
		paths    []string
	}{
		"good":                 {registrar.Contacts{registrar.RoleAdmin: admin, registrar.RoleTech: tech}, nil},
		"the required alone":   {registrar.Contacts{registrar.RoleAdmin: admin}, nil},
		"none":                 {nil, []string{`contacts["admin"]`}},
		"no phone number":      {registrar.Contacts{registrar.RoleAdmin: admin, registrar.RoleTech: contact("phone", "none")}, []string{`contacts["tech"].phone`}},
		"an empty one":         {registrar.Contacts{registrar.RoleAdmin: admin, registrar.RoleTech: contact("phone")}, []string{`contacts["tech"].phone`}},
		"another role":         {registrar.Contacts{registrar.RoleAdmin: admin, "owner": tech}, []string{`contacts["owner"]`}},
		"another kind of body": {registrar.Contacts{registrar.RoleAdmin: {Kind: "robot"}}, []string{`contacts["admin"].kind`}},
	} {
		o := order("o", "a.example")
		o.Contacts = c.contacts
		var paths []string
		for _, p := range judge(rolesShop{newShop()}, o) {
			paths = append(paths, p.Path)
		}
		if slices.Sort(paths); !slices.Equal(paths, c.paths) {
			t.Errorf("%s: %q, want %q", why, paths, c.paths)
		}
	}

	if d, err := New(rolesShop{newShop()}, Options{}).Describe(t.Context()); err != nil || !slices.Contains(d.OrderFields, "contacts") {
		t.Errorf("it reads %v, %v", d.OrderFields, err)
	}
	if d, err := New(newShop(), Options{}).Describe(t.Context()); err != nil || slices.Contains(d.OrderFields, "contacts") {
		t.Errorf("without roles it reads %v, %v", d.OrderFields, err)
	}

	q := registrar.FormQuery{TLD: "example", Kind: registrar.KindRegister, Registrant: registrar.Person, Role: registrar.RoleTech}
	if f, err := form(rolesShop{newShop()}, q); err != nil || f.Role != registrar.RoleTech || f.Fields[0].Key != "phone" {
		t.Errorf("the form for a role is %+v, %v", f, err)
	}
	q.Role = registrar.RoleBilling
	if _, err := form(rolesShop{newShop()}, q); !errors.Is(err, registrar.Invalid) {
		t.Errorf("a form for a role that is not taken: %v", err)
	}
}
