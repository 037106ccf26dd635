package registry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

var asked = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const registered = `% TCI Whois Service. Terms of use:
% https://tcinet.ru/documents/whois_ru_rf.pdf (in Russian)

domain:        NEWTIME.RU
nserver:       ns1.newtime.ru. 192.0.2.1, 2001:db8::1
nserver:       ns2.hoster.example.
state:         REGISTERED, DELEGATED, VERIFIED
person:        Private Person
registrar:     R01-RU
admin-contact: https://partner.r01.ru/contact_admin.khtml
created:       2015-07-31T18:15:09Z
paid-till:     2027-07-31T21:00:00Z
free-date:     2027-09-01
source:        TCI

Last updated on 2026-11-24T11:56:30Z
`

func TestParse(t *testing.T) {
	t.Parallel()
	got := parse("newtime.ru", strings.ReplaceAll(registered, "\n", "\r\n"), asked)
	updated := time.Date(2026, 11, 24, 11, 56, 30, 0, time.UTC)
	want := Answer{Status: Registered, AsOf: updated, Told: updated, Record: Record{
		Name: "newtime.ru", Registrar: "R01-RU", Delegated: true, States: []string{"REGISTERED", "DELEGATED", "VERIFIED"}, Created: time.Date(2015, 7, 31, 18, 15, 9, 0, time.UTC),
		PaidTill: registrar.Date{Year: 2027, Month: 8, Day: 1}, // 21:00Z is midnight of the next day in Moscow
		FreeDate: registrar.Date{Year: 2027, Month: 9, Day: 1},
		Nameservers: []registrar.Nameserver{{Host: "ns1.newtime.ru", IPs: []string{"192.0.2.1", "2001:db8::1"}},
			{Host: "ns2.hoster.example"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What each answer is taken for; only the registry's own words are Registered or Absent.
func TestParseVerdicts(t *testing.T) {
	t.Parallel()

	free := "% Terms\n\nNo entries found for the selected source(s).\n\nLast updated on 2026-11-24T11:56:30Z\n"
	edit := func(old, new string) string { return strings.Replace(registered, old, new, 1) }
	for _, c := range []struct {
		why, text string
		want      Status
		says      string // part of Why
	}{
		{"a record", registered, Registered, ""},
		{"other case of the state", edit("REGISTERED, DELEGATED", "registered, delegated"), Registered, ""},
		{"days instead of moments", edit("2027-07-31T21:00:00Z", "2027.08.01"), Registered, ""},
		{"no nameservers", edit("nserver:       ns2.hoster.example.\n", ""), Registered, ""},
		{"keys in capitals", strings.NewReplacer("domain:", "DOMAIN:", "state:", "State:", "paid-till:", "Paid-Till:", "source:", "SOURCE:").Replace(registered), Registered, ""},
		{"blanks before the colon", strings.ReplaceAll(registered, "state:", "state  :"), Registered, ""},
		{"a dot behind the name", edit("NEWTIME.RU", "newtime.ru."), Registered, ""},
		{"an offset", edit("2027-07-31T21:00:00Z", "2027-08-01T00:00:00+03:00"), Registered, ""},
		{"another spelling of moments", edit("2027-07-31T21:00:00Z", "2027-07-31 21:00:00 UTC"), Registered, ""},
		{"Moscow by name", edit("2027-07-31T21:00:00Z", "2027-08-01 00:00:00 MSK"), Registered, ""},
		{"slashes", edit("2027-07-31T21:00:00Z", "2027/08/01"), Registered, ""},
		{"a moment without a zone", edit("2027-07-31T21:00:00Z", "2027-07-31 21:00:00"), Unknown, "not understood"},
		{"month and day exchanged", edit("2027-07-31T21:00:00Z", "2027-13-08"), Unknown, "not understood"},
		{"banned", "You are not allowed to connect.\r\n", Unknown, "too often"},
		{"a limit as a field", "ERROR: limit exceeded\n", Unknown, "too often"},
		{"unlimited", "Unlimited access for members\n", Unknown, "not understood"},
		{"a limit in the terms of a record", "% Access is limited to 30 queries a minute.\n" + registered, Registered, ""},
		{"a limit in the terms of a free name", "% Access is limited to 30 queries a minute.\n" + free, Absent, ""},
		{"reserved", "domain: NEWTIME.RU\nstate: RESERVED\nsource: TCI\n", Unknown, "record of this name"},
		{"a referral", "refer: whois.nic.example\n", Unknown, "not understood"},
		{"maintenance", "% Maintenance\n\nService is temporarily unavailable due to maintenance\n", Unknown, "not understood"},
		{"CR alone", strings.ReplaceAll(registered, "\n", "\r"), Unknown, "not understood"},
		{"another record before", strings.Replace(registered, "NEWTIME", "OLDTIME", 1) + registered, Unknown, "not understood"},
		{"free", free, Absent, ""},
		{"silence", "", Unknown, "not understood"},
		{"comments only", "% Terms\n", Unknown, "not understood"},
		{"too many questions", "% Terms\n\nYou have exceeded allowed connection rate.\n", Unknown, "too often"},
		{"too many questions, in a comment", "% Request limit exceeded, try again later\n", Unknown, "too often"},
		{"a web page", "<html>404 Not Found</html>\n", Unknown, "not understood"},
		{"free, and something else", free + "domain: NEWTIME.RU\n", Unknown, "not understood"},
		{"free, and a remark", free + "Access is limited\n", Unknown, "not understood"},
		{"free by another registry's words", "No match for domain NEWTIME.RU\n", Unknown, "not understood"},
		{"another domain", edit("NEWTIME.RU", "OLDTIME.RU"), Unknown, "not understood"},
		{"two records", registered + registered, Unknown, "not understood"},
		{"no state", edit("state:         REGISTERED, DELEGATED, VERIFIED\n", ""), Unknown, "not understood"},
		{"no registrar", edit("registrar:     R01-RU\n", ""), Unknown, "not understood"},
		{"no expiry", edit("paid-till:     2027-07-31T21:00:00Z\n", ""), Unknown, "not understood"},
		{"an expiry that is no day", edit("2027-07-31T21:00:00Z", "2027-02-30"), Unknown, "not understood"},
		{"a nameserver's address that is none", edit("192.0.2.1,", "192.0.2.999,"), Unknown, "not understood"},
		{"cut short", registered[:strings.Index(registered, "free-date")], Unknown, "cut short"},
	} {
		got := parse("newtime.ru", c.text, asked)
		if got.Status != c.want || !strings.Contains(got.Why, c.says) || (got.Why == "") != (got.Status != Unknown) {
			t.Errorf("%s: %s (%q), want %s (%q)", c.why, got.Status, got.Why, c.want, c.says)
		}
	}
}

// A name beyond ASCII, as the registry or another writes it.
func TestParseIDN(t *testing.T) {
	t.Parallel()
	const name = "xn--e1afmkfd.xn--p1ai"
	for _, written := range []string{name, strings.ToUpper(name), "пример.рф", "ПРИМЕР.РФ", "пример.рф."} {
		if a := parse(name, strings.Replace(registered, "NEWTIME.RU", written, 1), asked); a.Status != Registered || a.Record.Name != name {
			t.Errorf("%s: %+v", written, a)
		}
	}
	if a := parse(name, strings.Replace(registered, "NEWTIME.RU", "примеры.рф", 1), asked); a.Status != Unknown {
		t.Errorf("another name: %+v", a)
	}
}

func TestParseDelegation(t *testing.T) {
	t.Parallel()
	for state, delegated := range map[string]bool{
		"REGISTERED, DELEGATED, VERIFIED": true, "REGISTERED, DELEGATED, UNVERIFIED": true,
		"REGISTERED, NOT DELEGATED, VERIFIED": false, "REGISTERED": false,
	} {
		a := parse("newtime.ru", strings.Replace(registered, "REGISTERED, DELEGATED, VERIFIED", state, 1), asked)
		if a.Status != Registered || a.Record.Delegated != delegated {
			t.Errorf("%s: %s, delegated = %v", state, a.Status, a.Record.Delegated)
		}
	}
}

// What the registry tells of its own age counts, but not from the future, where its clock
// would make old evidence young.
func TestParseAge(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"Last updated on 2026-11-24T11:56:30Z": time.Date(2026, 11, 24, 11, 56, 30, 0, time.UTC),
		"Last updated on 2026-11-25T11:56:30Z": asked,
		"Last updated on yesterday":            asked,
	} {
		got := parse("newtime.ru", strings.Replace(registered, "Last updated on 2026-11-24T11:56:30Z", text, 1), asked)
		if !got.AsOf.Equal(want) {
			t.Errorf("%q: as of %s, want %s", text, got.AsOf, want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()

	list := func(servers ...string) (all []registrar.Nameserver) { // "host", or "host address address"
		for _, s := range servers {
			words := strings.Fields(s)
			all = append(all, registrar.Nameserver{Host: words[0], IPs: words[1:]})
		}
		return all
	}
	for _, c := range []struct {
		why            string
		shown, ordered []registrar.Nameserver
		want           Likeness
	}{
		{"another order, other letters, a dot at the end", list("a.", "b"), list("b", "A"), Same},
		{"one is missing", list("a"), list("a", "b"), Different},
		{"one is too many", list("a", "b"), list("a"), Different},
		{"none", nil, nil, Same},
		{"the new address", list("ns1 198.51.100.77", "b"), list("ns1 198.51.100.77", "b"), Same},
		{"the old address", list("ns1 203.0.113.1", "b"), list("ns1 198.51.100.77", "b"), Different},
		{"one of two addresses", list("ns1 203.0.113.1"), list("ns1 203.0.113.1 2001:db8::1"), Different},
		{"an address too many", list("ns1 203.0.113.1 2001:db8::1"), list("ns1 203.0.113.1"), Different},
		{"another order of addresses, written otherwise", list("ns1 2001:DB8:0:0::1 203.0.113.1"), list("ns1 203.0.113.1 2001:db8::1"), Same},
		{"one address twice", list("ns1 203.0.113.1 203.0.113.1"), list("ns1 203.0.113.1"), Same},
		{"an address in IPv6's clothes", list("ns1 ::ffff:203.0.113.1"), list("ns1 203.0.113.1"), Same},
		{"an address that is not shown", list("ns1", "b"), list("ns1 203.0.113.1", "b"), Untold},
		{"an address that is not shown, and another host", list("ns1", "c"), list("ns1 203.0.113.1", "b"), Different},
		{"one address is not shown, and another differs", list("ns1", "ns2 203.0.113.9"), list("ns1 203.0.113.1", "ns2 203.0.113.2"), Different},
		{"an address of a host elsewhere is nobody's order", list("a 203.0.113.1"), list("a"), Same},
	} {
		if got := Compare(c.shown, c.ordered); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}

// The registry's own clock is told where it tells an instant, also one that lies in our future.
func TestToldTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"Last updated on 2026-11-24T11:56:30Z": time.Date(2026, 11, 24, 11, 56, 30, 0, time.UTC),
		"Last updated on 2027-06-12T11:56:30Z": time.Date(2027, 6, 12, 11, 56, 30, 0, time.UTC),
		"Last updated on 24.11.2026":           {},
		"Last updated on yesterday":            {},
		"":                                     {},
	} {
		got := parse("newtime.ru", strings.Replace(registered, "Last updated on 2026-11-24T11:56:30Z", text, 1), asked)
		if !got.Told.Equal(want) {
			t.Errorf("%q: told %s, want %s", text, got.Told, want)
		}
	}
}

// FuzzParse: whatever a whois answers, a record is about the name that was asked for, and a
// name is absent only by the registry's own sentence.
func FuzzParse(f *testing.F) {
	f.Add(registered)
	f.Add("No entries found for the selected source(s).\n")
	f.Add("You have exceeded allowed connection rate.\n")
	f.Add("domain: NEWTIME.RU\nstate: REGISTERED\nregistrar: X\npaid-till: 2027.08.01\nnserver: \nsource: TCI")

	for _, name := range whoisVectors(f) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}

	f.Fuzz(func(t *testing.T, text string) {
		a := parse("newtime.ru", text, asked)
		switch a.Status {
		case Registered:
			if a.Record.Name != "newtime.ru" || a.Record.Registrar == "" || a.Record.PaidTill.IsZero() || a.Record.Nameservers == nil || a.Why != "" {
				t.Errorf("registered as %+v", a)
			}
		case Absent:
			if !strings.Contains(strings.ToLower(text), absent) || a.Why != "" {
				t.Errorf("absent by %q", text)
			}
		case Unknown:
			if a.Why == "" {
				t.Error("unknown, and no word why")
			}
		default:
			t.Errorf("status %q", a.Status)
		}

		if a.AsOf.After(asked) {
			t.Errorf("true of %s, which is still to come", a.AsOf)
		}
	})
}

func whoisVectors(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/whois/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	return names
}

// The name of a vector tells what it is: STATUS-what.txt; all are about newtime.ru.
func TestWhoisVectors(t *testing.T) {
	t.Parallel()
	for _, name := range whoisVectors(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := strings.Cut(filepath.Base(name), "-")
		if got := parse("newtime.ru", string(text), asked); string(got.Status) != want {
			t.Errorf("%s is %s (%s)", name, got.Status, got.Why)
		}
	}
}
