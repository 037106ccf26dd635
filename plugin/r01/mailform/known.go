package mailform

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"registrar.panel/shared/registrar"
)

// Letters returns only the letters and digits of a text, in lower case. It serves to compare
// values that people write on different lines and with different punctuation.
func Letters(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// OtherContact returns what a registrant gives differently from how its client was registered, among the fields
// that R01 changes by mail: the contents of an update. If nothing differs, there are no fields. r01-mail 2.7
func OtherContact(known, given registrar.Registrant) registrar.Registrant {
	known, given = Normal(known), Normal(given)
	changed := registrar.Registrant{Kind: given.Kind, Fields: map[string][]string{}}
	form, err := Form("ru", registrar.KindUpdate, given.Kind)
	if err != nil {
		return changed
	}

	for _, f := range form.Fields {
		values := given.Fields[f.Key]
		if len(values) > 0 && !slices.EqualFunc(values, known.Fields[f.Key], func(a, b string) bool { return Letters(a) == Letters(b) }) {
			changed.Fields[f.Key] = values
		}
	}
	return changed
}

// NoteChanges says for each field that it is changed at R01 together with an order.
func NoteChanges(handle string, changed registrar.Registrant) (notes []registrar.Problem) {
	for _, key := range slices.Sorted(maps.Keys(changed.Fields)) {
		notes = append(notes, says(codeOther, "handle", handle).at("contact."+key))
	}
	return notes
}

// NoteUnknown says that a client was taken over, so that it is not known what R01 has about it.
func NoteUnknown(handle string) registrar.Problem {
	return says(codeUnknown, "handle", handle).at("contact")
}

// Updated returns a registrant as after an update that R01 has carried out.
func Updated(known registrar.Registrant, sent Template) registrar.Registrant {
	r := registrar.Registrant{Kind: known.Kind, Fields: maps.Clone(known.Fields)}
	switch {
	case sent.Person != nil:
		answer(r.Fields, sent.Person, personQuestions())
	case sent.Organization != nil:
		answer(r.Fields, sent.Organization, organizationQuestions())
	}
	return r
}

func answer[T any](fields map[string][]string, t *T, questions []question[T]) {
	for _, q := range questions {
		if q.at == nil || q.fixed {
			continue
		}
		if lines := q.at(t).lines(); len(lines) > 0 {
			fields[q.Key] = lines
		}
	}
}
