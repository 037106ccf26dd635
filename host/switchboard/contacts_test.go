package switchboard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"registrar.panel/shared/registrar"
)

// What a plugin forgot to mask is masked here, and what is no role or too long is not shown.
func TestContactsAreMasked(t *testing.T) {
	t.Parallel()

	have := tameContacts(registrar.Contacts{
		registrar.RoleAdmin: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Sidorov\nSidor", "S******"}, "note": {strings.Repeat("a", 5000)}}},
		"no role":           {Kind: registrar.Person}})

	admin := have[registrar.RoleAdmin]
	if len(have) != 1 || admin.Kind != registrar.Person || len(admin.Fields["name"]) != 2 || admin.Get("name") != "S****** S****" || admin.Fields["name"][1] != "S******" {
		t.Errorf("%+v", have)
	}
	if utf8.RuneCountInString(admin.Get("note")) > 2001 {
		t.Errorf("a value has %d characters", len(admin.Get("note")))
	}
}
