package mailform

import (
	"fmt"
	"slices"
	"strings"

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

// object matches a possible handle or domain name, with the character before it.
var object = lazyregexp.New(`(^|[^\pL\pN_.@-])([\pL\pN_][\pL\pN_.-]*)`)

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
	for at := 0; len(all) < mostObjects && words < mostWords; {
		m := object.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}

		for i := range m {
			m[i] += at
		}

		at = m[1]
		if !strings.ContainsAny(text[m[4]:m[5]], ".-") {
			continue
		}

		words++
		// A word before an @ names a mailbox.
		if m[5] < len(text) && text[m[5]] == '@' {
			continue
		}

		word := strings.TrimRight(text[m[4]:m[5]], ".-")
		name := strings.ToUpper(word)
		if _, ok := KindOfHandle(name); !ok {
			var err error
			if name, err = Name(word); err != nil {
				continue
			}
		}

		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}

	return all
}
