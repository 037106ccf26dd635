package mailform

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Shorter values occur in a text by chance, so they are not looked for.
const (
	shortestText   = 5 // letters and digits
	shortestNumber = 6 // digits
)

// Redact hides the values of a registrant in clients' templates wherever a text repeats them,
// even in another spelling: in other case, blanks and punctuation; numbers and phones in other
// groups or without the country; dates in the usual formats; the words of a person's name
// alone, in another order or declined. Handles, domains and name servers stay.
func Redact(text string, templates ...Template) string {
	held := bare(text)
	for _, t := range templates {
		for _, l := range t.lines() {
			if !l.private() {
				continue
			}
			for _, s := range spellings(l) {
				if s.mayStandIn(held) {
					text = s.hide(text)
					held = bare(text)
				}
			}
		}
	}
	return text
}

// spelling finds one way to write a value.
type spelling struct {
	pattern func() *regexp.Regexp           // compiled when it is asked for, which is dear
	part    func(before, after string) bool // what it finds is part of something else
	core    []string                        // bare texts, each of which stands in all that it finds
}

// mayStandIn reports whether a text can contain what the spelling finds; bare is the bare form of that text.
func (s spelling) mayStandIn(bare string) bool {
	return !slices.ContainsFunc(s.core, func(c string) bool { return !strings.Contains(bare, c) })
}

func (s spelling) hide(text string) string {
	var b strings.Builder
	end := 0
	for _, at := range s.pattern().FindAllStringIndex(text, -1) {
		if s.part(text[:at[0]], text[at[1]:]) {
			continue
		}
		b.WriteString(text[end:at[0]] + hidden)
		end = at[1]
	}
	return b.String() + text[end:]
}

// spellings lists the ways to write a line's value, longer ones first.
func spellings(l line) (all []spelling) {
	add := func(pattern string, part func(before, after string) bool, core ...string) {
		all = append(all, spelled(pattern, part, core...))
	}
	dates := datesIn(l.value)
	for _, d := range dates {
		add(datePattern(d), ofNumber, fmt.Sprint(d.Day), yearDigits(d))
	}

	words := wordsOf.FindAllString(l.value, -1)
	if utf8.RuneCountInString(strings.Join(words, "")) >= shortestText {
		add(phrasePattern(words), ofNothing, words...)
	}

	for _, n := range numbersIn(l.value) {
		add(numberPattern(n), ofNumber, n)
	}

	// A single word of a name identifies a person; one of an address does not.
	if l.name == "person" || l.name == "person-r" {
		for _, w := range words {
			if utf8.RuneCountInString(w) >= shortestText {
				add(namePattern(w), ofWord, stem(w))
			}
		}
	}

	return all
}

func spelled(pattern string, part func(before, after string) bool, core ...string) spelling {
	s := spelling{pattern: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?i)" + pattern) }), part: part}
	for _, c := range core {
		s.core = append(s.core, bare(c))
	}
	return s
}

// bare is a text without the characters that may be inserted into a value, and without
// differences that may occur in it: only letters and digits, in one case.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		switch r = folded(r); {
		case r == 'Ё':
			return 'Е'
		case '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'А' <= r && r <= 'Я':
			return r
		}
		return -1
	}, text)
}

// folded is the first of the characters that (?i) treats as equal.
func folded(r rune) rune {
	if r < utf8.RuneSelf { // most of a mail
		return unicode.ToUpper(r)
	}
	first := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		first = min(first, other)
	}
	return first
}

func ofNothing(string, string) bool { return false }

// ofNumber reports whether a digit continues the match at either end.
func ofNumber(before, after string) bool {
	b, _ := utf8.DecodeLastRuneInString(before)
	a, _ := utf8.DecodeRuneInString(after)
	return unicode.IsDigit(b) || unicode.IsDigit(a)
}

var (
	wordBefore = lazyregexp.New(`[\pL\pN_@.-]$`)
	wordAfter  = lazyregexp.New(`^(?:[\pL\pN_@-]|\.[\pL\pN])`)
)

// ofWord reports whether the match is part of a word, or a label of a domain.
func ofWord(before, after string) bool {
	return wordBefore.MatchString(before) || wordAfter.MatchString(after)
}

const (
	letters = `0-9A-Za-zА-Яа-яЁё`
	gap     = `[\s\x{a0}.,/-]{1,3}`
)

var wordsOf = lazyregexp.New(`[` + letters + `]+`)

// loose matches a word, in which ё is often written as е.
func loose(word string) string {
	var b strings.Builder
	for _, r := range word {
		if strings.ContainsRune("еёЕЁ", r) {
			b.WriteString("[её]")
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func phrasePattern(words []string) string {
	var spelled []string
	for _, w := range words {
		spelled = append(spelled, loose(w))
	}
	return strings.Join(spelled, `[^`+letters+`]*`)
}

// namePattern matches a word of a name, and its declined forms if it is Russian.
func namePattern(word string) string {
	if word[0] < utf8.RuneSelf {
		return loose(word)
	}
	return loose(stem(word)) + `\pL{0,3}`
}

// stem is the common part of the declined forms of a word of a name.
func stem(word string) string {
	if word[0] < utf8.RuneSelf {
		return word
	}
	return strings.TrimRight(word, "аяйьоеиАЯЙЬОЕИ")
}

var (
	digitGroups = lazyregexp.New(`\d+`)
	blankGroups = lazyregexp.New(`\d+(?:[ \x{a0}]\d+)*`)
	anyLetter   = lazyregexp.New(`\pL`)
)

// numbersIn lists the numbers of a value, except its dates, which are looked for as dates. A
// phone counts with and without its country and its city, a passport with and without its
// series; in other text, long numbers count, and those that are written in groups.
func numbersIn(value string) (numbers []string) {
	value = date.ReplaceAllStringFunc(value, func(text string) string {
		if len(datesIn(text)) > 0 {
			return " "
		}
		return text
	})

	runs := []string{value}
	if anyLetter.MatchString(value) {
		runs = blankGroups.FindAllString(value, -1)
		numbers = digitGroups.FindAllString(value, -1)
	}

	for _, run := range runs {
		groups := digitGroups.FindAllString(run, -1)
		if strings.HasPrefix(run, "+7") { // at home it is dialled so
			numbers = append(numbers, "8"+strings.Join(groups[1:], ""))
		}
		for i := range groups {
			numbers = append(numbers, strings.Join(groups[i:], ""))
		}
	}

	// The longest first, or their remaining parts would show.
	slices.SortFunc(numbers, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.DeleteFunc(slices.Compact(numbers), func(n string) bool { return len(n) < shortestNumber })
}

func numberPattern(digits string) string {
	return strings.Join(strings.Split(digits, ""), `[\s\x{a0}()./–-]{0,3}`)
}

var date = lazyregexp.New(`\b(?:(\d{4})-(\d{2})-(\d{2})|(\d{2})\.(\d{2})\.(\d{4}))\b`)

// datesIn lists the days in a value.
func datesIn(value string) (days []registrar.Date) {
	for _, m := range date.FindAllStringSubmatch(value, -1) {
		text := m[1] + "-" + m[2] + "-" + m[3]
		if m[1] == "" {
			text = m[6] + "-" + m[5] + "-" + m[4]
		}
		if d, err := registrar.ParseDate(text); err == nil {
			days = append(days, d)
		}
	}
	return days
}

// months are the beginnings of the names of months, in Russian and English.
var months = [...]string{"янв|jan", "фев|feb", "мар|mar", "апр|apr", "ма[йя]|may", "июн|jun", "июл|jul", "авг|aug", "сен|sep", "окт|oct",
	"ноя|nov", "дек|dec"}

// yearDigits are the digits of a year that occur in every way to write it.
func yearDigits(d registrar.Date) string { return fmt.Sprintf("%02d", d.Year%100) }

// datePattern matches a day with its parts in any order.
func datePattern(d registrar.Date) string {
	day := fmt.Sprintf(`0?%d(?:st|nd|rd|th|-?го)?`, d.Day)
	month := fmt.Sprintf(`(?:0?%d|(?:%s)\pL*)`, d.Month, months[d.Month-1])
	year := fmt.Sprintf(`(?:%02d)?`, d.Year/100) + yearDigits(d)
	return strings.Join([]string{
		day + gap + month + gap + year, month + gap + day + gap + year, year + gap + month + gap + day,
		fmt.Sprintf("%02d%02d%04d", d.Day, d.Month, d.Year), fmt.Sprintf("%04d%02d%02d", d.Year, d.Month, d.Day),
	}, "|")
}
