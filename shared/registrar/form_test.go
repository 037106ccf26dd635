package registrar_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "registrar.panel/shared/registrar"
)

// delegation is a form with every rule that a field can have.
func delegation() Form {
	return Form{TLD: "example", Kind: KindRegister, Registrant: Person, Fields: []Field{
		{Key: "name", Type: FieldText, Required: true, MinLength: 2, MaxLength: 5, Example: "Анна"},
		{Key: "born", Type: FieldDate, Example: "1970-12-31"},
		{Key: "emails", Type: FieldEmail, Required: true, Multiple: true, Example: "a@example.com"},
		{Key: "phone", Type: FieldPhone},
		{Key: "code", Type: FieldText, Pattern: `^\d{4}$`},
		{Key: "purpose", Type: FieldText, Choices: []Choice{{Value: "trade"}, {Value: "home"}}},
		{Key: "number", Type: FieldText, Required: true, When: []Condition{{Field: "purpose", Values: []string{"trade"}}}},
		{Key: "office", Type: FieldText, When: []Condition{{Field: "number", Values: []string{"7"}}}},
		{Key: "resident", Type: FieldYesNo},
		{Key: "visa", Type: FieldText, Required: true, When: []Condition{{Field: "resident", Values: []string{"", "false"}}, {Field: "purpose", Values: []string{"home"}}}},
		{Key: "terms", Type: FieldAgreement, Required: true, Link: "https://registry.example/terms"},
		{Key: "news", Type: FieldAgreement},
	}}
}

func TestFormProblems(t *testing.T) {
	t.Parallel()

	type answers map[string][]string
	seen := map[string]bool{}
	good := answers{"name": {"Анна"}, "emails": {"a@example.com"}, "terms": {"true"}}

	for _, c := range []struct {
		why  string
		with answers // beside the good ones; nil removes
		want string  // "PATH CODE" each
	}{
		{"the good ones", nil, ""},
		{"what is empty is not given", answers{"born": {""}, "number": {""}, "other": {}}, ""},
		{"nothing of what is required", answers{"name": nil, "emails": {""}, "terms": nil}, "contact.name required, contact.emails required, contact.terms agreement"},
		{"characters count, not bytes", answers{"name": {"Анна А"}}, "contact.name too_long"},
		{"the shortest", answers{"name": {"Ан"}}, ""},
		{"too short", answers{"name": {"А"}}, "contact.name too_short"},
		{"two names", answers{"name": {"Анна", "Яна"}}, "contact.name one_value"},
		{"no UTF-8", answers{"name": {"A\xff"}}, "contact.name utf8"},
		{"no such day", answers{"born": {"1970-02-30"}}, "contact.born date"},
		{"another way to write it", answers{"born": {"31.12.1970"}}, "contact.born date"},
		{"the second of several", answers{"emails": {"a@example.com", "b@", "c@example"}}, "contact.emails[1] email, contact.emails[2] email"},
		{"no address", answers{"emails": {"a b@example.com"}}, "contact.emails[0] email"},
		{"numbers", answers{"phone": {"+7 (495) 123-45-67"}}, ""},
		{"no number", answers{"phone": {"call me"}}, "contact.phone phone"},
		{"too few digits", answers{"phone": {"12 34"}}, "contact.phone phone"},
		{"another pattern", answers{"code": {"12345"}}, "contact.code pattern"},
		{"none of the choices", answers{"purpose": {"Home"}}, "contact.purpose choice"},
		{"required by another's answer", answers{"purpose": {"trade"}}, "contact.number required"},
		{"asked by another's answer", answers{"purpose": {"trade"}, "number": {"7"}, "office": {"Z"}}, ""},
		{"not asked by another's answer", answers{"purpose": {"home"}, "resident": {"true"}, "number": {"7"}, "office": {"Z"}}, "contact.number not_asked_here, contact.office not_asked_here"},
		{"asked where there is no answer", answers{"purpose": {"home"}}, "contact.visa required"},
		{"neither yes nor no", answers{"resident": {"yes"}}, "contact.resident yes_no"},
		{"an agreement that is not accepted", answers{"terms": {"false"}}, "contact.terms agreement"},
		{"an agreement that need not be accepted", answers{"news": {"true"}}, ""},
		{"a field that is not there", answers{"shoe_size": {"42"}}, "contact.shoe_size not_asked"},
	} {
		r := Registrant{Kind: Person, Fields: map[string][]string{}}
		for key, values := range good {
			r.Fields[key] = values
		}
		for key, values := range c.with {
			r.Fields[key] = values
		}
		problems := delegation().Problems(r)
		if have := said(problems); have != c.want {
			t.Errorf("%s: %q, want %q", c.why, have, c.want)
		}
		for _, p := range problems {
			seen[p.Code] = true
		}
	}

	for _, code := range []string{ProblemRequired, ProblemOneValue, ProblemNotAsked, ProblemNotAskedHere, ProblemUTF8, ProblemChoice, ProblemTooShort,
		ProblemTooLong, ProblemPattern, ProblemDate, ProblemYesNo, ProblemAgreement, ProblemEmail, ProblemPhone} {
		if !seen[code] {
			t.Errorf("no answers gave %q", code)
		}
	}
}

// said lists problems as a table has them.
func said(problems []Problem) string {
	all := make([]string, len(problems))
	for i, p := range problems {
		all[i] = p.Path + " " + p.Code
	}
	return strings.Join(all, ", ")
}

func TestFormsOfOthers(t *testing.T) {
	t.Parallel()

	f := delegation()
	if have := said(f.Problems(Registrant{Kind: SoleTrader, Fields: map[string][]string{"name": {"Анна"}, "emails": {"a@example.com"}, "terms": {"true"}}})); have != "contact.kind other_registrant" {
		t.Errorf("a sole trader by the form for a person: %q", have)
	}

	f.Kind = KindUpdate
	if have := said(f.Problems(Registrant{Kind: Person, Fields: map[string][]string{"emails": {"b@example.com"}}})); have != "" {
		t.Errorf("a change of one field: %q", have)
	}
}

// The field that a condition names must stand before: no order of answers makes a circle of it.
func TestConditionsLookBackOnly(t *testing.T) {
	t.Parallel()

	f := Form{Fields: []Field{
		{Key: "a", When: []Condition{{Field: "b", Values: []string{"1"}}}},
		{Key: "b", When: []Condition{{Field: "a", Values: []string{"1"}}}},
		{Key: "c", When: []Condition{{Field: "nowhere", Values: []string{"", "1"}}}},
	}}
	if asked := f.Asked(Registrant{Fields: map[string][]string{"a": {"1"}, "b": {"1"}, "c": {"1"}}}); len(asked) != 0 {
		t.Errorf("asked are %v", asked)
	}
}

// Every problem of a form has a code and texts in both languages, whole, and none has what was entered.
func TestFormProblemsAreWorded(t *testing.T) {
	t.Parallel()

	const canary = "CANARY"
	value := rapid.SampledFrom([]string{"", canary, canary + "@", "true", "trade", "home", "7", canary + "\xff", strings.Repeat(canary, 9)})
	keys := []string{"unknown"}
	for _, f := range delegation().Fields {
		keys = append(keys, f.Key)
	}

	rapid.Check(t, func(t *rapid.T) {
		r := Registrant{Kind: rapid.SampledFrom(RegistrantKinds()).Draw(t, "kind"),
			Fields: rapid.MapOf(rapid.SampledFrom(keys), rapid.SliceOfN(value, 0, 2)).Draw(t, "answers")}
		form := delegation()
		for i := range form.Fields {
			if rapid.Bool().Draw(t, "no example") {
				form.Fields[i].Example = ""
			}
		}

		for _, p := range form.Problems(r) {
			if p.Code == "" || p.Path == "" || p.Message == "" || p.Texts["en"] != p.Message || p.Texts["ru"] == "" || p.Texts["ru"] == p.Message {
				t.Fatalf("a problem is not worded: %#v", p)
			}
			for _, text := range append(slices.Collect(maps.Values(p.Params)), p.Texts["en"], p.Texts["ru"]) {
				if strings.Contains(text, canary) || strings.ContainsAny(text, "{}") {
					t.Fatalf("%q says %q", p.Code, text)
				}
			}
		}
	})
}
