package registrar_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	. "registrar.panel/shared/registrar"
)

// A role's contact is judged by the form for its role, and problems lead to its fields.
func TestProblemsOfRoles(t *testing.T) {
	t.Parallel()

	form := func(role ContactRole) Form {
		return Form{Registrant: Person, Role: role, Fields: []Field{{Key: "name", Required: true}, {Key: "phones", Type: FieldPhone, Multiple: true}}}
	}
	wrong := Registrant{Kind: Organization, Fields: map[string][]string{"phones": {"+7 495 1234567", "none"}, "inn": {"7"}}}

	for role, at := range map[ContactRole]string{"": "contact", RoleRegistrant: "contact", RoleAdmin: `contacts["admin"]`, "ops-2": `contacts["ops-2"]`} {
		want := []string{at + ".kind", at + ".name", at + ".phones[1]", at + ".inn"}
		var have []string
		for _, p := range form(role).Problems(wrong) {
			have = append(have, p.Path)
		}
		if !slices.Equal(have, want) {
			t.Errorf("%q: problems at %v, want %v", role, have, want)
		}
	}
}

func TestRolesAreWords(t *testing.T) {
	t.Parallel()

	for role, valid := range map[ContactRole]bool{RoleAdmin: true, "ops-2": true, ContactRole(strings.Repeat("a", 32)): true,
		"": false, "Admin": false, "a b": false, `a"]`: false, "тех": false, ContactRole(strings.Repeat("a", 33)): false} {
		if role.Valid() != valid {
			t.Errorf("%q is a role: %v", role, !valid)
		}
	}
}

func TestEveryone(t *testing.T) {
	t.Parallel()

	o := Order{Registrant: &Registrant{Kind: Person}, Contacts: Contacts{RoleTech: {Kind: Organization}}}
	if have := o.Everyone().Roles(); !slices.Equal(have, []ContactRole{RoleRegistrant, RoleTech}) {
		t.Errorf("everyone is %v", have)
	}
	if len(o.Contacts) != 1 || len((Order{}).Everyone()) != 0 {
		t.Error("the order was changed, or an order without contacts has some")
	}
}

// Staff know a masked value again, and can't copy it.
func TestMasked(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		class       DataClass
		value, want string
	}{
		{DataPersonal, "Сидоров Сидор", "С****** С****"},
		{DataPublic, "Sidor S Sidorov", "S**** * S******"},
		{DataPersonal, "sidorov@example.ru", "s******@e******.**"},
		{DataPersonal, "+7 495 123-45-67", "+* *** ***-**-67"},
		{DataPersonal, "12-34", "**-**"},
		{DataPersonal, "ul. Lenina, 5", "**. L*****, *"},
		{DataPersonal, "1234567a", "********"},
		{DataPersonal, "a1b", "a**"},
		{DataPersonal, "", ""},
		{DataIdentity, "4510 123456", "**** ******"},
		{DataIdentity, "выдан ОВД", "***** ***"},
		{"", "Сидоров", "*******"},
	} {
		if have := c.class.Masked(c.value); have != c.want {
			t.Errorf("%s %q is masked %q, want %q", c.class, c.value, have, c.want)
		}
	}
}

// No word is shown whole, and what is masked is masked for good.
func TestMaskedShowsNoWord(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		class := rapid.SampledFrom(append(DataClasses(), "")).Draw(t, "class")
		value := rapid.StringOf(rapid.SampledFrom([]rune("aЯ7 -@.*0\u0301"))).Draw(t, "value")
		masked := class.Masked(value)
		if again := class.Masked(masked); again != masked {
			t.Fatalf("%q is masked %q, and that %q", value, masked, again)
		}
		if again := DataPersonal.Masked(masked); again != masked {
			t.Fatalf("%q is masked %q, and by another class %q", value, masked, again)
		}

		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
					return r
				}
				return -1
			}, s)
		}
		if !strings.Contains(value, "*") && letters(value) != "" && letters(masked) == letters(value) {
			t.Fatalf("%q is shown as %q", value, masked)
		}
	})
}

// A field that the form of its role does not have shows its shape alone.
func TestContactsMasked(t *testing.T) {
	t.Parallel()

	have := Contacts{RoleAdmin: {Kind: Person, Fields: map[string][]string{"name": {"Sidorov"}, "unknown": {"Sidorov"}, "passport": {"4510 123456"}}}}.
		Masked(func(role ContactRole, r Registrant) Form {
			if role != RoleAdmin || r.Kind != Person {
				t.Errorf("the form for %s as %s is asked for", role, r.Kind)
			}
			return Form{Fields: []Field{{Key: "name", Class: DataPersonal}, {Key: "passport", Class: DataIdentity}}}
		})
	want := map[string][]string{"name": {"S******"}, "unknown": {"*******"}, "passport": {"**** ******"}}
	if r := have[RoleAdmin]; r.Kind != Person || !maps.EqualFunc(r.Fields, want, slices.Equal[[]string]) {
		t.Errorf("%+v", have)
	}
}
