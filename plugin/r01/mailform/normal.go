package mailform

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// Normal brings the answers of a registrant into the form in which they are sent, however they
// were typed: an answer that can be read in only one way is written in R01's way. An answer
// that can't be read is not changed, so that the checks refuse it. A date remains YYYY-MM-DD.
// If a non-resident has no name in a script of its own, the Latin name replaces it.
func Normal(r registrar.Registrant) registrar.Registrant {
	r = arranged(r)
	if latin := r.Fields["name_latin"]; abroad(r) && len(r.Fields["name"]) == 0 && len(latin) > 0 {
		r.Fields["name"] = slices.Clone(latin)
	}
	return r
}

// arranged is Normal without that replacement.
func arranged(r registrar.Registrant) registrar.Registrant {
	if r.Kind == registrar.Organization {
		return arrangedBy(organizationQuestions(), r)
	}
	return arrangedBy(personQuestions(), r)
}

func arrangedBy[T any](questions []question[T], typed registrar.Registrant) registrar.Registrant {
	r := entry.Registrant(typed)
	// First, because it decides how a phone number without a country is read.
	abroad := yesNoForm(r.Get("resident"), false) == "false"
	for _, q := range questions {
		var values []string
		for _, v := range r.Fields[q.Key] {
			values = append(values, q.normal(v, abroad)...)
		}
		if delete(r.Fields, q.Key); len(values) > 0 {
			r.Fields[q.Key] = values
		}
	}
	return r
}

// normal returns the values that one answer comes to, in their normal form. Lines of a text
// area are values of a field that has several. r01-mail 2.3
func (q question[T]) normal(v string, abroad bool) []string {
	typed := []string{v}
	if q.Multiple {
		typed = entry.Lines(v)
		if q.Type == registrar.FieldEmail || q.Type == registrar.FieldPhone {
			typed = parted(typed, q.Type)
		}
	}

	var values []string
	for _, v := range typed {
		// A value that is refused for its signs is not changed, so that the check can name them.
		if injection(v).none() {
			v = entry.Line(spelt(v))
			if q.form != nil {
				v = q.form(v, abroad)
			}
		}
		if v != "" && (q.Required || !isDash(v)) {
			values = append(values, v)
		}
	}

	return values
}

// isDash reports whether a value is a line drawn through an empty field.
func isDash(v string) bool { return strings.Trim(v, "- ") == "" }

// parted separates addresses or numbers that were entered on one line.
func parted(lines []string, t registrar.FieldType) (all []string) {
	const fewestDigits = 7 // of a number; less is the number of an extension
	for _, l := range lines {
		if injection(l).none() {
			l = entry.Line(spelt(l)) // a sign may hold a comma: "🄁" is "0,"
		}
		pieces := strings.FieldsFunc(l, func(r rune) bool { return r == ',' || r == ';' })
		short := func(piece string) bool { return countDigits(piece) < fewestDigits }
		if len(pieces) < 2 || t == registrar.FieldPhone && slices.ContainsFunc(pieces, short) {
			pieces = []string{l}
		}
		for _, piece := range pieces { // of a line with bytes that are no text, a piece may be one
			all = append(all, entry.Lines(piece)...)
		}
	}
	return all
}

func countDigits(s string) (n int) {
	for _, r := range s {
		if '0' <= r && r <= '9' {
			n++
		}
	}
	return n
}

// abroad reports whether a registrant, in its normal form, is not a resident of Russia.
func abroad(r registrar.Registrant) bool { return r.Get("resident") == "false" }

// yesNoForm understands what forms send for a checked box, and what people write.
func yesNoForm(v string, _ bool) string {
	switch strings.ToLower(v) {
	case "true", "yes", "on", "1", "y", "да":
		return "true"
	case "false", "no", "off", "0", "n", "нет":
		return "false"
	}
	return v
}

func yesNo(v string) complaint {
	if v != "true" && v != "false" {
		return says(codeYesNo)
	}
	return complaint{}
}

var (
	abbreviation = lazyregexp.New(`\.\s*`)
	loneHyphen   = lazyregexp.New(` *-+ *`)
	nameWords    = lazyregexp.New(`^'?\pL+(?:['-]{1,2}\pL+)*'?(?: '?\pL+(?:['-]{1,2}\pL+)*'?)*$`)
)

// nameForm writes the name of a person without the dots of initials.
func nameForm(v string, _ bool) string {
	v = strings.ReplaceAll(v, "`", "'")
	v = abbreviation.ReplaceAllString(v, " ")
	return entry.Line(loneHyphen.ReplaceAllString(v, "-"))
}

// ownName checks a name in its bearer's own script.
func ownName(v string) complaint {
	if c := unwritable(v); !c.none() {
		return c
	}
	for _, r := range v {
		if !unicode.IsLetter(r) && !strings.ContainsRune(" '-", r) {
			return says(codeCharacter, "character", string(r))
		}
	}
	if !nameWords.MatchString(v) {
		return says(codeName)
	}
	return complaint{}
}

func latinName(v string) complaint {
	if c := notLatin(v); !c.none() {
		return c
	}
	return ownName(v)
}

// latinText accepts printable ASCII with at least one letter.
func latinText(v string) complaint {
	if c := notLatin(v); !c.none() {
		return c
	}
	if !strings.ContainsFunc(v, unicode.IsLetter) {
		return says(codeName)
	}
	return complaint{}
}

var (
	numberName = lazyregexp.New(`(?i)^(?:инн|кпп|огрнип|огрн|inn|kpp|ogrnip|ogrn)[ :.]*(?:No\.?)? *`)
	numberSign = lazyregexp.New(`[ .-]`)
	// lookAlike are Cyrillic capitals typed in place of the Latin ones that numbers may have.
	lookAlike = strings.NewReplacer("А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "У", "Y", "Х", "X")
)

// numberForm writes an official number without what people write around and into it.
func numberForm(v string, _ bool) string {
	number := numberSign.ReplaceAllString(numberName.ReplaceAllString(v, ""), "")
	number = lookAlike.Replace(strings.ToUpper(number))
	if strings.Trim(number, "0") == "" { // a line drawn through the field
		return ""
	}
	return number
}

var (
	dayFirst  = lazyregexp.New(`^(\d{1,2})([./ -])(\d{1,2})[./ -](\d{4})$`)
	yearFirst = lazyregexp.New(`^(\d{4})[./ -](\d{1,2})[./ -](\d{1,2})(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$`)
	dayInWord = lazyregexp.New(`^(\d{1,2})[ .-](\pL+)[ .-](\d{4})$`)
	ofYear    = lazyregexp.New(`(?i) ?г(?:\.|ода|од)?$`)
)

// dateForm reads a date that begins with the day or the year, and writes it YYYY-MM-DD.
func dateForm(v string, _ bool) string {
	v = ofYear.ReplaceAllString(v, "")
	day, month, year := "", "", ""
	// 05/06/1980 has two readings, so it is not changed, and the check reports it. r01-mail 2.4
	if m := dayFirst.FindStringSubmatch(v); m != nil && !(m[2] == "/" && ambiguous(m[1], m[3])) {
		day, month, year = m[1], m[3], m[4]
	} else if m := yearFirst.FindStringSubmatch(v); m != nil {
		year, month, day = m[1], m[2], m[3]
	} else if m := dayInWord.FindStringSubmatch(v); m != nil {
		day, month, year = m[1], monthNamed(m[2]), m[3]
	}
	t, err := time.Parse("2006-1-2", year+"-"+month+"-"+day)
	if err != nil {
		return v
	}
	return t.Format(time.DateOnly)
}

// ambiguous reports whether an American reads 03/04/1980 differently.
func ambiguous(first, second string) bool {
	const months = 12
	a, _ := strconv.Atoi(first) // digits by the pattern
	b, _ := strconv.Atoi(second)
	return a <= months && b <= months && a != b
}

// monthNamed returns the number of a month by its name in Russian or English, or "".
func monthNamed(name string) string {
	name = strings.ToLower(name)
	for i, stems := range [][]string{{"янв", "jan"}, {"фев", "feb"}, {"мар", "mar"}, {"апр", "apr"}, {"ма", "may"}, {"июн", "jun"},
		{"июл", "jul"}, {"авг", "aug"}, {"сен", "sep"}, {"окт", "oct"}, {"ноя", "nov"}, {"дек", "dec"}} {
		if strings.HasPrefix(name, stems[0]) || strings.HasPrefix(name, stems[1]) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

func existingDate(v string) complaint {
	if _, err := registrar.ParseDate(v); err == nil && v != "" {
		return complaint{}
	}
	if m := dayFirst.FindStringSubmatch(v); m != nil && m[2] == "/" && ambiguous(m[1], m[3]) {
		return says(codeDateOrder)
	}
	return says(codeDate)
}

// mailHosts accepts host names as people type them.
var mailHosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.BidiRule())

// emailForm writes the host of a mail address in ACE.
func emailForm(v string, _ bool) string {
	v = strings.TrimSuffix(strings.TrimPrefix(v, "<"), ">")
	if len(v) > len("mailto:") && strings.EqualFold(v[:len("mailto:")], "mailto:") {
		v = v[len("mailto:"):]
	}
	at := strings.LastIndexByte(v, '@')
	if at < 0 {
		return entry.Line(v)
	}
	local, host := strings.TrimSpace(v[:at]), strings.TrimSpace(strings.TrimSuffix(v[at+1:], "."))
	ace, err := mailHosts.ToASCII(host)
	if err != nil {
		ace = host
	}
	return local + "@" + ace
}
