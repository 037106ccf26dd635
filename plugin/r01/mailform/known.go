package mailform

import (
	"slices"
	"strings"
	"unicode"

	"registrar.panel/shared/registrar"
)

// Letters is a text without what is no letter and no digit, in lower case: by it values are
// compared that people write in different lines and with different signs.
func Letters(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// OtherContact notes the fields, of those that R01 changes by mail, in which a registrant
// differs from what its client was registered with. r01-mail 2.7
func OtherContact(handle string, known, given registrar.Registrant) (notes []registrar.Problem) {
	known, given = Normal(known), Normal(given)
	form, err := Form("ru", registrar.KindUpdate, given.Kind)
	if err != nil {
		return nil
	}
	for _, f := range form.Fields {
		values := given.Fields[f.Key]
		if len(values) > 0 && !slices.EqualFunc(values, known.Fields[f.Key], func(a, b string) bool { return Letters(a) == Letters(b) }) {
			notes = append(notes, says(codeOther, "handle", handle).at("contact."+f.Key))
		}
	}
	return notes
}
