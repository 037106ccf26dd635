package kit

import (
	"testing"

	"registrar.panel/shared/registrar/registrartest"
)

func TestPhrases(t *testing.T) {
	t.Parallel()
	registrartest.Phrases(t, phrases(), ".", "../../shared/registrar", "../../internal/sqldb", "../../internal/turn")
}
