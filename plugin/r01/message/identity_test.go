package message

import (
	"strings"
	"testing"
)

// Two answers that differ only in what they answer are two mails; what is known by its former
// name stays known.
func TestContentHashCoversWhatItAnswers(t *testing.T) {
	t.Parallel()

	base := mailOf("From: robot@registrar.example", "Subject: R01: result", "Date: Tue, 24 Nov 2026 12:00:00 +0300", "In-Reply-To: <a@panel.example>", "", "queued")
	for name, other := range map[string]string{
		"another request": strings.Replace(string(base), "<a@", "<b@", 1),
		"none":            strings.Replace(string(base), "In-Reply-To: <a@panel.example>\r\n", "", 1),
		"references":      strings.Replace(string(base), "In-Reply-To:", "References:", 1),
	} {
		if ArrivalOf(base).Hash == ArrivalOf([]byte(other)).Hash {
			t.Errorf("%s: the same hash for another mail", name)
		}
		if ArrivalOf(base).FormerHash != ArrivalOf([]byte(other)).FormerHash {
			t.Errorf("%s: another former hash", name)
		}
		if ArrivalOf([]byte(other)).Hash == ArrivalOf([]byte(other)).FormerHash {
			t.Errorf("%s: a former hash is taken for a present one", name)
		}
	}

	// As it was made before In-Reply-To counted: mails in stores bear it.
	// The value is that of sha256sum for the fields and lines that the hash was of.
	if got := ArrivalOf([]byte("Message-ID: <1@x.example>\r\n\r\nx")).FormerHash; got != "7ce1c23e12406892daa6db7ccf9e762b2a887f31b0051becc1cb0cbb11bcdf72" {
		t.Errorf("former hash is %s", got)
	}
}

// A mail that comes again with other blanks, encoding or charset says the same.
func TestLikeness(t *testing.T) {
	t.Parallel()

	head := []string{"From: robot@registrar.example", "Subject: R01 notice", "Date: Tue, 24 Nov 2026 12:00:00 +0300", "References: <a@panel.example>"}
	mail := func(lines ...string) string {
		m, err := Parse(mailOf(append(append([]string{}, head...), lines...)...))
		if err != nil {
			t.Fatal(err)
		}
		return m.Likeness()
	}

	want := mail("Content-Type: text/plain; charset=utf-8", "", fact, "", "> quoted")
	for name, same := range map[string]string{
		"a blank at the end":  mail("Content-Type: text/plain; charset=utf-8", "", fact+" ", "", "> quoted"),
		"more empty lines":    mail("Content-Type: text/plain; charset=utf-8", "", "", fact, "", "", "> quoted", ""),
		"koi8-r":              mail("Content-Type: text/plain; charset=koi8-r", "", in(t, "koi8-r", fact), "", "> quoted"),
		"base64":              mail("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", b64(fact+"\n\n> quoted")),
		"broken in two lines": mail("Content-Type: text/plain; charset=utf-8", "", strings.Replace(fact, " и ", "\r\nи ", 1), "", "> quoted"),
		"another Message-ID":  mail("Message-ID: <x@y.example>", "Content-Type: text/plain; charset=utf-8", "", fact, "", "> quoted"),
	} {
		if same != want {
			t.Errorf("%s: another likeness", name)
		}
	}

	for name, other := range map[string]string{
		"another word": mail("Content-Type: text/plain; charset=utf-8", "", strings.Replace(fact, "newtime", "oldtime", 1), "", "> quoted"),
		"answers more": mail("In-Reply-To: <b@panel.example>", "Content-Type: text/plain; charset=utf-8", "", fact, "", "> quoted"),
		"quotes other": mail("Content-Type: text/plain; charset=utf-8", "", fact, "", "> other"),
	} {
		if other == want {
			t.Errorf("%s: the same likeness", name)
		}
	}
}
