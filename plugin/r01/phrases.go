package r01

import (
	_ "embed"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// phraseTexts are what the plugin says, in English and in Russian, by code. A test holds the English
// against the sources.
//
//go:embed phrases.json
var phraseTexts []byte

func phrases() []registrar.Phrase { return registrarkit.Phrases(phraseTexts) }
