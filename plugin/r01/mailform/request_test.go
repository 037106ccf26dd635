package mailform

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"registrar.panel/shared/registrar"
)

var today = registrar.Date{Year: 2026, Month: 5, Day: 1}

// sidor and newtime are the examples of the protocol's description.
func sidor() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin":     {"Sidor S Sidorov"},
		"name":           {"Сидоров Сидор Сидорович"},
		"passport":       {"4510 123456", "выдан ОВД Тверского района г. Москвы", "30.01.2010"},
		"birth_date":     {"1965-10-18"},
		"postal_address": {"123007, Москва, Тестовая ул., д. 1, кв. 2", "Сидорову Сидору Сидоровичу"},
		"phones":         {"+7 495 1234567"},
		"faxes":          {"+7 495 1234568"},
		"emails":         {"sidorov@example.ru"},
		"resident":       {"true"},
	}}
}

func newtime() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Organization, Fields: map[string][]string{
		"name_latin":     {"Newtime JSC"},
		"name":           {"Акционерное общество «Ньютайм»"},
		"inn":            {"7707083893"},
		"kpp":            {"770701001"},
		"ogrn":           {"1027700132195"},
		"legal_address":  {"123007, Москва, Тестовая ул., д. 1"},
		"postal_address": {"123007, Москва, а/я 10"},
		"bank":           {},
		"phones":         {"+7 495 1234567"},
		"faxes":          {"+7 495 1234568"},
		"emails":         {"office@newtime.example"},
	}}
}

func john() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin": {"John Smith"}, "name": {" John Smith "}, "passport": {"X 123456", "HMPO", "01.02.2015"}, "birth_date": {"1980-02-01"},
		"postal_address": {"1 Main St, London"}, "phones": {"+44 20 79460000"}, "emails": {"john@example.com"}, "resident": {"false"},
	}}
}

// moved is a client of either kind that has moved: what is new, and no more.
func moved(kind registrar.RegistrantKind) registrar.Registrant {
	r := registrar.Registrant{Kind: kind, Fields: map[string][]string{
		"postal_address": {"190000, Санкт-Петербург, Невский пр., д. 1", "кв. 5"}, "phones": {"+7 812 7654321", "+7 911 7654321"}, "faxes": {},
	}}
	if kind == registrar.Organization {
		r.Fields["legal_address"] = []string{"190000, Санкт-Петербург, Невский пр., д. 1"}
	}
	return r
}

// good makes a template of input without mistakes.
func good(t *testing.T) func(Template, []registrar.Problem) Template {
	return func(template Template, problems []registrar.Problem) Template {
		t.Helper()
		if len(problems) > 0 {
			t.Fatalf("problems: %v", problems)
		}
		return template
	}
}

var servers = []registrar.Nameserver{{Host: "ns1.newtime.ru", IPs: []string{"193.232.128.6"}}, {Host: "ns2.hoster.example"}}

func examples(t *testing.T) map[string]Request {
	t.Helper()

	template := good(t)
	twoAddresses := []registrar.Nameserver{{Host: "ns1.newtime.ru", IPs: []string{"193.232.128.6", "2001:678:17::1"}}, servers[1]}
	outside := []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}
	return map[string]Request{
		"new-person": {Action: ActionNew, PayType: "real", Agreement: "RP/01/00",
			Templates: []Template{template(Client("MYCO_1_48213-R01", sidor(), today))}},
		"new-organization": {Action: ActionNew, PayType: "real", Agreement: "RP/01/00",
			Templates: []Template{template(Client("MYCO_2_77120-ORG-R01", newtime(), today))}},
		"new-domain": {Action: ActionNew, PayType: "real,bonus", Agreement: "RP/01/00",
			Templates: []Template{template(NewDomain("newtime.ru", "MYCO_1_48213-R01", servers))}},
		"person-and-domain": {Action: ActionNew, Agreement: "RP/01/00",
			Templates: []Template{template(Client("MYCO_3_1-R01", john(), today)), template(NewDomain("newtime.su", "MYCO_3_1-R01", outside))}},
		"prolong": {Action: ActionProlong, PayType: "bonus,real", Agreement: "RP/01/00",
			Templates: []Template{Prolong("newtime.ru"), Prolong("xn--e1afmkfd.xn--p1ai")}},
		"update-domain": {Action: ActionUpdate, Agreement: "RP/01/00",
			Templates: []Template{template(UpdateDomain("newtime.ru", "MYCO_1_48213-R01", twoAddresses))}},
		"update-person": {Action: ActionUpdate, Agreement: "RP/01/00",
			Templates: []Template{template(UpdateClient("MYCO_1_48213-R01", moved(registrar.Person)))}},
		"update-organization": {Action: ActionUpdate, Agreement: "RP/01/00",
			Templates: []Template{template(UpdateClient("MYCO_2_77120-ORG-R01", moved(registrar.Organization)))}},
	}
}

const password = "mail password"

// The files are written by hand after the protocol's description.
func TestFormat(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("testdata/requests/*.txt")
	if err != nil || len(files) != len(examples(t)) {
		t.Fatalf("%d files for %d examples: %v", len(files), len(examples(t)), err)
	}

	for name, request := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			want, err := os.ReadFile(filepath.Join("testdata/requests", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}

			body, err := Format(kept(t, request), password, KOI8R)
			if err != nil {
				t.Fatal(err)
			}

			if diff := cmp.Diff(string(want), body.Text); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}

			onWire, err := charmap.KOI8R.NewEncoder().Bytes(bytes.ReplaceAll(want, []byte("\n"), []byte("\r\n")))
			if err != nil || body.Charset != KOI8R || !bytes.Equal(body.Bytes, onWire) {
				t.Errorf("bytes differ (%s, %v): %q", body.Charset, err, body.Bytes)
			}
		})
	}
}

// kept is what becomes of a request that is stored as JSON before it is sent.
func kept(t *testing.T, r Request) Request {
	t.Helper()
	text, err := json.Marshal(r.Templates)
	if err != nil {
		t.Fatal(err)
	}
	r.Templates = nil
	if err := json.Unmarshal(text, &r.Templates); err != nil {
		t.Fatal(err)
	}
	return r
}

// The letters are those of the koi8-r table, not of a library: "Сидор" is F3 C9 C4 CF D2.
func TestBytes(t *testing.T) {
	t.Parallel()
	body, err := Format(examples(t)["new-person"], password, KOI8R)
	if err != nil || !bytes.Contains(body.Bytes, []byte("\xf3\xc9\xc4\xcf\xd2")) {
		t.Errorf("koi8-r: %v %q", err, body.Bytes)
	}
	body, err = Format(examples(t)["new-person"], password, Windows1251)
	if err != nil || body.Charset != Windows1251 || !bytes.Contains(body.Bytes, []byte("\xd1\xe8\xe4\xee\xf0")) {
		t.Errorf("windows-1251: %v %q", err, body.Bytes)
	}
	if bytes.Contains(bytes.ReplaceAll(body.Bytes, []byte("\r\n"), nil), []byte("\n")) || !bytes.HasSuffix(body.Bytes, []byte("#[TEMPLATES END]#\r\n")) {
		t.Error("lines do not end in CRLF, or the end line is not the last")
	}
}

func TestCharset(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		address   string
		preferred Charset
		want      Charset
		sent      string // in UTF-8
		refused   string // part of the message
	}{
		"plain":                  {"Ёлкино", KOI8R, KOI8R, "Ёлкино", ""},
		"typographic signs":      {"«а» “б” „в‘ № 5 — 6–7… ’\u00a0", KOI8R, KOI8R, `"а" "б" "в' No. 5 - 6-7... '`, ""},
		"only in windows-1251":   {"вул. Їжакевича", KOI8R, Windows1251, "вул. Їжакевича", ""},
		"only in koi8-r":         {"─ черта", Windows1251, KOI8R, "─ черта", ""},
		"in neither":             {"Łódź", KOI8R, "", "", "U+0141 (Ł)"},
		"not both in either one": {"─ Ї", KOI8R, "", "", "U+2500 (─)"},
		"no such charset":        {"x", "utf-8", "", "", "must be one of"},
	} {
		template := good(t)(Client("MYCO_1_1-R01", sidor(), today))
		template.Person.PostalAddress = Lines{c.address}
		body, err := Format(Request{Action: ActionNew, Agreement: "A", Templates: []Template{template}}, password, c.preferred)

		if c.refused != "" {
			var field *FieldError
			if !errors.As(err, &field) || !strings.Contains(field.Message, c.refused) || c.preferred == KOI8R && field.Path != "contact.postal_address[0]" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}

		if err != nil || body.Charset != c.want || !strings.Contains(body.Text, "\np-addr: "+c.sent+"\n") {
			t.Errorf("%s: %s %v\n%s", name, body.Charset, err, body.Text)
		}
		if decoded, err := body.Charset.table().NewDecoder().Bytes(body.Bytes); err != nil || strings.ReplaceAll(string(decoded), "\r\n", "\n") != body.Text {
			t.Errorf("%s: bytes and text differ", name)
		}
	}
}

// r01-mail 2.3
func TestInjection(t *testing.T) {
	t.Parallel()

	for reason, value := range map[string]string{
		"line feed":            "x\n#[DOMAIN TEMPLATE]#",
		"carriage return":      "x\rnserver: evil",
		"CRLF":                 "x\r\naction: PROLONG",
		"NUL":                  "x\x00",
		"tab":                  "x\ty",
		"escape":               "x\x1b[0m",
		"delete":               "x\x7f",
		"C1 next line":         "x\u0085y",
		"C1":                   "x\u0090y",
		"line separator":       "x\u2028y",
		"paragraph separator":  "x\u2029y",
		"bidi override":        "x\u202ey",
		"bidi isolate":         "x\u2066y",
		"soft hyphen":          "x\u00ady",
		"zero width":           "x\u200by",
		"byte order mark":      "\ufeffx",
		"private use":          "x\ue000",
		"broken UTF-8":         "x\xff",
		"heading":              "#[TEMPLATES END]#",
		"heading after blanks": "  #[DOMAIN TEMPLATE]#",
		"heading after NBSP":   "\u00a0#[x",
	} {
		for field, request := range injected(t, value) {
			_, err := Format(request, password, KOI8R)
			var wrong *FieldError
			if !errors.As(err, &wrong) || wrong.Path != field {
				t.Errorf("%s in %s: %v", reason, field, err)
			}
		}

		if _, err := Format(examples(t)["prolong"], value, KOI8R); err == nil || err.Error() != "password: "+injection(value).english() {
			t.Errorf("%s in the password: %v", reason, err)
		}

		r := sidor()
		r.Fields["postal_address"] = []string{"123007, Москва", value}

		_, problems := Client("MYCO_1_1-R01", r, today)
		if diff := cmp.Diff(inOrders[reason], pathsOf(problems)); diff != "" {
			t.Errorf("%s in an order (-want +got)\n%s", reason, diff)
		}
	}
}

// inOrders is where an order with such a line in an address is wrong. What is not listed has a
// normal form in which it is harmless: it is dropped, or a line of its own. r01-mail 2.3
var inOrders = map[string][]string{
	"line feed":            {"contact.postal_address[2]"},
	"NUL":                  {"contact.postal_address[1]"},
	"escape":               {"contact.postal_address[1]"},
	"delete":               {"contact.postal_address[1]"},
	"C1":                   {"contact.postal_address[1]"},
	"bidi override":        {"contact.postal_address[1]"},
	"private use":          {"contact.postal_address[1]"},
	"broken UTF-8":         {"contact.postal_address[1]"},
	"heading":              {"contact.postal_address[1]"},
	"heading after blanks": {"contact.postal_address[1]"},
	"heading after NBSP":   {"contact.postal_address[1]"},
}

// injected puts a value where no order could: past all checks but Format's.
func injected(t *testing.T, value string) map[string]Request {
	all := map[string]Request{}
	for name := range examples(t) {
		r := examples(t)[name]
		switch name {
		case "new-person":
			r.Templates[0].Person.Passport[1] = value
			all["contact.passport[1]"] = r
		case "new-organization":
			r.Templates[0].Organization.INN = Line(value)
			all["contact.inn"] = r
		case "new-domain":
			r.Templates[0].Domain.Nameservers = []registrar.Nameserver{servers[0], {Host: value}}
			all["nameservers[1]"] = r
		case "update-domain":
			r.Templates[0].Domain.Admin = value
			all["handle"] = r
		case "prolong":
			r.Templates[1].Domain.Name = value
			all["domain"] = r
		case "person-and-domain":
			r.Agreement = value
			all["agreement"] = r
		}
	}

	return all
}

func TestFormatRefuses(t *testing.T) {
	t.Parallel()

	domain := Prolong("newtime.ru")
	client := good(t)(Client("MYCO_1_1-R01", sidor(), today))
	owned := good(t)(NewDomain("newtime.ru", "MYCO_1_1-R01", servers))
	long := good(t)(Client("MYCO_1_1-R01", sidor(), today))
	long.Person.PostalAddress = Lines{strings.Repeat("я", maxLine-len("p-addr: ")+1)}
	for reason, c := range map[string]struct {
		request Request
		path    string
	}{
		"no action":               {Request{Agreement: "A", Templates: []Template{domain}}, "action"},
		"unknown action":          {Request{Action: "GET", Agreement: "A", Templates: []Template{domain}}, "action"},
		"unknown pay type":        {Request{Action: ActionNew, PayType: "gold", Agreement: "A", Templates: []Template{domain}}, "pay_type"},
		"no agreement":            {Request{Action: ActionNew, Templates: []Template{domain}}, "agreement"},
		"no template":             {Request{Action: ActionNew, Agreement: "A"}, "templates"},
		"empty template":          {Request{Action: ActionNew, Agreement: "A", Templates: []Template{{}}}, "templates[0]"},
		"two in one":              {Request{Action: ActionNew, Agreement: "A", Templates: []Template{{Person: client.Person, Domain: domain.Domain}}}, "templates[0]"},
		"prolonged client":        {Request{Action: ActionProlong, Agreement: "A", Templates: []Template{domain, client}}, "templates[1]"},
		"domain before its owner": {Request{Action: ActionNew, Agreement: "A", Templates: []Template{owned, client}}, "templates[0]"},
		"too long a line":         {Request{Action: ActionNew, Agreement: "A", Templates: []Template{long}}, "contact.postal_address[0]"},
	} {
		_, err := Format(c.request, password, KOI8R)
		var wrong *FieldError
		if !errors.As(err, &wrong) || wrong.Path != c.path {
			t.Errorf("%s: %v", reason, err)
		}
	}

	long.Person.PostalAddress[0] = long.Person.PostalAddress[0][:2*(maxLine-len("p-addr: "))]
	if _, err := Format(Request{Action: ActionNew, Agreement: "A", Templates: []Template{long}}, password, KOI8R); err != nil {
		t.Errorf("a line of just %d bytes: %v", maxLine, err)
	}
}

// The password goes as it is, or not at all, and no error shows a character of it.
func TestPassword(t *testing.T) {
	t.Parallel()
	body, err := Format(examples(t)["prolong"], "p«№»", KOI8R)
	if err != nil || body.Charset != Windows1251 || !strings.Contains(body.Text, "\npassword: p«№»\n") {
		t.Errorf("%v %s", err, body.Text)
	}
	_, err = Format(examples(t)["prolong"], "pŁ", KOI8R)
	if err == nil || strings.ContainsAny(err.Error(), "Ł") || strings.Contains(err.Error(), "0141") {
		t.Errorf("%v", err)
	}
}

func TestPreviewHidesWhatIsPrivate(t *testing.T) {
	t.Parallel()

	for name, request := range examples(t) {
		preview := request.Preview()
		want, err := os.ReadFile(filepath.Join("testdata/requests", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}

		for l := range strings.SplitSeq(strings.TrimSpace(string(want)), "\n") {
			field, _, _ := strings.Cut(l, ":")
			switch field {
			case "password", "person", "person-r", "passport", "birth-date", "p-addr", "address-r", "phone", "fax-no", "e-mail", "code", "kpp", "ogrn":
				l = field + ": ***"
			}
			if !strings.Contains(preview, l+"\n") {
				t.Errorf("%s: no line %q in\n%s", name, l, preview)
			}
		}

		for _, private := range []string{"Сидор", "Sidor", "4510", "1965", "1234567", "@", "7707083893", "770701001", "1027700132195", "Москва", "Невский", "7654321", password} {
			if strings.Contains(preview, private) {
				t.Errorf("%s shows %q:\n%s", name, private, preview)
			}
		}
	}
}
