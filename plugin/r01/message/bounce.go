package message

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// deliveryStatus reads the part that is meant for machines: a group of fields on the mail,
// then one for each recipient. RFC 3464
func (w *walker) deliveryStatus(text []byte) {
	if w.report == nil {
		w.report = &Report{}
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(text, "\r\n\r\n"...))))
	for range maxParts {
		group, err := r.ReadMIMEHeader()
		w.report.add(group)
		if err != nil {
			return
		}
	}
}

// badness orders actions; one that is not known counts as none.
var badness = []string{"expanded", "relayed", "delivered", "delayed", "failed"}

// add takes in the fields on one recipient if they are as bad as what is known, or worse.
func (r *Report) add(group textproto.MIMEHeader) {
	action := strings.ToLower(oneLine(group.Get("Action")))
	rank, known := slices.Index(badness, action), slices.Index(badness, r.Action)
	if rank < 0 || rank < known {
		return
	}
	if rank > known {
		*r = Report{Action: action, OriginalMessageID: r.OriginalMessageID,
			Status: statusCode.FindString(group.Get("Status")), Diagnostic: untyped(group.Get("Diagnostic-Code"))}
	}
	if to := untyped(group.Get("Final-Recipient")); to != "" {
		r.Recipients = append(r.Recipients, to)
	}
}

// untyped drops the "rfc822;" or "smtp;" before a value.
func untyped(value string) string {
	if _, rest, typed := strings.Cut(value, ";"); typed {
		value = rest
	}
	return headerText(value)
}

// original finds the Message-ID of the mail that was sent back.
func (w *walker) original(text []byte) {
	top, _, _ := split(text)
	h, _ := readHeader(top) // of a broken one, what can be read
	if id := first(ids(h.Values("Message-Id"))); id != "" {
		w.report.OriginalMessageID = id
	}
}

var (
	statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	idLine     = regexp.MustCompile(`(?im)^[> \t]*Message-ID:\s*(<[^<>\s]+>)`)
)

// reportFromText finds what it can in a bounce that is written for people only.
func reportFromText(text string) *Report {
	r := &Report{Status: statusCode.FindString(text)}
	if m := idLine.FindStringSubmatch(text); m != nil {
		r.OriginalMessageID = m[1]
	}
	for l := range strings.SplitSeq(text, "\n") {
		if r.Status != "" && strings.Contains(l, r.Status) {
			r.Diagnostic = oneLine(l)
			break
		}
	}
	return r
}
