package smtpout

import (
	"errors"
	"os"
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// What the words of a refusal are about. A limit may be named together with anything else; a
// size and the contents are about the mail itself.
var (
	ofSize    = lazyregexp.New(`(?i)\b(message|mail|size|body|header)( \w+){0,3} (too (big|large|long)|exceeds)|\bsize (limit|exceed)|\b5\.3\.4\b|\b5\.2\.3\b`)
	ofLimits  = lazyregexp.New(`(?i)\b(limit(s|ed|ation)?|rate|quota|try again|again later|later|exceed(s|ed|ing)?|too (many|much|fast|often)|throttl\w*|temporar(y|ily)|busy|overload\w*|unavailable|out of (disk|space|memory)|insufficient)\b`)
	ofContent = lazyregexp.New(`(?i)\b(spam|virus\w*|malware|phish\w*|contents?|attachments?|headers?|malformed|format|syntax|8[- ]?bit|charset)\b|unsolicited`)
	ofPolicy  = lazyregexp.New(`(?i)\b(polic(y|ies)|reputation|black ?list(ed)?|block ?list(ed)?|blocked|suspended|disabled|authenticat\w*|not (permitted|allowed|authori[sz]ed)|relay(ing)? (access )?denied|access denied)\b`)
	// ofMail are the classes of status about the addresses, the mailbox, the dialogue and the
	// contents; ofUs are about the system, the routing and the policy. RFC 3463 3
	ofMail = lazyregexp.New(`\b5\.[1256]\.\d{1,3}\b`)
	ofUs   = lazyregexp.New(`\b5\.[347]\.\d{1,3}\b`)
)

// AboutUs reports whether a relay that refused a mail for good speaks about the sender: a limit or a
// policy affects all mails alike, and passes. The relay took nothing, and the same mail may be sent again.
func (r Result) AboutUs() bool {
	said := r.Response
	switch {
	case r.Outcome != Refused || !strings.HasPrefix(said, "5"), ofSize.MatchString(said):
		return false
	case ofLimits.MatchString(said):
		return true
	case ofMail.MatchString(said), ofContent.MatchString(said):
		return false
	}
	return ofUs.MatchString(said) || ofPolicy.MatchString(said)
}

// Silent reports whether the relay gave no answer in time.
func (r Result) Silent() bool { return r.Response == "" && errors.Is(r.Err, os.ErrDeadlineExceeded) }
