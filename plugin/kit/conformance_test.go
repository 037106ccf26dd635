package kit

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// hasty is for registrars that answer at once.
var hasty = Timing{First: time.Millisecond, Most: 10 * time.Millisecond, Settle: time.Millisecond}

// A plugin made with the kit keeps the contract, whether its registrar finishes later, or loses every
// answer.
func TestConformance(t *testing.T) {
	t.Parallel()

	slow, deaf := newShop(), newShop()
	slow.slow = true
	deaf.lose = func(Order) bool { return true }
	made := func(s *shop) func(*slog.Logger) registrar.Plugin {
		return func(log *slog.Logger) registrar.Plugin { return New(s, Options{Logger: log, Timing: hasty}) }
	}

	for name, open := range map[string]registrartest.Opener{
		"later, in process": registrartest.InProcess(made(slow)),
		"lost, over gRPC":   registrartest.OverGRPC(made(deaf)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrartest.Run(t, registrartest.Subject{Open: open, Config: json.RawMessage(`{"token": "not-a-real-token"}`)})
		})
	}
}
