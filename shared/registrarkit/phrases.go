package registrarkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"registrar.panel/shared/registrar"
)

// Phrases reads a plugin's sentences in other languages: a JSON object of codes, each with its texts by
// language. The text is a part of the program, so Phrases panics if it is damaged.
func Phrases(text []byte) (all []registrar.Phrase) {
	var texts map[string]map[string]string
	if err := json.Unmarshal(text, &texts); err != nil {
		panic(fmt.Errorf("read the phrases, which are a part of the program: %w", err))
	}
	for _, code := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, registrar.Phrase{Code: code, Texts: texts[code]})
	}
	return all
}
