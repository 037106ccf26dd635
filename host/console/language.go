package console

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/host/phrasebook"
	"registrar.panel/host/web/api"
	"registrar.panel/host/wording"
	"registrar.panel/shared/registrar"
)

// language is a language of the pages: its texts, and the templates that use them.
type language struct {
	*wording.Language
	zone      *time.Location
	now       func() time.Time
	templates func() *template.Template // read when the first page is asked for, and not at the start
	phrases   *wording.Sayings
}

// speak returns the languages that the pages are written in.
func speak(zone *time.Location, now func() time.Time, registrars func() []registrar.Phrase) (all []*language) {
	for _, spoken := range wording.All() {
		l := &language{Language: spoken, zone: zone, now: now, phrases: spoken.Sayings(registrars, wording.Panel)}
		l.templates = sync.OnceValue(func() *template.Template {
			return template.Must(template.New("").Funcs(l.functions()).ParseFS(files, "pages/*.html"))
		})
		all = append(all, l)
	}
	return all
}

// choose returns the language of a person: the one that was chosen, else one that the browser asks for.
func (c *Console) choose(r *http.Request) *language {
	name := wording.Accepted(r.Header.Get("Accept-Language")).Name
	if kept, err := r.Cookie(languageCookie); err == nil && slices.Contains(wording.Names(), kept.Value) {
		name = kept.Value
	}
	return c.languages()[slices.Index(wording.Names(), name)]
}

// told returns the text of a flash.
func (l *language) told(f *flash) string { return l.Text(f.Code, pairs(f.Values)...) }

// pairs returns the values of a message, each after the name of its place.
func pairs(values map[string]string) (all []any) {
	for name, value := range values {
		all = append(all, name, value)
	}
	return all
}

// ago says how long something has been so, in the largest unit that fits; "" = that is not known.
func (l *language) ago(t any) string {
	moment := momentOf(t)
	if moment.IsZero() {
		return ""
	}
	return l.Span(l.now().Sub(moment))
}

// advice says what to do about a component of a registrar that is not well.
func (l *language) advice(part string) string {
	if code := "advice." + part; l.Has(code) {
		return l.Text(code)
	}
	return l.Text("advice.other")
}

// advised returns a registrar's advice in the words of these pages, without advice that they have no words for.
func (l *language) advised(all []api.Advice) (lines []string) {
	for _, a := range all {
		code := "advised." + a.Action
		if !l.Has(code) {
			continue
		}
		values := map[string]string{"order": "", "settings": "", "domain": "", "paid_till": "", "kind": "", "until": "", "operation": ""}
		maps.Copy(values, a.Parameters)
		lines = append(lines, l.Text(code, pairs(values)...))
	}
	return lines
}

// field is the path of a value that is asked for, with what is wrong with it.
type field struct {
	Path  string
	Texts []string
}

// piece is a part of a sentence, or a time in it.
type piece struct {
	phrasebook.Part
	At *instant
}

// inSentences matches a time as programs write it into sentences.
var inSentences = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`)

// say returns a sentence in the language, with its times in the panel's zone.
func (l *language) say(sentence any) (all []piece) {
	for _, p := range l.phrases.Say(fmt.Sprint(wording.Shown(sentence))) {
		from := 0
		for _, at := range inSentences.FindAllStringIndex(p.Text, -1) {
			t, err := time.Parse(time.RFC3339, p.Text[at[0]:at[1]])
			if err != nil {
				continue
			}
			all = append(all, piece{Part: phrasebook.Part{Text: p.Text[from:at[0]], English: p.English && at[0] > from}}, piece{At: l.at(t)})
			from = at[1]
		}
		if rest := p.Text[from:]; rest != "" {
			all = append(all, piece{Part: phrasebook.Part{Text: rest, English: p.English}})
		}
	}
	return all
}

// instant is a time as pages show it: in the panel's zone, and in UTC when pointed at.
type instant struct{ Machine, Zone, UTC string }

func (l *language) at(t any) *instant {
	moment := momentOf(t)
	if moment.IsZero() {
		return nil
	}
	return &instant{moment.UTC().Format(time.RFC3339), moment.In(l.zone).Format("2006-01-02 15:04"), moment.UTC().Format("2006-01-02 15:04:05") + " UTC"}
}

// momentOf returns the time in a value that has one, or zero.
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

// daysLeft returns the number of days from today to a day; ok is false if there is no day.
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
	// Rounded, because the day on which clocks are put forward has 23 hours.
	return int(then.Sub(today).Round(24*time.Hour) / (24 * time.Hour)), true
}

// left says how far away a day is.
func (l *language) left(day *string) string {
	n, ok := l.daysLeft(day)
	switch {
	case !ok:
		return ""
	case n < 0:
		return l.Count("left.over", -n)
	case n == 0:
		return l.Text("left.today")
	}
	return l.Count("left.days", n)
}

// titled returns a sheet whose head has a title.
func titled(s sheet, title string) sheet {
	s.Title = title
	return s
}

// item is a value together with the sheet it is on, for parts of pages that need both.
type item struct {
	sheet
	Item any
}

func (l *language) functions() template.FuncMap {
	return template.FuncMap{
		"press": func(code string) string { return strings.TrimSuffix(l.Text(code), "…") }, "said": func(texts map[string]string, otherwise any) string {
			return l.Of(texts, fmt.Sprint(wording.Shown(otherwise)))
		},
		"say": l.say,
		"t":   l.Text, "n": l.Count, "word": l.Word, "told": l.told, "label": func(f api.Field) string { return l.Of(f.Label, or(f.Label["en"], f.Key)) },
		"at": l.at, "ago": l.ago, "advice": l.advice, "advised": l.advised, "field": func(path string, texts []string) field { return field{path, texts} },
		"left": l.left, "number": l.Number, "unicode": input.Unicode, "titled": titled, "item": func(s sheet, v any) item { return item{s, v} },
		"narrowed": narrowed, "count": count,
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

// narrowed returns the address of a list with one parameter added, changed or, by "", removed.
func narrowed(path string, q url.Values, name, value string) string {
	if query := with(q, name, value).Encode(); query != "" {
		return path + "?" + query
	}
	return path
}

// count returns a number that may not be known, and then is 0.
func count(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
