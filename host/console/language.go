package console

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	words "golang.org/x/text/language"
	"golang.org/x/text/message"

	"registrar.panel/host/input"
	"registrar.panel/host/phrasebook"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// language is what pages are written in: the catalogue, and the templates that use it.
type language struct {
	name      string // "en", "ru"
	tag       words.Tag
	messages  *i18n.Localizer
	numbers   *message.Printer
	zone      *time.Location
	now       func() time.Time
	templates *template.Template
	phrases   *sayings
}

// tags are the languages of the console, the first for who asks for none of them.
var tags = []words.Tag{words.English, words.Russian}

// speak reads the catalogues and the pages.
func speak(zone *time.Location, now func() time.Time, registrars func() []registrar.Phrase) ([]*language, error) {
	bundle := i18n.NewBundle(words.English)
	for _, tag := range tags {
		if _, err := bundle.LoadMessageFileFS(files, "texts/"+tag.String()+".json"); err != nil {
			return nil, err
		}
	}

	var all []*language
	for _, tag := range tags {
		l := &language{name: tag.String(), tag: tag, messages: i18n.NewLocalizer(bundle, tag.String()), numbers: message.NewPrinter(tag), zone: zone, now: now}
		var err error
		if l.phrases, err = sayingsIn(bundle, tag, registrars); err != nil {
			return nil, err
		}
		if l.templates, err = template.New("").Funcs(l.functions()).ParseFS(files, "pages/*.html"); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// choose is the language of a person: the one that was chosen, else what the browser asks for.
func (c *Console) choose(r *http.Request) *language {
	if kept, err := r.Cookie(languageCookie); err == nil {
		if at := slices.IndexFunc(c.languages, func(l *language) bool { return l.name == kept.Value }); at >= 0 {
			return c.languages[at]
		}
	}
	_, at := words.MatchStrings(words.NewMatcher(tags), r.Header.Get("Accept-Language"))
	return c.languages[at]
}

// text is the message of a code; pairs are names of its places and their values.
func (l *language) text(code string, pairs ...any) string {
	return l.message(&i18n.LocalizeConfig{MessageID: code, TemplateData: values(pairs)})
}

// count is the message of a code that depends on a number.
func (l *language) count(code string, n int, pairs ...any) string {
	return l.message(&i18n.LocalizeConfig{MessageID: code, PluralCount: n, TemplateData: values(append(pairs, "Count", l.number(n)))})
}

// message is a text, or its code where the catalogue lacks it, which a test excludes.
func (l *language) message(c *i18n.LocalizeConfig) string {
	text, err := l.messages.Localize(c)
	if err != nil && text == "" {
		return c.MessageID
	}
	return text
}

func values(pairs []any) map[string]any {
	all := map[string]any{}
	for pair := range slices.Chunk(pairs, 2) {
		all[fmt.Sprint(pair[0])] = shown(pair[1])
	}
	return all
}

// shown is a value as a message takes it in: what is not known is empty.
func shown(v any) any {
	if text, ok := v.(*string); ok {
		if text == nil {
			return ""
		}
		return *text
	}
	return v
}

// word is the text of one of a few, such as a status: itself, where a registrar or a newer panel has one
// that the catalogue lacks.
func (l *language) word(family string, value any) string {
	text := fmt.Sprint(shown(value))
	code := family + "." + text
	if said := l.text(code); said != code {
		return said
	}
	return text
}

// told is the text of a flash.
func (l *language) told(f *flash) string {
	values := map[string]any{}
	for name, v := range f.Values {
		values[name] = v
	}
	return l.message(&i18n.LocalizeConfig{MessageID: f.Code, TemplateData: values})
}

// of chooses among texts by language.
func (l *language) of(texts map[string]string, otherwise string) string {
	if text := texts[l.name]; text != "" {
		return text
	}
	return otherwise
}

func (l *language) number(n int) string { return l.numbers.Sprintf("%d", n) }

// ago is how long something has been so, in the largest unit that fits; "" where that is not known.
func (l *language) ago(t any) string {
	moment := momentOf(t)
	if moment.IsZero() {
		return ""
	}
	return l.span(l.now().Sub(moment))
}

// advice is what to do about a part of a registrar that is not well.
func (l *language) advice(part string) string {
	if code := "advice." + part; l.text(code) != code {
		return l.text(code)
	}
	return l.text("advice.other")
}

// advised is what a registrar advises, in words of these pages; what they have none for is left out.
func (l *language) advised(all []api.Advice) (lines []string) {
	for _, a := range all {
		code := "advised." + a.Action
		if l.text(code) == code {
			continue
		}
		values := map[string]any{"order": "", "settings": "", "domain": "", "paid_till": ""}
		for name, value := range a.Parameters {
			values[name] = value
		}
		lines = append(lines, l.message(&i18n.LocalizeConfig{MessageID: code, TemplateData: values}))
	}
	return lines
}

// field is the path of something that is asked for, with what is wrong with it.
type field struct {
	Path  string
	Texts []string
}

func (l *language) span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return l.count("span.days", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return l.count("span.hours", int(d/time.Hour))
	case d < time.Minute:
		return l.text("span.moment")
	}
	return l.count("span.minutes", int(d/time.Minute))
}

// instant is a time as pages have it: in the panel's zone, with UTC for who points at it.
type instant struct{ Machine, Zone, UTC string }

func (l *language) at(t any) *instant {
	moment := momentOf(t)
	if moment.IsZero() {
		return nil
	}
	return &instant{moment.UTC().Format(time.RFC3339), moment.In(l.zone).Format("2006-01-02 15:04"), moment.UTC().Format("2006-01-02 15:04:05") + " UTC"}
}

// momentOf is the time in a value that has one, or none.
func momentOf(t any) time.Time {
	switch t := t.(type) {
	case time.Time:
		return t
	case *time.Time:
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// daysLeft is how many days there are from today to a day; ok is false for none.
func (l *language) daysLeft(day *string) (n int, ok bool) {
	if day == nil {
		return 0, false
	}
	then, err := time.ParseInLocation(time.DateOnly, *day, l.zone)
	if err != nil {
		return 0, false
	}
	now := l.now().In(l.zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, l.zone)
	return int(then.Sub(today).Round(24*time.Hour) / (24 * time.Hour)), true
}

// left says how far away a day is.
func (l *language) left(day *string) string {
	n, ok := l.daysLeft(day)
	switch {
	case !ok:
		return ""
	case n < 0:
		return l.count("left.over", -n)
	case n == 0:
		return l.text("left.today")
	}
	return l.count("left.days", n)
}

// titled is a sheet whose head has a title.
func titled(s sheet, title string) sheet {
	s.Title = title
	return s
}

// item is a value beside the sheet it stands on, for parts of pages that need both.
type item struct {
	sheet
	Item any
}

func (l *language) functions() template.FuncMap {
	return template.FuncMap{
		"press": func(code string) string { return strings.TrimSuffix(l.text(code), "…") }, "said": func(texts map[string]string, otherwise any) string { return l.of(texts, fmt.Sprint(shown(otherwise))) },
		"say": func(sentence any) []phrasebook.Part { return l.phrases.say(fmt.Sprint(shown(sentence))) },
		"t":   l.text, "n": l.count, "word": l.word, "told": l.told, "label": func(f api.Field) string { return l.of(f.Label, or(f.Label["en"], f.Key)) },
		"at": l.at, "ago": l.ago, "advice": l.advice, "advised": l.advised, "field": func(path string, texts []string) field { return field{path, texts} },
		"left": l.left, "number": l.number, "unicode": input.Unicode, "titled": titled, "item": func(s sheet, v any) item { return item{s, v} },
		"narrowed": narrowed,
		"path": func(parts ...string) (string, error) {
			if len(parts) == 0 {
				return "", errors.New("a path has parts")
			}
			address := ""
			for _, p := range parts {
				address += "/" + url.PathEscape(p)
			}
			return address, nil
		},
		"newid": newID, "pick": func(texts map[string]string, key *string) string { return texts[text(key)] },
		"lines": func(lines []string) string { return strings.Join(lines, "\n") },
	}
}

// narrowed is the address of a list with a parameter more, or another value of it; "" takes it out.
func narrowed(path string, q url.Values, name, value string) string {
	if query := with(q, name, value).Encode(); query != "" {
		return path + "?" + query
	}
	return path
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
