package mailauth

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
	const contradict = "contradict each other"
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
		"forged under an empty one":   {resultsField + "mx.partner.test; none\r\n" + good, contradict},
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

const (
	inResults = "Received: from robot (mail.registrar.test [203.0.113.5])\r\n\tby mx.partner.test (Postfix) with ESMTPS id 1; now\r\n"
	inLMTP    = "Received: from mx.partner.test\r\n\tby mx.partner.test with LMTP id 2; now\r\n"
	atRobot   = "Received: from app (app [10.0.0.4]) by mail.registrar.test (Postfix) with ESMTP id 3; now\r\n"
	inEvil    = "Received: from mail.registrar.test (evil.test [198.51.100.9])\r\n\tby mx.partner.test (Postfix) with ESMTP id 4; now\r\n"
	fromOurs  = resultsField + "mx.partner.test; "
	dkimPass  = fromOurs + "dkim=pass (2048-bit key) header.d=registrar.test header.s=s1\r\n"
	dkimNone  = fromOurs + "dkim=none (no signature)\r\n"
	dmarcPass = fromOurs + "dmarc=pass (p=none dis=none) header.from=registrar.test\r\n"
	dmarcNone = fromOurs + "dmarc=none (p=none dis=none) header.from=registrar.test\r\n"
	spfPass   = fromOurs + "spf=pass (ip) smtp.mailfrom=robot@registrar.test\r\n"
	spfEvil   = fromOurs + "spf=pass smtp.mailfrom=evil.test\r\n"
	spfNone   = fromOurs + "spf=none smtp.helo=mail\r\n"
)

// Each filter of a mail server writes a field of its own, in an order that depends on the
// server, above its Received field or below.
func TestVouchedBySeveralFields(t *testing.T) {
	t.Parallel()

	for name, top := range map[string]string{
		"OpenDMARC above OpenDKIM":            dmarcNone + dkimPass,
		"OpenDKIM above OpenDMARC":            dkimPass + dmarcNone,
		"four filters":                        spfPass + dmarcPass + dkimPass + fromOurs + "arc=none smtp.client-ip=203.0.113.5\r\n",
		"above the server's Received":         dmarcNone + dkimPass + inResults + atRobot,
		"below the server's Received":         inResults + dmarcNone + dkimPass + atRobot,
		"below two of ours":                   inLMTP + inResults + dmarcNone + dkimPass + atRobot,
		"between two of ours":                 inLMTP + dmarcNone + dkimPass + inResults + atRobot,
		"behind a filter":                     "Received: from localhost (localhost [127.0.0.1])\r\n\tby mx.partner.test (Postfix) with ESMTP id 5; now\r\n" + inResults + dkimPass,
		"behind a store in our network":       "Received: from mx (mx [10.0.0.2]) by store (Cyrus) with LMTPA; now\r\n" + "Received: from mx by store; now\r\n" + dkimPass,
		"other fields between":                "X-Spam: no\r\n" + dmarcNone + "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.partner.test 1\r\nReceived-SPF: pass\r\n" + dkimPass,
		"dmarc by spf, beside dkim=none":      dkimNone + dmarcPass + spfPass,
		"dmarc alone, beside another filter":  dmarcPass + fromOurs + "iprev=pass policy.iprev=203.0.113.5\r\n",
		"both say dkim":                       dkimPass + fromOurs + "dkim=fail header.d=registrar.test; dkim=pass header.d=registrar.test; dmarc=none header.from=registrar.test\r\n",
		"forged, below the Received of ours":  dmarcNone + dkimPass + inResults + fromOurs + "dkim=fail header.d=registrar.test\r\n",
		"a foreign one below ours":            dkimPass + resultsField + "mail.registrar.test; dkim=fail header.d=registrar.test\r\n" + dkimNone,
		"one that is not understood, below":   dkimPass + resultsField + "mx.partner.test; dkim=fail (\r\n",
		"a hop between servers that we named": dmarcNone + "Received: from gate.partner.test (gate [192.0.2.7]) by mx2.partner.test (Postfix) with ESMTP id 6; now\r\n" + dkimPass + inResults,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := byResults
			c.Hosts = []string{"mx2.partner.test", "192.0.2.7"}
			if got := New(c, nil).Verify(t.Context(), []byte(top+letter)); !got.Verified || !strings.Contains(got.Reason, "=pass of registrar.test") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNotVouchedBySeveralFields(t *testing.T) {
	t.Parallel()

	const contradict, no, below, foreign = "contradict each other", "has no pass of", "below Received fields of other servers", "is not of mx.partner.test"
	for name, c := range map[string]struct{ top, reason string }{
		"forged under dkim=none":                 {inEvil + dkimNone + dkimPass, contradict},
		"forged under another's dkim":            {inEvil + fromOurs + "dkim=pass header.d=evil.test\r\n" + dkimPass, contradict},
		"forged dmarc under dkim=none":           {inEvil + dkimNone + dmarcPass, contradict},
		"forged dmarc under another's spf":       {inEvil + spfEvil + dmarcPass, contradict},
		"forged dmarc under no spf":              {inEvil + spfNone + dkimNone + dmarcPass, contradict},
		"forged dmarc under dmarc=none":          {inEvil + dmarcNone + dmarcPass, contradict},
		"forged dmarc under dmarc=fail":          {inEvil + fromOurs + "dmarc=fail header.from=registrar.test\r\n" + dmarcPass, "dmarc=fail"},
		"dmarc failed, in another field":         {dkimPass + fromOurs + "dmarc=fail header.from=registrar.test\r\n", "dmarc=fail"},
		"forged under an empty one":              {fromOurs + "none\r\n" + dkimPass, contradict},
		"below the Received of the stranger":     {fromOurs + "dkim=none\r\n" + inEvil + dkimPass, no},
		"below the stranger's own Received":      {inEvil + atRobot + dkimPass, below},
		"below a Received that is forged":        {inEvil + inLMTP + dkimPass, below},
		"below two, of a server that we named":   {inEvil + inResults + dkimPass, below},
		"a foreign one on top":                   {resultsField + "mail.registrar.test; dkim=pass header.d=registrar.test\r\n" + dkimPass, foreign},
		"a foreign one between, forged below it": {fromOurs + "spf=none\r\n" + resultsField + "x; none\r\n" + dkimPass, no},
		"two dmarc in one":                       {dkimPass + fromOurs + "dmarc=pass header.from=registrar.test; dmarc=none header.from=registrar.test\r\n", "more than one dmarc"},
		"fields that say nothing of it":          {spfPass + fromOurs + "iprev=pass\r\n", no},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := byResults
			v.Hosts = []string{"mx.partner.test"}
			got := New(v, nil).Verify(t.Context(), []byte(c.top+letter))
			if got.Verified || got.Temporary || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%+v; want %q", got, c.reason)
			}
		})
	}
}
