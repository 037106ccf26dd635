package mailform_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"registrar.panel/internal/r01sim"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
)

// The simulator has a reader of its own: what it reads out of our mails must be what a
// customer entered, line by line, or there must be no mail.

// order is what goes in, and what must come out.
type order struct {
	request  mailform.Request
	password string
	charset  mailform.Charset
	want     []r01sim.Template
	problems []registrar.Problem // what the checks of orders refuse
	raw      bool                // past those checks: the robot may refuse values, too
}

func (o *order) add(want r01sim.Template, t mailform.Template, problems []registrar.Problem) {
	o.request.Templates = append(o.request.Templates, t)
	o.want = append(o.want, want)
	o.problems = append(o.problems, problems...)
}

// judge sends an order to the robot's reader. sent is false when it was refused before.
func (o *order) judge(t rapid.TB) (sent bool) {
	t.Helper()

	if len(o.problems) > 0 {
		return false
	}

	body, err := mailform.Format(o.request, o.password, o.charset)
	if err != nil {
		if wrong := (*mailform.FieldError)(nil); !errors.As(err, &wrong) || wrong.Path == "" {
			t.Fatalf("refused without a field: %v", err)
		}
		return false
	}

	got, rejection := r01sim.ReadRequest(envelope(t, string(body.Charset), body.Bytes))
	if rejection != nil && !(o.raw && ofValues(rejection)) {
		t.Fatalf("rejected: %v\n%s", rejection, body.Text)
	}

	want := r01sim.Authorization{Action: r01sim.Action(o.request.Action), PayType: accounts[o.request.PayType],
		Agreement: strings.TrimSpace(o.request.Agreement), Password: strings.TrimSpace(o.password)}
	if diff := cmp.Diff(want, got.Authorization); diff != "" {
		t.Fatalf("authorization (-want +got)\n%s", diff)
	}

	if diff := cmp.Diff(o.want, got.Templates, cmpopts.IgnoreFields(r01sim.Template{}, "Object")); diff != "" {
		t.Fatalf("templates (-want +got)\n%s", diff)
	}

	return true
}

// ofValues tells that a mail was read whole, and a value found wrong.
func ofValues(r *r01sim.Rejection) bool {
	return r.Reason == r01sim.ReasonRequired || r.Reason == r01sim.ReasonFormat
}

var accounts = map[string][]r01sim.Account{
	"": {r01sim.AccountReal}, "real": {r01sim.AccountReal}, "bonus": {r01sim.AccountBonus},
	"real,bonus": {r01sim.AccountReal, r01sim.AccountBonus}, "bonus,real": {r01sim.AccountBonus, r01sim.AccountReal},
}

func envelope(t rapid.TB, charset string, body []byte) []byte {
	t.Helper()
	raw, err := smtpout.Render(smtpout.Envelope{From: "panel@partner.example", To: "robot@registrar.example", Subject: "New domain",
		MessageID: "<1@partner.example>", Date: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Charset: charset, Body: body})
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return raw
}

// names are the fields of clients' templates, in their order. r01-mail 2.4, 2.5
var names = map[registrar.RegistrantKind][][2]string{
	registrar.Person: {{"name_latin", "person"}, {"name", "person-r"}, {"passport", "passport"}, {"birth_date", "birth-date"},
		{"postal_address", "p-addr"}, {"phones", "phone"}, {"faxes", "fax-no"}, {"emails", "e-mail"}},
	registrar.Organization: {{"name_latin", "org"}, {"name", "org-r"}, {"inn", "code"}, {"kpp", "kpp"}, {"ogrn", "ogrn"},
		{"legal_address", "address-r"}, {"bank", "bank"}, {"postal_address", "p-addr"}, {"phones", "phone"}, {"faxes", "fax-no"}, {"emails", "e-mail"}},
}

// clientTemplate is what the robot must read of a registrant.
func clientTemplate(handle string, r registrar.Registrant) r01sim.Template {
	t := r01sim.Template{Kind: r01sim.Kind(r.Kind), Fields: []r01sim.Field{{Name: "nic-hdl", Value: handle}}}
	for _, n := range names[r.Kind] {
		for _, v := range r.Fields[n[0]] {
			if v = written(v); n[0] == "birth_date" {
				v = strings.Join([]string{v[8:], v[5:7], v[:4]}, ".")
			}
			t.Fields = append(t.Fields, r01sim.Field{Name: n[1], Value: v})
		}
	}
	return t
}

// domainTemplate is what the robot must read of a domain; rest are names and values.
func domainTemplate(name, handle string, servers []registrar.Nameserver, rest ...string) r01sim.Template {
	lines := []string{"domain", name, "admin-o", handle}
	for _, s := range servers {
		if len(s.IPs) == 0 {
			lines = append(lines, "nserver", s.Host)
		}
		for _, ip := range s.IPs {
			lines = append(lines, "nserver", s.Host+" "+ip)
		}
	}
	t := r01sim.Template{Kind: r01sim.KindDomain}
	for lines = append(lines, rest...); len(lines) > 0; lines = lines[2:] {
		if lines[1] != "" || lines[0] == "domain" {
			t.Fields = append(t.Fields, r01sim.Field{Name: lines[0], Value: written(lines[1])})
		}
	}
	return t
}

// written is how a value must be spelt. r01-mail 1.3
func written(v string) string {
	for with, signs := range map[string]string{`"`: "«»“”„‟‹›″〝〞", "'": "‘’‚‛′ʼʹʻ´", "No.": "№", "-": "‐‑‒–—―−⁃﹣－", "...": "…", " ": "\u00a0\u2009\u202f"} {
		for _, sign := range signs {
			v = strings.ReplaceAll(v, string(sign), with)
		}
	}
	unsaid := func(r rune) bool { // by R01's charsets
		_, koi8 := charmap.KOI8R.EncodeRune(r)
		_, windows := charmap.Windows1251.EncodeRune(r)
		return !koi8 && !windows
	}
	var plain []rune
	for _, r := range v {
		made := []rune(norm.NFKC.String(string(r)))
		switch {
		case r == '\u0301' && len(plain) > 0 && unicode.Is(unicode.Cyrillic, plain[len(plain)-1]):
		case unsaid(r) && !slices.ContainsFunc(made, unsaid): // wide and joined letters
			plain = append(plain, made...)
		default:
			plain = append(plain, r)
		}
	}
	return strings.TrimSpace(string(plain))
}

// The vectors themselves are right by the other reader of the rules.
func TestSimulatorReadsVectors(t *testing.T) {
	t.Parallel()

	paths, err := filepath.Glob("testdata/requests/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors: %v", err)
	}

	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		body, err := charmap.KOI8R.NewEncoder().Bytes(text)
		if err != nil {
			t.Fatal(err)
		}

		got, rejection := r01sim.ReadRequest(envelope(t, "koi8-r", body))
		if rejection != nil || len(got.Templates) != bytes.Count(text, []byte(" TEMPLATE]#")) {
			t.Errorf("%s: %v, %d templates", path, rejection, len(got.Templates))
		}
	}
}

// nasty are values that try to be more than the value of a field.
var nasty = []string{
	"x\r\naction: PROLONG", "x\nnserver: ns1.evil.example", "x\rpassword: y", "x\u2028#[DOMAIN TEMPLATE]#", "x\u2029domain: evil.ru",
	"x\u0085domain: evil.ru", "x\vdomain: evil.ru", "x\x00y", "x\ty", "#[DOMAIN TEMPLATE]#", "\u00a0#[TEMPLATES END]#", " #[PERSON TEMPLATE]#",
	"#[TEMPLATES END]#", "# [DOMAIN TEMPLATE]#", "domain: evil.ru", "nserver:", ":", "'#[x", "─│┌ ©°·÷", "ёЁ\u2219√≈", "Їжак", "Ї ─", "Łódź", "\ufffd", "\xff\xfe", "\x9a", ".",
	"«\u00a0№ 5… — “x” ’\u00a0»", "\u202f\u2009", "x\u202ey", "x\u200b#[x", "=?koi8-r?B?DQo=?=", "%0d%0a", "\\n", "From x", strings.Repeat("я", 990), strings.Repeat("x", 1100), "",
}

func sidor() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор"}, "passport": {"4510 123456", "выдан ОВД № 5", "30.01.2010"}, "birth_date": {"1965-10-18"},
		"postal_address": {"123007, Москва"}, "phones": {"+7 495 1234567"}, "emails": {"sidorov@example.ru"}, "resident": {"true"},
	}}
}

func john() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin": {"John Smith"}, "name": {"John Smith"}, "passport": {"X 123456", "HMPO", "01.02.2015"}, "birth_date": {"1980-02-29"},
		"postal_address": {"1 Main St, London"}, "phones": {"+44 20 79460000", "+44 20 79460001"}, "emails": {"john@example.com"}, "resident": {"false"},
	}}
}

func newtime() registrar.Registrant {
	return registrar.Registrant{Kind: registrar.Organization, Fields: map[string][]string{
		"name_latin": {"Newtime JSC"}, "name": {"Акционерное общество", "«Ньютайм»"}, "inn": {"7707083893"}, "kpp": {"770701001"}, "ogrn": {"1027700132195"},
		"legal_address": {"123007, Москва"}, "postal_address": {"123007, Москва, а/я 10"}, "bank": {"БИК 044525000"}, "phones": {"+7 495 1234567"},
		"faxes": {"+7 495 1234568"}, "emails": {"office@newtime.example"},
	}}
}

func foreign() registrar.Registrant {
	r := newtime()
	for _, key := range []string{"inn", "kpp", "ogrn"} {
		delete(r.Fields, key)
	}
	r.Fields["resident"] = []string{"false"}
	return r
}

func residents() []func() registrar.Registrant {
	return []func() registrar.Registrant{sidor, john, newtime, foreign}
}

// changed is what an update may hold of a registrant.
func changed(r registrar.Registrant) registrar.Registrant {
	for _, key := range append(mailform.IdentityKeys(r.Kind), "resident", "emails") {
		delete(r.Fields, key)
	}
	return r
}

var today = registrar.Date{Year: 2026, Month: 5, Day: 1}

func handle(n uint64, kind registrar.RegistrantKind) string {
	return mailform.Handle("MYCO", n, "ABCDEF", kind, "R01")
}

func (o *order) client(n uint64, r registrar.Registrant) string {
	h := handle(n, r.Kind)
	template := func() (mailform.Template, []registrar.Problem) { return mailform.Client(h, r, today) }
	if o.request.Action == mailform.ActionUpdate {
		template = func() (mailform.Template, []registrar.Problem) { return mailform.UpdateClient(h, r) }
	}
	t, problems := template()
	if len(problems) > 0 {
		o.problems = append(o.problems, problems...)
		return h
	}
	o.add(clientTemplate(h, mailform.Normal(r)), t, nil)
	return h
}

func (o *order) domain(input, handle string, servers []registrar.Nameserver) {
	name, err := mailform.Name(input)
	if err != nil {
		o.problems = append(o.problems, registrar.Problem{Path: "domain", Message: err.Error()})
		return
	}
	switch o.request.Action {
	case mailform.ActionProlong:
		o.add(domainTemplate(name, "", nil), mailform.Prolong(name), nil)
	case mailform.ActionUpdate:
		t, problems := mailform.UpdateDomain(name, handle, servers)
		o.add(domainTemplate(name, handle, servers, "state", "DELEGATED"), t, problems)
	default:
		t, problems := mailform.NewDomain(name, handle, servers)
		o.add(domainTemplate(name, handle, servers, "state", "DELEGATED", "type", "CORPORATE"), t, problems)
	}
}

// Whatever is ordered, the robot reads it as it was entered, or it is refused.
func TestSimulatorReadsWhatWasEntered(t *testing.T) {
	t.Parallel()
	sent, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		if drawOrder(t).judge(t) {
			sent++
		} else {
			refused++
		}
	})
	if sent == 0 || refused == 0 {
		t.Errorf("%d sent and %d refused show nothing", sent, refused)
	}
}

func drawOrder(t *rapid.T) *order {
	o := &order{charset: rapid.SampledFrom(mailform.Charsets()).Draw(t, "charset"), password: "secret"}
	o.request = mailform.Request{Action: rapid.SampledFrom(mailform.Actions()).Draw(t, "action"), Agreement: "RP/01/00",
		PayType: rapid.SampledFrom(mailform.PayTypes()).Draw(t, "pay type")}
	if rapid.Bool().Draw(t, "odd password") {
		o.password = "p" + drawText(t, "password")
	}
	owner := handle(99, registrar.Person)
	for n := range rapid.Uint64Range(0, 2).Draw(t, "clients") {
		if o.request.Action != mailform.ActionProlong {
			owner = o.client(n, drawRegistrant(t, o.request.Action))
		}
	}
	for range rapid.IntRange(1, 3).Draw(t, "domains") {
		name := rapid.SampledFrom([]string{"newtime.ru", "NEWTIME.SU", "Пример.РФ", "xn--e1afmkfd.xn--p1ai", "р01.su"}).Draw(t, "name")
		o.domain(name, owner, drawServers(t, name))
	}
	return o
}

func drawText(t *rapid.T, label string) string {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom(nasty), rapid.StringMatching(`[А-яЁё0-9 ,.№«»"-]{1,30}`)).Draw(t, label)
}

func drawRegistrant(t *rapid.T, action mailform.Action) registrar.Registrant {
	r := rapid.SampledFrom(residents()).Draw(t, "registrant")()
	if action == mailform.ActionUpdate {
		r = changed(r)
	}
	if rapid.Bool().Draw(t, "odd") {
		key := rapid.SampledFrom([]string{"passport", "name", "bank", "postal_address", "legal_address", "emails"}).Draw(t, "key")
		r.Fields[key] = append(r.Fields[key], drawText(t, "value"))
	}
	return r
}

func drawServers(t *rapid.T, domain string) []registrar.Nameserver {
	inside, _ := mailform.Name(domain)
	servers := []registrar.Nameserver{{Host: "ns1." + inside, IPs: []string{"193.232.128.6", "2001:678:17::1"}}, {Host: "ns2.hoster.example"}, {Host: "ns3.xn--e1afmkfd.xn--p1ai"}}
	servers = servers[rapid.IntRange(0, 1).Draw(t, "inside"):]
	if rapid.IntRange(0, 9).Draw(t, "odd server") == 0 {
		servers[0].Host = drawText(t, "host")
	}
	return servers
}

// No text anywhere can add a field, a template or an action to a request.
func FuzzSimulatorReads(f *testing.F) {
	if len(nasty) == 0 {
		f.Fatal("no seeds")
	}
	for shape := range uint8(shapes) {
		for i, s := range nasty {
			f.Add(shape, uint8(i), s, nasty[(i+7)%len(nasty)], "secret")
		}
		f.Add(shape, shape, "ул. «Мира» — дом № 5", "newtime.ru", nasty[shape])
	}
	f.Fuzz(func(t *testing.T, shape, key uint8, a, b, secret string) {
		o := &order{charset: mailform.KOI8R, password: "p" + secret, request: mailform.Request{Action: mailform.ActionNew, Agreement: "RP/01/00"}}
		o.fill(shape%shapes, key, a, b)
		o.judge(t)
	})
}

const shapes = 9

// fill orders something of each shape; key tells where the texts go.
func (o *order) fill(shape, key uint8, a, b string) {
	outside := []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}
	switch shape {
	case 0, 1, 2, 3: // a client of each kind
		o.client(1, spoilt(residents()[shape](), key, a, b))
	case 4: // clients with their domains
		h := o.client(1, spoilt(newtime(), key, a, b))
		o.domain("newtime.ru", h, outside)
		o.domain("пример.рф", o.client(2, spoilt(john(), key+1, b, a)), outside)
	case 5:
		o.domain(a, handle(1, registrar.Person), []registrar.Nameserver{{Host: b, IPs: []string{a}}, outside[0], {Host: a}})
	case 6:
		o.request.Action = mailform.ActionProlong
		o.domain("newtime.ru", "", nil)
		o.domain(a, "", nil)
		o.domain(b, "", nil)
	case 7:
		o.request.Action = mailform.ActionUpdate
		o.client(1, spoilt(changed(newtime()), key, a, b))
		o.client(2, spoilt(changed(sidor()), key, a, b))
		o.domain(a, handle(1, registrar.Organization), []registrar.Nameserver{{Host: "ns1.newtime.ru", IPs: []string{b}}, outside[0]})
	default:
		o.unchecked(a, b)
	}
}

// spoilt puts texts into a field of a registrant, and into the free ones.
func spoilt(r registrar.Registrant, key uint8, a, b string) registrar.Registrant {
	all := names[r.Kind]
	r.Fields[all[int(key)%len(all)][0]] = []string{a}
	r.Fields["postal_address"] = append(r.Fields["postal_address"], b)
	return r
}

// unchecked puts texts where the checks of orders would never let them.
func (o *order) unchecked(a, b string) {
	o.raw = true
	o.request.Agreement = "RP" + a
	p := &mailform.Person{Handle: "H" + a, NameLatin: mailform.Line("N" + b), Passport: mailform.Lines{a, b}, Contacts: mailform.Contacts{Emails: mailform.Lines{b, a}}}
	o.add(r01sim.Template{Kind: r01sim.KindPerson, Fields: []r01sim.Field{{Name: "nic-hdl", Value: written("H" + a)}, {Name: "person", Value: written("N" + b)},
		{Name: "passport", Value: written(a)}, {Name: "passport", Value: written(b)}, {Name: "e-mail", Value: written(b)}, {Name: "e-mail", Value: written(a)}}},
		mailform.Template{Person: p}, nil)
	servers := []registrar.Nameserver{{Host: a + "x"}, {Host: b, IPs: []string{a}}}
	d := &mailform.Domain{Name: a, Admin: "A" + b, Nameservers: servers, State: "S" + a, Type: "T" + b}
	o.add(domainTemplate(a, "A"+b, servers, "state", "S"+a, "type", "T"+b), mailform.Template{Domain: d}, nil)
}
