package mailauth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

var byDKIM = Config{Method: DKIM, From: []string{"robot@registrar.test"}}

func replaced(s, from, to string) string {
	if !strings.Contains(s, from) {
		panic("nothing to replace: " + from)
	}
	return strings.Replace(s, from, to, 1)
}

func selector(s string) func(*dkim.SignOptions) {
	return func(o *dkim.SignOptions) { o.Selector = s }
}

func domain(d string) func(*dkim.SignOptions) { return func(o *dkim.SignOptions) { o.Domain = d } }

func without(name string) func(*dkim.SignOptions) {
	return func(o *dkim.SignOptions) {
		o.HeaderKeys = nil
		for _, k := range allSigned {
			if k != name {
				o.HeaderKeys = append(o.HeaderKeys, k)
			}
		}
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()

	signed := sign(t, letter, nil)
	sub := Config{Method: DKIM, From: []string{"robot@sub.registrar.test"}, Domains: []string{"Registrar.test"}}
	koi8 := replaced(letter, "R01 <", "\xf2\xcf\xc2\xcf\xd4 <")
	for name, c := range map[string]struct {
		mail   string
		config Config
	}{
		"Ed25519": {signed, byDKIM},
		"RSA":     {sign(t, letter, func(o *dkim.SignOptions) { o.Selector, o.Signer = "rsa", rsaKey() }), byDKIM},
		"relaxed": {sign(t, letter, func(o *dkim.SignOptions) {
			o.HeaderCanonicalization, o.BodyCanonicalization = dkim.CanonicalizationRelaxed, dkim.CanonicalizationRelaxed
		}), byDKIM},
		"made by hand, as the refused ones":    {signOld(t, letter, crypto.SHA256, ""), byDKIM},
		"not yet expired":                      {sign(t, letter, func(o *dkim.SignOptions) { o.Expiration = time.Now().Add(time.Hour) }), byDKIM},
		"any address of the domain":            {signed, Config{Method: DKIM, Domains: []string{"registrar.test"}}},
		"address in capitals":                  {signed, Config{Method: DKIM, From: []string{"Robot@REGISTRAR.test"}}},
		"domain in capitals":                   {sign(t, letter, domain("Registrar.TEST")), byDKIM},
		"key for just this domain":             {sign(t, letter, selector("strict")), byDKIM},
		"listed parent":                        {sign(t, replaced(letter, "robot@", "robot@sub."), nil), sub},
		"fields of relays on top":              {"Return-Path: <>\r\nReceived: from a\r\n\tby b; now\r\n" + signed, byDKIM},
		"name in raw KOI8-R":                   {sign(t, koi8, nil), byDKIM},
		"name in encoded KOI8-R":               {sign(t, replaced(letter, "R01 <", "=?koi8-r?B?8s/Cz9Q=?= <"), nil), byDKIM},
		"line ends of Unix":                    {strings.ReplaceAll(signed, "\r\n", "\n"), byDKIM},
		"From signed against additions":        {sign(t, letter, func(o *dkim.SignOptions) { o.HeaderKeys = append(allSigned[:len(allSigned):len(allSigned)], "From") }), byDKIM},
		"first line of a mailbox file":         {"From robot@registrar.test Tue Nov 24 10:00:00 2026\r\n" + signed, byDKIM},
		"beside a bad one of the same":         {sign(t, signed, selector("revoked")), byDKIM},
		"beside one of somebody else":          {sign(t, signed, domain("other.test")), byDKIM},
		"beside the key that can't be reached": {sign(t, signed, selector("silent")), byDKIM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := keys(t)
			z.failing = map[string]error{nameOf("silent", "registrar.test"): &net.DNSError{IsTimeout: true}}
			got := New(c.config, z).Verify(t.Context(), []byte(c.mail))
			if !got.Verified || got.Temporary || !strings.EqualFold(got.Reason, "it is signed by registrar.test") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNotSigned(t *testing.T) {
	t.Parallel()

	signed := sign(t, letter, nil)
	whole := fmt.Sprintf(" l=%d;", len("Domain newtime.ru is registered.\r\n"))
	junk := strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=registrar.test; s=rsa; h=From; bh=eA==; b=eA==\r\n", 50)
	plain := replaced(letter, "Content-Type: text/plain; charset=us-ascii\r\n", "")
	for name, c := range map[string]struct{ mail, reason string }{
		"no signature":                       {letter, "it has no DKIM signature of registrar.test"},
		"body changed":                       {replaced(signed, "newtime", "oldtime"), "body hash did not verify"},
		"body continued":                     {signed + "Domain other.ru is registered.\r\n", "body hash did not verify"},
		"body cut":                           {strings.TrimSuffix(signed, "registered.\r\n"), "body hash did not verify"},
		"Subject changed":                    {replaced(signed, "New domain", "Old domain"), "signature did not verify"},
		"Content-Type changed":               {replaced(signed, "text/plain", "text/html"), "signature did not verify"},
		"continued, with l=":                 {signOld(t, letter, crypto.SHA256, whole) + "And more.\r\n", "insecure body length"},
		"whole, with l=":                     {signOld(t, letter, crypto.SHA256, whole), "insecure body length"},
		"SHA-1":                              {signOld(t, letter, crypto.SHA1, ""), "hash algorithm too weak"},
		"expired":                            {sign(t, letter, func(o *dkim.SignOptions) { o.Expiration = time.Unix(1700000000, 0) }), "signature has expired"},
		"revoked key":                        {sign(t, letter, selector("revoked")), "key revoked"},
		"test key":                           {sign(t, letter, selector("testing")), "for tests (t=y)"},
		"broken key":                         {sign(t, letter, selector("broken")), "key syntax error"},
		"unknown selector":                   {sign(t, letter, selector("unknown")), "DNS has none"},
		"key of another":                     {sign(t, letter, selector("rsa")), "inappropriate key algorithm"},
		"other domain":                       {sign(t, letter, domain("other.test")), "it has no DKIM signature of"},
		"domain that ends alike":             {sign(t, letter, domain("notregistrar.test")), "it has no DKIM signature of"},
		"domain that starts alike":           {sign(t, letter, domain("registrar.test.evil.test")), "it has no DKIM signature of"},
		"domain below":                       {sign(t, letter, domain("sub.registrar.test")), "it has no DKIM signature of"},
		"domain like a key's":                {sign(t, letter, domain("x._domainkey.registrar.test")), "it has no DKIM signature of"},
		"signed by the other, says ours":     {replaced(sign(t, letter, domain("other.test")), "d=other.test", "d=registrar.test"), "signature did not verify"},
		"two From fields, signed":            {sign(t, replaced(letter, "To:", "From: boss@other.test\r\nTo:"), nil), "no From, or more than one"},
		"From added on top":                  {"From: robot@registrar.test\r\n" + signed, "no From, or more than one"},
		"From added, odd form":               {"FROM \t: robot@registrar.test\r\n" + signed, "no From, or more than one"},
		"Subject added on top":               {"Subject: Domain registered\r\n" + signed, "more than one Subject"},
		"Content-Type added on top":          {"Content-Type: text/html\r\n" + signed, "more than one Content-Type"},
		"Content-Type added":                 {"Content-Type: multipart/mixed; boundary=b\r\n" + sign(t, plain, without("Content-Type")), "leaves out Content-Type"},
		"Content-Type added, signed against": {"Content-Type: multipart/mixed; boundary=b\r\n" + sign(t, plain, nil), "signature did not verify"},
		"References added":                   {"References: <3@partner.test>\r\n" + signed, "leaves out References"},
		"Date unsigned":                      {sign(t, letter, without("Date")), "leaves out Date"},
		"Subject unsigned":                   {sign(t, letter, without("Subject")), "leaves out Subject"},
		"Message-ID unsigned":                {sign(t, letter, without("Message-ID")), "leaves out Message-ID"},
		"From is two":                        {sign(t, replaced(letter, "From: ", "From: a@other.test, "), nil), "From is not one address"},
		"From is a group":                    {sign(t, replaced(letter, "From: R01 <robot@registrar.test>", "From: R01:;"), nil), "From is not one address"},
		"From names the robot, is another":   {sign(t, replaced(letter, "R01 <robot@registrar.test>", `"robot@registrar.test" <x@other.test>`), nil), "not among replies.from"},
		"From of the same domain":            {sign(t, replaced(letter, "robot@", "sales@"), nil), "not among replies.from"},
		"fifty signatures":                   {junk + signed, "too many signatures"},
		"signature is nonsense":              {"DKIM-Signature: =;;=\r\n" + letter, "it has no DKIM signature of"},
		"broken line":                        {"no field\r\n" + signed, "a line of its header is broken"},
		"folded first line":                  {" folded\r\n" + signed, "a line of its header is broken"},
		"fold of blanks only":                {"X: a\r\n \r\n" + signed, "a line of its header is broken"},
		"bare return in header":              {"X: a\rb\r\n" + signed, "a line of its header is broken"},
		"NUL in header":                      {"X: a\x00b\r\n" + signed, "a line of its header is broken"},
		"header without end":                 {"X: " + strings.Repeat("a", maxHeader) + "\r\n" + signed, "its header is too long"},
		"fields without end":                 {strings.Repeat("a:\r\n", maxLines) + signed, "its header is too long"},
		"folds without end":                  {"a:\r\n" + strings.Repeat(" a\r\n", maxLines) + signed, "its header is too long"},
		"empty lines without end":            {signed + strings.Repeat("\r\n", maxEmpty), "too many empty lines"},
		"header only":                        {"From: robot@registrar.test\r\n", "can't be checked"},
		"nothing":                            {"", "a line of its header is broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := New(byDKIM, keys(t)).Verify(t.Context(), []byte(c.mail))
			if got.Verified || got.Temporary || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%+v; want %q", got, c.reason)
			}
		})
	}
}

// A signature counts for its own domain and those below, if it is listed.
func TestSignerAboveAuthor(t *testing.T) {
	t.Parallel()
	mail := sign(t, replaced(letter, "robot@", "robot@sub."), nil)
	v := New(Config{Method: DKIM, From: []string{"robot@sub.registrar.test"}}, keys(t))
	if got := v.Verify(t.Context(), []byte(mail)); got.Verified {
		t.Errorf("the signature of an unlisted parent counts: %+v", got)
	}
	v = New(Config{Method: DKIM, From: []string{"robot@other.test"}, Domains: []string{"registrar.test", "other.test"}}, keys(t))
	mail = sign(t, replaced(letter, "robot@registrar.test", "robot@other.test"), nil)
	if got := v.Verify(t.Context(), []byte(mail)); got.Verified {
		t.Errorf("one listed domain signs for another: %+v", got)
	}
	v = New(Config{Method: DKIM, Domains: []string{"registrar.test"}}, keys(t))
	mail = sign(t, replaced(letter, "robot@", "robot@not"), nil)
	if got := v.Verify(t.Context(), []byte(mail)); got.Verified {
		t.Errorf("a listed domain signs for one that ends alike: %+v", got)
	}
}

func TestNoAnswerIsTemporary(t *testing.T) {
	t.Parallel()

	silent := sign(t, letter, selector("silent"))
	for name, err := range map[string]error{
		"timeout":     &net.DNSError{Err: "i/o timeout", IsTimeout: true},
		"SERVFAIL":    &net.DNSError{Err: "server misbehaving", IsTemporary: true},
		"deadline":    context.DeadlineExceeded,
		"no network":  &net.OpError{Op: "dial", Err: errors.New("network is unreachable")},
		"not like it": errors.New("unknown"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := keys(t)
			z.failing = map[string]error{nameOf("silent", "registrar.test"): err}
			for _, mail := range []string{silent, sign(t, silent, selector("revoked")), sign(t, sign(t, letter, selector("revoked")), selector("silent")), sign(t, silent, domain("other.test"))} {
				got := New(byDKIM, z).Verify(t.Context(), []byte(mail))
				if got.Verified || !got.Temporary || !strings.Contains(got.Reason, "DNS did not answer") {
					t.Errorf("%+v", got)
				}
			}
		})
	}

	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := New(byDKIM, keys(t)).Verify(ctx, []byte(sign(t, letter, nil))); got.Verified || !got.Temporary {
			t.Errorf("%+v", got)
		}
	})
}

// A stranger's mail makes us neither call his servers nor wait for them.
func TestStrangersAreNotAsked(t *testing.T) {
	t.Parallel()
	z := keys(t)
	z.failing = map[string]error{nameOf("ed", "other.test"): &net.DNSError{IsTimeout: true}}
	mail := sign(t, sign(t, letter, domain("other.test")), domain("x._domainkey.registrar.test"))
	got := New(byDKIM, z).Verify(t.Context(), []byte(mail))
	if got.Verified || got.Temporary || len(z.asked) > 0 {
		t.Errorf("%+v, asked for %q", got, z.asked)
	}
}

// The time per byte does not grow with the mail, even if most of it is empty lines.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []int{1 << 20, 25 << 20} {
		mail := letter + strings.Repeat(strings.Repeat("\r\n", maxEmpty/2)+"text\r\n", size/(maxEmpty+6))
		for range maxSignatures {
			mail = sign(b, mail, nil)
		}
		v := New(byDKIM, keys(b))
		b.Run(fmt.Sprintf("MiB=%d", size>>20), func(b *testing.B) {
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				if got := v.Verify(b.Context(), []byte(mail)); !got.Verified {
					b.Fatalf("%+v", got)
				}
			}
		})
	}
}
