package mailform

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

const maxHandle = 64 // RIPN's limit; R01's is not known

var (
	handlePattern = lazyregexp.New(`^[0-9A-Z_]+(-ORG)?-(R01|GPT)$`)
	prefixPattern = lazyregexp.New(`^[0-9A-Z_]{1,20}$`)
)

// HandleSuffixes lists the possible ends of a handle: the usual one and the older one.
func HandleSuffixes() []string { return []string{"R01", "GPT"} }

// IsHandlePrefix reports whether new handles can begin with s.
func IsHandlePrefix(s string) bool { return prefixPattern.MatchString(s) }

// Handle makes PREFIX_COUNTER_RANDOM-R01, or …-ORG-R01 for an organization. The counter is
// never reused; random is upper-case letters and digits. r01-mail 2.8
func Handle(prefix string, counter uint64, random string, kind registrar.RegistrantKind, suffix string) string {
	infix := ""
	if kind == registrar.Organization {
		infix = "-ORG"
	}
	return fmt.Sprintf("%s_%d_%s%s-%s", prefix, counter, random, infix, suffix)
}

// KindOfHandle returns the kind of client of a handle; ok is false for a text that is no handle.
func KindOfHandle(handle string) (kind registrar.RegistrantKind, ok bool) {
	m := handlePattern.FindStringSubmatch(handle)
	switch {
	case m == nil || len(handle) > maxHandle:
		return "", false
	case m[1] != "":
		return registrar.Organization, true
	}
	return registrar.Person, true
}

// Limits on the names that one text is searched for, because it may be a list of all names.
const (
	mostObjects = 20
	mostWords   = 2000 // that may be one, with a point or a hyphen in it
)

// Objects lists the first twenty domains and handles that a text names, each once, in the form
// in which requests keep them. Mail addresses do not count.
func Objects(text string) []string {
	var all []string
	words := 0
	for word := range strings.FieldsFuncSeq(text, betweenWords) {
		if len(all) == mostObjects || words == mostWords {
			break
		}
		if !strings.ContainsAny(word, ".-") {
			continue
		}

		words++
		if name, ok := objectOf(word); ok && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}

	return all
}

// betweenWords reports whether a character is no part of a handle, a domain or a mail address.
func betweenWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.@-", r)
}

// objectOf reads a word as a handle or a domain.
func objectOf(word string) (name string, ok bool) {
	if strings.Contains(word, "@") {
		return "", false
	}

	word = strings.TrimRight(word, ".-")
	name = strings.ToUpper(word)
	if _, ok := KindOfHandle(name); ok {
		return name, true
	}

	// To read a name costs much more than to see that it has no zone.
	if !strings.Contains(word, ".") {
		return "", false
	}
	name, err := Name(word)
	return name, err == nil
}
