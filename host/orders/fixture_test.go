package orders

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/shared/registrar"
)

// With each release whose schema differs from the last one's:
//
//	go test ./host/orders -run TestMakeFixture -fixture schema-N
var fixture = flag.String("fixture", "", "keep a fixture of the schema as it is now, below testdata")

func TestMakeFixture(t *testing.T) {
	b := newBook(t)
	paid := b.place(request("paid.ru"))
	b.mustPay(paid.ID)
	b.place(request("unpaid.ru"))
	dir := t.TempDir()
	if *fixture != "" {
		dir = filepath.Join("testdata", *fixture)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.Backup(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// Every schema that was ever released is migrated, and what it holds reads right.
func TestFixturesMigrate(t *testing.T) {
	t.Parallel()

	all, err := filepath.Glob(filepath.Join("testdata", "schema-*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}

	for _, from := range all {
		t.Run(filepath.Base(from), func(t *testing.T) {
			t.Parallel()

			b := newBook(t)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}

			for _, name := range []string{database, keyFile} { // Git keeps no modes
				text, err := os.ReadFile(filepath.Join(from, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(b.dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}

			b.open(false)
			if d := b.mustDomain("paid.ru"); d.Status != registrar.StatusRegistering {
				t.Errorf("paid.ru is %+v", d)
			}

			b.during(func() { b.until("the paid order to be submitted", func() bool { return len(b.fake.taken()) == 1 }) })
			if o := b.fake.taken()[0]; o.Domain != "paid.ru" || o.Registrant == nil || len(o.Registrant.Fields) == 0 {
				t.Errorf("submitted %+v", o)
			}
			if log := b.entries("unpaid.ru"); len(log) == 0 {
				t.Error("the Action Log of unpaid.ru is empty")
			}
		})
	}
}
