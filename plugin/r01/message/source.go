package message

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/emersion/go-message/textproto"

	"registrar.panel/internal/lazyregexp"
)

// Source writes a mail as it came, for a person: every header field, and every part in its order.
// Transfer encodings, charsets and encoded words are decoded, even if no field mentions them, so that
// secrets can be found and masked. HTML is shown as its text, and parts that are not text by their size.
func Source(raw []byte) string {
	s := source{}
	s.mail(raw, 0)
	return s.String()
}

type source struct {
	strings.Builder
	walker
}

// mail writes a mail, including lines of its header that are no fields.
func (s *source) mail(raw []byte, depth int) {
	head, body, wrong := split(raw)
	shown := head
	if len(wrong) > 0 {
		// Lines that were left out of a broken header may be just what the person is looking for.
		shown = bytes.TrimSuffix(raw, body)
		shown = shown[:min(len(shown), maxHeader)]
	}
	s.entity(shown, head, body, depth)
}

// entity writes a header and what follows it.
func (s *source) entity(shown, head, body []byte, depth int) {
	s.WriteString(fieldsOf(shown))
	h, err := readHeader(head)
	if err != nil { // as far as it can be read
		h = textproto.Header{}
	}
	if len(shown) > 0 {
		s.WriteString("\n")
	}
	s.body(h, body, depth)
}

func (s *source) body(h textproto.Header, body []byte, depth int) {
	if s.parts++; s.parts > maxParts || depth > maxDepth {
		s.omit(len(body), "too many parts, or too deep ones")
		return
	}
	media, params, _ := contentType(h, "text/plain")
	switch {
	case strings.HasPrefix(media, "multipart/") && params["boundary"] != "":
		s.multipart(params["boundary"], body, depth)
	case returned(media):
		s.mail(s.decoded(h, body), depth+1)
	case media == "text/html":
		s.text(stripHTML(plainText(decode(params["charset"], s.decoded(h, body)))))
	case strings.HasPrefix(media, "text/"), strings.HasPrefix(media, "message/"), strings.HasPrefix(media, "multipart/"):
		s.text(plainText(decode(params["charset"], s.decoded(h, body))))
	default:
		s.omit(len(body), media)
	}
}

func (s *source) multipart(boundary string, body []byte, depth int) {
	delimiter := []byte("--" + boundary)
	shown := "--" + oneLine(boundary) // which may have been written to command a terminal
	before, rest, end := cutAt(body, delimiter)
	s.text(plainText(decode("", before)))
	for end == another {
		var part []byte
		part, rest, end = cutAt(rest, delimiter)
		if s.parts > maxParts {
			s.omit(len(part)+len(rest), "too many parts")
			return
		}
		s.WriteString(shown + "\n")
		head, text, _ := splitPart(part)
		s.entity(head, head, text, depth+1)
	}
	s.WriteString(shown + "--\n")
	s.text(plainText(decode("", rest)))
}

// text writes whole lines.
func (s *source) text(text string) {
	if text = strings.TrimRight(clean(text), "\n"); text != "" {
		s.WriteString(text + "\n")
	}
}

func (s *source) omit(size int, what string) {
	fmt.Fprintf(s, "(%d bytes, not shown: %s)\n", size, oneLine(what))
}

// fieldsOf returns the fields of a header as they came, except that encoded words are decoded
// and the fields with them unfolded.
func fieldsOf(head []byte) string {
	var b strings.Builder
	for _, field := range foldedField.FindAllString(strings.ReplaceAll(decode("", head), "\r\n", "\n"), -1) {
		switch {
		case strings.Contains(field, "=?"):
			field = headerText(field) + "\n"
		case !strings.Contains(field, ":"): // a text that has run into the header
			field = plainText(field)
		}
		b.WriteString(strings.TrimRight(clean(field), "\n") + "\n")
	}
	return b.String()
}

var foldedField = lazyregexp.New(`[^\n]+\n?(?:[ \t][^\n]*\n?)*`)

// plainText undoes encodings that no field mentions: text with quoted-printable is decoded
// again, and base64 is left out.
func plainText(text string) string {
	if encodedBytes.MatchString(text) {
		text = decode("", encodedByte.ReplaceAllFunc([]byte(softBreak.ReplaceAllString(text, "")), func(code []byte) []byte {
			return []byte{unhex(code[1])<<4 | unhex(code[2])}
		}))
	}

	var kept []string
	hidden := 0
	for line := range strings.SplitSeq(text, "\n") {
		content := strings.TrimLeft(strings.TrimRight(line, " \t\r"), " \t>|")
		// The last line of a block may be short.
		if base64Line.MatchString(content) && (len(content) >= longCode && mixed(content) || hidden > 0 && content != "") {
			hidden += len(content)
			continue
		}

		if hidden > 0 {
			kept = append(kept, fmt.Sprintf("(%d characters of base64, not shown)", hidden))
			hidden = 0
		}

		kept = append(kept, line)
	}

	if hidden > 0 {
		kept = append(kept, fmt.Sprintf("(%d characters of base64, not shown)", hidden))
	}

	return strings.Join(kept, "\n")
}

var (
	encodedBytes = lazyregexp.New(`(?:=[0-9A-Fa-f]{2}){2}|=\r?\n`)
	encodedByte  = lazyregexp.New(`=[0-9A-Fa-f]{2}`)
	softBreak    = lazyregexp.New(`=[ \t]*\r?\n`)
	base64Line   = lazyregexp.New(`^[A-Za-z0-9+/]+={0,2}$`)
)

// longCode is the least length of a line of base64, except the last of several.
const longCode = 24

// mixed reports whether a word has small letters, capital letters and digits, as no word of a
// language and no token of ours has.
func mixed(word string) bool {
	return strings.ContainsAny(word, "abcdefghijklmnopqrstuvwxyz") && strings.ContainsAny(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
		strings.ContainsAny(word, "0123456789")
}

// unhex reads a hexadecimal digit in either case; setting this bit leaves digits unchanged.
func unhex(c byte) byte { return byte(strings.IndexByte("0123456789abcdef", c|0x20)) }
