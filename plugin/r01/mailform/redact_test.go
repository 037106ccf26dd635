package mailform

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

// told is a client of either kind with a value in every field.
func told(t *testing.T, kind registrar.RegistrantKind) Template {
	t.Helper()
	fields := map[registrar.RegistrantKind]map[string][]string{
		registrar.Person: {
			"name_latin": {"Fedor A Seleznyov"}, "name": {"Селезнёв Фёдор Андреевич"},
			"passport": {"4510 987431", "выдан ОВД Тверского района", "30.01.2010"}, "birth_date": {"1965-10-08"},
			"postal_address": {"123007, Москва, Тестовая ул., д. 1, кв. 2"}, "phones": {"+7 495 7310846"}, "faxes": {"+44 20 79460955"},
			"emails": {"f.seleznyov@example.ru"}, "resident": {"true"}},
		registrar.Organization: {
			"name_latin": {"Newtime JSC"}, "name": {"АО «Ньютайм»"}, "inn": {"7707083893"}, "kpp": {"773601001"}, "ogrn": {"1027700132195"},
			"legal_address": {"123007, Москва, Соловьиная ул., д. 1"}, "postal_address": {"123007, Москва, Тестовая ул., д. 10"},
			"bank": {"р/с 40702810555566667777 в АКБ Тест"}, "phones": {"+7 495 7310846"}, "emails": {"info@newtime.example"}, "resident": {"true"}},
	}[kind]
	client, problems := Client("MYCO_1_ABCDEF-R01", registrar.Registrant{Kind: kind, Fields: fields}, registrar.Date{Year: 2026, Month: 11, Day: 24})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return client
}

func TestRedact(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		kind         registrar.RegistrantKind
		text, secret string // secret must be gone; what is around it stays
	}{
		{registrar.Person, "name Селезнёв Фёдор Андреевич is void", "Селезнёв Фёдор Андреевич"},
		{registrar.Person, "name СЕЛЕЗНЕВ  ФЕДОР АНДРЕЕВИЧ is void", "СЕЛЕЗНЕВ  ФЕДОР АНДРЕЕВИЧ"},
		{registrar.Person, "имя Селезнёв\u00a0Фёдор,\nАндреевич неверно", "Селезнёв\u00a0Фёдор,\nАндреевич"},
		{registrar.Person, "паспорт Селезнёва недействителен", "Селезнёва"},
		{registrar.Person, "клиенту Андреевичу отказано", "Андреевичу"},
		{registrar.Person, "Mr. SELEZNYOV, who asked", "SELEZNYOV"},
		{registrar.Person, "fedor a seleznyov!", "fedor a seleznyov"},
		{registrar.Person, "passport 4510 987431 is void", "4510 987431"},
		{registrar.Person, "passport 4510987431 is void", "4510987431"},
		{registrar.Person, "паспорт 45 10 № 987431 недействителен", "987431"},
		{registrar.Person, "паспорт 45-10-987-431.", "45-10-987-431"},
		{registrar.Person, "issued by ВЫДАН ОВД  тверского района, they say", "ВЫДАН ОВД  тверского района"},
		{registrar.Person, "issued on 2010-01-30 or so", "2010-01-30"},
		{registrar.Person, "born 1965-10-08 or so", "1965-10-08"},
		{registrar.Person, "born 08.10.1965, or so", "08.10.1965"},
		{registrar.Person, "born 8.10.65 or so", "8.10.65"},
		{registrar.Person, "born 10/08/1965 or so", "10/08/1965"},
		{registrar.Person, "born 19651008 or so", "19651008"},
		{registrar.Person, "родился 8 октября 1965 г. в Москве", "8 октября 1965"},
		{registrar.Person, "born October 8th, 1965 or so", "October 8th, 1965"},
		{registrar.Person, "phone +7 495 7310846 is not confirmed", "495 7310846"},
		{registrar.Person, "phone +7 (495) 731-08-46 is not confirmed", "(495) 731-08-46"},
		{registrar.Person, "phone 84957310846 is not confirmed", "84957310846"},
		{registrar.Person, "phone 74957310846 is not confirmed", "74957310846"},
		{registrar.Person, "phone 731 08 46 is not confirmed", "731 08 46"},
		{registrar.Person, "fax 020-7946-0955 is not confirmed", "7946-0955"},
		{registrar.Person, "mail to F.Seleznyov@Example.RU bounced", "F.Seleznyov@Example.RU"},
		{registrar.Person, "address 123007 Москва Тестовая ул д.1 кв.2 unknown", "Тестовая"},
		{registrar.Person, "postal code 123007 unknown", "123007"},
		{registrar.Organization, "ИНН 7707083893 не найден", "7707083893"},
		{registrar.Organization, "ИНН 77 07 083893 не найден", "77 07 083893"},
		{registrar.Organization, "ОГРН 1027700132195 не найден", "1027700132195"},
		{registrar.Organization, "счёт 4070 2810 5555 6666 7777 закрыт", "2810 5555 6666"},
		{registrar.Organization, "юр. адрес: МОСКВА, 123007", "123007"},
	} {
		got := Redact(c.text, told(t, c.kind))
		before, after, found := strings.Cut(c.text, c.secret)
		if !found {
			t.Fatalf("%q does not hold %q", c.text, c.secret)
		}

		around := strings.FieldsFunc(before+" "+after, func(r rune) bool { return !('a' <= r && r <= 'z') })
		if strings.Contains(got, c.secret) || !strings.Contains(got, hidden) {
			t.Errorf("%q became %q", c.text, got)
		}

		for _, word := range around {
			if len(word) > 2 && !strings.Contains(got, word) {
				t.Errorf("%q became %q: %q is lost", c.text, got, word)
			}
		}
	}
}

// The passport as the form shows it: number, issuer and date in one line.
func TestRedactPassportInOneLine(t *testing.T) {
	t.Parallel()

	client := Template{Person: &Person{Handle: "MYCO_1_ABCDEF-R01", Passport: Lines{"4510 987431, выдан ОВД Тверского района 770-001 30.01.2010"}}}
	for text, secret := range map[string]string{
		"passport 4510 987431 is void":              "4510",
		"passport 4510987431 is void":               "4510987431",
		"паспорт 45 10 № 987431 недействителен":     "987431",
		"passport of 30.01.2010 is void":            "30.01.2010",
		"4510 987431 выдан ОВД Тверского района is": "987431",
	} {
		if got := Redact(text, client); strings.Contains(got, secret) || !strings.Contains(got, hidden) {
			t.Errorf("%q became %q", text, got)
		}
	}

	traces := TracesOf(client)
	for text, about := range map[string]bool{
		"your passport 4510 987431 was seen": true, "паспорт 4510987431": true,
		"issued on 30.01.2010 by 770-001": false, "task 39874312": false,
	} {
		if traces.In(text) != about {
			t.Errorf("%q is about the registrant: %v", text, !about)
		}
	}
}

// What is no more than like it stays, or R01's words would not be understood.
func TestRedactLeaves(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"",
		"Domain seleznyov.ru is already registered.",
		"Domain www.seleznyov-and-sons.ru is already registered.",
		"Client MYCO_1_ABCDEF-R01 is queued as task 149573108461.",
		"task 39874312 of 2026-11-24, paid till 24.11.2027",
		"Dates are 08.11.1965 and 18.10.1965.",
		"PERSON not filled. You should fill all the necessary parameters to proceed.",
		"Паспорт недействителен: укажите серию и номер.",
		"resident: true",
	} {
		for _, kind := range Registrants() {
			if got := Redact(text, told(t, kind), Template{Domain: &Domain{}}); got != text {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// What a spelling finds is never passed over because of what is left of the text.
func TestSpellingsMayStandInWhatTheyFind(t *testing.T) {
	t.Parallel()
	for _, kind := range Registrants() {
		for _, l := range told(t, kind).lines() {
			for _, s := range spellings(l) {
				if len(s.core) == 0 || slices.Contains(s.core, "") {
					t.Errorf("%s: %s asks for nothing", l.value, s.pattern())
				}
				found := rapid.StringMatching(s.pattern().String())
				rapid.Check(t, func(t *rapid.T) {
					if text := found.Draw(t, "text"); !s.mayStandIn(bare("of " + text + " it is said")) {
						t.Errorf("%s finds %q and would not look for it", s.pattern(), text)
					}
				})
			}
		}
	}
}

// The sign of the kelvin is a k where case does not matter, and a long s an s.
func TestBare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Fёdor\u00a0(О’К)-12": "FЕDORОК12", "\u212aelvin, ſir": "KELVINSIR", "\u1c80": "В", "№ ½ 漢 ß": "", "": "",
	} {
		if got := bare(text); got != want {
			t.Errorf("%q is bare as %q, want %q", text, got, want)
		}
	}
}

// Every private value of any client we write is hidden as it was sent.
func TestRedactHidesWhatWeSend(t *testing.T) {
	t.Parallel()
	for _, kind := range Registrants() {
		client := told(t, kind)
		private := 0
		for _, l := range client.lines() {
			if l.private() {
				private++
				if got := Redact("R01 says "+l.value+" of it", client); strings.Contains(got, l.value) || !strings.HasPrefix(got, "R01 says ") {
					t.Errorf("%s: %q is left in %q", kind, l.value, got)
				}
			}
		}
		if private < 5 {
			t.Errorf("%s: only %d private lines", kind, private)
		}
	}
}
