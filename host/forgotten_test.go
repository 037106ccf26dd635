package host

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/host/launch"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// seller is a registrar that finds no mistake in an order.
type seller struct{ registrar.Service }

// leave puts an unpaid order with the registrar gone into the book of a panel that does not
// serve.
func leave(t *testing.T, o Options) {
	t.Helper()

	dir := filepath.Join(filepath.Dir(o.ConfigPath), "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}

	book, err := orders.Open(t.Context(), orders.Options{Dir: dir, Create: true, Logger: slog.New(slog.DiscardHandler), Server: secret.String{},
		Board: switchboard.New(switchboard.Options{Plugins: only{}, Names: []string{"gone"}, Route: func(string) (string, bool) { return "gone", true }, Logger: slog.New(slog.DiscardHandler)})})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := book.Place(t.Context(), orders.NewOrder{Kind: registrar.KindRegister, Domain: "example.com", Customer: "c1"}); err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(string(launch.DataIn(dir)), 0o700); err != nil { // it has served
		t.Fatal(err)
	}
}

// A registrar that plugin.hcl does not name any more, and that the record has something of, is
// told by check, in the log, the Action Log and among the plugins, until the file says why.
func TestForgottenRegistrarIsTold(t *testing.T) {
	t.Parallel()

	const want = "1 domains and 1 open orders are with registrar gone, which plugin.hcl does not name"
	o := options(t, good)
	leave(t, o)
	_, err := Check(t.Context(), o, false)
	wantMistake(t, err, "1,1", want)

	h, stop := run(t, o)
	ready(t, h)

	all := h.Statuses()
	if len(all) != 2 || all[0].State != supervisor.Running || all[1].Name != "gone" || all[1].State != supervisor.Disabled || !strings.Contains(all[1].Error, want) {
		t.Errorf("statuses %+v", all)
	}

	if !hasAlarm(t, h, want) {
		t.Error("the Action Log says nothing")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}

	if err := os.WriteFile(o.ConfigPath, []byte(good+"\nregistrar \"gone\" {\n  retired = true\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), o, false); err != nil {
		t.Errorf("Check of a retired one = %v", err)
	}

	h, _ = run(t, o)
	ready(t, h)
	if all := h.Statuses(); len(all) != 2 || all[1].Name != "gone" || all[1].State != supervisor.Retired || all[1].Error != "" {
		t.Errorf("statuses %+v", all)
	}
}

// only is a panel with the one registrar.
type only struct{}

func (only) Registrar(string) (registrar.Service, error) { return seller{}, nil }

func (seller) Validate(context.Context, registrar.Order) (registrar.Validation, error) {
	return registrar.Validation{}, nil
}

// Check says that every name is free.
func (seller) Check(_ context.Context, names []string) ([]registrar.Availability, error) {
	free := make([]registrar.Availability, len(names))
	for i, name := range names {
		free[i] = registrar.Availability{Name: name, Status: registrar.Available}
	}
	return free, nil
}
