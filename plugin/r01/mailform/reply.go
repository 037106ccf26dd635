package mailform

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Input is a reply as its reader found it: decoded, and without quotations.
type Input struct {
	From    []string
	Subject string
	Text    string // lines end in LF
}

// Result is one fact that a reply states. Fields that it does not name are empty.
type Result struct {
	Rule     string // that recognised it
	Outcome  registrar.ReplyOutcome
	Domain   string // ACE
	Handle   string // upper case
	Task     string // R01's number for the request
	Message  string // R01's words, on one line
	State    string // of a domain, such as "REGISTERED, DELEGATED"
	PaidTill registrar.Date
	Action   Action // "" = not said
}

// Reading is what the rules read in a mail. It has results or a doubt, or neither when no rule fits the mail.
type Reading struct {
	Results []Result // in the order of the mail
	Doubt   string   // why nothing of the mail may be applied, in words for a person; "" = none
}

// Recogniser reads replies by an ordered list of rules. It is safe for concurrent use.
type Recogniser struct{ rules []rule }

// rule reads replies of one layout.
type rule interface {
	// read returns what the reply states. mine reports that the reply is written in the layout:
	// then no further rule is asked, even if nothing that it states is certain.
	read(in Input) (r Reading, mine bool)
}

// NewRecogniser puts the operator's rules before the built-in ones, or names every
// mistake in them.
func NewRecogniser(operator []RuleConfig) (*Recogniser, []registrar.Problem) {
	rules, problems := operatorRules(operator)
	if len(problems) > 0 {
		return nil, problems
	}
	return &Recogniser{append(rules, layouts{})}, nil
}

// longest is longer than any reply. A longer text is for a person.
const longest = 64 << 10

// Recognise returns what a reply states, or why that is in doubt.
func (r *Recogniser) Recognise(in Input) Reading {
	switch {
	case len(in.Text) > longest:
		return doubt("its text is longer than a reply of R01")
	case !utf8.ValidString(in.Text):
		return doubt("its text can't be decoded")
	}
	in.Text = withoutQuotation(in.Text)
	for _, rule := range r.rules {
		if reading, mine := rule.read(in); mine {
			return reading.consistent()
		}
	}
	return Reading{}
}

func doubt(why string) Reading { return Reading{Doubt: why} }

// quoted is a line with a quotation sign before it, or initials and the sign.
var quoted = lazyregexp.New(`^\s*[\pL\pN]{0,6}>`)

// withoutQuotation empties quoted lines, which are never evidence, and lines right below them,
// which may be the wrapped rest of a quoted one. r01-mail 3.6
func withoutQuotation(text string) string {
	lines := strings.Split(text, "\n")
	below := false
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r")
		if below = quoted.MatchString(l) || below && lines[i] != ""; below {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// The groups that a pattern may name.
var groupNames = []string{"domain", "handle", "task", "message", "paid_till", "state"}

// resultOf makes a result of named texts; ok is false when one of them is not what its name says.
func resultOf(rule string, outcome registrar.ReplyOutcome, texts map[string]string) (r Result, ok bool) {
	r = Result{Rule: rule, Outcome: outcome, Task: taskIn(texts["task"]), Message: plain(texts["message"]),
		State: strings.ToUpper(plain(texts["state"])), Handle: strings.ToUpper(texts["handle"])}
	var err error
	if r.Domain = texts["domain"]; r.Domain != "" {
		if r.Domain, err = Name(r.Domain); err != nil {
			return Result{}, false
		}
	}

	if _, is := KindOfHandle(r.Handle); r.Handle != "" && !is {
		return Result{}, false
	}
	if r.PaidTill, ok = parseDate(texts["paid_till"]); !ok {
		return Result{}, false
	}
	// The reason decides what sort of refusal it is.
	if outcome == registrar.ReplyRejected {
		r.Outcome = refusal(r.Message)
	}

	return r, true
}

var digits = lazyregexp.New(`^\d{1,20}$`)

// taskIn reads a task, which is a number: any other text in its place is no task, and may be personal data.
func taskIn(s string) string {
	if s = plain(s); digits.MatchString(s) {
		return s
	}
	return ""
}

// moscow is the time zone of R01's days.
var moscow = time.FixedZone("MSK", 3*60*60)

// parseDate reads dates in the usual forms. An instant counts as a day in Moscow, because the
// registry writes the end of a day as an instant. r01-mail 3.3
func parseDate(s string) (d registrar.Date, ok bool) {
	if s == "" {
		return d, true
	}
	for _, layout := range []string{"2006.01.02", "2006-01-02", "02.01.2006", "2006/01/02", "2006-01-02 15:04:05", "2006.01.02 15:04:05", "02.01.2006 15:04:05", "02.01.2006 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return registrar.DateOf(t), true
		}
	}

	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 MST"} {
		// Only these two zone names are accepted: the library reads any name that it does not know as UTC.
		if t, err := time.Parse(layout, s); err == nil && (layout[len(layout)-1] != 'T' || strings.HasSuffix(s, " UTC") || strings.HasSuffix(s, " MSK")) {
			if strings.HasSuffix(s, " MSK") {
				return registrar.DateOf(t), true
			}
			return registrar.DateOf(t.In(moscow)), true
		}
	}
	return d, false
}

const longestMessage = 500 // characters; more is in the mail itself

// plain turns a text into one printable line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) {
			return ' '
		}
		return r
	}, s)
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > longestMessage {
		return string(runes[:longestMessage]) + "…"
	}
	return string(runes)
}
