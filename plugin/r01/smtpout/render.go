package smtpout

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wneessen/go-mail"
	"golang.org/x/text/encoding/charmap"
)

// maxLine is the longest line that SMTP carries, without its end. RFC 5321 4.5.3.1.6
const maxLine = 998

// Envelope is a mail before it is rendered.
type Envelope struct {
	From, To  string // plain addresses
	Subject   string // one line; what is not ASCII must fit the charset
	MessageID string // with angle brackets
	Date      time.Time
	Charset   string // of Body: "koi8-r" or "windows-1251"
	Body      []byte // encoded; lines end in LF or CRLF
}

var charmaps = map[string]*charmap.Charmap{"koi8-r": charmap.KOI8R, "windows-1251": charmap.Windows1251}

// Render makes the bytes of the mail, with CRLF line ends. Equal envelopes give equal bytes.
// The error names the field that can't be sent as it is. r01-mail 1.1
func Render(e Envelope) ([]byte, error) {
	body, err := e.check()
	if err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}

	m := mail.NewMsg(mail.WithCharset(mail.Charset(e.Charset)), mail.WithEncoding(mail.NoEncoding), mail.WithNoDefaultUserAgent())
	if err := errors.Join(m.From(e.From), m.To(e.To)); err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}

	words, err := encodeSubject(e.Subject, e.Charset)
	if err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}

	// go-mail makes a single encoded word of any length. field-notes 1.1
	m.SetGenHeaderPreformatted(mail.HeaderSubject, words)
	m.SetGenHeader(mail.HeaderMessageID, e.MessageID)
	m.SetDateWithValue(e.Date.UTC())
	m.SetBodyString(mail.TypeTextPlain, string(body))
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}

	return out.Bytes(), nil
}

// check returns the body with CRLF line ends.
func (e Envelope) check() ([]byte, error) {
	if err := CheckAddress(e.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := CheckAddress(e.To); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}

	// A line break within a field would let the field write the ones below.
	switch {
	case control(e.Subject) || !utf8.ValidString(e.Subject):
		return nil, errors.New("subject: must be one line of text")
	case control(e.MessageID) || strings.ContainsFunc(e.MessageID, func(r rune) bool { return r == ' ' || r > '~' }),
		!strings.HasPrefix(e.MessageID, "<"), !strings.HasSuffix(e.MessageID, ">"), strings.Count(e.MessageID, "@") != 1,
		len(e.MessageID) > maxLine-len("Message-ID: "):
		return nil, errors.New("message id: must be of the form <left@right>")
	case e.Date.IsZero():
		return nil, errors.New("date: is missing")
	case charmaps[e.Charset] == nil:
		return nil, fmt.Errorf("charset: must be koi8-r or windows-1251, not %q", e.Charset)
	}

	return checkBody(e.Body)
}

func control(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// checkBody checks the lines of the body. Its errors never quote a line, because lines are personal data.
func checkBody(body []byte) ([]byte, error) {
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	if len(body) == 0 {
		return nil, errors.New("body: is empty")
	}
	for i, line := range bytes.Split(body, []byte("\n")) {
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("body: line %d has %d bytes, at most %d can be sent", i+1, len(line), maxLine)
		// Some servers take a lone CR as the end of a line, and others do not. RFC 5321 2.3.8
		case bytes.ContainsAny(line, "\r\x00"):
			return nil, fmt.Errorf("body: line %d holds a control character", i+1)
		}
	}
	if body[len(body)-1] != '\n' {
		body = append(body, '\n')
	}
	return bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")), nil
}

// encodeSubject writes the subject as it is, or as encoded words, one to a line. A line with an
// encoded word has at most 76 characters, the first one including the field's name. RFC 2047 2
func encodeSubject(subject, charset string) (string, error) {
	plain := !strings.ContainsFunc(subject, func(r rune) bool { return r > '~' })
	if plain && !strings.Contains(subject, "=?") && len(subject) <= maxLine-len("Subject: ") {
		return subject, nil
	}

	encoded, err := charmaps[charset].NewEncoder().String(subject)
	if err != nil {
		return "", fmt.Errorf("subject: holds a character that %s lacks", charset)
	}
	frame := len("Subject: " + "=?" + charset + "?B?" + "?=")
	// Base64 turns three bytes into four characters.
	size := (76 - frame) / 4 * 3

	var words []string
	// Both charsets have one byte for each letter, so no letter is cut.
	for text := encoded; text != ""; {
		n := min(size, len(text))
		words = append(words, "=?"+charset+"?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(words, "\r\n "), nil
}
