package mailform

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

func TestName(t *testing.T) {
	t.Parallel()

	for input, want := range map[string]string{
		"newtime.ru":                    "newtime.ru",
		"NewTime.RU.":                   "newtime.ru",
		"a1.su":                         "a1.su",
		"777.ru":                        "777.ru",
		"new-time.ru":                   "new-time.ru",
		strings.Repeat("a", 63) + ".ru": strings.Repeat("a", 63) + ".ru",
		"пример.рф":                     "xn--e1afmkfd.xn--p1ai",
		"ПРИМЕР.РФ":                     "xn--e1afmkfd.xn--p1ai",
		"XN--E1AFMKFD.XN--P1AI":         "xn--e1afmkfd.xn--p1ai",
		"пример.xn--p1ai":               "xn--e1afmkfd.xn--p1ai",
		"р01.su":                        "xn--01-kmc.su", // R01's own, in Cyrillic
		"и\u0306од.рф":                  "xn--d1ajp.xn--p1ai",
		"ё-1.рф":                        "xn---1-0nc.xn--p1ai",
		"xn--b1agh1afp.su":              "xn--b1agh1afp.su",
		"1-й.рф":                        "xn--1--0lc.xn--p1ai",
	} {
		got, err := Name(input)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", input, got, err, want)
		}
	}
}

func TestNameRefuses(t *testing.T) {
	t.Parallel()

	for reason, input := range map[string]string{
		"empty":                       "",
		"a dot":                       ".",
		"no zone":                     "newtime",
		"zone alone":                  "ru",
		"foreign zone":                "newtime.com",
		"third level":                 "www.newtime.ru",
		"www":                         "www.ru",
		"one letter":                  "a.ru",
		"one Cyrillic letter":         "я.рф",
		"too long":                    strings.Repeat("a", 64) + ".ru",
		"too long in ACE":             strings.Repeat("яж", 40) + ".рф",
		"hyphen first":                "-newtime.ru",
		"hyphen last":                 "newtime-.ru",
		"hyphens of an encoding":      "ab--cd.ru",
		"underscore":                  "new_time.ru",
		"blank":                       "new time.ru",
		"Cyrillic under .ru":          "пример.ru",
		"ACE under .ru":               "xn--e1afmkfd.ru",
		"Latin under .рф":             "newtime.рф",
		"digits under .рф":            "777.рф",
		"both scripts":                "newтайм.su",
		"both scripts under .рф":      "newтайм.рф",
		"broken ACE":                  "xn--99999999.xn--p1ai",
		"ACE of plain letters":        "xn--newtime-.ru",
		"empty label":                 "new..ru",
		"two dots at the end":         "newtime.ru..",
		"line break":                  "newtime.ru\n",
		"heading":                     "#[DOMAIN TEMPLATE]#",
		"full stop of another script": "newtime。ru",
		"wide letters":                "ｎewtime.ru",
		"Ukrainian under .рф":         "їжак.рф",
	} {
		if got, err := Name(input); err == nil {
			t.Errorf("%s: %q is taken for %q", reason, input, got)
		}
	}
}

func TestUnicode(t *testing.T) {
	t.Parallel()
	for ace, want := range map[string]string{
		"xn--e1afmkfd.xn--p1ai": "пример.рф", "newtime.ru": "newtime.ru", "xn--01-kmc.su": "р01.su", "xn--99999999.ru": "xn--99999999.ru",
	} {
		if got := Unicode(ace); got != want {
			t.Errorf("%s: %s, want %s", ace, got, want)
		}
	}
}

func TestNameservers(t *testing.T) {
	t.Parallel()

	type list = []registrar.Nameserver
	second := registrar.Nameserver{Host: "ns2.hoster.example"}
	for reason, c := range map[string]struct {
		servers list
		paths   []string
	}{
		"outside":           {list{{Host: "ns1.hoster.example"}, second}, nil},
		"inside":            {list{{Host: "ns1.newtime.ru", IPs: []string{"193.232.128.6", "2001:678:17::1"}}, second}, nil},
		"the domain itself": {list{{Host: "newtime.ru", IPs: []string{"193.232.128.6"}}, second}, nil},
		"similar, outside":  {list{{Host: "ns.oldnewtime.ru"}, second}, nil},
		"international":     {list{{Host: "ns1.xn--e1afmkfd.xn--p1ai"}, second}, nil},
		"none":              {nil, []string{"nameservers"}},
		"one":               {list{second}, []string{"nameservers"}},
		"one twice":         {list{second, second}, []string{"nameservers[1]"}},
		"inside, no IP":     {list{second, {Host: "ns1.newtime.ru"}}, []string{"nameservers[1]"}},
		"outside, with IP":  {list{{Host: "ns1.hoster.example", IPs: []string{"193.232.128.6"}}, second}, []string{"nameservers[0]"}},
		"not an IP":         {list{{Host: "ns1.newtime.ru", IPs: []string{"192.0.2.256"}}, second}, []string{"nameservers[0]"}},
		"loopback":          {list{{Host: "ns1.newtime.ru", IPs: []string{"127.0.0.1"}}, second}, []string{"nameservers[0]"}},
		"unspecified":       {list{{Host: "ns1.newtime.ru", IPs: []string{"0.0.0.0"}}, second}, []string{"nameservers[0]"}},
		"with a zone":       {list{{Host: "ns1.newtime.ru", IPs: []string{"2001:678:17::1%eth0"}}, second}, []string{"nameservers[0]"}},
		"IPv4 in IPv6":      {list{{Host: "ns1.newtime.ru", IPs: []string{"::ffff:193.232.128.6"}}, second}, []string{"nameservers[0]"}},
		"IP twice":          {list{{Host: "ns1.newtime.ru", IPs: []string{"2001:678:17::1", "2001:0678:17:0::1"}}, second}, []string{"nameservers[0]"}},
		"upper case":        {list{{Host: "NS1.hoster.example"}, second}, []string{"nameservers[0]"}},
		"trailing dot":      {list{{Host: "ns1.hoster.example."}, second}, []string{"nameservers[0]"}},
		"one label":         {list{{Host: "localhost"}, second}, []string{"nameservers[0]"}},
		"Cyrillic":          {list{{Host: "ns1.пример.рф"}, second}, []string{"nameservers[0]"}},
		"an address":        {list{{Host: "193.232.128.6"}, second}, []string{"nameservers[0]"}},
		"two in one":        {list{{Host: "ns1.hoster.example ns3.hoster.example"}, second}, []string{"nameservers[0]"}},
		"empty":             {list{{}, second}, []string{"nameservers[0]"}},
		"underscore":        {list{{Host: "ns_1.hoster.example"}, second}, []string{"nameservers[0]"}},
		"too long":          {list{{Host: strings.Repeat("a.", 130) + "example"}, second}, []string{"nameservers[0]"}},
	} {
		_, problems := NewDomain("newtime.ru", "MYCO_1_1-R01", c.servers)
		if diff := cmp.Diff(c.paths, pathsOf(problems)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", reason, diff)
		}
		_, again := UpdateDomain("newtime.ru", "MYCO_1_1-R01", c.servers)
		if diff := cmp.Diff(problems, again); diff != "" {
			t.Errorf("%s: an update is checked otherwise\n%s", reason, diff)
		}
	}
}

func TestHandle(t *testing.T) {
	t.Parallel()

	for want, got := range map[string]string{
		"MYCO_1_48213-R01":     Handle("MYCO", 1, "48213", registrar.Person, "R01"),
		"MYCO_2_77120-ORG-R01": Handle("MYCO", 2, "77120", registrar.Organization, "R01"),
		"MYCO_1_X-ORG-GPT":     Handle("MYCO", 1, "X", registrar.Organization, "GPT"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}

	for handle, want := range map[string]registrar.RegistrantKind{
		"MYCO_1_48213-R01": registrar.Person, "MYCO_2_77120-ORG-R01": registrar.Organization, "1000255_1359485341903-R01": registrar.Person,
		"MYCO_1_X-ORG-GPT": registrar.Organization, "X-GPT": registrar.Person,
		"myco_1_1-R01": "", "MYCO_1_1": "", "-R01": "", "MYCO-MNT-R01": "", "MYCO_1_1-R01\n": "", "MYCO 1-R01": "", "": "",
		strings.Repeat("A", maxHandle) + "-R01": "",
	} {
		if got, ok := KindOfHandle(handle); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", handle, got, ok, want)
		}
	}

	for prefix, want := range map[string]bool{"MYCO": true, "MY_CO1": true, "": false, "myco": false, "MY-CO": false, "МУСО": false, strings.Repeat("A", 21): false} {
		if IsHandlePrefix(prefix) != want {
			t.Errorf("prefix %q: %v", prefix, !want)
		}
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	text := "Клиент myco_1_1-r01 (MYCO_1_1-R01), домены «Пример.РФ», newtime.ru. newtime.ru! x@mail.ru; robot@r01.ru http://www.r01.ru\n" +
		"> b1.su\nMYCO_2_2-ORG-R01,c1.ru; 12.05.2026; newtime.com; v1.2"
	want := []string{"MYCO_1_1-R01", "xn--e1afmkfd.xn--p1ai", "newtime.ru", "b1.su", "MYCO_2_2-ORG-R01", "c1.ru"}
	if diff := cmp.Diff(want, Objects(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Where a name begins and ends is the same as by this pattern: not within a mail address, nor after a point or a hyphen.
func TestObjectsByPattern(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`(?:^|[^\pL\pN_.@-])([\pL\pN_][\pL\pN_.-]*)`)
	piece := rapid.SampledFrom([]string{"newtime.ru", "MYCO_1_1-R01", "пример.рф", "a", "7", "_", ".", "-", "@", " ", "\n", ",", "\xff", "ru", "²", "é"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		var want []string
		for at := 0; ; {
			m := pattern.FindStringSubmatchIndex(text[at:])
			if m == nil {
				break
			}
			word, end := text[at+m[2]:at+m[3]], at+m[3]
			if at = end; end < len(text) && text[end] == '@' {
				continue
			}
			word = strings.TrimRight(word, ".-")
			name, err := Name(word)
			if _, ok := KindOfHandle(strings.ToUpper(word)); ok {
				name, err = strings.ToUpper(word), nil
			}
			if err == nil && !slices.Contains(want, name) {
				want = append(want, name)
			}
		}
		if diff := cmp.Diff(want, Objects(text)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	})
}

func TestMask(t *testing.T) {
	t.Parallel()
	text := "Your request has errors. The password: secret1 is wrong.\n\n" +
		"> action: NEW\r\n> agreement: RP/01/00\r\n> Password : secret2 and more\r\n>\r\n> #[PERSON TEMPLATE]#\r\n> nic-hdl: MYCO_1_1-R01\r\n" +
		"> passport: 4510 123456, issued\r\n> by somebody secret3\r\n> E-Mail: secret4@example.ru\r\n> #[DOMAIN TEMPLATE]#\r\n> domain: newtime.ru\r\n\n" +
		"phone: +7 495 secret5\nstatus: TASK_FAILURE\nпароль=secret6\nmessage: it stays\n"
	want := "Your request has errors. The password: ***\n\n" +
		"> action: NEW\r\n> agreement: RP/01/00\r\n> Password : ***\n>\r\n> #[PERSON TEMPLATE]#\r\n> nic-hdl: MYCO_1_1-R01\r\n" +
		"> passport: ***\n***\n> E-Mail: ***\n> #[DOMAIN TEMPLATE]#\r\n> domain: newtime.ru\r\n\n" +
		"phone: ***\nstatus: TASK_FAILURE\nпароль= ***\nmessage: it stays\n"
	if diff := cmp.Diff(want, Mask(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Nothing private of any request that we write passes Mask.
func TestMaskHidesOurRequests(t *testing.T) {
	t.Parallel()
	for name, request := range examples(t) {
		body, err := Format(request, password, KOI8R)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(request.Preview(), Mask(body.Text)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
