package mailform

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// variable matches what differs from one reply to the next: our token in a subject, a task
// number, a date, a domain or a handle.
var (
	token    = lazyregexp.New(`\[[A-Z2-7]{26}\]`)
	variable = lazyregexp.New(token.String() + `|\d{4}[.-]\d\d[.-]\d\d|\d\d\.\d\d\.\d{4}|[\pL\pN_][\pL\pN_.-]*[\pL\pN]|\d+`)
)

const shortestTask = 5 // digits; R01's numbers are long, and others are not tasks

// SuggestRule suggests a rule that recognises a reply and others worded like it, for a person to
// look over, or says why there is none. It also returns a recogniser with this rule alone, or nil.
func SuggestRule(in Input, outcome registrar.ReplyOutcome) (registrar.SuggestedRule, *Recogniser) {
	c := ruleLike(in, outcome)
	rules, problems := operatorRules([]RuleConfig{c})
	says := strings.TrimSpace(in.Subject + telling(in.Text))
	// Tried at once, because a rule that does not recognise its own mail is useless.
	alone := &Recogniser{rules}
	if says == "" || len(problems) > 0 || len(alone.Recognise(in).Results) == 0 {
		return registrar.SuggestedRule{Why: "no rule can recognise this mail: it says nothing of its own, or is too long"}, nil
	}
	return registrar.SuggestedRule{Block: "reply", Name: c.Name, Settings: []registrar.Setting{
		{Name: "subject", Value: c.Subject}, {Name: "body", Value: c.Body}, {Name: "outcome", Value: c.Outcome}}}, alone
}

// ruleLike makes a rule of the subject and the paragraph that says most. A single line would
// not do: the line that names the domain does not say what became of it.
func ruleLike(in Input, outcome registrar.ReplyOutcome) RuleConfig {
	words := notWord.ReplaceAllString(token.ReplaceAllString(in.Subject, ""), " ")
	c := RuleConfig{Name: strings.TrimSpace("like " + plain(words)), Body: emptyBody, Outcome: string(outcome)}
	used := map[string]bool{}
	if body := generalise(telling(in.Text), used); body != "" {
		c.Body = "(?m)^" + body + "$"
	}
	c.Subject = "^" + generalise(in.Subject, used) + "$"
	return c
}

// emptyBody matches the body of a mail that says everything in its subject, or only quotes.
const emptyBody = `^\s*$`

// notWord matches what the name of a rule can do without.
var notWord = lazyregexp.New(`[^\pL\pN.:-]+`)

// telling returns the paragraph that says most: the first one that names an object, or the longest.
func telling(text string) string {
	longest := ""
	for _, p := range emptyLine.Split(withoutQuotation(text), -1) {
		if p = strings.Trim(p, "\n"); len(Objects(p)) > 0 {
			return p
		}
		if len(p) > len(longest) {
			longest = p
		}
	}
	return longest
}

// generalise quotes a text for a pattern and puts groups in place of what varies. Only the
// first group of a name is named.
func generalise(text string, used map[string]bool) string {
	var b strings.Builder
	at := 0
	for _, m := range variable.FindAllStringIndex(text, -1) {
		b.WriteString(literal(text[at:m[0]]))
		b.WriteString(groupFor(text[m[0]:m[1]], used))
		at = m[1]
	}
	b.WriteString(literal(text[at:]))
	return b.String()
}

func groupFor(word string, used map[string]bool) string {
	name, pattern := "", `\S+`
	_, isHandle := KindOfHandle(strings.ToUpper(word))
	_, notDomain := Name(word)
	_, isDate := parseDate(word)
	switch {
	// Our own token differs from mail to mail.
	case strings.HasPrefix(word, "["):
		return `\S+`
	case isDate:
		name, pattern = "paid_till", `[\d.-]+`
	case isHandle:
		name, pattern = "handle", `[\w-]+`
	case notDomain == nil:
		name, pattern = "domain", `[\pL\pN.-]*[\pL\pN]`
	case len(word) >= shortestTask && strings.Trim(word, "0123456789") == "":
		name, pattern = "task", `\d+`
	default:
		return literal(word)
	}

	if used[name] {
		return pattern
	}

	used[name] = true
	return "(?P<" + name + ">" + pattern + ")"
}

// literal quotes a text for a pattern. Configuration rewrites letters that are not in their
// normal form, so the pattern matches any character in place of a mark or such a letter.
func literal(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\n' && (unicode.In(r, unicode.M, unicode.C) || !norm.NFC.IsNormalString(string(r))) {
			b.WriteString(".")
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}
