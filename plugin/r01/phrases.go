package r01

import (
	_ "embed"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// phraseTexts are the plugin's sentences, in English and in Russian, by code. A test compares the English
// ones with the sources.
//
//go:embed phrases.json
var phraseTexts []byte

func phrases() []registrar.Phrase { return registrarkit.Phrases(phraseTexts) }
