package r01sim

import "testing"

func TestFormats(t *testing.T) {
	t.Parallel()

	for _, row := range []struct {
		name  string
		valid func(string) bool
		yes   []string
		no    []string
	}{
		{"INN", isINN, []string{"7707083893", "500100732259"}, []string{"7707083892", "500100732258", "500100732269", "770708389", "77070838931", "770708389a", ""}},
		{"OGRN", isOGRN, []string{"1027700132195", "304500116000157"}, []string{"1027700132194", "304500116000158", "102770013219", "10277001321950", "102770013219x", ""}},
		{"KPP", isKPP, []string{"770701001", "7725AB001"}, []string{"77A5AB001", "77070100", "7707010011", "77070100a"}},
		{"date", isDate, []string{"18.10.1965", "29.02.2000"}, []string{"29.02.2001", "1.10.1965", "18.10.65", "00.10.1965", "18/10/1965"}},
		{"phone", isPhone, []string{"+7 495 1234567", "+375 17 1234567", "+33 1 23456789"}, []string{"7 495 1234567", "+7 495 123-45-67", "+7  495 1234567", "+74951234567", "+7 495 1234567 "}},
		{"e-mail", isEmail, []string{"a@b.example"}, []string{"a", "A <a@b.example>", "a@b.example, c@d.example", "я@b.example"}},
		{"Latin name", isLatinName, []string{"Sidor S Sidorov", "Anna-Maria Petrova", "Sukarno", "Il'ya O'Connor"}, []string{"Sidor  Sidorov", "Sidor S. Sidorov", "Sidor 2 Sidorov", ""}},
		{"handle", isHandle, []string{"MYCO_1_48213-R01", "A-ORG-R01", "A-GPT"}, []string{"myco-R01", "MY-CO-R01", "-R01", "A-ORG", "A-MNT-R01", "A_R01"}},
		{"host", isHost, []string{"ns1.hoster.example", "NS.XN--P1AI"}, []string{"ns1", "ns1.", "-a.example", "ns_1.example", "нс.example", ""}},
		{"domain", isDomain, []string{"newtime.ru", "NewTime.RU", "пример.рф", "xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.su", "refuse-x.ru", "1c.ru"},
			[]string{"a.ru", "-a.ru", "a_b.ru", "newtime", "newtime.ru.", "www.ru", "ab--cd.ru", "xn--e1afmkfd.ru", "newtime.xn--p1ai", "newtime.org", "a.b.ru", ""}},
	} {
		for _, s := range row.yes {
			if !row.valid(s) {
				t.Errorf("%s: %q is refused", row.name, s)
			}
		}

		for _, s := range row.no {
			if row.valid(s) {
				t.Errorf("%s: %q is accepted", row.name, s)
			}
		}
	}
}

func TestCanonicalDomain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"NewTime.RU": "newtime.ru",
		"Пример.РФ":  "xn--e1afmkfd.xn--p1ai",
	} {
		if got, ok := canonicalDomain(in); !ok || got != want {
			t.Errorf("%s is written %q", in, got)
		}
	}
}
