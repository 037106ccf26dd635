package message

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"regexp"
	"strings"

	message "github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// Limits on one mail. Reading nested parts takes time that grows with the square of their
// depth, so depth is what matters most.
const (
	maxDepth = 10
	maxParts = 200
	maxText  = 1 << 20 // bytes of one part
)

// walker goes through the parts of a mail and keeps the one text that counts: the first
// plain one, or else the first HTML.
type walker struct {
	parts   int
	text    string
	found   bool // a text
	plain   bool // and it is a plain one
	receipt bool // it tells that a mail was read
	report  *Report
	damaged []string
}

func (w *walker) damage(what string) { w.damaged = append(w.damaged, what) }

// walk reads one part and the parts in it.
func (w *walker) walk(h textproto.Header, body io.Reader, depth int) {
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
	case media == "message/delivery-status", media == "message/global-delivery-status":
		w.deliveryStatus(w.decoded(h, body))
	case media == "message/rfc822", media == "message/global", media == "text/rfc822-headers", media == "message/global-headers":
		w.original(w.decoded(h, body))
	case attached(h):
	case media == "text/plain" && !w.plain:
		w.keep(decode(params["charset"], w.decoded(h, body)))
		w.plain = true
	case media == "text/html" && !w.found:
		w.keep(stripHTML(decode(params["charset"], w.decoded(h, body))))
	}
}

func (w *walker) keep(text string) { w.text, w.found = clean(text), true }

func (w *walker) multipart(boundary string, body io.Reader, depth int) {
	if boundary == "" {
		w.damage("its parts are not marked")
		return
	}
	parts := textproto.NewMultipartReader(body, boundary)
	for n := 0; w.parts <= maxParts; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return
		}
		if err != nil {
			w.damage("its parts are cut off or broken")
			return
		}
		w.walk(part.Header, part, depth+1)
	}
}

// decoded undoes the transfer encoding. What is unknown or broken is read as far as it
// goes.
func (w *walker) decoded(h textproto.Header, body io.Reader) []byte {
	// Labels of charsets lie, so they are our business: without the content type, only
	// the transfer encoding is undone.
	only := message.Header{}
	only.Set("Content-Transfer-Encoding", strings.Join(strings.Fields(h.Get("Content-Transfer-Encoding")), ""))
	entity, err := message.New(only, body)
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
	w.keep(decode(params["charset"], w.decoded(h, bytes.NewReader(body))))
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
