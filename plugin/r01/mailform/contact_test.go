package mailform

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

func pathsOf(problems []registrar.Problem) []string {
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	slices.Sort(paths)
	return paths
}

// with is a registrant with some fields otherwise; nil takes a field away.
func with(r registrar.Registrant, fields map[string][]string) registrar.Registrant {
	for key, values := range fields {
		if r.Fields[key] = values; values == nil {
			delete(r.Fields, key)
		}
	}
	return r
}

func TestClientAccepts(t *testing.T) {
	t.Parallel()

	type fields = map[string][]string

	for reason, r := range map[string]registrar.Registrant{
		"person":                       sidor(),
		"foreigner":                    john(),
		"organization":                 newtime(),
		"hyphens in names":             with(sidor(), fields{"name_latin": {"Anna-Maria I Rimskaya-Korsakova"}, "name": {"Римская-Корсакова Анна Ивановна"}}),
		"born on a leap day":           with(sidor(), fields{"birth_date": {"2000-02-29"}}),
		"several phones":               with(sidor(), fields{"phones": {"+7 495 1234567", "+375 17 1234567"}}),
		"no fax, residency not said":   with(sidor(), fields{"faxes": nil, "resident": nil}),
		"sole trader":                  with(newtime(), fields{"inn": {"500100732259"}, "kpp": nil, "ogrn": {"304500116000157"}}),
		"foreign organization":         with(newtime(), fields{"inn": nil, "kpp": nil, "ogrn": nil, "resident": {"false"}}),
		"blanks around":                with(newtime(), fields{"inn": {" 7707083893 "}}),
		"mail address with a plus":     with(sidor(), fields{"emails": {"sidorov+r01@mail.example.ru"}}),
		"organization named in pieces": with(newtime(), fields{"name": {"Акционерное общество", "«Ньютайм»"}}),
	} {
		if _, problems := Client("MYCO_1_1-R01", r, today); len(problems) > 0 {
			t.Errorf("%s: %v", reason, problems)
		}
	}
}

func TestClientRefuses(t *testing.T) {
	t.Parallel()

	type fields = map[string][]string

	for reason, c := range map[string]struct {
		registrant registrar.Registrant
		paths      []string
	}{
		"no kind":                 {registrar.Registrant{}, []string{"contact.kind"}},
		"nothing at all":          {registrar.Registrant{Kind: registrar.Person}, []string{"contact.birth_date", "contact.emails", "contact.name", "contact.name_latin", "contact.passport", "contact.phones", "contact.postal_address"}},
		"an empty organization":   {registrar.Registrant{Kind: registrar.Organization}, []string{"contact.emails", "contact.inn", "contact.kpp", "contact.legal_address", "contact.name", "contact.name_latin", "contact.ogrn", "contact.phones", "contact.postal_address"}},
		"unknown key":             {with(sidor(), fields{"shoe_size": {"43"}}), []string{"contact.shoe_size"}},
		"key of the other kind":   {with(sidor(), fields{"inn": {"7707083893"}}), []string{"contact.inn"}},
		"Cyrillic Latin name":     {with(sidor(), fields{"name_latin": {"Сидор"}}), []string{"contact.name_latin"}},
		"no name of a resident":   {with(sidor(), fields{"name": nil}), []string{"contact.name"}},
		"brackets in a name":      {with(sidor(), fields{"name": {"Иванова (Петрова) Анна"}}), []string{"contact.name"}},
		"no name at all abroad":   {with(john(), fields{"name": nil, "name_latin": nil}), []string{"contact.name_latin"}},
		"two names":               {with(sidor(), fields{"name": {"Сидоров", "Сидор"}}), []string{"contact.name"}},
		"digits in a name":        {with(sidor(), fields{"name": {"Сидоров 2"}}), []string{"contact.name"}},
		"a passport's number":     {with(sidor(), fields{"passport": {"4510 123456"}}), []string{"contact.passport"}},
		"a passport, no number":   {with(sidor(), fields{"passport": {"выдан ОВД Тверского района, код 770-001", "30.01.2010"}}), []string{"contact.passport"}},
		"a passport, no issuer":   {with(sidor(), fields{"passport": {"паспорт 4510 № 123456 выдан 30.01.2010 г."}}), []string{"contact.passport"}},
		"a passport, no date":     {with(sidor(), fields{"passport": {"4510 123456 ОВД Тверского района 770-001"}}), []string{"contact.passport"}},
		"no such day":             {with(sidor(), fields{"birth_date": {"1965-02-30"}}), []string{"contact.birth_date"}},
		"a date of two readings":  {with(sidor(), fields{"birth_date": {"03/04/1980"}}), []string{"contact.birth_date"}},
		"an American date":        {with(sidor(), fields{"birth_date": {"10/18/1965"}}), []string{"contact.birth_date"}},
		"a year of two digits":    {with(sidor(), fields{"birth_date": {"18.10.65"}}), []string{"contact.birth_date"}},
		"born tomorrow":           {with(sidor(), fields{"birth_date": {"2026-05-02"}}), []string{"contact.birth_date"}},
		"14 tomorrow":             {with(sidor(), fields{"birth_date": {"2012-05-02"}}), []string{"contact.birth_date"}},
		"121 years old":           {with(sidor(), fields{"birth_date": {"1905-05-01"}}), []string{"contact.birth_date"}},
		"no phone":                {with(sidor(), fields{"phones": {"+7 495 1234567", "12345"}}), []string{"contact.phones[1]"}},
		"phone without its area":  {with(sidor(), fields{"phones": {"123-45-67"}}), []string{"contact.phones[0]"}},
		"phone with a digit less": {with(sidor(), fields{"phones": {"+7 (495) 123-45-6"}}), []string{"contact.phones[0]"}},
		"phone in words":          {with(sidor(), fields{"phones": {"+7 800 FLOWERS"}}), []string{"contact.phones[0]"}},
		"phone of no country":     {with(john(), fields{"phones": {"212 5551234"}}), []string{"contact.phones[0]"}},
		"bad fax":                 {with(sidor(), fields{"faxes": {"none"}}), []string{"contact.faxes[0]"}},
		"no domain in an address": {with(sidor(), fields{"emails": {"sidorov@localhost"}}), []string{"contact.emails[0]"}},
		"name in an address":      {with(sidor(), fields{"emails": {"S <sidorov@example.ru>"}}), []string{"contact.emails[0]"}},
		"Cyrillic address":        {with(sidor(), fields{"emails": {"сидоров@example.ru"}}), []string{"contact.emails[0]"}},
		"an address of 255":       {with(sidor(), fields{"emails": {"s@b" + strings.Repeat(".bcdefghi", 28)}}), []string{"contact.emails[0]"}},
		"two dots in an address":  {with(sidor(), fields{"emails": {"a..b@example.ru"}}), []string{"contact.emails[0]"}},
		"residency":               {with(sidor(), fields{"resident": {"perhaps"}}), []string{"contact.resident"}},
		"INN too short":           {with(newtime(), fields{"inn": {"123456789"}}), []string{"contact.inn"}},
		"INN with a wrong digit":  {with(newtime(), fields{"inn": {"7707083894"}}), []string{"contact.inn"}},
		"INN of a company, long":  {with(newtime(), fields{"inn": {"500100732258"}, "kpp": nil, "ogrn": {"304500116000157"}}), []string{"contact.inn"}},
		"KPP with Cyrillic":       {with(newtime(), fields{"kpp": {"7725ЯБ001"}}), []string{"contact.kpp"}},
		"KPP with misplaced ones": {with(newtime(), fields{"kpp": {"77A5AB001"}}), []string{"contact.kpp"}},
		"KPP":                     {with(newtime(), fields{"kpp": {"77070100"}}), []string{"contact.kpp"}},
		"no KPP":                  {with(newtime(), fields{"kpp": nil}), []string{"contact.kpp"}},
		"OGRN with a wrong digit": {with(newtime(), fields{"ogrn": {"1027700132196"}}), []string{"contact.ogrn"}},
		"OGRN of a sole trader":   {with(newtime(), fields{"ogrn": {"304500116000157"}}), []string{"contact.ogrn"}},
		"KPP of a sole trader":    {with(newtime(), fields{"inn": {"500100732259"}, "ogrn": {"304500116000157"}}), []string{"contact.kpp"}},
		"OGRN of a foreigner":     {with(newtime(), fields{"inn": nil, "kpp": nil, "resident": {"false"}}), []string{"contact.ogrn"}},
		"a foreign tax number":    {with(newtime(), fields{"inn": {"190123456"}, "kpp": nil, "ogrn": nil, "resident": {"false"}}), []string{"contact.inn"}},
		"INN of a foreigner":      {with(newtime(), fields{"kpp": nil, "ogrn": nil, "resident": {"false"}}), []string{"contact.inn"}},
		"Cyrillic company name":   {with(newtime(), fields{"name_latin": {"Ньютайм"}}), []string{"contact.name_latin[0]"}},
		"everything at once": {with(newtime(), fields{"inn": {"1"}, "phones": {"1"}, "emails": {"1"}, "legal_address": nil}),
			[]string{"contact.emails[0]", "contact.inn", "contact.legal_address", "contact.phones[0]"}},
	} {
		_, problems := Client("MYCO_1_1-R01", c.registrant, today)
		if diff := cmp.Diff(c.paths, pathsOf(problems)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", reason, diff)
		}

		for _, p := range problems {
			for _, secret := range slices.Concat(c.registrant.Fields["passport"], c.registrant.Fields["birth_date"], c.registrant.Fields["inn"]) {
				if len(secret) > 1 && strings.Contains(p.Message, strings.TrimSpace(secret)) {
					t.Errorf("%s shows what was entered: %s", reason, p)
				}
			}
		}
	}
}

// The numbers are published ones: of Sberbank, and examples of the tax service.
func TestCheckDigits(t *testing.T) {
	t.Parallel()
	for number, check := range map[string]func(string) complaint{
		"7707083893": innDigits, "500100732259": innDigits, "1027700132195": ogrnDigit, "304500116000157": ogrnDigit,
	} {
		if c := check(number); !c.none() {
			t.Errorf("%s: %s", number, c.english())
		}
		last := len(number) - 1
		for digit := byte('0'); digit <= '9'; digit++ {
			if wrong := number[:last] + string(digit); wrong != number && check(wrong).none() {
				t.Errorf("%s is taken for right", wrong)
			}
		}
	}
	if innDigits("500100732239").none() {
		t.Error("a wrong last digit but one is taken for right")
	}
}

// A form and the checks agree: what it requires is missed, what it shows as example is
// taken, and what it does not know is refused.
func TestFormAgreesWithChecks(t *testing.T) {
	t.Parallel()

	for _, kind := range Registrants() {
		form, err := Form("ru", registrar.KindRegister, kind)
		if err != nil {
			t.Fatal(err)
		}

		filled := registrar.Registrant{Kind: kind, Fields: map[string][]string{}}
		for _, f := range form.Fields {
			filled.Fields[f.Key] = []string{f.Example}
			if f.Label["en"] == "" || f.Label["ru"] == "" || f.Class == "" || f.Type == "" || f.Example == "" {
				t.Errorf("%s %s is not described: %+v", kind, f.Key, f)
			}
			if !regexp.MustCompile(f.Pattern).MatchString(f.Example) {
				t.Errorf("%s %s: the example does not match", kind, f.Key)
			}
		}

		if _, problems := Client("MYCO_1_1-R01", filled, today); len(problems) > 0 {
			t.Errorf("%s: the examples are refused: %v", kind, problems)
		}

		for _, f := range form.Fields {
			less := registrar.Registrant{Kind: kind, Fields: maps.Clone(filled.Fields)}
			delete(less.Fields, f.Key)

			_, problems := Client("MYCO_1_1-R01", less, today)
			conditional := slices.Contains([]string{"name", "inn", "kpp", "ogrn"}, f.Key) // of residents
			if missed := len(problems) > 0; missed != (f.Required || conditional) {
				t.Errorf("%s without %s: required is %v, problems are %v", kind, f.Key, f.Required, problems)
			}

			twice := registrar.Registrant{Kind: kind, Fields: maps.Clone(filled.Fields)}
			twice.Fields[f.Key] = []string{f.Example, f.Example}
			if _, problems := Client("MYCO_1_1-R01", twice, today); (len(problems) == 0) != f.Multiple {
				t.Errorf("%s with %s twice: multiple is %v, problems are %v", kind, f.Key, f.Multiple, problems)
			}
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()

	for _, tld := range []string{"ru", "su", "xn--p1ai"} {
		for _, kind := range lifecycle.OperationKinds() {
			form, err := Form(tld, kind, registrar.Person)
			asks := kind == registrar.KindRegister || kind == registrar.KindTransfer || kind == registrar.KindTrade || kind == registrar.KindUpdate
			if err != nil || (len(form.Fields) > 0) != asks || form.TLD != tld || form.Kind != kind || form.Registrant != registrar.Person {
				t.Errorf("%s %s: %+v %v", tld, kind, form, err)
			}
		}
	}

	_, err := Form("com", "rent", "robot")
	var wrong *registrar.Error
	if !errors.Is(err, registrar.Invalid) || !errors.As(err, &wrong) {
		t.Fatal(err)
	}

	if diff := cmp.Diff([]string{"kind", "registrant", "tld"}, pathsOf(wrong.Problems)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestIdentityKeys(t *testing.T) {
	t.Parallel()
	for kind, want := range map[registrar.RegistrantKind][]string{
		registrar.Person:       {"name_latin", "name", "passport", "birth_date"},
		registrar.Organization: {"name_latin", "name", "inn", "kpp", "ogrn"},
	} {
		if diff := cmp.Diff(want, IdentityKeys(kind)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", kind, diff)
		}
	}
}
