package mailauth

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	t.Parallel()

	robot := []string{"robot@registrar.test"}
	for name, c := range map[string]struct {
		config Config
		paths  []string
	}{
		"none":                         {Config{Method: None}, nil},
		"none, with senders":           {Config{Method: None, From: robot}, nil},
		"dkim":                         {Config{Method: DKIM, From: robot}, nil},
		"dkim, domains only":           {Config{Method: DKIM, Domains: []string{"registrar.test"}}, nil},
		"results":                      {Config{Method: AuthenticationResults, From: robot, AuthServID: "mx.partner.test"}, nil},
		"no method":                    {Config{}, []string{"require"}},
		"unknown method":               {Config{Method: "spf"}, []string{"require"}},
		"dkim of nobody":               {Config{Method: DKIM}, []string{"require"}},
		"results of nobody, from whom": {Config{Method: AuthenticationResults}, []string{"require", "authserv_id"}},
		"id of two words":              {Config{Method: AuthenticationResults, From: robot, AuthServID: "mx 1"}, []string{"authserv_id"}},
		"id with a sign":               {Config{Method: AuthenticationResults, From: robot, AuthServID: "mx;"}, []string{"authserv_id"}},
		"hosts":                        {Config{Method: None, Hosts: []string{"mx.b.test", "MX", "192.0.2.1", "2001:db8::1", "192.0.2.0/24"}}, nil},
		"bad hosts":                    {Config{Method: None, Hosts: []string{"", "mx b", "mx:25", "[192.0.2.1]", "192.0.2.0/33", "@b"}}, []string{"hosts[0]", "hosts[1]", "hosts[2]", "hosts[3]", "hosts[4]", "hosts[5]"}},
		"bad senders":                  {Config{Method: None, From: []string{"robot", "a@b.test", "R01 <a@b.test>"}}, []string{"from[0]", "from[2]"}},
		"bad domains":                  {Config{Method: DKIM, Domains: []string{"", "a b", "x@y", "b.test"}}, []string{"domains[0]", "domains[1]", "domains[2]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var paths []string
			for _, p := range c.config.Validate() {
				paths = append(paths, p.Path)
				if p.Message == "" {
					t.Errorf("%s: no message", p.Path)
				}
			}

			if diff := cmp.Diff(c.paths, paths); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNone(t *testing.T) {
	t.Parallel()

	robot := []string{"robot@registrar.test"}
	for name, c := range map[string]struct {
		from     []string
		mail     string
		verified bool
	}{
		"anybody":                 {nil, letter, true},
		"anybody, without header": {nil, "text", true},
		"sender":                  {robot, letter, true},
		"sender, no body":         {robot, "From: robot@registrar.test\r\n", true},
		"another sender":          {robot, replaced(letter, "robot@", "sales@"), false},
		"two senders":             {robot, "From: robot@registrar.test\r\n" + letter, false},
		"no sender":               {robot, "Subject: a\r\n\r\n", false},
		"a like one, not ASCII":   {robot, replaced(letter, "robot@", "r\u043ebot@"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := New(Config{Method: None, From: c.from}, nil).Verify(t.Context(), []byte(c.mail)); got.Verified != c.verified || got.Reason == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Many programs leave out the quotation marks that a name needs. The author is the one address.
func TestOddFrom(t *testing.T) {
	t.Parallel()

	const bad = "is not one address"
	for from, reason := range map[string]string{
		`robot@registrar.test <robot@registrar.test>`:                   "",
		`ROBOT@Registrar.test <robot@registrar.test>`:                   "",
		`[R01] robot <robot@registrar.test>`:                            "",
		`R01, Registrar <robot@registrar.test>`:                         "",
		`R01: robot <robot@registrar.test>`:                             "",
		`R01 (robot <robot@registrar.test>`:                             "",
		`Robot of reg.ru. <robot@registrar.test>`:                       "",
		`(robot@registrar.test) [R01] <robot@registrar.test>  `:         "",
		`'robot@registrar.test' <robot@registrar.test>`:                 "",
		`"robot@evil.test" [R01] <robot@registrar.test>`:                "",
		"\xf2\xcf\xc2\xcf\xd4 [R01] <robot@registrar.test>":             "",
		"=?utf-8?q?R01?= [R01] <robot@registrar.test>":                  "",
		`x@evil.test <robot@registrar.test>`:                            bad,
		`robot@registrar.test <x@evil.test>`:                            bad,
		`[R01] robot@registrar.test <x@evil.test>`:                      bad,
		`[R01] <x@evil.test> <robot@registrar.test>`:                    bad,
		`[R01] <robot@registrar.test> <robot@registrar.test>`:           bad,
		`[R01] robot <robot@registrar.test> x`:                          bad,
		`[R01] robot <robot@registrar.test>, x@evil.test`:               bad,
		`x@evil.test, [R01] robot <robot@registrar.test>`:               bad,
		`x@evil.test,robot@registrar.test <robot@registrar.test>`:       bad,
		`[R01] "robot <robot@registrar.test>`:                           bad,
		`[R01] <robot @registrar.test>`:                                 bad,
		`[R01] <"x"@evil.test,robot@registrar.test>`:                    bad,
		`[R01] <@evil.test:robot@registrar.test>`:                       bad,
		`[R01] robot@registrar.test`:                                    bad,
		`[R01] <>`:                                                      bad,
		`x <evil@evil.test>; [R01] <robot@registrar.test>`:              bad,
		`[R01]\" x@evil.test "<robot@registrar.test>`:                   bad,
		"\xf2\xcf\xc2\xcf\xd4 x@evil.test [R01] <robot@registrar.test>": bad,
		"[R01] <r\u043ebot@registrar.test>":                             "not among",
		`undisclosed: [R01] <robot@registrar.test>;`:                    bad,
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			mail := replaced(letter, "R01 <robot@registrar.test>", from)
			got := New(Config{Method: None, From: []string{"robot@registrar.test"}}, nil).Verify(t.Context(), []byte(mail))
			if got.Verified != (reason == "") || !strings.Contains(got.Reason, reason) {
				t.Errorf("%+v; want %q", got, reason)
			}
		})
	}
}

// A configuration that was not validated proves nothing.
func TestUnknownMethodProvesNothing(t *testing.T) {
	t.Parallel()
	mail := resultsField + "mx.partner.test; dkim=pass header.d=registrar.test\r\n" + sign(t, letter, nil)
	for _, m := range []Method{"", "spf"} {
		c := byResults
		c.Method = m
		if got := New(c, keys(t)).Verify(t.Context(), []byte(mail)); got.Verified {
			t.Errorf("%q: %+v", m, got)
		}
	}
}

// Whatever the mail is: a proof by DKIM is one of just the letter that was signed, and a
// proof by Authentication-Results is in the topmost field, under the name of our server.
func FuzzVerify(f *testing.F) {
	signed := sign(f, letter, nil)
	good := resultsField + "mx.partner.test; dkim=pass header.d=registrar.test\r\n" + letter
	z := &zone{records: map[string]string{nameOf("ed", "registrar.test"): edRecord()}}
	byDKIM, byResults := New(byDKIM, z), New(byResults, z)
	seeds := []string{letter, signed, good, signed + "more", "Subject: x\r\n" + signed, signed[:len(signed)/2],
		sign(f, signed, domain("other.test")), sign(f, sign(f, letter, selector("none")), nil),
		resultsField + "mx.partner.test; dkim=pass header.d=a.test (; dmarc=pass header.from=registrar.test)\r\n" + letter,
		resultsField + "mx.evil.test; none\r\n" + good, "From x\n" + strings.ReplaceAll(signed, "\r\n", "\n")}
	proofs := 0
	for _, s := range seeds {
		f.Add([]byte(s))
		for _, v := range []*Verifier{byDKIM, byResults} {
			if v.Verify(f.Context(), []byte(s)).Verified {
				proofs++
			}
		}
	}

	if proofs < 3 {
		f.Fatalf("only %d seeds are proved: they lead nowhere", proofs)
	}

	f.Fuzz(func(t *testing.T, raw []byte) {
		if byDKIM.Verify(t.Context(), raw).Verified {
			sameLetter(t, string(raw))
		}
		if byResults.Verify(t.Context(), raw).Verified {
			vouchedLetter(t, string(raw))
		}
	})
}

// sameLetter compares with the standard library's reading. The signature is over the exact
// bytes but for the kind of line ends and empty lines at the end.
func sameLetter(t *testing.T, raw string) {
	t.Helper()
	raw = strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	wantHead, wantBody, _ := strings.Cut(letter, "\r\n\r\n")
	if diff := cmp.Diff(strings.TrimRight(wantBody, "\r\n"), strings.TrimRight(body, "\r\n")); diff != "" {
		t.Error(diff)
	}
	for l := range strings.SplitSeq(wantHead, "\r\n") {
		if !strings.Contains("\r\n"+head+"\r\n", "\r\n"+l+"\r\n") {
			t.Errorf("not in the mail: %q", l)
		}
	}
}

func vouchedLetter(t *testing.T, raw string) {
	t.Helper()
	if strings.HasPrefix(raw, "From ") {
		_, raw, _ = strings.Cut(raw, "\n")
	}
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil { // the standard library is pickier about values
		return
	}
	if len(m.Header["From"]) != 1 {
		t.Errorf("From: %q", m.Header["From"])
	}
	top := m.Header.Get("Authentication-Results")
	low := strings.ToLower(top)
	if !strings.Contains(top, "mx.partner.test") || !strings.Contains(low, "pass") || !strings.Contains(low, "=registrar.test") {
		t.Errorf("proved by %q", top)
	}
}
