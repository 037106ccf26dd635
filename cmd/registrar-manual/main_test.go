package main

import (
	"encoding/json"
	"testing"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar/registrartest"
)

// The program is the shipped one; plugin/manual's own tests watch for races.
func TestConformance(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	registrartest.Run(t, registrartest.Subject{
		Open:   registrartest.Program{Command: []string{testrun.Program(t, "registrar.panel/cmd/registrar-manual")}},
		Config: json.RawMessage(`{"lookup": "always_available", "confirm": "operator"}`),
		IDN:    "конформность.рф",
	})
}
