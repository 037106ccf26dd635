package wording

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"registrar.panel/host/phrasebook"
	"registrar.panel/shared/registrar"
)

// Sayings translates English sentences into a language. It is safe for concurrent use.
type Sayings struct {
	english    bool
	lang       string
	own        func() []registrar.Phrase
	registrars func() []registrar.Phrase

	mu   sync.Mutex
	from []registrar.Phrase // of registrars, as they are in the book
	book *phrasebook.Book
}

// The prefixes of the codes of sentences: those of the panel, those of its command line, the names
// of things on the command line, and the lines of the digest in the morning.
const (
	Panel       = "say"
	CommandLine = "cli"
	Labels      = "label"
	Digest      = "digest"
)

// FileLanguage is the prefix of the codes of sentences of the library that reads plugin.hcl, which the panel passes on.
const FileLanguage = "hcl"

// wordFamilies are the families of words that occur in sentences.
var wordFamilies = []string{"plugin", "state", "status", "kind", "ended", "payment", "renewal"}

// Sayings returns the sentences of some families, and those of registrars, which may change; nil = no registrars.
func (l *Language) Sayings(registrars func() []registrar.Phrase, families ...string) *Sayings {
	return &Sayings{english: l.Name == tags[0].String(), lang: l.Name, registrars: registrars,
		own: sync.OnceValue(func() []registrar.Phrase { return l.phrases(families) })}
}

// phrases reads sentences, and the words in them, from the catalogues.
func (l *Language) phrases(families []string) (all []registrar.Phrase) {
	english, own := i18n.NewLocalizer(l.bundle, tags[0].String()), l.messages
	for _, code := range codes(l.Name) {
		family, word, _ := strings.Cut(code, ".")
		switch said, text := placed(english, code), placed(own, code); {
		case slices.Contains(families, family), family == FileLanguage && slices.Contains(families, Panel):
			all = append(all, registrar.Phrase{Code: code, Texts: map[string]string{"en": said, l.Name: text}})
		case slices.Contains(wordFamilies, family) && slices.Contains(families, Panel): // as it is within a sentence
			all = append(all, registrar.Phrase{Code: code, Texts: map[string]string{"en": word, l.Name: strings.ToLower(text)}})
		}
	}
	return all
}

// codes returns the codes of a catalogue, sorted.
func codes(lang string) []string {
	text, err := fs.ReadFile(files, "texts/"+lang+".json")
	if err != nil {
		panic(fmt.Errorf("read the texts, which are a part of the program: %w", err))
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		panic(fmt.Errorf("read the texts, which are a part of the program: %w", err))
	}
	return slices.Sorted(maps.Keys(all))
}

// placed returns a text with its places as phrases have them.
func placed(l *i18n.Localizer, code string) string {
	text, err := l.Localize(&i18n.LocalizeConfig{MessageID: code, TemplateData: places})
	if err != nil {
		return ""
	}
	return text
}

// places are the names of places in sentences.
var places = placesNamed("Code", "Count", "Customer", "File", "Kind", "Name", "Order", "Outcome", "Registrar", "Setting", "State", "Time", "What", "Who", "Why")

func placesNamed(names ...string) map[string]string {
	all := map[string]string{}
	for _, n := range names {
		all[n] = "{" + strings.ToLower(n) + "}"
	}
	return all
}

// Say says a sentence in the language. In English everything stays as it is.
func (s *Sayings) Say(sentence string) []phrasebook.Part {
	if sentence == "" {
		return nil
	}
	if s.english {
		return []phrasebook.Part{{Text: sentence}}
	}
	return s.current().Say(sentence)
}

// Line is Say as one text.
func (s *Sayings) Line(sentence string) string {
	text := ""
	for _, p := range s.Say(sentence) {
		text += p.Text
	}
	return text
}

// current returns a book of the present sentences.
func (s *Sayings) current() *phrasebook.Book {
	var theirs []registrar.Phrase
	if s.registrars != nil {
		theirs = s.registrars()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book == nil || !slices.EqualFunc(s.from, theirs, samePhrase) {
		s.from, s.book = theirs, phrasebook.New(s.lang, slices.Concat(s.own(), theirs)...)
	}
	return s.book
}

func samePhrase(a, b registrar.Phrase) bool { return a.Code == b.Code && maps.Equal(a.Texts, b.Texts) }
