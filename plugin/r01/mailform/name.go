package mailform

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"registrar.panel/internal/lazyregexp"
)

// zones are the zones in which R01 registers by mail, with the labels that each allows. R01
// accepts Cyrillic labels under .su. field-notes 3.2
var zones = map[string]*lazyregexp.Regexp{
	"ru":       latinLabel,
	"su":       lazyregexp.New(latinLabel.String() + `|` + cyrillicLabel.String()),
	"xn--p1ai": cyrillicLabel,
}

var (
	latinLabel    = lazyregexp.New(`^[0-9a-z-]+$`)
	cyrillicLabel = lazyregexp.New(`^[0-9-]*[а-яё][0-9а-яё-]*$`)
)

const fewestLetters = 2

// Name reads the name of a second-level domain in a zone of R01, in Unicode or ACE, in any
// case, with or without a trailing dot, and returns it in the form that the panel and the wire
// use: ACE, lower case, no dot at the end. The error tells a person what is wrong.
func Name(input string) (ace string, err error) {
	// The profile for registration does no folding by itself.
	folded := norm.NFC.String(strings.ToLower(strings.TrimSuffix(input, ".")))
	if folded == "" {
		return "", errors.New("a domain name is required")
	}

	ace, err = idna.Registration.ToASCII(folded)
	if err != nil || len(ace) > maxHost {
		return "", fmt.Errorf("%q is not a domain name", input)
	}

	label, zone, found := strings.Cut(ace, ".")
	labels := zones[zone]
	if !found || labels == nil {
		return "", fmt.Errorf("%q is not a second-level name of .ru, .su or .рф", input)
	}

	shown, err := idna.Registration.ToUnicode(label)
	switch {
	case err != nil, !labels.MatchString(shown), !isLabel(label):
		return "", fmt.Errorf("%q has letters that .%s does not take", input, Unicode(zone))
	case utf8.RuneCountInString(shown) < fewestLetters, label == "www":
		return "", fmt.Errorf("%q can't be registered: too short, or reserved", input)
	}

	return ace, nil
}

var asciiLabel = lazyregexp.New(`^` + hostLabel + `$`)

// isLabel checks length and hyphens. Hyphens as third and fourth character mark an encoding. RFC 5891 4.2.3.1
func isLabel(label string) bool {
	encoded := len(label) > 3 && label[2:4] == "--"
	return asciiLabel.MatchString(label) && (!encoded || strings.HasPrefix(label, "xn--"))
}

// Unicode writes an ACE name for people. A name that is not ACE is not changed.
func Unicode(ace string) string {
	if name, err := idna.Registration.ToUnicode(ace); err == nil {
		return name
	}
	return ace
}
