package wording

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/host/phrasebook"
	"registrar.panel/shared/registrar"
)

// What the panel says stands in its sources as the catalogue has it: a sentence that was reworded there
// would be shown in English without a word.
func TestSayingsAreSaid(t *testing.T) {
	t.Parallel()

	var sources strings.Builder
	for _, pattern := range []string{"../*.go", "../*/*.go", "../../shared/registrar/*.go", "../../internal/sqldb/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, "_test.go") {
				sources.Write(text)
			}
		}
	}

	checked := 0
	for code, text := range catalogue(t, "en") {
		if family, _, _ := strings.Cut(code, "."); family != Panel && family != Digest {
			continue
		}
		for _, h := range hole.FindAllString(text[""], -1) {
			if _, there := places[strings.Trim(h, "{}.")]; !there {
				t.Errorf("%s has the place %s, which is none of the list", code, h)
			}
		}
		for _, piece := range hole.Split(text[""], -1) {
			checked++
			if piece = strings.Trim(piece, " ,;:.()"); piece != "" && !strings.Contains(sources.String(), piece) {
				t.Errorf("%s: no source says %q", code, piece)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d pieces were looked for", checked)
	}
}

// Sentences of the panel and of a registrar are shown in Russian, and what has no phrase in English, and
// marked as that.
func TestSentencesInRussian(t *testing.T) {
	t.Parallel()

	theirs := []registrar.Phrase{{Code: "a", Texts: map[string]string{"en": "renewal of {name}", "ru": "продление {name}"}}}
	sayings := Of("ru").Sayings(func() []registrar.Phrase { return theirs }, Panel)
	say := func(sentence string) string {
		text := ""
		for _, p := range sayings.Say(sentence) {
			if p.English {
				text += "<" + p.Text + ">"
				continue
			}
			text += p.Text
		}
		return text
	}
	for said, want := range map[string]string{
		"the customer to pay": "оплаты клиентом",
		"order o-1: register пример.рф for customer c1, the provider's own": "заказ o-1: регистрация пример.рф, клиент c1, собственный",
		"order o-1 is paid and waits: registrar r01 has not taken it":       "заказ o-1 оплачен и ждёт: регистратор r01 его не принял",
		"renewal of a.ru":                          "продление a.ru",
		"renewal of a.ru: the server is away":      "продление a.ru: <the server is away>",
		"words that have no phrase":                "<words that have no phrase>",
		"a.ru is Registered here already":          "a.ru здесь уже есть: зарегистрирован",
		"Недостаточно средств":                     "Недостаточно средств",
		`done: decided as anna (on behalf of "x")`: `done: решение принято, имя: anna (от имени "x")`,
	} {
		if got := say(said); got != want {
			t.Errorf("%q is %q in Russian, want %q", said, got, want)
		}
	}

	theirs = append(theirs, registrar.Phrase{Code: "b", Texts: map[string]string{"en": "the server is away", "ru": "сервер недоступен"}})
	if got, want := say("renewal of a.ru: the server is away"), "продление a.ru: сервер недоступен"; got != want {
		t.Errorf("after the registrar was exchanged it is %q, want %q", got, want)
	}
	en := Of("en").Sayings(nil, Panel).Say("the customer to pay")
	if len(en) != 1 || en[0] != (phrasebook.Part{Text: "the customer to pay"}) {
		t.Errorf("in English: %v", en)
	}
}
