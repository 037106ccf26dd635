package mailform

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Charset is an encoding that R01 reads. r01-mail 1.1
type Charset string

const (
	KOI8R       Charset = "koi8-r"
	Windows1251 Charset = "windows-1251"
)

// Charsets lists every charset.
func Charsets() []Charset { return []Charset{KOI8R, Windows1251} }

func (c Charset) table() *charmap.Charmap {
	if c == Windows1251 {
		return charmap.Windows1251
	}
	return charmap.KOI8R
}

// Body is the text of a request.
type Body struct {
	Charset Charset
	Bytes   []byte // in Charset, lines end in CRLF
	Text    string // the same in UTF-8, lines end in LF
}

// maxLine is the longest line that mail carries, in bytes without its end. RFC 5322 2.1.1
const maxLine = 998

// Format writes the body of a request in the preferred charset, or in the other one if the text
// fits only there. An error is a *[FieldError] that names the field; then nothing may be sent.
func Format(r Request, password string, preferred Charset) (Body, error) {
	if err := r.check(); err != nil {
		return Body{}, err
	}
	lines := r.lines(password)
	for i := range lines {
		lines[i].tidy()
		// Judged as it is sent, because a letter that is spelt by others may become the mark that opens a template.
		if what := injection(lines[i].value); lines[i].name != "" && !what.none() {
			return Body{}, &FieldError{lines[i].path, what.english()}
		}
	}
	charset, err := choose(lines, preferred)
	if err != nil {
		return Body{}, err
	}
	return encode(lines, charset)
}

// choose returns the first charset that every line fits. r01-mail 1.3
func choose(lines []line, preferred Charset) (Charset, error) {
	order := map[Charset][]Charset{KOI8R: {KOI8R, Windows1251}, Windows1251: {Windows1251, KOI8R}}[preferred]
	if order == nil {
		return "", &FieldError{"charset", fmt.Sprintf("must be one of %v", Charsets())}
	}
	for _, c := range order {
		if misfit(lines, c) == nil {
			return c, nil
		}
	}
	return "", misfit(lines, Windows1251) // the richer of the two
}

func misfit(lines []line, c Charset) error {
	for _, l := range lines {
		for _, r := range l.value {
			if _, ok := c.table().EncodeRune(r); !ok {
				return &FieldError{l.path, l.show(r) + " can't be written to R01"}
			}
		}
	}
	return nil
}

// show names a character, unless it is part of a secret.
func (l line) show(r rune) string {
	if l.path == "password" {
		return "one of its characters"
	}
	return fmt.Sprintf("the character %U (%c)", r, r)
}

func encode(lines []line, c Charset) (Body, error) {
	body := Body{Charset: c}
	for _, l := range lines {
		text := l.String()
		encoded, err := c.table().NewEncoder().String(text)
		if err != nil {
			return Body{}, &FieldError{l.path, "can't be written in " + string(c)}
		}
		if len(encoded) > maxLine {
			return Body{}, &FieldError{l.path, fmt.Sprintf("is too long for one line of mail: shorten it to %d characters", maxLine-len(l.name)-2)}
		}
		body.Text += text + "\n"
		body.Bytes = append(append(body.Bytes, encoded...), '\r', '\n')
	}
	return body, nil
}

// tidy brings a value into the form in which it is sent.
func (l *line) tidy() {
	if !l.exact {
		l.value = strings.TrimSpace(spelt(l.value))
	}
}

// injection returns why a value could be read as more than a value. It never repairs: a value
// that is still wrong in its normal form must be entered differently. r01-mail 2.3
func injection(value string) complaint {
	if !utf8.ValidString(value) {
		return says(codeUTF8)
	}
	for _, r := range value {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return says(codeLineBreak)
		case unicode.Is(unicode.C, r): // control, format (bidi among them), surrogate, private
			return says(codeInvisible, "character", fmt.Sprintf("%U", r))
		}
	}
	if strings.HasPrefix(strings.TrimSpace(value), headingMark) {
		return says(codeHeading)
	}
	return complaint{}
}
