package smtpout

import (
	"bytes"
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
)

func envelope() Envelope {
	return Envelope{From: callback, To: robot, Subject: "New domain [ABCDEFGHIJKLMNOPQRSTUVWXYZ]", MessageID: "<token@panel.example>",
		Date: time.Date(2026, 11, 24, 5, 0, 0, 0, time.FixedZone("MSK", 3*3600)), Charset: "koi8-r", Body: []byte("action: NEW\n\xd0\xd2\xc9\n")}
}

func TestRender(t *testing.T) {
	t.Parallel()

	got, err := Render(envelope())
	if err != nil {
		t.Fatal(err)
	}

	want := "Date: Tue, 24 Nov 2026 02:00:00 +0000\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Message-ID: <token@panel.example>\r\n" +
		"Subject: New domain [ABCDEFGHIJKLMNOPQRSTUVWXYZ]\r\n" +
		"From: <callback@panel.example>\r\n" +
		"To: <robot@registrar.example>\r\n" +
		"Content-Transfer-Encoding: 8bit\r\n" +
		"Content-Type: text/plain; charset=koi8-r\r\n" +
		"\r\n" +
		"action: NEW\r\n\xd0\xd2\xc9\r\n"
	if string(got) != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}

	for range 20 {
		if again, err := Render(envelope()); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("rendered again: %q, %v", again, err)
		}
	}
}

func TestRenderKeepsCRLFAndAddsTheLastLineEnd(t *testing.T) {
	t.Parallel()
	e := envelope()
	e.Body = []byte("a\r\nb\nc")
	got, err := Render(e)
	if err != nil || !bytes.HasSuffix(got, []byte("\r\n\r\na\r\nb\r\nc\r\n")) {
		t.Errorf("got %q, %v", got, err)
	}
	if string(e.Body) != "a\r\nb\nc" {
		t.Errorf("the caller's body became %q", e.Body)
	}
}

func TestRenderRussianSubject(t *testing.T) {
	t.Parallel()

	e := envelope()
	e.Subject = strings.Repeat("Новый домен для клиента ", 8) + "[TOKEN]"

	got, err := Render(e)
	if err != nil {
		t.Fatal(err)
	}

	parsed, err := mail.ReadMessage(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}

	for _, line := range strings.Split(strings.SplitN(string(got), "\r\n\r\n", 2)[0], "\r\n") {
		if len(line) > 76 {
			t.Errorf("header line of %d characters: %q", len(line), line)
		}
	}

	decoder := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		if charset != "koi8-r" {
			t.Errorf("charset %q", charset)
		}
		return charmap.KOI8R.NewDecoder().Reader(in), nil
	}}
	if subject, err := decoder.DecodeHeader(parsed.Header.Get("Subject")); err != nil || subject != e.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		change func(*Envelope)
		names  string
	}{
		"a line break in the subject":    {func(e *Envelope) { e.Subject = "x\r\nBcc: a@b.example" }, "subject:"},
		"a subject in no encoding":       {func(e *Envelope) { e.Subject = "\xd0\xd2" }, "subject:"},
		"a letter the charset lacks":     {func(e *Envelope) { e.Subject = "«x»" }, "subject:"},
		"a line break in the message id": {func(e *Envelope) { e.MessageID = "<a@b\r\nX: y>" }, "message id:"},
		"a bare message id":              {func(e *Envelope) { e.MessageID = "a@b" }, "message id:"},
		"two message ids":                {func(e *Envelope) { e.MessageID = "<a@b> <c@d>" }, "message id:"},
		"a message id beyond a line":     {func(e *Envelope) { e.MessageID = "<a@" + strings.Repeat("b", 1000) + ">" }, "message id:"},
		"no message id":                  {func(e *Envelope) { e.MessageID = "" }, "message id:"},
		"a line break in from":           {func(e *Envelope) { e.From = "a@b.example\nX: y" }, "from:"},
		"an address beyond a path":       {func(e *Envelope) { e.From = "a@b" + strings.Repeat(".bcdefghi", 28) }, "from:"},
		"a list in to":                   {func(e *Envelope) { e.To = "a@b.example,c@d.example" }, "to:"},
		"no date":                        {func(e *Envelope) { e.Date = time.Time{} }, "date:"},
		"another charset":                {func(e *Envelope) { e.Charset = "utf-8" }, "charset:"},
		"capitals in the charset":        {func(e *Envelope) { e.Charset = "KOI8-R" }, "charset:"},
		"a line of 999 bytes":            {func(e *Envelope) { e.Body = []byte("a\n" + strings.Repeat("b", 999)) }, "body: line 2"},
		"a bare CR":                      {func(e *Envelope) { e.Body = []byte("a\rb\n") }, "body: line 1"},
		"a NUL":                          {func(e *Envelope) { e.Body = []byte("a\n\x00\n") }, "body: line 2"},
		"no body":                        {func(e *Envelope) { e.Body = nil }, "body:"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			e := envelope()
			c.change(&e)
			if got, err := Render(e); err == nil || !strings.Contains(err.Error(), c.names) {
				t.Errorf("got %q, %v, want an error with %q", got, err, c.names)
			}
		})
	}

	e := envelope()
	e.Body = []byte(strings.Repeat("b", 998) + "\n")
	if _, err := Render(e); err != nil {
		t.Errorf("a line of 998 bytes: %v", err)
	}
}

// Whatever is rendered has our headers once each, no other, and the body as it was given.
func FuzzRender(f *testing.F) {
	f.Add("New client [T]", "<t@panel.example>", callback, []byte("action: NEW\r\n"))
	f.Add("Новый клиент", "<t@panel.example>", callback, []byte("\xff\x80\n.\n"))
	f.Add("=?utf-8?q?x?=", "<t@p>", "a.b+c@p.example", []byte("\n\nx: y"))
	f.Add("a  b   "+strings.Repeat("c", 90), "<"+strings.Repeat("t", 90)+"@p>", callback, []byte("x"))

	f.Fuzz(func(t *testing.T, subject, id, from string, body []byte) {
		e := envelope()
		e.Subject, e.MessageID, e.From, e.Body = subject, id, from, body

		raw, err := Render(e)
		if err != nil {
			return
		}

		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}

		if len(m.Header) != 8 {
			t.Errorf("headers %v", m.Header)
		}

		for name, values := range m.Header {
			if len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
		}

		if got := m.Header.Get("Message-Id"); got != id {
			t.Errorf("message id %q, want %q", got, id)
		}

		rest, err := io.ReadAll(m.Body)
		want := strings.TrimSuffix(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n") + "\n"
		if err != nil || strings.ReplaceAll(string(rest), "\r\n", "\n") != want {
			t.Errorf("body %q, want %q", rest, want)
		}

		for _, line := range strings.Split(string(raw), "\r\n") {
			if len(line) > maxLine || strings.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
	})
}
