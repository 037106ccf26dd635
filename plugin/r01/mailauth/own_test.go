package mailauth

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ourHosts are a mail server with a filter of its own, and the relay.
var ourHosts = Config{Method: None, Hosts: []string{"mx.partner.test", "Relay.partner.test", "192.0.2.7", "2001:db8::/64", "127.0.0.1"}}

const (
	byPostfix = "Received: by mx.partner.test (Postfix)\r\n\tid 4F1A; Tue, 24 Nov 2026 12:00:00 +0300 (MSK)\r\n"
	byLMTP    = "Received: from mx.partner.test\r\n\tby mx.partner.test with LMTP\r\n\tid aBc/DEF; Tue, 24 Nov 2026 12:00:01 +0300\r\n"
	byRelay   = "Received: from relay.partner.test (relay.partner.test [192.0.2.7])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby mx.partner.test (Postfix) with ESMTPS id 4F1B\r\n\tfor <callback@partner.test>; now\r\n"
	atRelay   = "Received: by relay.partner.test (Postfix) id 4F1C; now\r\n"
	stranger  = "Received: from mx.partner.test (evil.test [198.51.100.9])\r\n\tby mx.partner.test (Postfix) with ESMTP id 4F1D; now\r\n"
	report    = "From: MAILER-DAEMON@mx.partner.test (Mail Delivery System)\r\nTo: callback@partner.test\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\nfailed\r\n"
)

func TestMadeHere(t *testing.T) {
	t.Parallel()

	for name, received := range map[string]string{
		"Postfix":                              byPostfix,
		"Postfix, date missing":                "Received: by mx.partner.test (Postfix) id 4F1A\r\n",
		"Postfix under another mail name":      "Received: by MX.Partner.Test (Partner mail)\r\n\tid 4F1A; now\r\n",
		"Postfix and Dovecot":                  byLMTP + byPostfix,
		"Postfix and Dovecot, over TCP":        "Received: from mx.partner.test ([127.0.0.1])\r\n\tby mx.partner.test with LMTPS\r\n\tid x; now\r\n" + byPostfix,
		"through a filter":                     "Received: from localhost (localhost [127.0.0.1])\r\n\tby mx.partner.test (Postfix) with ESMTP id 4F1D; now\r\n" + byPostfix,
		"the relay's":                          byRelay + atRelay,
		"the relay's, to Dovecot":              byLMTP + byRelay + atRelay,
		"the relay's, by IPv6":                 "Received: from relay.partner.test (unknown [IPv6:2001:db8::25])\r\n\tby mx.partner.test (Postfix) with ESMTPS id 4F1B; now\r\n" + atRelay,
		"Exim":                                 "Received: from mail by mx.partner.test with local (Exim 4.96)\r\n\tid 1abc-0001-xy\r\n\tfor callback@partner.test;\r\n\tnow\r\n",
		"Exim of Debian":                       "Received: from Debian-exim by mx.partner.test with local (Exim 4.96)\r\n\tid 1abc; now\r\n",
		"Exim, handed on to the mailbox":       "Received: from relay.partner.test ([192.0.2.7] helo=relay.partner.test)\r\n\tby mx.partner.test with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384\r\n\t(Exim 4.96) (envelope-from <>) id 1abc; now\r\nReceived: from mailnull by relay.partner.test with local (Exim 4.96) id 1abd; now\r\n",
		"fields of the mail that is sent back": byPostfix + "X-Received: from evil.test\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := New(ourHosts, nil).MadeHere([]byte("Return-Path: <>\r\nDelivered-To: callback@partner.test\r\n" + received + report)); !got.Verified || got.Temporary {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNotMadeHere(t *testing.T) {
	t.Parallel()

	const empty = "Return-Path: <>\r\n"
	const elsewhere, open, below = "from elsewhere", "do not tell which server", "go on below"
	for name, c := range map[string]struct{ head, reason string }{
		"no Received":                       {empty, "no Received"},
		"no Return-Path":                    {byPostfix, "Return-Path"},
		"a sender":                          {"Return-Path: <evil@evil.test>\r\n" + empty + byPostfix, "Return-Path"},
		"a stranger, forged below":          {empty + stranger + byPostfix, elsewhere},
		"a stranger, through Dovecot":       {empty + byLMTP + stranger + byPostfix, elsewhere},
		"a stranger, through the relay":     {empty + byRelay + strings.ReplaceAll(stranger, "by mx.", "by relay.") + atRelay, elsewhere},
		"a stranger alone":                  {empty + stranger, elsewhere},
		"a stranger by IPv6":                {empty + "Received: from x (x [IPv6:2001:db8:1::9]) by mx.partner.test (Postfix) with ESMTP id 1; now\r\n" + byPostfix, elsewhere},
		"a stranger, without brackets":      {empty + "Received: from unknown (HELO mx.partner.test) (198.51.100.9) by mx.partner.test with SMTP; now\r\n" + byPostfix, elsewhere},
		"a stranger who names our address":  {empty + "Received: from [127.0.0.1] (unknown [198.51.100.9]) by mx.partner.test (Postfix) with ESMTP id 1; now\r\n" + byPostfix, elsewhere},
		"a stranger called by":              {empty + "Received: from by (by [198.51.100.9]) by mx.partner.test (Postfix) with LMTP id 1; now\r\n" + byPostfix, elsewhere},
		"a stranger with LMTP in the name":  {empty + "Received: from mx.partner.test by mx.partner.test with LMTP (evil.test [198.51.100.9]) by mx.partner.test (Postfix); now\r\n" + byPostfix, elsewhere},
		"a server of the robot":             {empty + "Received: by mx.registrar.test (Postfix) id 1; now\r\n", elsewhere},
		"a server of the robot, below ours": {empty + byLMTP + "Received: by mx.registrar.test (Postfix) id 1; now\r\n", elsewhere},
		"a name that ends alike":            {empty + "Received: by evil-mx.partner.test (Postfix) id 1; now\r\n", elsewhere},
		"a name below":                      {empty + "Received: by a.mx.partner.test (Postfix) id 1; now\r\n", elsewhere},
		"a user of the machine":             {empty + "Received: by mx.partner.test (Postfix, from userid 1000)\r\n\tid 4F1A; now\r\n", elsewhere},
		"a user, Exim":                      {empty + "Received: from alice by mx.partner.test with local (Exim 4.96) id 1abc; now\r\n", elsewhere},
		"a user, sendmail":                  {empty + "Received: (from alice@localhost) by mx.partner.test (8.17/8.17/Submit) id 1; now\r\n", elsewhere},
		"a user, qmail":                     {empty + "Received: (qmail 4242 invoked by uid 1000); now\r\n", elsewhere},
		"a user, OpenSMTPD":                 {empty + "Received: from localhost (mx.partner.test [local]) by mx.partner.test (OpenSMTPD) with ESMTPA id 1; now\r\n", elsewhere},
		"a user, through a filter":          {empty + "Received: from localhost (localhost [127.0.0.1]) by mx.partner.test (Postfix) with ESMTP id 1; now\r\nReceived: by mx.partner.test (Postfix, from userid 33) id 2; now\r\n", elsewhere},
		"a customer who logged in":          {empty + "Received: from [198.51.100.9] (unknown [198.51.100.9]) by mx.partner.test (Postfix) with ESMTPSA id 1; now\r\n" + byPostfix, elsewhere},
		"only hops":                         {empty + byLMTP, open},
		"only hops, by TCP":                 {empty + byRelay, open},
		"more below the first":              {empty + byPostfix + stranger, below},
		"a hop below the first":             {empty + byPostfix + byLMTP, below},
		"a broken field":                    {empty + "Received: by mx.partner.test (Postfix; now\r\n", elsewhere},
		"a broken header":                   {empty + byPostfix + "no field\r\n", "is broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := New(ourHosts, nil).MadeHere([]byte(c.head + report))
			if got.Verified || got.Temporary || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%+v; want %q", got, c.reason)
			}
		})
	}

	if got := New(Config{Method: None}, nil).MadeHere([]byte(empty + byPostfix + report)); got.Verified || !strings.Contains(got.Reason, "replies.hosts") {
		t.Errorf("without hosts: %+v", got)
	}
}

// Whatever a stranger writes: the field that our server puts on top of it names the stranger's
// address, and so the mail is not ours.
func TestStrangersNeverMakeMailHere(t *testing.T) {
	t.Parallel()
	v := New(ourHosts, nil)
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{byPostfix, byLMTP, byRelay, atRelay, stranger, "Return-Path: <>\r\n", "X: y\r\n",
			"Received: from mail by mx.partner.test with local (Exim 4.96) id 1abc; now\r\n"})
		written := strings.Join(rapid.SliceOf(piece).Draw(t, "written"), "")
		// A mail server puts a question mark in place of signs that have a meaning there.
		helo := rapid.StringMatching(`(mx\.partner\.test|\[127\.0\.0\.1\]|by|with LMTP|from|[a-z.]{1,9})( by mx\.partner\.test with LMTP| with local)?`).Draw(t, "helo")
		entry := "Received: from " + helo + " (unknown [198.51.100.9]) by mx.partner.test (Postfix) with ESMTP id 4F1D; now\r\n"
		later := rapid.SampledFrom([]string{"", byLMTP, byLMTP + byRelay}).Draw(t, "later")
		if got := v.MadeHere([]byte("Return-Path: <>\r\n" + later + entry + written + report)); got.Verified {
			t.Fatalf("%q passes as ours", written)
		}
	})
}
