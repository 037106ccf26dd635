// Package phrasebook says in another language what a registrar or the panel has said in English.
//
// Sentences are stored and passed on in English, in two databases and over the wire. A phrase gives one of
// them, or a part of one, a code and a text in each language ([registrar.Phrase]). So old sentences are
// translated as well, and those of a plugin that knows only English are shown in English.
package phrasebook

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"registrar.panel/shared/registrar"
)

// Part is a piece of a sentence.
type Part struct {
	Text    string
	English bool // no phrase covers it
}

// Book translates into one language. It is safe for concurrent use.
type Book struct {
	whole    map[string]string
	patterns []pattern // the most specific first
}

// pattern is a phrase with places.
type pattern struct {
	prefix string                // the beginning of the sentence
	must   string                // the longest fixed text in it
	said   func() *regexp.Regexp // compiled when a sentence may match
	says   int                   // bytes of fixed text, without the places
	names  []string
	text   string
}

var place = regexp.MustCompile(`\{([a-z]+)\}`)

// New makes a book of the phrases that have a text in English and in the language. If two have the
// same English text, the first counts.
func New(lang string, phrases ...registrar.Phrase) *Book {
	b := &Book{whole: map[string]string{}}
	for _, p := range phrases {
		said, text := p.Texts["en"], p.Texts[lang]
		if said == "" || text == "" {
			continue
		}
		if !place.MatchString(said) {
			if _, known := b.whole[said]; !known {
				b.whole[said] = text
			}
			continue
		}
		one := patternOf(said, text)
		one.says = len(place.ReplaceAllString(said, ""))
		b.patterns = append(b.patterns, one)
	}

	// The most specific pattern comes first, because the first one that fits is taken.
	slices.SortStableFunc(b.patterns, func(a, c pattern) int { return cmp.Compare(c.says, a.says) })
	return b
}

func patternOf(said, text string) pattern {
	p := pattern{text: text}
	expression, from := `(?s)\A`, 0
	for i, at := range place.FindAllStringSubmatchIndex(said, -1) {
		if i == 0 {
			p.prefix = said[:at[0]]
		}
		// The longest piece of plain text is looked for first, because trying the expression costs far more.
		if piece := said[from:at[0]]; len(piece) > len(p.must) {
			p.must = piece
		}
		expression += regexp.QuoteMeta(said[from:at[0]]) + `(.+?)`
		p.names = append(p.names, said[at[2]:at[3]])
		from = at[1]
	}

	if piece := said[from:]; len(piece) > len(p.must) {
		p.must = piece
	}
	expression += regexp.QuoteMeta(said[from:]) + `\z`
	p.said = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return p
}

const (
	longest = 2000 // bytes of a sentence that is looked up
	deepest = 6    // levels of phrases within phrases
)

// Say says a sentence in the language of the book, as far as its phrases cover it.
func (b *Book) Say(sentence string) []Part {
	if len(sentence) > longest {
		return []Part{{sentence, isEnglish(sentence)}}
	}
	return joined(b.say(sentence, deepest))
}

// say looks for a phrase that covers the whole sentence, or else its beginning; the rest is said separately.
func (b *Book) say(sentence string, depth int) []Part {
	if said, ok := b.phrase(sentence, depth); ok {
		return said
	}
	if depth == 0 {
		return []Part{{sentence, isEnglish(sentence)}}
	}

	for _, at := range seams(sentence) {
		head, seam, rest := sentence[:at.from], sentence[at.from:at.to], sentence[at.to:]
		parts, ok := b.phrase(head, depth)
		if !ok && strings.ContainsRune(head, ' ') {
			continue
		}
		if !ok { // a name
			parts = []Part{{Text: head}}
		}
		// The text in brackets is said by itself, without the closing bracket.
		closing := ""
		if seam == " (" && strings.HasSuffix(rest, ")") {
			rest, closing = strings.TrimSuffix(rest, ")"), ")"
		}
		return slices.Concat(parts, []Part{{Text: seam}}, b.say(rest, depth-1), []Part{{Text: closing}})
	}

	return []Part{{sentence, isEnglish(sentence)}}
}

// phrase says a sentence that one phrase covers.
func (b *Book) phrase(sentence string, depth int) ([]Part, bool) {
	if text, ok := b.whole[sentence]; ok {
		return []Part{{Text: text}}, true
	}
	if depth == 0 {
		return nil, false
	}

	for _, p := range b.patterns {
		// Cheap checks come first, because each sentence is compared with every pattern.
		if !strings.HasPrefix(sentence, p.prefix) || !strings.Contains(sentence, p.must) {
			continue
		}
		values := p.said().FindStringSubmatch(sentence)
		if values == nil || p.prefix == "" && seamPattern.MatchString(values[1]) { // the text before is its own part
			continue
		}
		if !b.wordsIn(p, values[1:]) {
			continue
		}
		return b.filled(p, values[1:], depth), true
	}
	return nil, false
}

// worded are the places that only a word of the book can fill, so that "{name} is {state}" does not
// match every sentence that has "is".
var worded = []string{"kind", "state"}

// called are the places of names that an owner has given: a registrar called "manual" is no renewal by hand.
var called = []string{"registrar", "order", "operation", "domain", "handle", "setting", "file"}

// single are the places of a name without blanks except in quotes, so that "{setting} is required"
// does not match every sentence that ends so.
var single = []string{"setting"}

// counted are the places of numbers, so that "begun: {count}" does not take everything after the colon for a number.
var counted = []string{"count"}

var quotedPart = regexp.MustCompile(`"[^"]*"`)

func (b *Book) wordsIn(p pattern, values []string) bool {
	for i, name := range p.names {
		if _, known := b.whole[values[i]]; !known && slices.Contains(worded, name) {
			return false
		}
		if slices.Contains(counted, name) && seamPattern.MatchString(values[i]) {
			return false
		}
		if slices.Contains(single, name) && strings.Contains(quotedPart.ReplaceAllString(values[i], ""), " ") {
			return false
		}
	}
	return true
}

// filled returns the text of a phrase with the values of its places, which are translated, too.
func (b *Book) filled(p pattern, values []string, depth int) (parts []Part) {
	from := 0
	for _, at := range place.FindAllStringSubmatchIndex(p.text, -1) {
		parts = append(parts, Part{Text: p.text[from:at[0]]})
		switch i := slices.Index(p.names, p.text[at[2]:at[3]]); {
		case i >= 0 && slices.Contains(called, p.names[i]):
			parts = append(parts, Part{Text: values[i]})
		case i >= 0:
			parts = append(parts, b.say(values[i], depth-1)...)
		}
		from = at[1]
	}
	return append(parts, Part{Text: p.text[from:]})
}

// seam is the place between two parts of a sentence.
type seam struct{ from, to int }

var seamPattern = regexp.MustCompile(`: |; |\. |, | \(`)

func seams(sentence string) (all []seam) {
	for _, at := range seamPattern.FindAllStringIndex(sentence, mostSeams) {
		all = append(all, seam{at[0], at[1]})
	}
	return all
}

// mostSeams bounds the work for one sentence.
const mostSeams = 12

// joined joins neighbours of the same language.
func joined(parts []Part) (all []Part) {
	for _, p := range parts {
		switch last := len(all) - 1; {
		case p.Text == "":
		case last >= 0 && all[last].English == p.English:
			all[last].Text += p.Text
		default:
			all = append(all, p)
		}
	}
	return all
}

// isEnglish reports whether a text has a blank, and more words in Latin letters than in Russian ones.
// Names of domains do not count as words, and the words of a Russian registrar are not English.
func isEnglish(text string) bool {
	words := strings.Fields(text)
	latin, russian := 0, 0
	for _, word := range words {
		word = strings.Trim(word, `.,:;!?"'()[]«»`)
		switch {
		case word == "":
		case !strings.ContainsFunc(word, func(r rune) bool { return !unicode.Is(unicode.Latin, r) && r != '-' && r != '\'' }):
			latin++
		case !strings.ContainsFunc(word, func(r rune) bool { return !unicode.Is(unicode.Cyrillic, r) && r != '-' }):
			russian++
		}
	}
	return len(words) > 1 && latin > russian
}
