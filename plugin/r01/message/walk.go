package message

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode"

	message "github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"

	"registrar.panel/internal/lazyregexp"
)

// Limits on one mail. Nested parts are searched again at each depth, so the depth matters most.
const (
	maxDepth = 10
	maxParts = 200
	maxMails = 3       // within it that are shown
	maxText  = 1 << 20 // bytes of all its texts
)

// walker goes through the parts of a mail and collects what they say.
type walker struct {
	parts    int
	headers  int      // bytes, of all parts
	texts    int      // bytes, of all texts
	found    bool     // a text
	receipt  bool     // it says that a mail was read
	preview  bool     // its text is a filter's report on the mail that is attached
	mails    int      // within it
	attached []string // what they say
	report   *Report
	status   string // its part for machines
	returned bool   // the mail that the report is about has been seen
	damaged  []string
}

// said is what a part says.
type said struct {
	text string
	html bool // it was made of HTML
}

func (w *walker) damage(what string) { w.damaged = append(w.damaged, what) }

// walk reads one part and the parts in it. A part without a type has the usual one.
func (w *walker) walk(h textproto.Header, body []byte, depth int, usual string) said {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		w.damage("it has too many parts, or too deep ones")
		return said{}
	}

	media, params, ok := contentType(h, usual)
	if !ok {
		w.damage("its content type is broken")
	}

	switch {
	case strings.HasPrefix(media, "multipart/"):
		w.receipt = w.receipt || params["report-type"] == "disposition-notification"
		return w.multipart(media, params["boundary"], body, depth)
	case w.report == nil && (media == "message/delivery-status" || media == "message/global-delivery-status"):
		w.deliveryStatus(w.decoded(h, body))
	case returned(media):
		w.mail(h, params, body, depth)
	// Attachments are not the author's words.
	case attached(h):
	case media == "text/plain":
		return w.said(clean(decode(params["charset"], w.decoded(h, body))), false)
	case media == "text/html":
		return w.said(clean(stripHTML(decode(params["charset"], w.decoded(h, body)))), true)
	}

	return said{}
}

func (w *walker) said(text string, html bool) said {
	w.found = true
	return said{text, html}
}

// mail reads a mail within the mail. It is either the one that a report is about, or there for
// people to read; it never counts as the author's words.
func (w *walker) mail(h textproto.Header, params map[string]string, body []byte, depth int) {
	if w.report != nil {
		if !w.returned { // a report is about one mail
			w.original(w.decoded(h, body))
			w.returned = true
		}
		return
	}

	if w.mails++; w.mails > maxMails {
		return
	}

	w.preview = w.preview || params["x-spam-type"] != "" || strings.Contains(strings.ToLower(h.Get("Content-Description")), "spam")
	top, text, _ := split(body)
	header, _ := readHeader(top)

	// The limits are those of the whole mail, or nested mails would multiply them.
	inner := walker{parts: w.parts, headers: w.headers + len(top), texts: w.texts}
	if inner.headers > maxHeader {
		return
	}

	within := inner.walk(header, text, depth+1, "text/plain")
	w.parts, w.headers, w.texts = inner.parts, inner.headers, inner.texts
	read := headerOf(header)
	w.attached = append(w.attached, strings.Join([]string{"From: " + strings.Join(read.From, ", "), "Date: " + oneLine(header.Get("Date")),
		"Subject: " + read.Subject, "", within.text}, "\n"))
}

// returned reports whether a report returns a mail, or its header, under this type.
func returned(media string) bool {
	switch media {
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
		return true
	}
	return false
}

func (w *walker) multipart(media, boundary string, body []byte, depth int) said {
	if boundary == "" {
		w.damage("its parts are not marked")
		return said{}
	}

	// The type of a part without one; in a digest such a part is a mail. RFC 2046 5.1.5
	usual := "text/plain"
	if media == "multipart/digest" {
		usual = "message/rfc822"
	}

	var parts []said
	delimiter := []byte("--" + boundary)
	_, rest, end := cutAt(body, delimiter) // what precedes the first part is not shown
	whole := end == another

	// Each part, until the closing delimiter; a missing delimiter is damage.
	for end == another && w.parts <= maxParts {
		var part []byte
		part, rest, end = cutAt(rest, delimiter)
		header, text, wrong := splitPart(part)
		if w.headers += len(header); w.headers > maxHeader {
			w.damage("its parts have too long headers")
			return joined(parts)
		}

		h, err := readHeader(header)
		if len(wrong) > 0 || err != nil {
			whole = false
		}

		parts = append(parts, w.walk(h, text, depth+1, usual))
	}

	if !whole || end == missing {
		w.damage("its parts are cut off or broken")
	}
	if media == "multipart/alternative" {
		return chosen(parts)
	}

	return joined(parts)
}

// joined returns the texts of parts one after the other.
func joined(parts []said) said {
	var texts []string
	html := false
	for _, p := range parts {
		if strings.TrimSpace(p.text) != "" {
			texts, html = append(texts, strings.Trim(p.text, "\n")), html || p.html
		}
	}
	return said{strings.Join(texts, "\n\n"), html}
}

// chosen returns the one of several forms of a text that is read: the plain one, unless it is a
// mere stand-in for the other.
func chosen(parts []said) (best said) {
	var plain, other said
	for _, p := range parts {
		switch {
		case strings.TrimSpace(p.text) == "":
		case !p.html && plain.text == "":
			plain = p
		case p.html:
			other = p
		}
	}
	if letters(plain.text) < standIn && letters(other.text) > letters(plain.text) || plain.text == "" {
		return other
	}
	return plain
}

// standIn is how many letters and digits a text may have that only says that there is another.
const standIn = 25

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// decoded undoes the transfer encoding. An unknown or broken one is read as far as possible.
func (w *walker) decoded(h textproto.Header, body []byte) []byte {
	// Only the transfer encoding is undone, without the content type: labels of charsets are
	// often wrong, so we decode charsets ourselves.
	only := message.Header{}
	only.Set("Content-Transfer-Encoding", strings.Join(strings.Fields(h.Get("Content-Transfer-Encoding")), ""))

	if bytes.Contains(body, []byte("\r\r\n")) { // one end of a line, by any encoding
		body = bytes.ReplaceAll(body, []byte("\r\r\n"), []byte("\r\n"))
	}

	entity, err := message.New(only, bytes.NewReader(body))
	if err != nil {
		w.damage("its transfer encoding is not known")
	}

	room := maxText - w.texts
	text, err := io.ReadAll(io.LimitReader(entity.Body, int64(room)+1))
	if err != nil {
		w.damage("its text is cut off or broken")
	}

	if len(text) > room {
		w.damage("its text is too long")
		text = text[:room]
	}

	w.texts += len(text)
	return text
}

// fallBack reads the whole body as one text, if no part of it was found to be text.
func (w *walker) fallBack(h textproto.Header, body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return ""
	}
	w.damage("no text was found in it")
	media, params, _ := contentType(h, "text/plain")
	if strings.HasPrefix(media, "multipart/") {
		h = textproto.Header{}
	}
	return clean(decode(params["charset"], w.decoded(h, body)))
}

var (
	parameter = lazyregexp.New(`(?i)[;\s](charset|boundary|report-type|x-spam-type)\s*=\s*(?:"([^"]*)"|([^\s;"]+))`)
	// lenient is a content type whose parameters lack the quotes that they need.
	lenient = lazyregexp.New(`^[a-z0-9]+/[a-z0-9.+-]+(?:\s*;\s*[A-Za-z0-9*_-]+\s*=\s*(?:"[^"]*"|[^\s;"]+))*[\s;]*$`)
)

// contentType reads a content type, and as much as can be found of a broken one.
func contentType(h textproto.Header, usual string) (media string, params map[string]string, ok bool) {
	value := strings.TrimSpace(h.Get("Content-Type"))
	if value == "" {
		return usual, nil, true
	}

	media, params, err := mime.ParseMediaType(strings.TrimRight(value, "; \t"))
	if err == nil && strings.Contains(media, "/") {
		return media, params, true
	}

	media, _, _ = strings.Cut(value, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if !strings.HasPrefix(media, "multipart/") && media != "text/html" {
		media = "text/plain"
	}

	params, ok = map[string]string{}, lenient.MatchString(strings.ToLower(value))
	for _, m := range parameter.FindAllStringSubmatch(value, -1) {
		name := strings.ToLower(m[1])
		if params[name] == "" {
			params[name] = m[2] + m[3]
		} else {
			// Another reader may take the other value.
			ok = false
		}
	}

	return media, params, ok
}

func attached(h textproto.Header) bool {
	disposition, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	return strings.EqualFold(strings.TrimSpace(disposition), "attachment")
}
