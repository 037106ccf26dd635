package orders

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"registrar.panel/shared/registrar"
)

// The most that is stored of a text, in characters, and of a list, in entries.
const (
	longestCustomer = 128
	longestPerson   = 100
	longestNote     = 1000
	longestHandle   = 128
	longestCode     = 256
	longestID       = 128
	longestMessage  = 2000
	longestValue    = 2000
	mostFields      = 100
	mostValues      = 20
	mostServers     = 13 // no registry takes more
	mostAddresses   = 20
	mostAlarms      = 50
)

// invisible reports whether a reader would not see a character, or a terminal obey it.
func invisible(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp)
}

// line judges a text that is kept as one line: "" = it is right.
func line(text string, most int) string {
	switch {
	case !utf8.ValidString(text):
		return "must be UTF-8 text"
	case utf8.RuneCountInString(text) > most:
		return fmt.Sprintf("must have %d characters at most", most)
	case strings.ContainsFunc(text, invisible):
		return "must be one line without control or invisible characters"
	}
	return ""
}

// lines judges a text that may have several lines.
func lines(text string, most int) string {
	return line(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(text), most)
}

// clean makes one line of bounded length of what a registrar says.
func clean(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for i := range text {
		if most == 0 {
			text = text[:i] + "…"
			break
		}
		most--
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case invisible(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// customerID is the one form of the panel's name for a customer: blanks around it don't count,
// and two ways to write a letter are one.
func customerID(typed string) (string, error) {
	id := norm.NFC.String(strings.TrimSpace(typed))
	if id == "" {
		return "", Mistake("customer", "is required: the name your panel has for the customer")
	}
	if wrong := line(id, longestCustomer); wrong != "" {
		return "", Mistake("customer", wrong)
	}
	return id, nil
}

// person judges who decides.
func person(name string) []registrar.Problem {
	if strings.TrimSpace(name) == "" {
		return []registrar.Problem{{Path: "by", Message: "is required: who decides"}}
	}
	if wrong := line(name, longestPerson); wrong != "" {
		return []registrar.Problem{{Path: "by", Message: wrong}}
	}
	return nil
}

// behalf judges the free text that says on whose behalf a person decides.
func behalf(text string) []registrar.Problem {
	if wrong := line(text, longestPerson); wrong != "" {
		return []registrar.Problem{{Path: "by", Message: wrong}}
	}
	return nil
}

// onBehalf is that text as a note.
func onBehalf(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" (on behalf of %q)", text)
}

// oversized lists what is too much to be stored of an order, or can't be shown.
func oversized(q Request) (problems []registrar.Problem) {
	add := func(path, wrong string) {
		if wrong != "" {
			problems = append(problems, registrar.Problem{Path: path, Message: wrong})
		}
	}
	add("auth_code", line(string(q.AuthCode), longestCode))
	if len(q.Nameservers) > mostServers {
		add("nameservers", fmt.Sprintf("must be %d at most", mostServers))
	}
	for i, n := range q.Nameservers {
		if len(n.IPs) > mostAddresses {
			add(fmt.Sprintf("nameservers[%d].ips", i), fmt.Sprintf("must be %d at most", mostAddresses))
		}
	}
	if q.Registrant == nil {
		return problems
	}
	if len(q.Registrant.Fields) > mostFields {
		add("contact", fmt.Sprintf("must have %d fields at most", mostFields))
		return problems
	}
	for key, values := range q.Registrant.Fields {
		if wrong := line(key, longestID); wrong != "" {
			add("contact", "has a key that "+wrong)
			continue
		}
		if len(values) > mostValues {
			add("contact."+key, fmt.Sprintf("must have %d values at most", mostValues))
			continue
		}
		for i, v := range values {
			add(fmt.Sprintf("contact.%s[%d]", key, i), lines(v, longestValue))
		}
	}
	slices.SortFunc(problems, func(a, b registrar.Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}

// tame bounds the words of an error that a registrar made: callers print them.
func tame(err error) error {
	var e *registrar.Error
	if !errors.As(err, &e) {
		return err
	}
	more := *e
	more.Detail, more.Problems = clean(e.Detail, longestMessage), tameProblems(e.Problems)
	more.RetryAfter = max(0, min(e.RetryAfter, longestPause))
	return &more
}

// mostProblems and longestProblem bound what a registrar finds wrong with one order.
const (
	mostProblems   = 100
	longestProblem = 500
)

func tameProblems(problems []registrar.Problem) []registrar.Problem {
	var tamed []registrar.Problem
	for _, p := range problems[:min(len(problems), mostProblems)] {
		p.Path, p.Message = clean(p.Path, longestID), clean(p.Message, longestProblem)
		p.Code, p.Params, p.Texts = clean(p.Code, longestID), tameTexts(p.Params), tameTexts(p.Texts)
		tamed = append(tamed, p)
	}
	return tamed
}

// mostTexts bounds the parameters of a problem, and the languages of its text.
const mostTexts = 20

func tameTexts(texts map[string]string) map[string]string {
	if len(texts) == 0 {
		return nil
	}
	tamed := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(texts))[:min(len(texts), mostTexts)] {
		tamed[clean(key, longestID)] = clean(texts[key], longestProblem)
	}
	return tamed
}
