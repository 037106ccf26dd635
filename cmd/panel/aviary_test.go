package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// inCharsets returns a word in every charset that a mail of ours may have.
func inCharsets(word string) []string {
	all := []string{word}
	for _, c := range []*charmap.Charmap{charmap.KOI8R, charmap.Windows1251} {
		if raw, err := c.NewEncoder().String(word); err == nil {
			all = append(all, raw)
		}
	}
	return all
}

// needles returns the forms of a word in text, in base64 at every offset, and
// in hexadecimal. The search undoes all other encodings in the haystack.
func needles(word string) [][]byte {
	var all [][]byte
	for _, raw := range inCharsets(word) {
		all = append(all, []byte(raw), []byte(hex.EncodeToString([]byte(raw))))
		for shift := range 3 {
			for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				text := alphabet.EncodeToString([]byte("xx"[:shift] + raw))
				// Only the characters that the word alone decides, without its neighbours.
				all = append(all, []byte(text[[]int{0, 2, 3}[shift]:(shift+len(raw))*8/6]))
			}
		}
	}
	return all
}

// escape matches a byte or a character in quoted-printable, a URL, or a string of Go or JSON.
var escape = regexp.MustCompile(`=\r?\n|[=%][0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}|\\u[0-9A-Fa-f]{4}`)

func unescape(form []byte) []byte {
	digits, base := form[1:], 16
	switch {
	case form[0] == '=' && form[1] <= '\r':
		return nil
	case form[1] == 'x', form[1] == 'u':
		digits = form[2:]
	case form[0] == '\\':
		base = 8
	}
	n, err := strconv.ParseUint(string(digits), base, 16)
	switch {
	case err != nil:
		return form
	case form[1] == 'u':
		return []byte(string(rune(n)))
	}
	return []byte{byte(n)}
}

// aviary searches for canaries.
type aviary map[string][][]byte

func newAviary() aviary {
	a := aviary{}
	for name, words := range canaries {
		for _, word := range words {
			a[name] = append(a[name], needles(word)...)
		}
	}
	return a
}

// in returns the canaries that it finds, with the text around them.
func (a aviary) in(raw []byte) map[string]string {
	joined := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r"), nil), []byte("\n"), nil)
	found := map[string]string{}
	for _, view := range [][]byte{raw, joined, bytes.ToLower(joined), escape.ReplaceAllFunc(raw, unescape)} {
		for name, all := range a {
			for _, needle := range all {
				if at := bytes.Index(view, needle); at >= 0 {
					found[name] = string(view[max(at-100, 0):min(at+100, len(view))])
				}
			}
		}
	}
	return found
}

func names(found map[string]string) []string { return slices.Sorted(maps.Keys(found)) }

// The search finds every form, or the test of the canaries would prove nothing.
func TestCanaryIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	a := newAviary()
	for name, words := range canaries {
		for _, word := range words {
			for _, raw := range inCharsets(word) {
				for form, text := range written(t, raw) {
					if _, ok := a.in([]byte("before " + text + " after"))[name]; !ok {
						t.Errorf("%s %q is not found as %s: %q", name, word, form, text)
					}
				}
			}
			if _, ok := a.in([]byte(strconv.QuoteToASCII(word)))[name]; !ok {
				t.Errorf("%s %q is not found in ASCII", name, word)
			}
		}
	}
	if found := a.in([]byte("4510 987430, Канарейка, 27.03.1952")); len(found) > 0 {
		t.Errorf("%q are found where they are not", found)
	}
}

func written(t *testing.T, raw string) map[string]string {
	t.Helper()
	var qp strings.Builder
	w := quotedprintable.NewWriter(&qp)
	if _, err := w.Write([]byte(strings.Repeat("-", 70) + raw)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"itself": raw, "hex": hex.EncodeToString([]byte(raw)), "HEX": fmt.Sprintf("%X", raw),
		"percent": url.QueryEscape(raw), "quoted-printable": qp.String(), "escapes": strings.Trim(fmt.Sprintf("%+q", raw), `"`)}
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("abc"[:shift] + raw + "defgh"))
		all[fmt.Sprint("base64 after ", shift)] = text
		all[fmt.Sprint("base64 broken after ", shift)] = text[:5] + "\r\n" + text[5:]
	}
	return all
}
