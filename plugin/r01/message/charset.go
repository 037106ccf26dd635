package message

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// aliases are labels seen in the wild that no index has.
var aliases = map[string]string{
	"cp-1251": "windows-1251", "win-1251": "windows-1251", "win1251": "windows-1251", "windows1251": "windows-1251",
	"koi8r": "koi8-r", "koi-8-r": "koi8-r", "koi8_r": "koi8-r", "koi-8": "koi8-r",
}

// lookUp finds an encoding by its label; nil when there is none, when it is UTF-8, and for
// the Western ones: on 8-bit text of R01 they are the default of some mailer.
func lookUp(label string) encoding.Encoding {
	label = strings.ToLower(strings.TrimSpace(label))
	if known, ok := aliases[label]; ok {
		label = known
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		e, err = ianaindex.MIME.Encoding(label)
	}
	if err != nil || e == nil || e == charmap.Windows1252 {
		return nil
	}
	if name, _ := htmlindex.Name(e); name == "utf-8" {
		return nil
	}
	return e
}

// decode makes UTF-8 of a text under a label. Valid UTF-8 is hardly ever anything else;
// Russian under a wrong label, or none, is told by its letters.
func decode(label string, text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	e := lookUp(label)
	wide := e != nil && bytes.IndexByte(text, 0) >= 0 // UTF-16 has zero bytes
	if utf8.Valid(text) && !wide {
		return string(text)
	}
	if e == nil || e == charmap.KOI8R || e == charmap.Windows1251 {
		e = guess(text, e)
	}
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		return strings.ToValidUTF8(string(text), "\ufffd")
	}
	return string(decoded)
}

// guess picks the encoding in which a text looks most like Russian. The labelled one wins
// a draw; without a label koi8-r does, which is R01's own.
func guess(text []byte, labelled encoding.Encoding) encoding.Encoding {
	likely, other := encoding.Encoding(charmap.KOI8R), encoding.Encoding(charmap.Windows1251)
	if labelled == other {
		likely, other = other, likely
	}
	if russian(other, text) > russian(likely, text) {
		return other
	}
	return likely
}

// frequency is how often letters stand in Russian text, per mille.
var frequency = map[rune]int{
	'о': 110, 'е': 85, 'а': 80, 'и': 74, 'н': 67, 'т': 63, 'с': 55, 'р': 47, 'в': 45, 'л': 44, 'к': 35, 'м': 32,
	'д': 30, 'п': 28, 'у': 26, 'я': 20, 'ы': 19, 'ь': 17, 'г': 17, 'з': 16, 'б': 16, 'ч': 14, 'й': 12, 'х': 10,
	'ж': 9, 'ш': 7, 'ю': 6, 'ц': 5, 'щ': 4, 'э': 3, 'ф': 3, 'ъ': 1, 'ё': 1,
}

// russian weighs how much a text looks like Russian in an encoding. The two encodings
// read each other's small letters as capital ones, so case tells, too.
func russian(e encoding.Encoding, text []byte) int {
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		return 0
	}
	const notALetter, capitalInside = 60, 40
	weight, before := 0, ' '
	for _, r := range string(decoded) {
		often, letter := frequency[unicode.ToLower(r)]
		switch {
		case letter && unicode.IsUpper(r) && unicode.IsLower(before):
			weight += often - capitalInside
		case letter:
			weight += often
		case r > unicode.MaxASCII && !strings.ContainsRune("«»№—–…°©", r):
			weight -= notALetter
		}
		before = r
	}
	return weight
}

// charsetReader decodes an encoded word.
func charsetReader(label string, r io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return strings.NewReader(decode(label, text)), nil
}

// clean makes lines end in LF and drops characters that no text needs.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u00a0':
			return ' '
		case unicode.Is(unicode.C, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
