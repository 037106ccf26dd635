package r01sim

import (
	"net/mail"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

const (
	lenPersonINN = 12
	maxHandle    = 64
)

var (
	handlePattern    = regexp.MustCompile(`^[A-Z0-9_]+(-ORG)?-(R01|GPT)$`)
	latinNamePattern = regexp.MustCompile(`^[A-Za-z'-]+( [A-Za-z'-]+)*$`)
	phonePattern     = regexp.MustCompile(`^\+\d{1,3} \d{1,5} \d{4,8}$`)
	kppPattern       = regexp.MustCompile(`^\d{4}[0-9A-Z]{2}\d{3}$`)
	labelPattern     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	datePattern      = regexp.MustCompile(`^\d{2}\.\d{2}\.\d{4}$`)
)

func isHandle(s string) bool { return len(s) <= maxHandle && handlePattern.MatchString(s) }

func isOrganizationHandle(s string) bool { return isHandle(s) && strings.Contains(s, "-ORG-") }

func isPersonHandle(s string) bool { return isHandle(s) && !strings.Contains(s, "-ORG-") }

func isLatinName(s string) bool { return latinNamePattern.MatchString(s) }

func isLatinText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c > '~' })
}

func isPhone(s string) bool { return phonePattern.MatchString(s) }

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && isLatinText(s)
}

func isDate(s string) bool {
	_, err := time.Parse("02.01.2006", s)
	return err == nil && datePattern.MatchString(s)
}

func isDigits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

func isKPP(s string) bool { return kppPattern.MatchString(s) }

// isINN verifies the check digits: one for an organization, two for a person.
func isINN(s string) bool {
	weights := []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	check := func(n int) bool {
		sum := 0
		for i, w := range weights[len(weights)-n:] {
			sum += w * int(s[i]-'0')
		}
		return sum%11%10 == int(s[n]-'0')
	}
	if isDigits(s, 10) {
		return check(9)
	}
	return isDigits(s, lenPersonINN) && check(10) && check(11)
}

// isOGRN verifies the check digit of a 13-digit OGRN or a 15-digit OGRNIP.
func isOGRN(s string) bool {
	n := len(s)
	if !isDigits(s, 13) && !isDigits(s, 15) {
		return false
	}
	remainder := 0
	for _, c := range s[:n-1] {
		remainder = (remainder*10 + int(c-'0')) % (n - 2)
	}
	return remainder%10 == int(s[n-1]-'0')
}

func isDomain(s string) bool {
	_, ok := canonicalDomain(s)
	return ok
}

// canonicalDomain returns a second-level name of .ru, .su or .рф in ACE
// and lower case. It accepts ACE and Cyrillic, as R01's back end does.
func canonicalDomain(s string) (string, bool) {
	name, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", false
	}

	label, zone, ok := strings.Cut(name, ".")
	if !ok || len(label) < 2 || label == "www" || !labelPattern.MatchString(label) {
		return "", false
	}

	international := strings.HasPrefix(label, "xn--")
	// Hyphens in the third and fourth place are reserved for ACE: RFC 5891, 4.2.3.1.
	if !international && len(label) > 3 && label[2:4] == "--" {
		return "", false
	}

	// Each zone accepts its own letters: field-notes 3.2.
	switch zone {
	case "ru":
		return name, !international
	case "su":
		return name, true
	case "xn--p1ai":
		return name, international
	}

	return "", false
}

func isHost(s string) bool {
	labels := strings.Split(strings.ToLower(s), ".")
	for _, label := range labels {
		if !labelPattern.MatchString(label) {
			return false
		}
	}
	return len(labels) > 1 && len(s) < 254
}
