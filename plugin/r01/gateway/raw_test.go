package gateway

import (
	"bytes"
	"encoding/base64"
	"errors"
	"mime"
	"mime/quotedprintable"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// quoted is what R01 might repeat of our request and its registrant.
const quoted = "Ваша заявка:\npassword: pass-CANARY-31\nperson-r: Сидоров Сидор Сидорович\npassport: 4510 123456\npassport: выдан ОВД Тверского района\n" +
	"birth-date: 18.10.1965\nphone: +7 495 1234567\n\nВладелец Сидоров Сидор Сидорович, паспорт 4510 123456, почта sidorov@example.ru.\n"

// canaries are what must not be seen of it, in any spelling that a person would read.
var canaries = []string{"pass-CANARY-31", "Сидор", "4510 123456", "4510123456", "123456", "Тверского", "18.10.1965", "1234567", "sidorov@example.ru"}

func quotedPrintable(text []byte) string {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func base64Lines(text []byte) string {
	var b strings.Builder
	for code := base64.StdEncoding.EncodeToString(text); code != ""; {
		n := min(len(code), 76)
		b.WriteString(code[:n] + "\n")
		code = code[n:]
	}
	return b.String()
}

// A mail is shown as it came, and nothing that must not be seen is in it, however it is encoded.
func TestRawMailIsMasked(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 5)
	koi8, err := charmap.KOI8R.NewEncoder().Bytes([]byte(quoted))
	if err != nil {
		t.Fatal(err)
	}
	utf8 := []byte(quoted)
	part := func(fields, body string) string { return fields + "\n\n" + body }
	const html = "<html><body><p>passport: 4510 123456</p><p>Владелец Сидоров&nbsp;Сидор Сидорович</p><p>4510&#32;123456</p></body></html>"
	inner := "From: robot@registrar.example\nSubject: inner\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n" + base64Lines(koi8)
	for _, c := range []struct {
		name, mail string
		shows      string
	}{
		{"8bit koi8-r", part("Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit", string(koi8)), "Ваша заявка"},
		{"8bit koi8-r without a label", part("X-None: 1", string(koi8)), "Ваша заявка"},
		{"quoted-printable koi8-r", part("Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable", quotedPrintable(koi8)), "Ваша заявка"},
		{"quoted-printable without a field", part("Content-Type: text/plain; charset=utf-8", quotedPrintable(utf8)), "Ваша заявка"},
		{"quoted-printable twice", part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", quotedPrintable([]byte(quotedPrintable(utf8)))), "Ваша заявка"},
		{"base64 utf-8", part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", base64Lines(utf8)), "Ваша заявка"},
		{"base64 koi8-r", part("Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: BASE64", base64Lines(koi8)), "Ваша заявка"},
		{"base64 without a field", part("Content-Type: text/plain; charset=utf-8", base64Lines(utf8)), "base64, not shown"},
		{"quoted base64", part("Content-Type: text/plain; charset=utf-8", "Ваше письмо:\n> "+strings.ReplaceAll(strings.TrimSpace(base64Lines(utf8)), "\n", "\n> ")), "Ваше письмо"},
		{"a subject in encoded words", part("Subject: "+mime.QEncoding.Encode("utf-8", "Сидоров Сидор Сидорович 4510 123456"), "Ваша заявка"), "Ваша заявка"},
		{"a field in encoded words of koi8-r", part("X-Note: =?koi8-r?B?"+base64.StdEncoding.EncodeToString(koi8[:60])+"?=", "Ваша заявка"), "X-Note: "},
		{"html", part("Content-Type: text/html; charset=utf-8", html), "Content-Type: text/html"},
		{"html in quoted-printable", part("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", quotedPrintable([]byte(html))), "quoted-printable"},
		{"several parts", part(`Content-Type: multipart/mixed; boundary="b"`, "before "+"4510 123456\n--b\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n"+
			quotedPrintable(koi8)+"\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"+base64Lines(utf8)+"\n--b--\nafter 4510 123456\n"), "not shown: application/pdf"},
		{"parts that do not end", part(`Content-Type: multipart/mixed; boundary="b"`, "--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"+base64Lines(utf8)), "--b"},
		{"a boundary that is not there", part(`Content-Type: multipart/mixed; boundary="c"`, base64Lines(utf8)), "Content-Type: multipart/mixed"},
		{"an attached text", part(`Content-Type: multipart/mixed; boundary="b"`, "--b\nContent-Type: text/plain; charset=utf-8; name=a.txt\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"+
			base64Lines(utf8)+"\n--b--\n"), "Ваша заявка"},
		{"a mail within", part(`Content-Type: multipart/mixed; boundary="b"`, "--b\nContent-Type: message/rfc822\n\n"+inner+"\n--b--\n"), "Subject: inner"},
		{"a mail within, as text", part("Content-Type: text/plain", inner), "Subject: inner"},
		{"a broken header", "Content-Type text/plain\nnonsense\n\n" + base64Lines(utf8), "nonsense"},
	} {
		if !tries() {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			g.submit(registration("o1", "raw.ru"))
			g.send()
			head := "Received: from mx.example by mx.panel.example\nFrom: robot@registrar.example\nTo: callback@panel.example\nMIME-Version: 1.0\nIn-Reply-To: " +
				header(t, g.relay.taken[g.last()], "Message-ID") + "\n"
			g.receive(head + c.mail)
			m := g.waiting().Mail
			text, err := g.RawMail(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, c.shows) || !strings.Contains(text, "from mx.example by mx.panel.example") {
				t.Errorf("it does not show %q:\n%s", c.shows, text)
			}
			for _, canary := range canaries {
				if strings.Contains(text, canary) {
					t.Errorf("it shows %q:\n%s", canary, text)
				}
			}
			for line := range strings.Lines(text) { // nor what a decoder makes of it
				word := strings.TrimLeft(strings.TrimSpace(line), "> ")
				if code, err := base64.StdEncoding.DecodeString(word); err == nil && len(code) > 12 {
					t.Errorf("it shows base64: %q", word)
				}
			}
		})
	}
}

// What we sent is shown as well, without the password and the registrant.
func TestRawMailOfOurOwn(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "raw.ru"))
	g.send()
	var sent registrar.MailID
	for _, s := range g.operation(op.ID).History {
		if s.Mail != "" {
			sent = s.Mail
		}
	}
	text, err := g.RawMail(t.Context(), sent)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "Content-Transfer-Encoding: 8bit") || !strings.Contains(text, "nic-hdl: ") {
		t.Errorf("it is not the mail:\n%s", text)
	}
	for _, canary := range canaries {
		if strings.Contains(text, canary) {
			t.Errorf("it shows %q:\n%s", canary, text)
		}
	}
	if _, err := g.RawMail(t.Context(), "none"); !errors.Is(err, registrar.NotFound) {
		t.Errorf("a mail that is not there: %v", err)
	}
}
