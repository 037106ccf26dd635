package mailauth

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// Limits on a header. The library's work grows with the fields times the signed names, and with the square of
// the lines of one field.
const (
	maxHeader = 64 << 10 // bytes; the same as in package message
	maxLines  = 1000
)

// telling are the fields that a reader acts on: what the mail is, what it answers, how its body is to be
// decoded. Another Content-Type turns the same body into another text. RFC 6376 8.2
var telling = []string{"From", "Date", "Subject", "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding"}

type field struct{ name, value string } // value unfolded

type header []field

var (
	endOfHeader = regexp.MustCompile(`\r?\n\r?\n`)
	startOfName = regexp.MustCompile(`^[!-9;-~]+[ \t]*:`)
)

// readHeader is stricter than the readers after it, so that they all see the same fields. It accepts bytes
// above ASCII in values, because R01's robot may write raw KOI8-R.
func readHeader(raw []byte) (header, error) {
	head := bytes.TrimRight(raw, "\r\n")
	if at := endOfHeader.FindIndex(raw[:min(len(raw), maxHeader)]); at != nil {
		head = raw[:at[0]]
	}

	if len(head) >= maxHeader || bytes.Count(head, []byte("\n")) >= maxLines {
		return nil, errors.New("its header is too long")
	}

	var h header
	for i, l := range bytes.Split(head, []byte("\n")) {
		l = bytes.TrimSuffix(l, []byte("\r"))
		folded := len(l) > 0 && (l[0] == ' ' || l[0] == '\t')
		name := startOfName.Find(l)
		switch {
		case i == 0 && bytes.HasPrefix(l, []byte("From ")) && name == nil: // of a mailbox file
		// Mail programs disagree about which header such a line belongs to, and a signature does not settle it.
		case bytes.ContainsAny(l, "\r\x00"), folded && (len(h) == 0 || len(bytes.TrimSpace(l)) == 0), !folded && name == nil:
			return nil, errors.New("a line of its header is broken")
		case folded:
			h[len(h)-1].value += string(l)
		default:
			h = append(h, field{strings.TrimRight(string(name), " \t:"), string(l[len(name):])})
		}
	}

	return h, nil
}

func (h header) values(name string) (list []string) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// repeated returns the name of a telling field that occurs more than once: a signature covers one of the two,
// and a reader may show the other.
func (h header) repeated() string {
	for _, name := range telling {
		if len(h.values(name)) > 1 {
			return name
		}
	}
	return ""
}

// unsigned returns the name of a telling field that is not signed.
func (h header) unsigned(signed []string) string {
	for _, name := range telling {
		if len(h.values(name)) > 0 && !slices.ContainsFunc(signed, func(s string) bool { return strings.EqualFold(s, name) }) {
			return name
		}
	}
	return ""
}

// anyCharset leaves names undecoded: only the address counts.
var anyCharset = mail.AddressParser{WordDecoder: &mime.WordDecoder{
	CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil },
}}

// author returns the one address of the one From field.
func (h header) author() (string, error) {
	from := h.values("From")
	if len(from) != 1 {
		return "", errors.New("it has no From, or more than one")
	}

	// The parser refuses raw 8-bit letters, which R01's robot may write in a name.
	readable := strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, from[0])

	list, err := anyCharset.ParseList(readable)
	switch {
	case err == nil && len(list) == 1:
		return list[0].Address, nil
	case err != nil:
		if a, ok := lastAddress(readable); ok {
			return a, nil
		}
	}

	return "", errors.New("its From is not one address")
}

// lastAddress reads "NAME <ADDRESS>" if the name contains characters that should be quoted, which many
// programs write. No reader can take another address for the author, because outside of quotes the name
// contains no address, or only the same one.
func lastAddress(from string) (string, bool) {
	name, ok := strings.CutSuffix(strings.TrimSpace(from), ">")
	at := strings.LastIndexByte(name, '<')
	if !ok || at < 0 {
		return "", false
	}

	name, address := name[:at], name[at+1:]
	if p, err := mail.ParseAddress(address); err != nil || p.Address != address {
		return "", false
	}

	bare, ok := unquoted(name)
	if !ok || strings.ContainsAny(bare, `<>;\`) {
		return "", false
	}

	for _, word := range strings.FieldsFunc(bare, func(r rune) bool { return strings.ContainsRune(" \t()[],:'`", r) }) {
		if strings.Contains(word, "@") && !strings.EqualFold(word, address) {
			return "", false
		}
	}

	return address, true
}

// unquoted removes quoted strings; false = one has no end.
func unquoted(text string) (string, bool) {
	var bare strings.Builder
	quoted, escaped := false, false
	for _, c := range []byte(text) {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quoted:
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted:
			bare.WriteByte(c)
		}
	}
	return bare.String(), !quoted
}
