package registrartest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

func TestMistakesInPhrases(t *testing.T) {
	t.Parallel()
	fine := registrar.Phrase{Code: "waits", Texts: map[string]string{"en": "{name} waits", "ru": "ждёт {name}"}}
	for why, c := range map[string]struct {
		phrase registrar.Phrase
		wrong  int
	}{
		"another sentence":     {registrar.Phrase{Code: "done", Texts: map[string]string{"en": "done", "ru": "готово"}}, 0},
		"a code that is known": {registrar.Phrase{Code: "waits", Texts: map[string]string{"en": "done", "ru": "готово"}}, 1},
		"no code":              {registrar.Phrase{Texts: map[string]string{"en": "done", "ru": "готово"}}, 1},
		"said already":         {registrar.Phrase{Code: "again", Texts: map[string]string{"en": "{name} waits", "ru": "{name} ждёт"}}, 1},
		"another place":        {registrar.Phrase{Code: "done", Texts: map[string]string{"en": "{name} is done", "ru": "{domain} готов"}}, 1},
		"English alone":        {registrar.Phrase{Code: "done", Texts: map[string]string{"en": "done"}}, 1},
		"no English":           {registrar.Phrase{Code: "done", Texts: map[string]string{"ru": "готово", "de": "getan"}}, 1},
		"an empty text":        {registrar.Phrase{Code: "done", Texts: map[string]string{"en": "done", "ru": " "}}, 1},
		"a third language":     {registrar.Phrase{Code: "done", Texts: map[string]string{"en": "done", "ru": "готово", "de": "getan"}}, 0},
	} {
		if wrong := mistakesIn([]registrar.Phrase{fine, c.phrase}); len(wrong) != c.wrong {
			t.Errorf("%s: %q", why, wrong)
		}
	}
}

func TestUntranslated(t *testing.T) {
	t.Parallel()
	both := registrar.Phrase{Code: "waits", Texts: map[string]string{"en": "waits", "ru": "ждёт"}}
	third := registrar.Phrase{Code: "done", Texts: map[string]string{"en": "done", "ru": "готово", "de": "getan"}}
	if wrong := untranslated([]registrar.Phrase{both, both}); len(wrong) != 0 {
		t.Errorf("%q", wrong)
	}
	if wrong := untranslated([]registrar.Phrase{both, third}); len(wrong) != 1 {
		t.Errorf("%q", wrong)
	}
}

// What is said is a text, or a sum of texts, in a source that is no test.
func TestSayings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go":      "package a\n\n// no text\nvar a = \"one \" +\n\t\"two\"\n\nvar b = \"three\" + a\n",
		"a_test.go": "package a\n\nvar c = \"four\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if have, want := sayings(t, []string{dir}), "one two\none \ntwo\nthree\n"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
	if !slices.Equal(placesOf("{b} and {a}"), []string{"{a}", "{b}"}) {
		t.Error("places are not in order")
	}
}
