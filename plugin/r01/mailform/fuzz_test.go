package mailform

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"registrar.panel/shared/registrar"
)

// skeleton reads a body by itself, as R01 would: the names of the lines, and headings.
func skeleton(text string) []string {
	var names []string
	for l := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("\r\n\v\f\x1c\x1d\x1e\u0085\u2028\u2029", r) }) {
		l = strings.TrimSpace(l)
		name, _, isField := strings.Cut(l, ":")
		switch {
		case strings.HasPrefix(l, "#["):
			names = append(names, l)
		case isField:
			names = append(names, strings.ToLower(strings.TrimSpace(name)))
		case l != "":
			names = append(names, "? "+l)
		}
	}
	return names
}

// No value can add a field, a template or an action: a body has the lines of one with
// harmless values, or there is no body.
func FuzzFormat(f *testing.F) {
	seeds := []string{"x", "a\nb", "#[TEMPLATES END]#", "«»№", "Łódź", "\u2028", "\u00a0#[DOMAIN TEMPLATE]#", "\r", "x: y", "\x85action: PROLONG", "Ї", ""}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}

	for _, s := range seeds {
		f.Add(s, s, s, s, s)
	}

	f.Fuzz(func(t *testing.T, a, b, c, d, secret string) {
		request := func(a, b, c, d string) Request {
			p := &Person{Handle: a, NameLatin: Line(b + "."), Passport: Lines{c, d}, Contacts: Contacts{Emails: Lines{b}}}
			o := &Organization{Handle: c, Name: Lines{a}, INN: Line(d + "."), Bank: Lines{a, b, c}}
			n := &Domain{Name: d, Admin: b + ".", Nameservers: []registrar.Nameserver{{Host: a + "."}, {Host: b + ".", IPs: []string{c}}}, State: d + "."}
			return Request{Action: ActionNew, Agreement: d + ".", Templates: []Template{{Person: p}, {Organization: o}, {Domain: n}}}
		}

		body, err := Format(request(a, b, c, d), secret, KOI8R)
		if err != nil {
			return
		}

		harmless, err := Format(request("x", "x", "x", "x"), "x", KOI8R)
		if err != nil {
			t.Fatal(err)
		}

		table := map[Charset]*charmap.Charmap{KOI8R: charmap.KOI8R, Windows1251: charmap.Windows1251}[body.Charset]
		decoded, err := table.NewDecoder().String(string(body.Bytes))
		if err != nil || strings.ReplaceAll(decoded, "\r\n", "\n") != body.Text {
			t.Fatalf("bytes are not the text: %v", err)
		}

		got, want := skeleton(decoded), skeleton(harmless.Text)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("lines are\n%q\nand not\n%q", got, want)
		}
	})
}

// A name that is accepted is its own canonical form, and its Unicode form is the same name.
func FuzzName(f *testing.F) {
	seeds := []string{"newtime.ru", "Пример.РФ", "xn--e1afmkfd.xn--p1ai.", "р01.su", "ａ.ru", "a..ru", "-a.ru", "xn--.ru", "ı.su", "й.рф", "и\u0306и\u0306.рф"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}

	for _, s := range seeds {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, input string) {
		name, err := Name(input)
		if err != nil {
			return
		}

		again, err := Name(name)
		if err != nil || again != name || !isHost(name) || len(name) > maxHost {
			t.Errorf("%q became %q, and that %q: %v", input, name, again, err)
		}

		if back, err := Name(Unicode(name)); err != nil || back != name {
			t.Errorf("%q: %q is %q: %v", name, Unicode(name), back, err)
		}
	})
}
