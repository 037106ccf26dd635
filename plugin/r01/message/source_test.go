package message

import (
	"strings"
	"testing"
	"unicode"
)

// A mail is written as it came: its fields and parts in their order, decoded.
func TestSource(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ name, raw, want string }{
		{"plain", "From: a@b.example\r\nSubject: hi\r\n\r\nOne.\r\nTwo.\r\n", "From: a@b.example\nSubject: hi\n\nOne.\nTwo.\n"},
		{"folded fields stay", "Received: from a\r\n\tby b\r\nSubject: hi\r\n\r\nOne.\r\n", "Received: from a\n\tby b\nSubject: hi\n\nOne.\n"},
		{"encoded words", "Subject: =?koi8-r?B?79TXxdQ=?=\r\n\r\nOne.\r\n", "Subject: Ответ\n\nOne.\n"},
		{"quoted-printable", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D0=94=D0=B0=\r\n, so.\r\n",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nДа, so.\n"},
		{"a signature", "DKIM-Signature: v=1; b=dGhpcyBpcyBubyBzaWduYXR1cmUgYXQgYWxsIDEy\r\n\tMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\nOne.\r\n",
			"DKIM-Signature: v=1; b=dGhpcyBpcyBubyBzaWduYXR1cmUgYXQgYWxsIDEy\n\tMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Ng==\n\nOne.\n"},
		{"no text", "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n", "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n(10 bytes, not shown: image/png)\n"},
		{"parts", "Content-Type: multipart/mixed; boundary=x\r\n\r\nbefore\r\n--x\r\n\r\nOne.\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Two</p>\r\n--x--\r\nafter\r\n",
			"Content-Type: multipart/mixed; boundary=x\n\nbefore\n--x\nOne.\n--x\nContent-Type: text/html\n\nTwo\n--x--\nafter\n"},
		{"a boundary that commands a terminal", "Content-Type: multipart/mixed; boundary=\"x\x1b[2Jy\"\r\n\r\n--x\x1b[2Jy\r\n\r\nOne.\r\n--x\x1b[2Jy--\r\n",
			"Content-Type: multipart/mixed; boundary=\"x[2Jy\"\n\n--x[2Jy\nOne.\n--x[2Jy--\n"},
		{"a mail within", "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nOne.\r\n", "Content-Type: message/rfc822\n\nSubject: in\n\nOne.\n"},
		{"lines that are no fields", "Subject: hi\r\nnonsense\r\n\r\nOne.\r\n", "Subject: hi\nnonsense\n\nOne.\n"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Source([]byte(c.raw)); got != c.want {
				t.Errorf("got:\n%q\nwant:\n%q", got, c.want)
			}
		})
	}
}

// Its work is bounded, and nothing makes it panic.
func FuzzSource(f *testing.F) {
	f.Add("Subject: =?utf-8?q?=D0?=\n\n=D0=\n")
	f.Add("Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\nContent-Type: message/rfc822\n\n--x--")
	f.Add(strings.Repeat("Content-Type: message/rfc822\n\n", 30))
	f.Add("=\n=A\n=AZ=A0=a0")
	f.Fuzz(func(t *testing.T, raw string) {
		text := Source([]byte(raw))
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.C, r) && r != '\n' && r != '\t' }) {
			t.Errorf("it commands a terminal: %q", text)
		}
		if len(text) > 4*len(raw)+10*maxText {
			t.Errorf("%d bytes of %d", len(text), len(raw))
		}
	})
}
