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
		w.report = &Report{Formal: true}
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

// add takes in a group: the fields on the mail, or on one recipient.
func (r *Report) add(group textproto.MIMEHeader) {
	if r.Reporter == "" {
		_, r.Reporter = untyped(group.Get("Reporting-Mta"))
	}
	d := Delivery{Action: actionIn(group.Get("Action")), Status: statusCode.FindString(group.Get("Status"))}
	d.DiagnosticType, d.Diagnostic = untyped(group.Get("Diagnostic-Code"))
	for _, name := range []string{"Final-Recipient", "Original-Recipient"} {
		if _, to := untyped(group.Get(name)); to != "" && !slices.Contains(d.Recipients, to) {
			d.Recipients = append(d.Recipients, to)
		}
	}
	if group.Get("Action") == "" && len(d.Recipients) == 0 {
		return // it is about the mail as a whole
	}
	d.Fate = d.judge()
	if len(r.Deliveries) < maxRecipients {
		r.Deliveries = append(r.Deliveries, d)
	}
}

var comment = regexp.MustCompile(`\([^()]*\)`)

// actionIn reads an action, which may have a comment.
func actionIn(value string) string {
	return strings.ToLower(oneLine(comment.ReplaceAllString(value, "")))
}

// untyped parts the "rfc822;" or "smtp;" before a value from it.
func untyped(value string) (kind, rest string) {
	kind, rest, found := strings.Cut(value, ";")
	if !found {
		kind, rest = "", value
	}
	return strings.ToLower(oneLine(kind)), headerText(rest)
}

// original reads the header of the mail that was sent back.
func (w *walker) original(text []byte) {
	top, _, _ := split(text)
	h, _ := readHeader(top) // of a broken one, what can be read
	w.report.Original = headerOf(h)
}

var (
	statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	idLine     = regexp.MustCompile(`(?im)^[> \t]*Message-ID:\s*(<[^<>\s]+>)`)
)

// reportFromText finds what it can in a bounce that is written for people only.
func reportFromText(text string) *Report {
	r := &Report{}
	d := Delivery{Fate: Unread, Status: statusCode.FindString(text)}
	if m := idLine.FindStringSubmatch(text); m != nil {
		r.Original.MessageID = m[1]
	}
	for l := range strings.SplitSeq(text, "\n") {
		if d.Status != "" && strings.Contains(l, d.Status) {
			d.Diagnostic = oneLine(l)
			break
		}
	}
	r.Deliveries = []Delivery{d}
	return r
}
