package manual_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	make := func(log *slog.Logger) registrar.Plugin { return manual.New(log) }
	for name, opener := range map[string]func(t *testing.T) registrartest.Opener{
		"in process": func(*testing.T) registrartest.Opener { return registrartest.InProcess(make) },
		"over gRPC": func(t *testing.T) registrartest.Opener {
			testrun.TakesLong(t)
			return registrartest.OverGRPC(make)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrartest.Run(t, registrartest.Subject{Open: opener(t), IDN: "конформность.рф",
				Config: json.RawMessage(`{"lookup": "always_available", "confirm": "operator"}`)})
		})
	}
}
