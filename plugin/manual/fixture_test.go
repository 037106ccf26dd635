package manual

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"

	"errors"
)

// With each release whose schema differs from the last one's:
//
//	go test ./plugin/manual -run TestMakeFixture -fixture schema-N
var fixture = flag.String("fixture", "", "keep a fixture of the schema as it is now, below testdata")

func TestMakeFixture(t *testing.T) {
	dir := t.TempDir()
	if *fixture != "" {
		dir = filepath.Join("testdata", *fixture)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := started(t, dir, "always_available", "operator", true)
	op := submit(t, p, order("o1", "done.com", registrar.KindRegister))
	resolve(t, p, op.ID, registrar.VerdictDone)
	submit(t, p, order("o2", "open.com", registrar.KindRegister))
}

// Every schema that was ever released is migrated, and what it holds reads right.
func TestFixturesMigrate(t *testing.T) {
	t.Parallel()

	all, err := filepath.Glob(filepath.Join("testdata", "schema-*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}

	for _, from := range all {
		dir := t.TempDir()
		for _, name := range []string{"manual.db", "manual.key"} { // Git keeps no modes
			text, err := os.ReadFile(filepath.Join(from, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		p := started(t, dir, "always_available", "operator", false)
		if d := status(t, p, "done.com"); d.Status != registrar.StatusRegistered || d.Customer != "c1" {
			t.Errorf("%s: done.com is %+v", from, d)
		}

		// The same order, sealed in the book, is the same operation; another one is a conflict.
		if op := submit(t, p, order("o2", "open.com", registrar.KindRegister)); op.State != registrar.NeedsAction {
			t.Errorf("%s: open.com is %+v", from, op)
		}
		if _, err := p.Submit(t.Context(), order("o2", "other.com", registrar.KindRegister)); !errors.Is(err, registrar.Conflict) {
			t.Errorf("%s: another order under a known ID: %v", from, err)
		}
	}
}

func TestMissingBookIsNotMade(t *testing.T) {
	t.Parallel()
	p := New(slog.New(slog.DiscardHandler))
	err := p.Configure(t.Context(), registrar.Settings{Config: []byte(`{"lookup":"always_taken","confirm":"operator"}`), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context()); !errors.Is(err, sqldb.ErrMissing) {
		t.Errorf("a book that is gone: %v", err)
	}
}
