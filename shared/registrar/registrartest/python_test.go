package registrartest_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar/registrartest"
)

// A plugin needs no Go.
func TestThePythonRegistrarConforms(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "../../../docs/python-registrar/build", dir).CombinedOutput(); err != nil {
		t.Fatalf("build the plugin (.ci/setup installs what it needs): %v\n%s", err, out)
	}
	registrartest.Run(t, registrartest.Subject{
		Open:     registrartest.Program{Command: []string{filepath.Join(dir, "registrar.py")}},
		Config:   json.RawMessage(`{"account": "a1", "token": "token-CANARY-7"}`),
		IDN:      "конформность.рф",
		Patience: time.Minute,
	})
}
