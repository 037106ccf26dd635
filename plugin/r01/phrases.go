package r01

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"registrar.panel/shared/registrar"
)

// phraseTexts are what the plugin says, in English and in Russian, by code. A test holds the English
// against the sources.
//
//go:embed phrases.json
var phraseTexts []byte

func phrases() []registrar.Phrase {
	var texts map[string]map[string]string
	if err := json.Unmarshal(phraseTexts, &texts); err != nil {
		panic(fmt.Errorf("read the phrases, which are a part of the program: %w", err))
	}

	var all []registrar.Phrase
	for _, code := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, registrar.Phrase{Code: code, Texts: texts[code]})
	}
	return all
}
