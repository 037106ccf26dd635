package kit

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var place = regexp.MustCompile(`\{[a-z]+\}`)

func placesOf(text string) []string {
	all := place.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

// Every phrase has both texts, with the same places, and none is said twice.
func TestPhrases(t *testing.T) {
	t.Parallel()

	said := map[string]string{}
	for _, p := range phrases() {
		en, ru := p.Texts["en"], p.Texts["ru"]
		if en == "" || ru == "" || len(p.Texts) != 2 || !slices.Equal(placesOf(en), placesOf(ru)) {
			t.Errorf("%s has not both texts with the same places: %q, %q", p.Code, en, ru)
		}
		if other := said[en]; other != "" {
			t.Errorf("%s and %s say the same in English", other, p.Code)
		}
		said[en] = p.Code
	}
}

// What stands between the places of a phrase stands in the sources: a sentence that was reworded there
// would be shown in English without a word.
func TestPhrasesAreSaid(t *testing.T) {
	t.Parallel()

	var sources strings.Builder
	for _, pattern := range []string{"*.go", "internal/*/*.go", "../../shared/registrar/*.go", "../../internal/sqldb/*.go"} {
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

	for _, p := range phrases() {
		for _, piece := range place.Split(p.Texts["en"], -1) {
			if piece = strings.Trim(piece, " ,;:.()"); piece != "" && !strings.Contains(sources.String(), strings.ReplaceAll(piece, `"`, `\"`)) && !strings.Contains(sources.String(), piece) {
				t.Errorf("%s: no source says %q", p.Code, piece)
			}
		}
	}
}
