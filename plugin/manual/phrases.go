package manual

import (
	_ "embed"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// phraseTexts are the plugin's sentences, in English and in Russian, by code.
//
//go:embed phrases.json
var phraseTexts []byte

func phrases() []registrar.Phrase { return registrarkit.Phrases(phraseTexts) }
