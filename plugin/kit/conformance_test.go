package kit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// hasty is for registrars that answer at once.
var hasty = Timing{First: time.Millisecond, Most: 10 * time.Millisecond, Settle: time.Millisecond}

// A plugin made with the kit keeps the contract, whether its registrar finishes at once, later, or
// loses every answer.
func TestConformance(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(s *shop){
		"at once": func(*shop) {},
		"later":   func(s *shop) { s.slow = true },
		"lost":    func(s *shop) { s.lose = func(Order) bool { return true } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			change(s)
			registrartest.Run(t, registrartest.Subject{
				Open:   registrartest.InProcess(func(hclog.Logger) registrar.Plugin { return New(s, Options{Timing: hasty}) }),
				Config: json.RawMessage(`{"token": "not-a-real-token"}`),
			})
		})
	}
}
