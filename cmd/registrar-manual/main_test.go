package main

import (
	"encoding/json"
	"os"
	"testing"

	"registrar.panel/shared/registrar/registrartest"
)

// pluginEnv makes the test binary the program itself.
const pluginEnv = "REGISTRAR_MANUAL_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(pluginEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	registrartest.Run(t, registrartest.Subject{
		// Under the race detector a process would sleep a second before it ends.
		Open:   registrartest.Program{Command: []string{self}, Env: []string{pluginEnv + "=1", "GORACE=atexit_sleep_ms=0"}},
		Config: json.RawMessage(`{"lookup": "always_available", "confirm": "operator"}`),
		IDN:    "конформность.рф",
	})
}
