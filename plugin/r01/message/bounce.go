package message

import (
	"bufio"
	"bytes"
	"net/textproto"
	"slices"
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// maxStatus is how many bytes of the delivery status are shown.
const maxStatus = 8 << 10

// deliveryStatus reads the part for machines: a group of fields about the mail, then one for each recipient. RFC 3464
func (w *walker) deliveryStatus(text []byte) {
	w.report = &Report{Formal: true}
	w.status = strings.TrimSpace(clean(string(text[:min(len(text), maxStatus)])))
	// With an empty line after it, the last group ends like the others.
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(text, "\r\n\r\n"...))))
	for range maxParts {
		group, err := r.ReadMIMEHeader()
		w.report.add(group)
		if err != nil {
			return
		}
	}
}

// add takes in a group of fields about the mail, or about one recipient.
func (r *Report) add(group textproto.MIMEHeader) {
	if r.Reporter == "" {
		_, r.Reporter = untyped(group.Get("Reporting-Mta"))
	}
	d := Delivery{Action: actionIn(group.Get("Action")), Status: statusIn(group.Get("Status"))}
	d.DiagnosticType, d.Diagnostic = untyped(group.Get("Diagnostic-Code"))
	for _, name := range []string{"Final-Recipient", "Original-Recipient"} {
		if to := strings.Trim(second(untyped(group.Get(name))), "<>"); to != "" && !slices.Contains(d.Recipients, to) {
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

var comment = lazyregexp.New(`\([^()]*\)`)

// actionIn reads an action, which may have a comment.
func actionIn(value string) string {
	return strings.ToLower(oneLine(comment.ReplaceAllString(value, "")))
}

func second(_, value string) string { return value }

// untyped separates the "rfc822;" or "smtp;" before a value from the value.
func untyped(value string) (kind, rest string) {
	kind, rest, found := strings.Cut(value, ";")
	if !found {
		kind, rest = "", value
	}
	return strings.ToLower(oneLine(kind)), headerText(rest)
}

// alsoFailed takes in the recipients that a field of the header names. The field only says that
// delivery failed, so it decides nothing that the report does not say.
func (r *Report) alsoFailed(recipients []string) {
	named := r.Recipients()
	for _, a := range recipients {
		if !slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, a) }) && len(r.Deliveries) < maxRecipients {
			r.Deliveries = append(r.Deliveries, Delivery{Fate: Unread, Recipients: []string{a}, Action: "failed"})
		}
	}
}

// original reads the header of the mail that the report returns.
func (w *walker) original(text []byte) {
	top, _, _ := split(text)
	h, _ := readHeader(top) // of a broken one, what can be read
	w.report.Original = headerOf(h)
}

var (
	statusCode  = lazyregexp.New(`(?:^|[^\d.\[])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|$)`)
	replyCode   = lazyregexp.New(`(?:^|[^\d.])[45]\d\d[ -]`)
	refusalCode = lazyregexp.New(`(?:^|[^\d.])5\d\d[ -]`)
	returning   = lazyregexp.New(`(?i)^[> \t]*(?:Return-Path|Received|Message-ID|From|To|Subject|Date|MIME-Version|DKIM-Signature|Delivered-To|X-[\w-]+):`)
	gaveUp      = lazyregexp.New(`(?i)permanent|gave up|giv(?:en|ing) up|undeliver|could ?n(?:o|'|’)t be (?:delivered|sent)|can ?n(?:o|'|’)t be delivered|not (?:be(?:en)? )?delivered|failure notice|deliver\pL* (?:has )?failed|failed permanently|returned to sender|did not reach|refused|rejected|` +
		`не (?:был\pL* |может быть |удалось )?доставл|не доставить|недоставл|возвращ|отклонен|не существует|адреса нет`)
	goesOn = lazyregexp.New(`(?i)delay|still (?:being )?(?:retr|tr[yi])|will (?:be )?(?:retr|keep|continue|tr[yi])|goes on being|not (?:yet )?reached .{0,40}yet|not yet been|temporar|warning: message|nothing that you have to do|do not need to resend|` +
		`задерж|отложен|временн|повторн\pL* попыт|будет повтор|пока не (?:был|удал|достав)|попытки .{0,30}продолж`)
)

// reportFromText finds what it can in a bounce that was written only for people.
func reportFromText(subject, text string, failed []string) *Report {
	r := &Report{}
	words, returned := cutReturned(text)
	h, _ := readHeader([]byte(returned)) // of a broken one, what can be read
	r.Original = headerOf(h)

	d := Delivery{Recipients: failed}
	for _, a := range addressLike.FindAllString(words, maxRecipients) {
		if a = strings.TrimRight(a, "."); !slices.ContainsFunc(d.Recipients, func(b string) bool { return strings.EqualFold(a, b) }) {
			d.Recipients = append(d.Recipients, a)
		}
	}

	for l := range strings.SplitSeq(words, "\n") {
		status, code := statusIn(l), replyCode.FindString(l)
		if d.Diagnostic == "" && (status != "" || code != "") {
			d.Status, d.Diagnostic = status, oneLine(l)
		}
	}

	// The report is about one mail of ours, so all its recipients share the fate.
	d.Fate = d.judgeWords(subject + "\n" + words)
	r.Deliveries = []Delivery{d}
	return r
}

// judgeWords returns the fate that a report for people states. A delay or a failure is recognised only
// if the text has words of the one and none of the other; a failure needs a status or a code, too.
func (d Delivery) judgeWords(words string) Fate {
	failed, delayed := gaveUp.MatchString(words), goesOn.MatchString(words)
	switch {
	case failed == delayed:
		return Unread
	case delayed && !strings.HasPrefix(d.Status, "5"):
		return Delayed
	// A delay with a failure's status, or a failure without a clear recipient. r01-mail 3.8
	case delayed, len(d.Recipients) != 1:
		return Unread
	case afterData.MatchString(words):
		return Doubtful
	case d.Diagnostic == "":
		return Unread
	}

	if d.Status == "" && refusalCode.MatchString(d.Diagnostic) {
		return Failed
	}

	d.Action = "failed"
	return d.judge()
}

func statusIn(text string) string {
	if m := statusCode.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// cutReturned separates the words of a bounce from the header of the mail that it returns.
func cutReturned(text string) (words, header string) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if !returning.MatchString(l) {
			continue
		}
		var fields []string
		for _, f := range lines[i:] {
			if f = strings.TrimPrefix(strings.TrimPrefix(f, ">"), " "); strings.TrimSpace(f) == "" {
				break
			}
			fields = append(fields, f)
		}
		// A single line may be a sentence, unless it is a Message-ID.
		if len(fields) > 1 || strings.HasPrefix(strings.ToLower(fields[0]), "message-id:") {
			return strings.Join(lines[:i], "\n"), strings.Join(fields, "\r\n") + "\r\n"
		}
	}
	return text, ""
}
