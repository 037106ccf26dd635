package command

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"registrar.panel/host/web/api"
	"registrar.panel/host/wording"
	"registrar.panel/shared/registrar"
)

// Tongue is the language of the person at the terminal; nil is English. Output for
// programs, such as JSON, IDs and lines of the Action Log, is the same in every language.
type Tongue struct {
	words  *wording.Language
	labels *wording.Sayings // names of things and headings
	own    *wording.Sayings // sentences of the panel and its command line

	mu   sync.Mutex
	ask  func() []registrar.Phrase // fetches the phrases of the called panel's registrars; nil = no panel was called
	full *wording.Sayings          // own and the registrars'
}

// NewTongue returns the language of a name, as [wording.Environment] returns it.
func NewTongue(name string) *Tongue {
	if name == "" || name == wording.Names()[0] {
		return nil
	}
	words := wording.Of(name)
	return &Tongue{words: words, labels: words.Sayings(nil, wording.Labels), own: words.Sayings(nil, wording.Panel, wording.CommandLine)}
}

// To returns a writer for text to the person.
func (t *Tongue) To(w io.Writer) io.Writer {
	if t == nil {
		return w
	}
	return spoken{w, t}
}

// spoken is a writer that knows the language of its reader.
type spoken struct {
	io.Writer
	tongue *Tongue
}

func tongueOf(w io.Writer) *Tongue {
	if s, ok := w.(spoken); ok {
		return s.tongue
	}
	return nil
}

// Say translates an English sentence as far as there are texts for it. The panel is
// asked for the sentences of its registrars only if its own don't cover the sentence.
func (t *Tongue) Say(sentence string) string {
	if t == nil || sentence == "" {
		return sentence
	}
	text, whole := said(t.own, sentence)
	if !whole {
		if theirs := t.theirs(); theirs != nil {
			text, _ = said(theirs, sentence)
		}
	}
	return text
}

func said(s *wording.Sayings, sentence string) (text string, whole bool) {
	whole = true
	for _, p := range s.Say(sentence) {
		text += p.Text
		whole = whole && !p.English
	}
	return text, whole
}

func (t *Tongue) theirs() *wording.Sayings {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full == nil && t.ask != nil {
		phrases := t.ask()
		t.full = t.words.Sayings(func() []registrar.Phrase { return phrases }, wording.Panel, wording.CommandLine)
	}
	return t.full
}

// hears takes the sentences of registrars from a panel. If the panel does not give them, they stay English.
func (t *Tongue) hears(c *Call, client *api.Client) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ask = func() (all []registrar.Phrase) {
		list, err := api.Get[[]api.Phrase](c.Ctx, client, api.Path("phrases"), nil)
		if err != nil {
			return nil
		}
		for _, p := range list {
			all = append(all, registrar.Phrase{Code: p.Code, Texts: p.Texts})
		}
		return all
	}
}

// Learn adds the sentences of a registrar to those of others.
func (t *Tongue) Learn(phrases []registrar.Phrase) {
	if t == nil || len(phrases) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.ask
	t.full, t.ask = nil, func() (all []registrar.Phrase) {
		if before != nil {
			all = before()
		}
		return append(all, phrases...)
	}
}

// Of chooses a text by language.
func (t *Tongue) Of(texts map[string]string, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.words.Of(texts, otherwise)
}

// label returns a name in the language.
func (t *Tongue) label(name string) string {
	if t == nil {
		return name
	}
	return t.labels.Line(name)
}

// Word returns the text of one of a few words, such as a status.
func (t *Tongue) Word(family string, value any) string {
	text := Text(value)
	if t == nil || text == "-" {
		return text
	}
	return t.words.Word(family, text)
}

// Cells that are not shown as they are.
type (
	sentence struct{ said any }
	name     string
	oneOf    struct {
		family string
		value  any
	}
	together []any
	inWords  map[string]string
)

// Said returns a cell with an English sentence, which is shown in the reader's language.
func Said(text any) any { return sentence{text} }

// Name returns a cell with a name, such as a heading.
func Name(of string) any { return name(of) }

// Word returns a cell with one of a few words, such as a status.
// family is the beginning of the word's code in the catalogues.
func Word(family string, value any) any { return oneOf{family, value} }

// Together returns a cell made of several, separated by blanks.
func Together(cells ...any) any { return together(cells) }

// InWords returns a cell with a text in several languages.
func InWords(texts map[string]string) any { return inWords(texts) }

// cell returns a cell as the reader sees it.
func (t *Tongue) cell(v any) string {
	switch v := v.(type) {
	case sentence:
		text, opens := strings.CutSuffix(Text(v.said), ":")
		if opens { // a colon that leads to what follows
			return t.Say(text) + ":"
		}
		return t.Say(text)
	case name:
		return t.label(string(v))
	case oneOf:
		return t.Word(v.family, v.value)
	case together:
		var all []string
		for _, one := range v {
			if text := t.cell(one); text != "" {
				all = append(all, text)
			}
		}
		return strings.Join(all, " ")
	case inWords:
		return t.Of(v, v[wording.Names()[0]])
	case bool:
		return t.label(Text(v))
	}
	return Text(v)
}

// Head writes the heading of a table.
func Head(w io.Writer, names ...string) {
	var cells []any
	for _, n := range names {
		cells = append(cells, Name(n))
	}
	Row(w, cells...)
}

// Fact writes a name and what it stands for.
func Fact(w io.Writer, name string, cells ...any) { Row(w, append([]any{Name(name)}, cells...)...) }

// Say translates an English sentence for the reader of w.
func Say(w io.Writer, sentence string) string { return tongueOf(w).Say(sentence) }

// Line writes an English sentence in the reader's language.
func Line(w io.Writer, text string) {
	fmt.Fprintln(w, Printable(tongueOf(w).Say(text), false))
}
