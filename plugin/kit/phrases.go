package kit

import (
	_ "embed"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// phraseTexts are the kit's sentences for every plugin that is built with it, in English and in Russian, by
// code.
//
//go:embed phrases.json
var phraseTexts []byte

func phrases() []registrar.Phrase { return registrarkit.Phrases(phraseTexts) }
