package sender

import (
	"strings"
	"testing"
)

var byResults = Config{Method: AuthenticationResults, From: []string{"robot@registrar.test"}, AuthServID: "mx.partner.test"}

const resultsField = "Authentication-Results: "

func TestVouched(t *testing.T) {
	t.Parallel()
	for name, top := range map[string]string{
		"dkim":                     resultsField + "mx.partner.test; dkim=pass header.d=registrar.test\r\n",
		"dmarc":                    resultsField + "mx.partner.test; dmarc=pass header.from=registrar.test\r\n",
		"version":                  resultsField + "mx.partner.test 1; dkim=pass header.d=registrar.test;\r\n",
		"in capitals":              "AUTHENTICATION-results: mx.partner.test; DKIM=Pass Header.D=Registrar.Test\r\n",
		"folded, with comments":    resultsField + "mx.partner.test (Postfix \\) (nested));\r\n\tspf=none (\"no) smtp.mailfrom=other.test;\r\n\tdkim=pass (2048-bit key; unprotected)\r\n\t header.d=registrar.test header.i=@registrar.test\r\n",
		"quoted reason":            resultsField + `mx.partner.test; dkim=pass reason="good; \"dmarc=fail" header.d=registrar.test` + "\r\n",
		"another signature failed": resultsField + "mx.partner.test; dkim=fail header.d=registrar.test; dkim=pass header.d=registrar.test\r\n",
		"another domain passed":    resultsField + "mx.partner.test; dkim=pass header.d=a.test; dkim=pass header.d=registrar.test; dmarc=none header.from=registrar.test\r\n",
		"empty value":              resultsField + "mx.partner.test; spf=none smtp.mailfrom=; dmarc=pass (p=none) header.from=registrar.test\r\n",
		"below our own Received":   "Return-Path: <>\r\nReceived: from mx\r\n\tby store; now\r\n" + resultsField + "mx.partner.test; dkim=pass header.d=registrar.test\r\n",
		"others further down":      resultsField + "mx.partner.test; dkim=pass header.d=registrar.test\r\nReceived: x\r\n" + resultsField + "mx.partner.test; dkim=fail header.d=registrar.test\r\n",
		"8-bit comment":            resultsField + "mx.partner.test; dkim=pass (\xf2\xcf) header.d=registrar.test\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := New(byResults, nil).Verify(t.Context(), []byte(top+letter))
			if !got.Verified || got.Temporary || !strings.Contains(got.Reason, "=pass of registrar.test") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNotVouched(t *testing.T) {
	t.Parallel()
	const pass, no = "dkim=pass header.d=registrar.test\r\n", "has no pass of registrar.test"
	const ours, good = resultsField + "mx.partner.test; ", resultsField + "mx.partner.test; " + pass
	const odd, foreign = "is not understood", "is not of mx.partner.test"
	for name, c := range map[string]struct{ top, reason string }{
		"nothing":                     {"", "it has no Authentication-Results"},
		"dmarc in a comment":          {ours + "dkim=pass header.d=a.test (; dmarc=pass header.from=registrar.test)\r\n", no},
		"dmarc in a nested comment":   {ours + "dkim=fail (a (b) ; dmarc=pass header.from=registrar.test)\r\n", no},
		"dmarc after an escaped end":  {ours + "dkim=fail (a \\); dmarc=pass header.from=registrar.test)\r\n", no},
		"dmarc in a quotation":        {ours + `dkim=fail reason="; dmarc=pass header.from=registrar.test"` + "\r\n", no},
		"dmarc after an escaped sign": {ours + `dkim=fail reason="\"; dmarc=pass header.from=registrar.test ;\""` + "\r\n", no},
		"quoted domain":               {ours + "dkim=pass header.d=\"registrar.test\"\r\n", no},
		"comment without end":         {ours + "dkim=fail (x; " + pass, odd},
		"end without comment":         {ours + "dkim=fail x); " + pass, odd},
		"quotation without end":       {ours + "dkim=fail \"; " + pass, odd},
		"backslash":                   {ours + "dkim=fail a\\; " + pass, odd},
		"8-bit":                       {ours + "dkim=pass header.d=registrar.test a=\xf2\r\n", odd},
		"no id":                       {resultsField + pass, odd},
		"no id, empty":                {resultsField + "; " + pass, odd},
		"quoted id":                   {resultsField + `"mx.partner.test"; ` + pass, foreign},
		"id in a comment":             {resultsField + "(mx.partner.test) mx.evil.test; " + pass, foreign},
		"id in capitals":              {resultsField + "MX.partner.test; " + pass, foreign},
		"longer id":                   {resultsField + "mx.partner.test.evil.test; " + pass, foreign},
		"later version":               {resultsField + "mx.partner.test 2; " + pass, odd},
		"two ids":                     {resultsField + "mx.partner.test 1 x; " + pass, odd},
		"forged under a foreign one":  {resultsField + "mx.evil.test; none\r\n" + good, foreign},
		"forged under ours":           {resultsField + "mx.partner.test; dkim=fail header.d=registrar.test\r\nReceived: x\r\n" + good, no},
		"forged under an empty one":   {resultsField + "mx.partner.test; none\r\n" + good, no},
		"folded into another field":   {"X-Note: a\r\n " + good, "it has no Authentication-Results"},
		"field that is named alike":   {"X-" + good, "it has no Authentication-Results"},
		"other domain":                {ours + "dkim=pass header.d=a.test\r\n", no},
		"domain below":                {ours + "dkim=pass header.d=x.registrar.test\r\n", no},
		"domain above":                {ours + "dkim=pass header.d=test\r\n", no},
		"no domain":                   {ours + "dkim=pass\r\n", no},
		"signer's word only":          {ours + "dkim=pass header.i=@registrar.test\r\n", no},
		"not a pass":                  {ours + "dkim=passed header.d=registrar.test\r\n", no},
		"domain of the dmarc of dkim": {ours + "dmarc=pass header.d=registrar.test\r\n", no},
		"dmarc of another":            {ours + "dmarc=pass header.from=a.test\r\n", no},
		"SPF":                         {ours + "spf=pass smtp.mailfrom=registrar.test header.d=registrar.test header.from=registrar.test\r\n", no},
		"domain of the next result":   {ours + "dkim=pass; spf=pass header.d=registrar.test\r\n", no},
		"two domains":                 {ours + "dkim=pass header.d=a.test header.d=registrar.test\r\n", odd},
		"blank before the domain":     {ours + "dkim=pass header.d= registrar.test\r\n", odd},
		"word without value":          {ours + "dkim=pass evil header.d=registrar.test\r\n", odd},
		"dmarc failed":                {ours + "dmarc=fail header.from=registrar.test; " + pass, "dmarc=fail"},
		"dmarc failed, after":         {ours + "dkim=pass header.d=registrar.test; dmarc=fail header.from=registrar.test\r\n", "dmarc=fail"},
		"two dmarc":                   {ours + "dmarc=pass header.from=registrar.test; dmarc=none header.from=registrar.test\r\n", "more than one dmarc"},
		"two From fields":             {"From: robot@registrar.test\r\n" + good, "more than one"},
		"two Subject fields":          {"Subject: x\r\n" + good, "more than one Subject"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := New(byResults, nil).Verify(t.Context(), []byte(c.top+letter))
			if got.Verified || got.Temporary || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%+v; want %q", got, c.reason)
			}
		})
	}
}

// DMARC speaks of the author's domain itself, never of one above it.
func TestDMARCIsOfTheAuthor(t *testing.T) {
	t.Parallel()
	v := New(Config{Method: AuthenticationResults, AuthServID: "mx.partner.test", Domains: []string{"registrar.test"}}, nil)
	mail := replaced(letter, "robot@", "robot@sub.")
	if got := v.Verify(t.Context(), []byte(resultsField+"mx.partner.test; dmarc=pass header.from=registrar.test\r\n"+mail)); got.Verified {
		t.Errorf("dmarc of another domain counts: %+v", got)
	}
	if got := v.Verify(t.Context(), []byte(resultsField+"mx.partner.test; dkim=pass header.d=registrar.test\r\n"+mail)); !got.Verified {
		t.Errorf("dkim of a listed parent does not count: %+v", got)
	}
}
