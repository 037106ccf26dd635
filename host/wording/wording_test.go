package wording

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"testing"
)

// catalogue reads a language's texts: by code, then by plural form.
func catalogue(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	text, err := fs.ReadFile(files, "texts/"+name+".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for code, v := range raw {
		all[code] = map[string]string{}
		switch v := v.(type) {
		case string:
			all[code][""] = v
		case map[string]any:
			for form, text := range v {
				all[code][form], _ = text.(string)
			}
		}
	}
	return all
}

var hole = regexp.MustCompile(`\{\{\.\w+\}\}`)

// Every code has a text in both languages, with the same places, and with the plural forms of each.
func TestCatalogues(t *testing.T) {
	t.Parallel()

	forms := map[string][]string{"en": {"one", "other"}, "ru": {"few", "many", "one", "other"}}
	en, ru := catalogue(t, "en"), catalogue(t, "ru")
	for lang, c := range map[string][2]map[string]map[string]string{"ru": {en, ru}, "en": {ru, en}} {
		for code, theirs := range c[0] {
			ours, there := c[1][code]
			if !there {
				t.Errorf("%s has no text in %s", code, lang)
				continue
			}
			if _, whole := theirs[""]; whole {
				if text := ours[""]; text == "" || !slices.Equal(holes(theirs[""]), holes(text)) {
					t.Errorf("%s in %s is empty, or has other places: %q", code, lang, text)
				}
				continue
			}
			for _, form := range forms[lang] {
				if text := ours[form]; text == "" || !slices.Equal(holes(theirs["other"]), holes(text)) {
					t.Errorf("%s in %s has no plural form %s, or one with other places: %q", code, lang, form, text)
				}
			}
		}
	}
}

func holes(text string) []string {
	all := hole.FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

func TestWords(t *testing.T) {
	t.Parallel()

	en, ru, failed := Of("en"), Of("ru"), "Error"
	for _, x := range []struct{ got, want string }{
		{en.Count("span.days", 1), "1 day"}, {en.Count("span.days", 1234), "1,234 days"},
		{ru.Count("span.days", 1), "1 день"}, {ru.Count("span.days", 2), "2 дня"}, {ru.Count("span.days", 5), "5 дней"}, {ru.Count("span.days", 11), "11 дней"},
		{ru.Count("span.days", 21), "21 день"}, {ru.Count("span.days", 22), "22 дня"}, {ru.Count("span.days", 1234), "1\u00a0234 дня"},
		{en.Word("status", "Novel"), "Novel"}, {ru.Word("status", &failed), "Ошибка"},
		{Of("fr").Word("status", "Error"), "Error"}, {ru.Text("odd.code"), "odd.code"}, {ru.Of(map[string]string{"en": "a", "ru": "б"}, "c"), "б"}, {ru.Of(map[string]string{"en": "a"}, "c"), "c"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

// A terminal's language is that of the first variable that is set.
func TestEnvironment(t *testing.T) {
	t.Parallel()

	for _, x := range []struct{ all, messages, lang, want string }{
		{"", "", "", "en"}, {"", "", "ru_RU.UTF-8", "ru"}, {"", "", "ru", "ru"}, {"", "", "ru_UA.KOI8-U@x", "ru"}, {"", "", "C.UTF-8", "en"}, {"", "", "POSIX", "en"}, {"", "", "de_DE.UTF-8", "en"},
		{"C", "", "ru_RU.UTF-8", "en"}, {"", "C", "ru_RU.UTF-8", "en"}, {"", "ru_RU.UTF-8", "C", "ru"}, {"ru_RU", "C", "C", "ru"}, {"", "", "rugby", "en"}, {"de_DE", "ru_RU", "ru_RU", "en"},
	} {
		set := map[string]string{"LC_ALL": x.all, "LC_MESSAGES": x.messages, "LANG": x.lang}
		if got := Environment(func(name string) string { return set[name] }); got != x.want {
			t.Errorf("LC_ALL=%s LC_MESSAGES=%s LANG=%s: %s, want %s", x.all, x.messages, x.lang, got, x.want)
		}
	}
}
