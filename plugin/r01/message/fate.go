package message

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// judge returns the outcome of a delivery. Only a report that is wholly understood decides: its
// action must agree with its status. A failure is certain only if the mail was never handed
// over: in any other case the recipient may have got the mail, whatever the report says.
func (d Delivery) judge() Fate {
	class, reason, _ := strings.Cut(d.Status, ".")
	switch {
	case d.Action == "delayed" && class != "2" && class != "5":
		return Delayed
	case (d.Action == "delivered" || d.Action == "relayed" || d.Action == "expanded") && (class == "" || class == "2"):
		return Delivered
	case d.Action != "failed" || class == "2":
		return Unread
	case handedOver(d):
		return Doubtful
	case neverArrived.MatchString(reason), d.DiagnosticType == "smtp" && refusedBySMTP.MatchString(d.Diagnostic):
		return Failed
	case d.Status == "" && d.Diagnostic == "":
		return Unread
	}
	return Doubtful
}

var (
	// neverArrived are the reasons, without their class, for which a mail never gets to its
	// recipient's program: no such address, mailbox full or closed, no route to the host, time
	// over, not permitted. RFC 3463
	neverArrived = lazyregexp.New(`^(?:1\.\d+|2\.[123]|4\.[13467]|7\.\d+)$`)
	// refusedBySMTP is a permanent refusal, by its code.
	refusedBySMTP = lazyregexp.New(`^(?:\D{0,40}\b)?5\d\d\b`)
	// afterData are words about a failure at the end of the mail or after it.
	afterData = lazyregexp.New(`(?i)end of (?:data|message|mail)|after (?:the )?(?:data|dot|message|end)|final dot|more than once|may (?:have been|be) (?:delivered|sent)|` +
		`command (?:died|failed|time limit|timed|output)|exit (?:status|code)|(?:died|killed) (?:with|by)|\bpipe\b|\bsignal \d|local(?:ly)? deliver|delivery (?:agent|program|command)|procmail|maildrop|\bLMTP\b`)
)

// handedOver reports whether the failure came after the end of the mail, or in the recipient's own program.
func handedOver(d Delivery) bool {
	_, reason, _ := strings.Cut(d.Status, ".")
	return d.DiagnosticType == "x-unix" || strings.HasPrefix(reason, "3.") || afterData.MatchString(d.Diagnostic)
}
