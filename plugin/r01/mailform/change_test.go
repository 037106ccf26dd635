package mailform

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func TestUpdateClientRefuses(t *testing.T) {
	t.Parallel()

	type fields = map[string][]string
	const person, organization = registrar.Person, registrar.Organization
	for reason, c := range map[string]struct {
		handle string
		kind   registrar.RegistrantKind
		fields fields
		paths  []string
	}{
		"nothing":                 {"MYCO_1_1-R01", person, nil, []string{"contact"}},
		"fields without values":   {"MYCO_1_1-R01", person, fields{"faxes": {}, "phones": nil}, []string{"contact"}},
		"no handle":               {"MYCO", person, fields{"faxes": {"+7 495 1234567"}}, []string{"handle"}},
		"no kind":                 {"MYCO_1_1-R01", "", fields{"faxes": {"+7 495 1234567"}}, []string{"contact.kind"}},
		"a person's handle":       {"MYCO_1_1-R01", organization, fields{"faxes": {"+7 495 1234567"}}, []string{"contact.kind"}},
		"an organization's":       {"MYCO_1_1-ORG-R01", person, fields{"faxes": {"+7 495 1234567"}}, []string{"contact.kind"}},
		"unknown key":             {"MYCO_1_1-R01", person, fields{"shoe_size": {"43"}}, []string{"contact.shoe_size"}},
		"key of the other kind":   {"MYCO_1_1-R01", person, fields{"bank": {"БИК"}}, []string{"contact.bank"}},
		"residency":               {"MYCO_1_1-R01", person, fields{"resident": {"false"}}, []string{"contact.resident"}},
		"an empty value":          {"MYCO_1_1-R01", person, fields{"faxes": {""}}, []string{"contact"}},
		"a bad value":             {"MYCO_1_1-R01", person, fields{"phones": {"+7 495 1234567", "1"}}, []string{"contact.phones[1]"}},
		"a heading":               {"MYCO_1_1-R01", person, fields{"postal_address": {"#[DOMAIN TEMPLATE]#"}}, []string{"contact.postal_address[0]"}},
		"identity beside changes": {"MYCO_1_1-R01", person, fields{"phones": {"+7 495 1234567"}, "passport": {"1"}, "name": {"Иванов"}}, []string{"contact.name", "contact.passport"}},
	} {
		_, problems := UpdateClient(c.handle, registrar.Registrant{Kind: c.kind, Fields: c.fields})
		if diff := cmp.Diff(c.paths, pathsOf(problems)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", reason, diff)
		}
	}
}

// Everything that can be registered can be changed, or is refused with the way to do it;
// the form of an update lists the first and nothing else.
func TestUpdateClientAgreesWithForm(t *testing.T) {
	t.Parallel()

	for _, whole := range []registrar.Registrant{sidor(), with(newtime(), map[string][]string{"bank": {"БИК 044525000"}, "resident": {"true"}})} {
		handle := Handle("MYCO", 1, "1", whole.Kind, "R01")
		form, err := Form("ru", registrar.KindUpdate, whole.Kind)
		if err != nil {
			t.Fatal(err)
		}

		var open []string
		for _, f := range form.Fields {
			if open = append(open, f.Key); f.Required {
				t.Errorf("%s must be changed", f.Key)
			}
		}

		for key, values := range whole.Fields {
			template, problems := UpdateClient(handle, registrar.Registrant{Kind: whole.Kind, Fields: map[string][]string{key: values}})
			switch {
			case slices.Contains(open, key):
				if len(problems) > 0 || len(template.lines()) != 2+len(values) { // heading, handle
					t.Errorf("%s: %v, %v", key, problems, template.lines())
				}
			case len(problems) != 1 || problems[0].Path != "contact."+key:
				t.Errorf("%s: %v", key, problems)
			case slices.Contains(IdentityKeys(whole.Kind), key) && !strings.Contains(problems[0].Message, "by letter only"):
				t.Errorf("%s is refused without the reason: %v", key, problems)
			}
		}

		if len(open) < 4 || len(open)+len(IdentityKeys(whole.Kind))+1 != len(whole.Fields) { // 1: residency
			t.Errorf("%s: %v can be changed", whole.Kind, open)
		}
	}
}
