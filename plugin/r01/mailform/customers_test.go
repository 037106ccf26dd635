package mailform_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar.panel/internal/r01sim"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
)

// customer is a line of testdata/contacts: a good contact with some keys otherwise, and what
// must become of it.
type customer struct {
	Base  string              `json:"base"`
	Set   map[string]any      `json:"set"`
	Want  string              `json:"want"`
	Wire  map[string][]string `json:"wire"`  // what is sent
	Field string              `json:"field"` // what is refused
	Code  string              `json:"code"`  // why; "" = whatever it says
	Names string              `json:"names"` // what the message must name
	Who   string              `json:"who"`
}

func customers(t testing.TB) (all []customer) {
	t.Helper()

	files, err := filepath.Glob("testdata/contacts/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}

	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()

		for lines := bufio.NewScanner(file); lines.Scan(); {
			var c customer
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v: %s", path, err, lines.Text())
			}
			all = append(all, c)
		}
	}

	return all
}

// contact is the base with the keys of a vector.
func (c customer) contact() registrar.Registrant {
	r := bases()[c.Base]
	for key, v := range c.Set {
		switch v := v.(type) {
		case nil:
			delete(r.Fields, key)
		case string:
			r.Fields[key] = []string{v}
		case []any:
			r.Fields[key] = nil
			for _, item := range v {
				r.Fields[key] = append(r.Fields[key], fmt.Sprint(item))
			}
		default:
			r.Fields[key] = []string{fmt.Sprint(v)}
		}
	}
	return r
}

func bases() map[string]registrar.Registrant {
	return map[string]registrar.Registrant{
		"person": {Kind: registrar.Person, Fields: map[string][]string{
			"name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор Сидорович"}, "passport": {"4510 123456", "выдан ОВД Тверского района г. Москвы", "30.01.2010"},
			"birth_date": {"1965-10-18"}, "postal_address": {"123007, Москва, Тестовая ул., д. 1, кв. 2"}, "phones": {"+7 495 1234567"},
			"emails": {"sidorov@example.ru"}, "resident": {"true"}}},
		"organization": {Kind: registrar.Organization, Fields: map[string][]string{
			"name_latin": {"Newtime JSC"}, "name": {`Акционерное общество "Ньютайм"`}, "inn": {"7707083893"}, "kpp": {"770701001"}, "ogrn": {"1027700132195"},
			"legal_address": {"123007, Москва, Тестовая ул., д. 1"}, "postal_address": {"123007, Москва, Тестовая ул., д. 1"},
			"phones": {"+7 495 1234567"}, "emails": {"info@example.ru"}, "resident": {"true"}}},
	}
}

// Every customer is taken as it is, and read by the robot as the vector says; or refused at
// the field, in both languages, for a reason that programs can read.
func TestCustomers(t *testing.T) {
	t.Parallel()

	for i, c := range customers(t) {
		t.Run(fmt.Sprint(i+1, " ", c.Who), func(t *testing.T) {
			t.Parallel()

			template, problems := mailform.Client("MYCO_1_1-R01", c.contact(), today)
			if kind := registrar.RegistrantKind(c.Base); kind == registrar.Organization {
				template, problems = mailform.Client("MYCO_1_1-ORG-R01", c.contact(), today)
			}

			if c.Want == "refuse" {
				c.refused(t, problems)
				return
			}

			if len(problems) > 0 || c.Want != "accept" {
				t.Fatalf("problems: %v", problems)
			}

			got := read(t, template)
			for field, want := range c.Wire {
				if diff := cmp.Diff(want, got.Values(field)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", field, diff)
				}
			}
		})
	}
}

func (c customer) refused(t *testing.T, problems []registrar.Problem) {
	t.Helper()
	i := slices.IndexFunc(problems, func(p registrar.Problem) bool { return p.Path == "contact."+c.Field })
	if i < 0 {
		t.Fatalf("not refused at %s: %v", c.Field, problems)
	}
	p := problems[i]
	if p.Code == "" || p.Texts["en"] != p.Message || p.Texts["ru"] == "" || c.Code != "" && p.Code != c.Code {
		t.Errorf("%+v", p)
	}
	for _, text := range p.Texts {
		if !strings.Contains(text, c.Names) || strings.ContainsAny(text, "{}") {
			t.Errorf("the text %q must name %q", text, c.Names)
		}
	}
}

// read is what the robot reads of a template.
func read(t rapid.TB, template mailform.Template) r01sim.Template {
	t.Helper()
	body, err := mailform.Format(mailform.Request{Action: mailform.ActionNew, Agreement: "A", Templates: []mailform.Template{template}}, "secret", mailform.KOI8R)
	if err != nil {
		t.Fatalf("format: %v", err)
	}
	got, rejection := r01sim.ReadRequest(envelope(t, string(body.Charset), body.Bytes))
	if rejection != nil {
		t.Fatalf("rejected: %v\n%s", rejection, body.Text)
	}
	return got.Templates[0]
}

// oddities are what pasting, forms and habit do to values.
var oddities = []string{"", " ", "\u00a0", "\t", "\u200b", "\ufeff", "\u202a", "\u202c", "–", "—", "-", "’", "`", ".", "№", "«", "»", "\n", "\r\n", "и\u0306", "ё", "Ї", "ў", "ü", "ә", "ﬁ", "７", "(", ")", "+7", "8", "доб. 5", "@", "пример.рф", "г."}

func drawOdd(t *rapid.T, r registrar.Registrant) registrar.Registrant {
	keys := []string{"name_latin", "name", "passport", "birth_date", "postal_address", "phones", "emails", "faxes", "inn", "kpp", "ogrn", "resident"}
	for range rapid.IntRange(1, 4).Draw(t, "oddities") {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		value := ""
		if v := r.Fields[key]; len(v) > 0 {
			value = v[0]
		}
		at := rapid.IntRange(0, len([]rune(value))).Draw(t, "at")
		odd := rapid.OneOf(rapid.SampledFrom(oddities), rapid.String()).Draw(t, "odd")
		r.Fields[key] = append([]string{string([]rune(value)[:at]) + odd + string([]rune(value)[at:])}, r.Fields[key][min(1, len(r.Fields[key])):]...)
	}
	return r
}

// A normal form is its own normal form, and what is taken can be written and is read as it
// was shown.
func TestNormalForms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]string{"person", "organization"}).Draw(t, "base")
		holdsNormal(t, drawOdd(t, bases()[base]))
	})
}

// holdsNormal reports whether a registrant was taken.
func holdsNormal(t rapid.TB, typed registrar.Registrant) bool {
	t.Helper()

	normal := mailform.Normal(typed)
	if diff := cmp.Diff(normal, mailform.Normal(normal)); diff != "" {
		t.Fatalf("the normal form has another one (-once +twice)\n%s", diff)
	}

	handle := mailform.Handle("MYCO", 1, "A", typed.Kind, "R01")
	template, problems := mailform.Client(handle, typed, today)
	_, again := mailform.Client(handle, normal, today)
	if diff := cmp.Diff(problems, again); diff != "" {
		t.Fatalf("the normal form is judged otherwise\n%s", diff)
	}

	for _, p := range problems {
		if p.Code == "" || p.Texts["ru"] == "" || p.Texts["en"] != p.Message {
			t.Fatalf("a problem without code or texts: %+v", p)
		}
	}

	if len(problems) > 0 {
		return false
	}
	if diff := cmp.Diff(clientTemplate(handle, normal).Fields, read(t, template).Fields); diff != "" {
		t.Fatalf("the robot reads otherwise (-want +got)\n%s", diff)
	}

	return true
}

func FuzzCustomers(f *testing.F) {
	for _, c := range customers(f) {
		for key, v := range c.Set {
			f.Add(c.Base == "organization", key, fmt.Sprint(v))
		}
	}

	f.Fuzz(func(t *testing.T, organization bool, key, value string) {
		base := "person"
		if organization {
			base = "organization"
		}

		r := bases()[base]
		r.Fields[key] = []string{value}

		// Combinations of letters that no one charset has are Format's to refuse.
		template, problems := mailform.Client(mailform.Handle("MYCO", 1, "A", r.Kind, "R01"), r, today)
		if len(problems) == 0 {
			if _, err := mailform.Format(mailform.Request{Action: mailform.ActionNew, Agreement: "A", Templates: []mailform.Template{template}}, "s", mailform.KOI8R); err != nil {
				return
			}
		}

		holdsNormal(t, r)
	})
}
