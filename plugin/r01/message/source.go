package message

import (
	"strings"

	"github.com/emersion/go-message/textproto"
)

// Source writes a mail as it came, for a person: header fields in their order, unfolded and
// decoded, and the texts of its parts without their transfer encoding. Of what is no text
// only the size is told. It is as long as the texts of a mail may be.
func Source(raw []byte) string {
	top, body, _ := split(raw)
	header, _ := readHeader(top) // of a broken one, what can be read
	s := source{}
	s.part(header, body, 0)
	return s.b.String()
}

// source writes the parts of a mail one after the other.
type source struct {
	b strings.Builder
	w walker
}

func (s *source) part(h textproto.Header, body []byte, depth int) {
	if s.w.parts++; s.w.parts > maxParts || depth > maxDepth {
		s.b.WriteString("(more parts are not shown)\n")
		return
	}
	for f := h.Fields(); f.Next(); {
		s.b.WriteString(f.Key() + ": " + headerText(f.Value()) + "\n")
	}
	s.b.WriteString("\n")
	media, params, _ := contentType(h, "text/plain")
	switch {
	case strings.HasPrefix(media, "multipart/") && params["boundary"] != "":
		s.parts(params["boundary"], body, depth)
	case strings.HasPrefix(media, "text/"), strings.HasPrefix(media, "message/") && !strings.EqualFold(oneLine(h.Get("Content-Transfer-Encoding")), "base64"):
		s.b.WriteString(strings.TrimRight(clean(decode(params["charset"], s.w.decoded(h, body))), "\n") + "\n")
	default:
		s.b.WriteString("(" + media + " is not shown)\n")
	}
}

func (s *source) parts(boundary string, body []byte, depth int) {
	delimiter := []byte("--" + boundary)
	_, rest, end := cutAt(body, delimiter)
	for end == another && s.w.parts <= maxParts {
		var part []byte
		part, rest, end = cutAt(rest, delimiter)
		header, text, _ := splitPart(part)
		if s.w.headers += len(header); s.w.headers > maxHeader {
			return
		}
		h, _ := readHeader(header)
		s.b.WriteString("\n--" + boundary[:min(len(boundary), longestPadding)] + "\n")
		s.part(h, text, depth+1)
	}
}
