// Package wording has the texts that people read, in English and in Russian: on pages, in mails and on the
// command line.
//
// A text is in the catalogues of texts/ under a code, with the plural forms of CLDR. Codes that begin with
// say or cli are sentences that other packages write in English, and that [Sayings] finds in what is shown:
// those of the panel itself, and those of its command line.
package wording

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed texts
var files embed.FS

// tags are the languages; the first is for people who ask for none of them.
var tags = []language.Tag{language.English, language.Russian}

// Language is one of the languages. It is safe for concurrent use.
type Language struct {
	Name     string // "en", "ru"
	messages *i18n.Localizer
	numbers  *message.Printer
	bundle   *i18n.Bundle
}

// All returns the languages, English first.
func All() []*Language { return slices.Clone(read()) }

// Names returns the names of the languages, English first.
func Names() (all []string) {
	for _, tag := range tags {
		all = append(all, tag.String())
	}
	return all
}

// Of returns the language of a name; English for an unknown name.
func Of(name string) *Language {
	all := read()
	if at := slices.IndexFunc(all, func(l *Language) bool { return l.Name == name }); at >= 0 {
		return all[at]
	}
	return all[0]
}

// read reads the catalogues, which are a part of the program, once.
var read = sync.OnceValue(func() (all []*Language) {
	bundle := i18n.NewBundle(language.English)
	for _, tag := range tags {
		if _, err := bundle.LoadMessageFileFS(files, "texts/"+tag.String()+".json"); err != nil {
			panic(fmt.Errorf("read the texts, which are a part of the program: %w", err))
		}
	}
	for _, tag := range tags {
		all = append(all, &Language{Name: tag.String(), messages: i18n.NewLocalizer(bundle, tag.String()), numbers: message.NewPrinter(tag), bundle: bundle})
	}
	return all
})

// Accepted returns the language that a browser asks for.
func Accepted(header string) *Language {
	_, at := language.MatchStrings(language.NewMatcher(tags), header)
	return read()[at]
}

// Environment returns the name of the language that a terminal's environment asks for. As in
// gettext, the first of LC_ALL, LC_MESSAGES and LANG that is set decides.
func Environment(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		// Only the language counts: ru in ru_RU.UTF-8@euro.
		asked, _, _ := strings.Cut(value, ".")
		asked, _, _ = strings.Cut(asked, "@")
		asked, _, _ = strings.Cut(asked, "_")
		// The first variable that is set decides, even if it asks for a language that we do not have.
		if at := slices.Index(Names(), strings.ToLower(asked)); at >= 0 {
			return Names()[at]
		}
		break
	}
	return Names()[0]
}

// Text returns the message of a code; pairs are names of its places and their values.
func (l *Language) Text(code string, pairs ...any) string {
	return l.message(&i18n.LocalizeConfig{MessageID: code, TemplateData: values(pairs)})
}

// Count returns the message of a code that depends on a number.
func (l *Language) Count(code string, n int, pairs ...any) string {
	return l.message(&i18n.LocalizeConfig{MessageID: code, PluralCount: n, TemplateData: values(append(pairs, "Count", l.Number(n)))})
}

// Has reports whether a code has a text.
func (l *Language) Has(code string) bool { return l.Text(code) != code }

// message returns a text, or its code if the catalogue lacks it, which a test excludes.
func (l *Language) message(c *i18n.LocalizeConfig) string {
	text, err := l.messages.Localize(c)
	if err != nil && text == "" {
		return c.MessageID
	}
	return text
}

func values(pairs []any) map[string]any {
	all := map[string]any{}
	for pair := range slices.Chunk(pairs, 2) {
		all[fmt.Sprint(pair[0])] = Shown(pair[1])
	}
	return all
}

// Shown returns a value as a message takes it: an unknown value is empty.
func Shown(v any) any {
	if text, ok := v.(*string); ok {
		if text == nil {
			return ""
		}
		return *text
	}
	return v
}

// Word returns the text of one of a few words, such as a status; or the word itself, if a registrar
// or a newer panel has one that the catalogue lacks.
func (l *Language) Word(family string, value any) string {
	text := fmt.Sprint(Shown(value))
	code := family + "." + text
	if said := l.Text(code); said != code {
		return said
	}
	return text
}

// Of chooses among texts by language.
func (l *Language) Of(texts map[string]string, otherwise string) string {
	if text := texts[l.Name]; text != "" {
		return text
	}
	return otherwise
}

// Number returns a number with the separators of the language.
func (l *Language) Number(n int) string { return l.numbers.Sprintf("%d", n) }

// Span says how long something takes, in the largest unit that fits.
func (l *Language) Span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return l.Count("span.days", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return l.Count("span.hours", int(d/time.Hour))
	case d < time.Minute:
		return l.Text("span.moment")
	}
	return l.Count("span.minutes", int(d/time.Minute))
}
