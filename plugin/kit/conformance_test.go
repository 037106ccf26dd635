package kit

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// hasty is for registrars that answer at once.
var hasty = Timing{First: time.Millisecond, Most: 10 * time.Millisecond, Settle: time.Millisecond}

// A plugin made with the kit keeps the contract, though its registrar finishes later, and loses every
// second answer.
func TestConformance(t *testing.T) {
	t.Parallel()
	s, sent := newShop(), 0
	s.slow = true
	s.lose = func(Order) bool { sent++; return sent%2 == 0 }
	// It is asked what became of a lost answer. A person who is faster would say what is not so yet.
	byItself := func(context.Context, registrar.Service, registrar.OperationID) error { return nil }
	registrartest.Run(t, registrartest.Subject{Config: json.RawMessage(`{"token": "not-a-real-token"}`), Conclude: byItself,
		Open: registrartest.OverGRPC(func(log *slog.Logger) registrar.Plugin { return New(s, Options{Logger: log, Timing: hasty}) })})
}
