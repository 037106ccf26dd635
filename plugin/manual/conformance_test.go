package manual_test

import (
	"encoding/json"
	"log/slog"
	"testing"

	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	make := func(log *slog.Logger) registrar.Plugin { return manual.New(log) }
	for name, open := range map[string]registrartest.Opener{
		"in process": registrartest.InProcess(make),
		"over gRPC":  registrartest.OverGRPC(make),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrartest.Run(t, registrartest.Subject{Open: open, IDN: "конформность.рф",
				Config: json.RawMessage(`{"lookup": "always_available", "confirm": "operator"}`)})
		})
	}
}
