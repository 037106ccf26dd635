package mailform

import "slices"

// identifying are the lines whose values identify one registrant among all: an address or a day does not.
var identifying = []string{"person", "person-r", "org", "org-r", "passport", "code", "ogrn", "phone", "fax-no", "e-mail"}

// Traces finds texts about a registrant, which contain the whole name, a mail address, a phone,
// or a number of the registrant's documents, in any of the spellings that [Redact] knows.
type Traces []spelling

// TracesOf returns the traces of the registrants of these templates.
func TracesOf(templates ...Template) (all Traces) {
	for _, t := range templates {
		for _, l := range t.lines() {
			if slices.Contains(identifying, l.name) {
				all = append(all, tracesIn(l)...)
			}
		}
	}
	return all
}

// tracesIn lists the spellings of a whole value, and of the numbers in it.
func tracesIn(l line) (all Traces) {
	if l.name != "passport" { // whose other words name an office
		if words := wordsOf.FindAllString(l.value, -1); len(words) > 1 {
			all = append(all, spelled(phrasePattern(words), ofWord, words...))
		}
	}
	for _, n := range numbersIn(l.value) {
		all = append(all, spelled(numberPattern(n), ofNumber, n))
	}
	return all
}

// In reports whether a text is about one of the registrants.
func (t Traces) In(text string) bool {
	held := bare(text)
	return slices.ContainsFunc(t, func(s spelling) bool { return s.mayStandIn(held) && s.hide(text) != text })
}
