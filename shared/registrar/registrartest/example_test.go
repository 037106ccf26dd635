package registrartest_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// beginner is a plugin that says what it is, and can do nothing yet.
type beginner struct{ registrar.Plugin }

func (beginner) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "acme", Title: "Acme Domains", Version: "1.0", TLDs: []string{"example"},
		Kinds: []registrar.OperationKind{registrar.KindRegister}}, nil
}

// A plugin is judged by the rules of the contract from its first day: a report says which are
// broken, and what to do.
func ExampleExamine() {
	report, err := registrartest.Examine(context.Background(), registrartest.Subject{
		Open: registrartest.OverGRPC(func(*slog.Logger) registrar.Plugin { return beginner{} }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range report.Results {
		if r.ID == "identity/name" || r.ID == "identity/version" {
			fmt.Println(r.ID, r.Outcome, r.Findings)
		}
	}
	fmt.Println("conforms:", report.Conforms())
	// Output:
	// identity/name passed []
	// identity/version broken [the version is "1.0"]
	// conforms: false
}

// In a test of the plugin each rule is a subtest.
func ExampleRun() {
	_ = func(t *testing.T) { // TestConformance
		registrartest.Run(t, registrartest.Subject{
			Open:   registrartest.OverGRPC(func(*slog.Logger) registrar.Plugin { return beginner{} }),
			Config: []byte(`{"token": "of a test account"}`),
		})
	}
}
