package r01sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

const (
	testAgreement = "RP/01/00"
	testPassword  = "secret"
	testCallback  = "callback@panel.example"
	testGateway   = "robot@registrar.example"

	testHead = `From: callback@panel.example
To: robot@registrar.example
Subject: New client [t1]
Message-ID: <t1@panel.example>
MIME-Version: 1.0
Content-type: text/plain; charset=koi8-r
Content-Transfer-Encoding: 8bit
`
	testAuthorization = `
action: NEW
pay-type: real
agreement: RP/01/00
password: secret

`
	testPerson = `#[PERSON TEMPLATE]#
nic-hdl: MYCO_1_48213-R01
person: Sidor S Sidorov
person-r: Сидоров Сидор Сидорович
passport: 4510 123456
passport: выдан ОВД Тверского района г. Москвы
passport: 30.01.2010
birth-date: 18.10.1965
p-addr: 123007, Москва, Тестовая ул., д. 1, кв. 2
p-addr: Сидорову Сидору Сидоровичу
phone: +7 495 1234567
fax-no: +7 495 1234568
e-mail: sidorov@example.ru
`
	testOrganization = `#[ORGANIZATION TEMPLATE]#
nic-hdl: MYCO_2_77120-ORG-R01
org: Newtime JSC
org-r: Акционерное общество "Ньютайм"
code: 7707083893
kpp: 770701001
ogrn: 1027700132195
address-r: 123007, Москва, Тестовая ул., д. 1
p-addr: 123007, Москва, а/я 10
phone: +7 495 1234567
e-mail: office@newtime.example
`
	testDomain = `#[DOMAIN TEMPLATE]#
domain: newtime.ru
admin-o: MYCO_1_48213-R01
descr: Site of Sidor Sidorov
nserver: ns1.newtime.ru 192.0.2.1
nserver: ns2.hoster.example
state: DELEGATED
type: CORPORATE
`
	testEnd = "#[TEMPLATES END]#\n"
)

// koi8 writes a mail as it goes over the wire: CRLF, koi8-r.
func koi8(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := charmap.KOI8R.NewEncoder().String(strings.ReplaceAll(text, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(raw)
}

// requestFor is a whole request for the templates.
func requestFor(t testing.TB, templates ...string) []byte {
	return koi8(t, testHead+testAuthorization+strings.Join(templates, "\n")+testEnd)
}

func TestReadRequest_reads(t *testing.T) {
	t.Parallel()

	got, rejection := ReadRequest(requestFor(t, testPerson, testDomain))
	if rejection != nil {
		t.Fatal(rejection)
	}

	if got.From != testCallback || got.Subject != "New client [t1]" || got.MessageID != "<t1@panel.example>" {
		t.Errorf("header read as %q, %q, %q", got.From, got.Subject, got.MessageID)
	}

	want := Authorization{Action: ActionNew, PayType: []Account{AccountReal}, Agreement: testAgreement, Password: testPassword}
	if diff := cmp.Diff(want, got.Authorization); diff != "" {
		t.Error(diff)
	}

	if len(got.Templates) != 2 {
		t.Fatalf("%d templates", len(got.Templates))
	}

	person, domain := got.Templates[0], got.Templates[1]
	if person.Kind != KindPerson || person.Object != "MYCO_1_48213-R01" {
		t.Errorf("person read as %s %q", person.Kind, person.Object)
	}

	if person.Value("person-r") != "Сидоров Сидор Сидорович" || len(person.Values("passport")) != 3 {
		t.Errorf("person read as %v", person.Fields)
	}
	if domain.Kind != KindDomain || domain.Object != "newtime.ru" || domain.Value("admin-o") != person.Object {
		t.Errorf("domain read as %v", domain)
	}
}

// replaced is a valid request for a person and a domain with one thing changed.
func replaced(pairs ...string) string {
	text := testHead + testAuthorization + testPerson + testDomain + testEnd
	return replaceAll(text, pairs...)
}

func replaceAll(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic("nothing to replace: " + pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func organization(pairs ...string) string {
	return replaceAll(testHead+testAuthorization+testOrganization+testEnd, pairs...)
}

func action(name, templates string) string {
	return replaceAll(testHead+testAuthorization, "action: NEW", "action: "+name) + templates + testEnd
}

func TestReadRequest_accepts(t *testing.T) {
	t.Parallel()

	for reason, text := range map[string]string{
		"person and domain":        replaced(),
		"organization":             organization(),
		"non-resident":             organization("code: 7707083893\nkpp: 770701001\nogrn: 1027700132195\n", ""),
		"entrepreneur without KPP": organization("code: 7707083893\nkpp: 770701001\nogrn: 1027700132195\n", "code: 500100732259\nogrn: 304500116000157\n"),
		"encoding in capitals":     replaced("8bit", "8BIT"),
		"charset quoted":           replaced("charset=koi8-r", `charset="KOI8-R"`),
		"action in small letters":  replaced("action: NEW", "action: new"),
		"no pay-type":              replaced("pay-type: real\n", ""),
		"both accounts":            replaced("pay-type: real", "pay-type: bonus ,  real"),
		"text after the end":       replaced() + "newtime.ru\nnot a field\n",
		"no blank lines":           replaced("secret\n\n", "secret\n"),
		"capital field names":      replaced("birth-date", "Birth-Date"),
		"older handle":             replaced("48213-R01\nperson", "48213-GPT\nperson", "admin-o: MYCO_1_48213-R01", "admin-o: MYCO_1_48213-GPT"),
		"ACE name":                 replaced("domain: newtime.ru", "domain: XN--E1AFMKFD.xn--p1ai", "ns1.newtime.ru 192.0.2.1", "ns1.hoster.example"),
		"Cyrillic name":            replaced("domain: newtime.ru", "domain: пример.рф", "ns1.newtime.ru 192.0.2.1", "ns1.hoster.example"),
		"IPv6 glue":                replaced("192.0.2.1", "2001:db8::1"),
		"no name servers":          replaced("nserver: ns1.newtime.ru 192.0.2.1\nnserver: ns2.hoster.example\nstate: DELEGATED\n", ""),
		"prolong two":              action("PROLONG", "#[DOMAIN TEMPLATE]#\ndomain: newtime.ru\n#[DOMAIN TEMPLATE]#\ndomain: xn--e1afmkfd.xn--p1ai\n"),
		"update of a domain":       action("UPDATE", testDomain),
		"update of one field":      action("UPDATE", "#[PERSON TEMPLATE]#\nnic-hdl: MYCO_1_48213-R01\nphone: +7 495 7654321\n"),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if _, rejection := ReadRequest(koi8(t, text)); rejection != nil {
				t.Error(rejection)
			}
		})
	}
}

func TestReadRequest_acceptsLoneLF(t *testing.T) {
	t.Parallel()
	raw := strings.ReplaceAll(string(requestFor(t, testPerson)), "\r\n", "\n")
	if _, rejection := ReadRequest([]byte(raw)); rejection != nil {
		t.Error(rejection)
	}
}

func TestReadRequest_windows1251(t *testing.T) {
	t.Parallel()
	text := replaced("koi8-r", "windows-1251", "г. Москвы", "№ 5 «Тверской»")
	raw, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	got, rejection := ReadRequest([]byte(raw))
	if rejection != nil {
		t.Fatal(rejection)
	}
	if passport := got.Templates[0].Values("passport")[1]; !strings.HasSuffix(passport, "№ 5 «Тверской»") {
		t.Errorf("passport read as %q", passport)
	}
}

type rejected struct {
	text    string
	reason  Reason
	message string // "" = any
}

func rejections() map[string]rejected {
	noPerson := strings.Replace(replaced(), testPerson, "", 1)
	return map[string]rejected{
		"not a mail":               {"no header line\n\n", ReasonMail, ""},
		"no transfer encoding":     {replaced("Content-Transfer-Encoding: 8bit\n", ""), ReasonTransferEncoding, ""},
		"base64":                   {replaced("8bit", "base64"), ReasonTransferEncoding, ""},
		"encoding before type":     {replaced("8bit", "7bit", "text/plain", "text/html"), ReasonTransferEncoding, ""},
		"no type":                  {replaced("Content-type: text/plain; charset=koi8-r\n", ""), ReasonContentType, ""},
		"two types":                {replaced("MIME-Version: 1.0", "Content-Type: text/plain; charset=koi8-r"), ReasonContentType, ""},
		"html":                     {replaced("text/plain", "text/html"), ReasonContentType, ""},
		"multipart":                {replaced("text/plain; charset=koi8-r", "multipart/mixed; boundary=b"), ReasonContentType, ""},
		"utf-8":                    {replaced("charset=koi8-r", "charset=utf-8"), ReasonCharset, ""},
		"no charset":               {replaced("; charset=koi8-r", ""), ReasonCharset, ""},
		"NUL":                      {replaced("Sidor S Sidorov", "Sidor\x00 S Sidorov"), ReasonText, ""},
		"escape":                   {replaced("Sidor S Sidorov", "Sidor\x1b S Sidorov"), ReasonText, ""},
		"no authorization":         {replaced(strings.TrimSpace(testAuthorization)+"\n", ""), ReasonAuthorization, ""},
		"authorization not first":  {testHead + "\n" + testPerson + testAuthorization + testEnd, ReasonAuthorization, ""},
		"unknown authorization":    {replaced("pay-type: real", "lang: RU"), ReasonAuthorization, ""},
		"prose before the block":   {replaced("action: NEW", "Hello\naction: NEW"), ReasonAuthorization, ""},
		"two passwords":            {replaced("pay-type: real", "password: other"), ReasonAuthorization, ""},
		"no agreement":             {replaced("agreement: RP/01/00\n", ""), ReasonAuthorization, "AGREEMENT not filled. You should fill all the necessary parameters to proceed."},
		"unknown pay-type":         {replaced("pay-type: real", "pay-type: credit"), ReasonAuthorization, ""},
		"one account twice":        {replaced("pay-type: real", "pay-type: real,real"), ReasonAuthorization, ""},
		"unknown action":           {replaced("action: NEW", "action: GET"), ReasonAction, ""},
		"no end":                   {replaced(testEnd, ""), ReasonEnd, ""},
		"unknown heading":          {replaced("#[PERSON TEMPLATE]#", "#[MAINTAINER TEMPLATE]#"), ReasonHeading, ""},
		"heading in small letters": {replaced("#[PERSON TEMPLATE]#", "#[person template]#"), ReasonHeading, ""},
		"no template":              {testHead + testAuthorization + testEnd, ReasonHeading, ""},
		"not a field":              {replaced("type: CORPORATE", "CORPORATE"), ReasonSyntax, ""},
		"continuation":             {replaced("выдан ОВД", "\n  выдан ОВД"), ReasonSyntax, ""},
		"domain before registrant": {testHead + testAuthorization + testDomain + testPerson + testEnd, ReasonOrder, ""},
		"person prolonged":         {action("PROLONG", testPerson), ReasonOrder, ""},
		"unknown field":            {replaced("fax-no", "telex"), ReasonField, ""},
		"field of another kind":    {replaced("descr: Site", "passport: Site"), ReasonField, ""},
		"handle twice":             {replaced("person: Sidor", "nic-hdl: MYCO_9_1-R01\nperson: Sidor"), ReasonField, ""},
		"prolong with servers":     {action("PROLONG", testDomain), ReasonField, ""},
		"no passport":              {replaced("passport: 4510 123456\npassport: выдан ОВД Тверского района г. Москвы\npassport: 30.01.2010\n", ""), ReasonRequired, "PASSPORT not filled. You should fill all the necessary parameters to proceed."},
		"empty e-mail":             {replaced("sidorov@example.ru", ""), ReasonRequired, ""},
		"no registrant":            {replaced("admin-o: MYCO_1_48213-R01\n", ""), ReasonRequired, "ADMIN-O not filled. You should fill all the necessary parameters to proceed."},
		"KPP missing":              {organization("kpp: 770701001\n", ""), ReasonRequired, ""},
		"OGRN missing":             {organization("ogrn: 1027700132195\n", ""), ReasonRequired, ""},
		"date with dashes":         {replaced("18.10.1965", "1965-10-18"), ReasonFormat, "WRONG_BIRTH_DATE"},
		"no such date":             {replaced("18.10.1965", "31.02.1965"), ReasonFormat, "WRONG_BIRTH_DATE"},
		"handle in small letters":  {noPersonHandle("myco_1_48213-R01"), ReasonFormat, ""},
		"handle without suffix":    {noPersonHandle("MYCO_1_48213"), ReasonFormat, ""},
		"person as organization":   {noPersonHandle("MYCO_1_48213-ORG-R01"), ReasonFormat, ""},
		"organization as person":   {organization("-ORG-R01", "-R01"), ReasonFormat, ""},
		"Cyrillic Latin name":      {replaced("person: Sidor S Sidorov", "person: Сидор С Сидоров"), ReasonFormat, ""},
		"patronymic with a dot":    {replaced("person: Sidor S Sidorov", "person: Sidor S. Sidorov"), ReasonFormat, ""},
		"phone with brackets":      {replaced("phone: +7 495 1234567", "phone: +7 (495) 1234567"), ReasonFormat, ""},
		"bad e-mail":               {replaced("sidorov@example.ru", "sidorov"), ReasonFormat, ""},
		"INN check digit":          {organization("7707083893", "7707083894"), ReasonFormat, ""},
		"KPP length":               {organization("770701001", "77070100"), ReasonFormat, ""},
		"OGRN check digit":         {organization("1027700132195", "1027700132196"), ReasonFormat, ""},
		"glue missing":             {replaced("ns1.newtime.ru 192.0.2.1", "ns1.newtime.ru"), ReasonFormat, ""},
		"glue needless":            {replaced("ns2.hoster.example", "ns2.hoster.example 192.0.2.2"), ReasonFormat, ""},
		"glue in brackets":         {replaced("192.0.2.1", "[192.0.2.1]"), ReasonFormat, ""},
		"one name server":          {replaced("nserver: ns2.hoster.example\n", ""), ReasonFormat, ""},
		"delegated to nobody":      {replaced("nserver: ns1.newtime.ru 192.0.2.1\nnserver: ns2.hoster.example\n", ""), ReasonFormat, ""},
		"state unknown":            {replaced("state: DELEGATED", "state: ON"), ReasonFormat, ""},
		"other zone":               {replaced("domain: newtime.ru", "domain: newtime.com"), ReasonFormat, ""},
		"third level":              {replaced("domain: newtime.ru", "domain: www.newtime.ru"), ReasonFormat, ""},
		"Cyrillic under ru":        {replaced("domain: newtime.ru", "domain: пример.ru"), ReasonFormat, ""},
		"Latin under рф":           {replaced("domain: newtime.ru", "domain: newtime.рф"), ReasonFormat, ""},
		"end inside the domain":    {noPerson[:len(noPerson)-2], ReasonEnd, ""},
	}
}

func noPersonHandle(handle string) string {
	return replaceAll(testHead+testAuthorization+testPerson+testEnd, "nic-hdl: MYCO_1_48213-R01", "nic-hdl: "+handle)
}

func TestReadRequest_rejects(t *testing.T) {
	t.Parallel()
	for name, want := range rejections() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := ReadRequest(koi8(t, want.text))
			if got == nil {
				t.Fatal("accepted")
			}
			if got.Reason != want.reason || want.message != "" && got.Message != want.message {
				t.Errorf("rejected as %q, want %s %q", got, want.reason, want.message)
			}
		})
	}
}

// Every reason that needs no registry has its row above.
func TestReadRequest_reasonsCovered(t *testing.T) {
	t.Parallel()
	needRegistry := []Reason{ReasonAccount, ReasonReference, ReasonTaken, ReasonUnknown, ReasonWindow,
		ReasonFunds, ReasonRefused}
	for _, reason := range Reasons() {
		covered := slices.Contains(needRegistry, reason)
		for _, row := range rejections() {
			covered = covered || row.reason == reason
		}
		if !covered {
			t.Errorf("no request is rejected for %s", reason)
		}
	}
}

func TestReadRequest_bareCarriageReturn(t *testing.T) {
	t.Parallel()
	raw := strings.Replace(string(requestFor(t, testPerson)), "Sidor S", "Sidor\raction: UPDATE S", 1)
	if _, rejection := ReadRequest([]byte(raw)); rejection == nil || rejection.Reason != ReasonText {
		t.Errorf("rejected as %v", rejection)
	}
}

func TestReadRequest_byteOutsideCharset(t *testing.T) {
	t.Parallel()
	raw := []byte(replaced("koi8-r", "windows-1251", "Sidor S Sidorov", "Sidor \x98 Sidorov"))
	if _, rejection := ReadRequest(raw); rejection == nil || rejection.Reason != ReasonText {
		t.Errorf("rejected as %v", rejection)
	}
}

func TestDecodeHeader(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"New client [t1]":              "New client [t1]",
		"=?koi8-r?B?5M/Nxc4=?= [t1]":   "Домен [t1]",
		"=?utf-8?q?=D0=94?=":           "Д",
		"=?x-unknown?B?5M/Nxc4=?= [t]": "=?x-unknown?B?5M/Nxc4=?= [t]",
	} {
		if got := decodeHeader(in); got != want {
			t.Errorf("%s is read as %q", in, got)
		}
	}
}

// A rejection names the object at fault and never repeats what was personal.
func TestReadRequest_rejectionIsDiscreet(t *testing.T) {
	t.Parallel()
	_, got := ReadRequest(koi8(t, replaced("+7 495 1234567", "8-495-1234567")))
	if got == nil || got.Object != "MYCO_1_48213-R01" || got.Kind != KindPerson {
		t.Fatalf("rejected as %v", got)
	}
	if strings.Contains(got.Error(), "1234567") {
		t.Errorf("the rejection repeats the phone: %s", got)
	}
}

func FuzzReadRequest(f *testing.F) {
	seeds := 0
	for _, row := range rejections() {
		f.Add(koi8(f, row.text))
		seeds++
	}

	f.Add(koi8(f, replaced()))
	f.Add(koi8(f, organization()))

	if seeds == 0 {
		f.Fatal("no seeds")
	}

	f.Fuzz(func(t *testing.T, raw []byte) {
		r, rejection := ReadRequest(raw)
		if rejection != nil {
			if !slices.Contains(Reasons(), rejection.Reason) || rejection.Message == "" {
				t.Errorf("rejected for %q without a known reason", rejection)
			}
			return
		}

		if len(r.Templates) == 0 || r.Agreement == "" || r.Password == "" {
			t.Errorf("accepted without %+v", r.Authorization)
		}

		for _, template := range r.Templates {
			if template.Object == "" {
				t.Errorf("accepted a %s without a name", template.Kind)
			}
			for _, field := range template.Fields {
				if strings.HasPrefix(field.Name, "#[") || strings.ContainsAny(field.Value, "\r\n\x00") {
					t.Errorf("accepted the field %q", field)
				}
			}
		}
	})
}
