package message

import (
	"bytes"
	"io"
	"mime"
	"regexp"
	"strings"

	message "github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// Limits on one mail. Nested parts are searched again at each depth, so depth is what
// matters most.
const (
	maxDepth = 10
	maxParts = 200
	maxText  = 1 << 20 // bytes of one part
)

// walker goes through the parts of a mail and keeps the one text that counts: the first
// plain one, or else the first HTML.
type walker struct {
	parts    int
	headers  int // bytes, of all parts
	text     string
	found    bool // a text
	plain    bool // and it is a plain one
	receipt  bool // it tells that a mail was read
	report   *Report
	returned bool // the mail that the report is about has been seen
	damaged  []string
}

func (w *walker) damage(what string) { w.damaged = append(w.damaged, what) }

// walk reads one part and the parts in it.
func (w *walker) walk(h textproto.Header, body []byte, depth int) {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		w.damage("it has too many parts, or too deep ones")
		return
	}
	media, params, ok := contentType(h)
	if !ok {
		w.damage("its content type is broken")
	}
	switch {
	case strings.HasPrefix(media, "multipart/"):
		w.receipt = w.receipt || params["report-type"] == "disposition-notification"
		w.multipart(params["boundary"], body, depth)
	case w.report == nil && (media == "message/delivery-status" || media == "message/global-delivery-status"):
		w.deliveryStatus(w.decoded(h, body))
	case returned(media):
		if w.report != nil && !w.returned { // a report is about one mail
			w.original(w.decoded(h, body))
			w.returned = true
		}
	case attached(h):
	case media == "text/plain" && !w.plain:
		w.keep(decode(params["charset"], w.decoded(h, body)))
		w.plain = true
	case media == "text/html" && !w.found:
		w.keep(stripHTML(decode(params["charset"], w.decoded(h, body))))
	}
}

func (w *walker) keep(text string) { w.text, w.found = clean(text), true }

// returned tells the types under which a report gives back a mail, or its header.
func returned(media string) bool {
	switch media {
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
		return true
	}
	return false
}

func (w *walker) multipart(boundary string, body []byte, depth int) {
	if boundary == "" {
		w.damage("its parts are not marked")
		return
	}
	delimiter := []byte("--" + boundary)
	_, rest, end := cutAt(body, delimiter) // what precedes the first part is for no one
	whole := end == another
	for end == another && w.parts <= maxParts {
		var part []byte
		part, rest, end = cutAt(rest, delimiter)
		header, text, wrong := splitPart(part)
		if w.headers += len(header); w.headers > maxHeader {
			w.damage("its parts have too long headers")
			return
		}
		h, err := readHeader(header)
		if len(wrong) > 0 || err != nil {
			whole = false
		}
		w.walk(h, text, depth+1)
	}
	if !whole || end == missing {
		w.damage("its parts are cut off or broken")
	}
}

// decoded undoes the transfer encoding. What is unknown or broken is read as far as it
// goes.
func (w *walker) decoded(h textproto.Header, body []byte) []byte {
	// Labels of charsets lie, so they are our business: without the content type, only
	// the transfer encoding is undone.
	only := message.Header{}
	only.Set("Content-Transfer-Encoding", strings.Join(strings.Fields(h.Get("Content-Transfer-Encoding")), ""))
	entity, err := message.New(only, bytes.NewReader(body))
	if err != nil {
		w.damage("its transfer encoding is not known")
	}
	text, err := io.ReadAll(io.LimitReader(entity.Body, maxText+1))
	if err != nil {
		w.damage("its text is cut off or broken")
	}
	if len(text) > maxText {
		w.damage("its text is too long")
		text = text[:maxText]
	}
	return text
}

// fallBack reads the whole body as one text, when no part of it was found to be one.
func (w *walker) fallBack(h textproto.Header, body []byte) {
	if len(bytes.TrimSpace(body)) == 0 {
		return
	}
	w.damage("no text was found in it")
	media, params, _ := contentType(h)
	if strings.HasPrefix(media, "multipart/") {
		h = textproto.Header{}
	}
	w.keep(decode(params["charset"], w.decoded(h, body)))
}

var parameter = regexp.MustCompile(`(?i)[;\s](charset|boundary)\s*=\s*(?:"([^"]*)"|([^\s;"]+))`)

// contentType reads a content type; of a broken one, as much as can be found.
func contentType(h textproto.Header) (media string, params map[string]string, ok bool) {
	value := strings.TrimSpace(h.Get("Content-Type"))
	if value == "" {
		return "text/plain", nil, true
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
	params = map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(value, -1) {
		if name := strings.ToLower(m[1]); params[name] == "" {
			params[name] = m[2] + m[3]
		}
	}
	return media, params, false
}

func attached(h textproto.Header) bool {
	disposition, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	return strings.EqualFold(strings.TrimSpace(disposition), "attachment")
}
