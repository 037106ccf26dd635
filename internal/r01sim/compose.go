package r01sim

import (
	"bytes"
	"encoding/base64"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// reply is an answer before it is written as a mail.
type reply struct {
	to, from  string
	messageID string
	subject   string // the answer's own, for a style that does not keep the request's
	date      time.Time
	request   origin
	results   []result
	garbled   bool

	body  string       // written in place of the results; "" = the results are written
	media string       // media type of a body that is not plain text; such a body is UTF-8, 8bit
	more  []headerLine // below the others
}

// origin is the part of a mail that an answer repeats.
type origin struct {
	subject   string
	messageID string
	text      string // the mail's body, decoded
}

// compose writes the mail. A text that does not fit the style's charset is written in UTF-8.
func (r reply) compose(style Style) []byte {
	if r.media != "" {
		style.Charset, style.Encoding = charsetUTF8, "8bit"
	}
	text := strings.ReplaceAll(r.text(style), "\n", "\r\n")
	charset := style.Charset
	body, err := encodeText(charset, text)
	if err != nil {
		charset, body = charsetUTF8, []byte(text)
	}
	var b bytes.Buffer
	for _, line := range r.header(style, charset) {
		b.WriteString(line.write(style.OddHeaders))
	}
	b.WriteString("\r\n")
	b.Write(transferEncode(style.Encoding, body))
	return b.Bytes()
}

func (r reply) text(style Style) string {
	if r.body != "" {
		return r.body
	}

	var parts []string
	for _, one := range r.results {
		switch {
		case r.garbled:
			parts = append(parts, garbled(style.Language))
		case style.Layout == LayoutProse:
			parts = append(parts, one.prose(style.Language))
		default:
			parts = append(parts, one.lines(style.Language, style.ExtraLines))
		}
	}

	text := strings.Join(parts, "\n")
	if style.ExtraLines && style.Layout == LayoutProse {
		text = "-- R01 --\n\n" + text + "\nR01, http://www.r01.ru\n"
	}

	return text + quote(style.Quote, r.request.text)
}

func quote(how Quotation, text string) string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r", ""), "\n")
	switch how {
	case QuotePrefixed:
		return "\n> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n"
	case QuoteTail:
		return "\n-----Original Message-----\n" + text + "\n"
	}
	return ""
}

type headerLine struct{ name, value string }

func (r reply) header(style Style, charset string) []headerLine {
	subject := r.subject
	if style.KeepSubject {
		subject = "Re: " + r.request.subject
	}

	media := r.media
	if media == "" {
		media = "text/plain; charset=" + charset
	}

	h := []headerLine{
		{"From", r.from},
		{"To", r.to},
		{"Subject", encodeHeader(charset, subject)},
		{"Date", r.date.Format(time.RFC1123Z)},
		{"Message-ID", r.messageID},
		{"Auto-Submitted", "auto-replied"},
		{"MIME-Version", "1.0"},
		{"Content-Type", media},
		{"Content-Transfer-Encoding", style.Encoding},
	}

	if style.Threaded && r.request.messageID != "" {
		h = append(h, headerLine{"In-Reply-To", r.request.messageID}, headerLine{"References", r.request.messageID})
	}

	return append(h, r.more...)
}

// write writes a header line; an odd one has an unusual case and is folded, with the same meaning.
func (l headerLine) write(odd bool) string {
	if odd {
		return strings.ToUpper(l.name) + ":\r\n\t" + l.value + "\r\n"
	}
	return l.name + ": " + l.value + "\r\n"
}

func encodeHeader(charset, s string) string {
	encoded, err := encodeText(charset, s)
	if err != nil {
		charset, encoded = charsetUTF8, []byte(s)
	}
	return mime.BEncoding.Encode(charset, string(encoded))
}

func transferEncode(encoding string, body []byte) []byte {
	var b bytes.Buffer
	switch encoding {
	case "quoted-printable":
		w := quotedprintable.NewWriter(&b)
		w.Write(body) // a bytes.Buffer takes everything
		w.Close()
	case "base64":
		const width = 57 // bytes in a line of 76 characters
		for ; len(body) > width; body = body[width:] {
			b.WriteString(base64.StdEncoding.EncodeToString(body[:width]) + "\r\n")
		}
		b.WriteString(base64.StdEncoding.EncodeToString(body) + "\r\n")
	default:
		b.Write(body)
	}
	return b.Bytes()
}
