package mailform

import (
	"net/mail"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"registrar.panel/internal/lazyregexp"
)

// wirePhone is R01's form of a number: country, area, the rest. r01-mail 2.4
var wirePhone = lazyregexp.New(`^\+\d{1,3} \d{1,5} \d{4,8}$`)

var (
	phoneLabel     = lazyregexp.New(`(?i)^(?:(?:тел|телефон|моб|мобильный|раб|рабочий|дом|домашний|факс|tel|phone|mob|mobile|fax|cell)\.?:? ?)+`)
	phoneExtension = lazyregexp.New(`(?i)[ ,;]*\(?(?:доб|добавочный|вн|внутр|внутренний|ext|extension|x|#)[ .:]*\d{1,6}\)?$`)
	phoneSigns     = lazyregexp.New(`^[+\d(][\d ()./-]*$`)
	plusEight      = lazyregexp.New(`^\+ ?8[ (-]+(\d)`)
)

// home is the country of numbers that have no country code.
const home = "RU"

// phoneForm writes a number, in any usual spelling, as R01 does. An extension is dropped.
func phoneForm(v string, abroad bool) string {
	typed := phoneExtension.ReplaceAllString(phoneLabel.ReplaceAllString(v, ""), "")
	if strings.HasPrefix(typed, "(+") {
		typed = strings.Replace(typed[1:], ")", " ", 1)
	}

	if !phoneSigns.MatchString(typed) {
		return v
	}

	region := home

	switch digits := countDigits(typed); {
	case strings.HasPrefix(typed, "00"):
		typed = "+" + typed[2:]
	// At home 8 is dialled before a number: after a plus it is a mistake and not a country code.
	case plusEight.MatchString(typed) && digits == lenNational+1:
		typed = plusEight.ReplaceAllString(typed, "8$1")
	// The country of a non-resident's number without a country code is not known.
	case abroad && !strings.HasPrefix(typed, "+") && !(digits == lenNational+1 && strings.ContainsRune("78", rune(typed[0]))):
		return v
	}

	number, err := phonenumbers.Parse(typed, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return v
	}

	if written := written(phonenumbers.Format(number, phonenumbers.INTERNATIONAL)); wirePhone.MatchString(written) && !noneOfHome.MatchString(written) {
		return written
	}

	return v
}

const lenNational = 10 // digits of a Russian number

// noneOfHome are numbers of +7 in no area or network.
var noneOfHome = lazyregexp.New(`^\+7 [0125]`)

// written joins the groups of a number as it is printed in its country: the first group is the area. If
// there is no area, or a group is too long, the number is cut so that both parts have R01's lengths.
func written(international string) string {
	country, rest, _ := strings.Cut(international, " ")
	groups := strings.FieldsFunc(rest, func(r rune) bool { return !unicode.IsDigit(r) })
	digits := strings.Join(groups, "")
	area := 0
	if len(groups) > 1 {
		area = len(groups[0])
	}
	const longestArea, fewest, most, usual = 5, 4, 8, 7
	if left := len(digits) - area; area < 1 || area > longestArea || left < fewest || left > most {
		area = min(max(len(digits)-usual, 2), longestArea)
		area = min(area, max(len(digits)-fewest, 1))
	}
	if area >= len(digits) {
		return international
	}
	return country + " " + digits[:area] + " " + digits[area:]
}

func phone(v string) complaint {
	if wirePhone.MatchString(v) && !noneOfHome.MatchString(v) {
		return complaint{}
	}
	if !strings.HasPrefix(v, "+") && countDigits(v) >= lenNational-1 {
		return says(codeCountry)
	}
	return says(codePhone)
}

var mailAddress = lazyregexp.New(`^[!-~]+@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+$`)

// longestAddress is the longest address that mail servers take, in bytes. RFC 5321 4.5.3.1.3
const longestAddress = 254

// mailable checks a mail address. R01 reads only Latin ones.
func mailable(v string) complaint {
	local, _, _ := strings.Cut(v, "@")
	if c := notLatin(local); !c.none() && strings.Contains(v, "@") {
		return says(codeEmailLocal, "letters", c.params["letters"])
	}
	if !mailAddress.MatchString(v) || len(v) > longestAddress {
		return says(codeEmail)
	}
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		return says(codeEmail)
	}
	return complaint{}
}

var (
	dateWithin   = lazyregexp.New(`(?:^|\D)(?:\d{1,2}[./ -]\d{1,2}[./ -](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[ .-]\pL{3,}[ .-]+\d{4})(?:\D|$)`)
	codeOfUnit   = lazyregexp.New(`\b\d{3} ?- ?\d{3}\b`)
	passportWord = lazyregexp.New(`(?i)паспорт\pL*|серия|номер|выдан\pL*|кем|когда|дата|выдачи|код|подразделения|passport|number|issued|date|of issue|(?:^|[^\pL])(?:от|г|года|к/п|no|n|on|by)(?:[^\pL]|$)`)
	withDigits   = lazyregexp.New(`[\pL\d]*\d[\pL\d]*`)
	wordOfIssuer = lazyregexp.New(`\pL{2,}`)
)

// passportWhole checks that a passport has its number, its issuer and its date, on whatever
// lines: R01 would refuse it only hours later.
func passportWhole(lines []string) complaint {
	text := strings.Join(lines, " ; ")
	rest := dateWithin.ReplaceAllString(text, " ; ")
	dated := rest != text

	// Dates and codes of offices do not count as a number.
	rest = codeOfUnit.ReplaceAllString(rest, " ")
	number := withDigits.FindAllString(rest, -1)
	const fewest = 5 // signs of a number
	numbered := false
	for _, n := range number {
		numbered = numbered || len([]rune(n)) >= fewest
	}

	numbered = numbered || countDigits(strings.Join(number, "")) >= fewest+1
	rest = passportWord.ReplaceAllString(withDigits.ReplaceAllString(rest, " "), " ")
	issued := wordOfIssuer.MatchString(rest)

	var missing, missingRu []string
	for _, part := range []struct {
		there  bool
		en, ru string
	}{{numbered, "its number", "номера"}, {issued, "who has issued it", "кем выдан"}, {dated, "the date of issue", "даты выдачи"}} {
		if !part.there {
			missing, missingRu = append(missing, part.en), append(missingRu, part.ru)
		}
	}

	if len(missing) == 0 {
		return complaint{}
	}

	return says(codePassport, "missing", strings.Join(missing, ", "), "missing_ru", strings.Join(missingRu, ", "))
}
