package message

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"registrar.panel/internal/lazyregexp"
)

// aliases are labels that mails use and no index has.
var aliases = map[string]string{
	"cp-1251": "windows-1251", "win-1251": "windows-1251", "win1251": "windows-1251", "windows1251": "windows-1251", "1251": "windows-1251",
	"ansi-1251": "windows-1251", "windows_1251": "windows-1251", "ms-1251": "windows-1251", "windows-cyrillic": "windows-1251",
	"koi8r": "koi8-r", "koi-8-r": "koi8-r", "koi8_r": "koi8-r", "koi-8": "koi8-r", "cskoi8r": "koi8-r",
	"utf_8": "utf-8", "utf-8-bom": "utf-8", "utf 8": "utf-8",
}

// lookUp finds an encoding by its label; nil when there is none, when it is UTF-8, and for the
// Western ones, which are a mailer's default label on 8-bit text of R01.
func lookUp(label string) encoding.Encoding {
	label = strings.Trim(strings.ToLower(label), " \t\"';,")
	if known, ok := aliases[label]; ok {
		label = known
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		e, err = ianaindex.MIME.Encoding(label)
	}
	if err != nil || e == nil || e == charmap.Windows1252 || e == charmap.ISO8859_1 || e == charmap.ISO8859_15 {
		return nil
	}
	if name, _ := htmlindex.Name(e); name == "utf-8" {
		return nil
	}
	return e
}

// decode converts a text with a label to UTF-8. Valid UTF-8 is hardly ever anything else.
// Russian under a wrong label, or none, is recognised by its letters, line by line, because
// gateways append lines in a charset of their own.
func decode(label string, text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	e := lookUp(label)
	single, isSingle := e.(*charmap.Charmap)
	wide := e != nil && bytes.IndexByte(text, 0) >= 0 // UTF-16 has zero bytes
	switch {
	case utf8.Valid(text) && !wide:
		return string(text)
	case e == nil || isSingle:
		return decodeLines(text, single)
	}
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		return strings.ToValidUTF8(string(text), "\ufffd")
	}
	return string(decoded)
}

// decodeLines decodes each line in the charset in which it looks most like Russian. In a draw
// the charset of the whole text wins.
func decodeLines(text []byte, labelled *charmap.Charmap) string {
	// A short line may look like anything, so in a draw the whole text decides.
	usual := likeliest(text, charmap.KOI8R, labelled)
	var b strings.Builder
	b.Grow(len(text) * 2)
	for line := range bytes.Lines(text) {
		if utf8.Valid(line) {
			b.Write(line)
			continue
		}
		table := likeliest(line, usual, nil)
		for _, c := range line {
			b.WriteRune(table.DecodeByte(c))
		}
	}
	return b.String()
}

// likeliest returns the charset in which a text looks most like Russian. In a draw the labelled
// one wins, if there is one, or else the usual one.
func likeliest(text []byte, usual, labelled *charmap.Charmap) *charmap.Charmap {
	if labelled != nil {
		usual = labelled
	}
	best, most := usual, weigh(usual, text)
	for _, candidate := range cyrillic {
		if w := weigh(candidate, text); w > most {
			best, most = candidate, w
		}
	}
	return best
}

// cyrillic are the charsets in which Russian text occurs, R01's own first.
var cyrillic = []*charmap.Charmap{charmap.KOI8R, charmap.Windows1251, charmap.ISO8859_5, charmap.CodePage866}

// frequency is how often letters occur in Russian text, per mille.
var frequency = map[rune]int{
	'о': 110, 'е': 85, 'а': 80, 'и': 74, 'н': 67, 'т': 63, 'с': 55, 'р': 47, 'в': 45, 'л': 44, 'к': 35, 'м': 32,
	'д': 30, 'п': 28, 'у': 26, 'я': 20, 'ы': 19, 'ь': 17, 'г': 17, 'з': 16, 'б': 16, 'ч': 14, 'й': 12, 'х': 10,
	'ж': 9, 'ш': 7, 'ю': 6, 'ц': 5, 'щ': 4, 'э': 3, 'ф': 3, 'ъ': 1, 'ё': 1,
}

// look is what a byte looks like in a charset.
type look struct {
	weight       int // how Russian it is
	upper, lower bool
}

// looks caches the looks of all bytes in each charset.
var looks sync.Map

func looksOf(c *charmap.Charmap) *[256]look {
	if known, ok := looks.Load(c); ok {
		return known.(*[256]look)
	}
	const notALetter = 60
	var all [256]look
	for i := range all {
		r := c.DecodeByte(byte(i))
		often, letter := frequency[unicode.ToLower(r)]
		all[i] = look{weight: often, upper: letter && unicode.IsUpper(r), lower: unicode.IsLower(r)}
		if !letter && r > unicode.MaxASCII && !strings.ContainsRune("«»№—–…°©\u00a0", r) {
			all[i].weight = -notALetter
		}
	}
	looks.Store(c, &all)
	return &all
}

// weigh returns how much a text looks like Russian in a charset. Case counts, too, because
// koi8-r and windows-1251 read each other's small letters as capital ones.
func weigh(c *charmap.Charmap, text []byte) (weight int) {
	const capitalInside = 40
	all := looksOf(c)
	lower := false
	for _, b := range text {
		l := all[b]
		weight += l.weight
		if l.upper && lower {
			weight -= capitalInside
		}
		lower = l.lower
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

var doubledReturn = lazyregexp.New(`\r{2,}\n`)

// clean makes lines end in LF and drops characters that no text needs.
func clean(s string) string {
	if strings.Contains(s, "\r\r\n") { // some mailers double the half of a line's end
		s = doubledReturn.ReplaceAllString(s, "\n")
	}
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
