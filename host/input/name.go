// Package input checks what callers and plugins send to the panel: domain names, texts of bounded
// length without invisible characters, the people who decide. It also makes the error that says
// what is wrong with a request, field by field.
package input

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// names accepts what people type and returns names as the DNS has them.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true),
	idna.VerifyDNSLength(true), idna.BidiRule())

// ACE normalises a domain name typed in Unicode or in ACE. Anything that is no name of at least two
// labels is Invalid, at the path "domain".
func ACE(name string) (string, error) {
	ace, err := names.ToASCII(strings.TrimSuffix(entry.Line(name), "."))
	if err != nil {
		return "", Mistake("domain", fmt.Sprintf("%q is not a domain name: %s", name, strings.TrimPrefix(err.Error(), "idna: ")))
	}
	if TLD(ace) == ace {
		return "", Mistake("domain", fmt.Sprintf("%q is not a domain name: it needs a name and a TLD, such as example.ru", name))
	}
	return ace, nil
}

// Zone normalises a TLD typed in Unicode or in ACE, with or without its dot.
func Zone(typed string) (string, error) {
	ace, err := names.ToASCII(strings.Trim(entry.Line(typed), "."))
	if err != nil {
		return "", Mistake("tld", fmt.Sprintf("%q is not a TLD", typed))
	}
	return ace, nil
}

// Unicode writes an ACE name for people; a name that can't be decoded stays as it is.
func Unicode(ace string) string {
	text, err := idna.Display.ToUnicode(ace)
	if err != nil {
		return ace
	}
	return text
}

// TLD returns the last label; for a name of one label, that label.
func TLD(ace string) string { return ace[strings.LastIndexByte(ace, '.')+1:] }

// Mistake returns the error for one wrong field of a request.
func Mistake(path, message string) error {
	return Mistakes([]registrar.Problem{{Path: path, Message: message}})
}

// Mistakes returns the error for the wrong fields of a request; nil if there are none.
func Mistakes(problems []registrar.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &registrar.Error{Code: registrar.Invalid, Detail: "the request has mistakes", Problems: problems}
}
