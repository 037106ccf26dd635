package kit

import (
	"regexp"
	"slices"
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
	if len(said) < 30 {
		t.Errorf("only %d phrases", len(said))
	}
}
