package console

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	words "golang.org/x/text/language"

	"registrar.panel/host/phrasebook"
	"registrar.panel/shared/registrar"
)

// sayings say in a language what the panel and its registrars have said in English.
type sayings struct {
	lang       string
	own        []registrar.Phrase
	registrars func() []registrar.Phrase

	mu   sync.Mutex
	from []registrar.Phrase // of registrars, in the book
	book *phrasebook.Book
}

// saying begins the codes of what the panel itself says; wordFamilies are words that sentences name.
const saying = "say"

var wordFamilies = []string{"state", "status", "kind", "ended", "payment", "renewal"}

// sayingsIn reads the panel's own phrases out of the catalogues.
func sayingsIn(bundle *i18n.Bundle, tag words.Tag, registrars func() []registrar.Phrase) (*sayings, error) {
	s := &sayings{lang: tag.String(), registrars: registrars}
	if s.lang == words.English.String() {
		return s, nil
	}

	text, err := fs.ReadFile(files, "texts/"+s.lang+".json")
	if err != nil {
		return nil, err
	}
	var codes map[string]json.RawMessage
	if err := json.Unmarshal(text, &codes); err != nil {
		return nil, err
	}
	english, own := i18n.NewLocalizer(bundle, words.English.String()), i18n.NewLocalizer(bundle, s.lang)
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		family, word, _ := strings.Cut(code, ".")
		switch said, text := placed(english, code), placed(own, code); {
		case family == saying:
			s.own = append(s.own, registrar.Phrase{Code: code, Texts: map[string]string{"en": said, s.lang: text}})
		case slices.Contains(wordFamilies, family): // as it stands within a sentence
			s.own = append(s.own, registrar.Phrase{Code: code, Texts: map[string]string{"en": word, s.lang: strings.ToLower(text)}})
		}
	}
	return s, nil
}

// placed is a text with its places as phrases have them.
func placed(l *i18n.Localizer, code string) string {
	text, err := l.Localize(&i18n.LocalizeConfig{MessageID: code, TemplateData: places})
	if err != nil {
		return ""
	}
	return text
}

// places are the names that stand in what the panel says.
var places = placesNamed("Code", "Count", "Customer", "Kind", "Name", "Order", "Outcome", "State", "Time", "What", "Who", "Why")

func placesNamed(names ...string) map[string]string {
	all := map[string]string{}
	for _, n := range names {
		all[n] = "{" + strings.ToLower(n) + "}"
	}
	return all
}

// say says a sentence in the language. In English everything stays as it is.
func (s *sayings) say(sentence string) []phrasebook.Part {
	if sentence == "" {
		return nil
	}
	if s.lang == words.English.String() {
		return []phrasebook.Part{{Text: sentence}}
	}
	return s.current().Say(sentence)
}

// current is a book of what the panel and the registrars at work say now.
func (s *sayings) current() *phrasebook.Book {
	var theirs []registrar.Phrase
	if s.registrars != nil {
		theirs = s.registrars()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book == nil || !slices.EqualFunc(s.from, theirs, samePhrase) {
		s.from, s.book = theirs, phrasebook.New(s.lang, slices.Concat(s.own, theirs)...)
	}
	return s.book
}

func samePhrase(a, b registrar.Phrase) bool { return a.Code == b.Code && maps.Equal(a.Texts, b.Texts) }
