package store

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// With each release whose schema differs from the last one's:
//
//	go test ./plugin/r01/store -run TestMakeFixture -fixture schema-N
var fixture = flag.String("fixture", "", "keep a fixture of the schema as it is now, below testdata")

func TestMakeFixture(t *testing.T) {
	dir := t.TempDir()
	if *fixture != "" {
		dir = filepath.Join("testdata", *fixture)
	}

	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}

	s, err := Open(t.Context(), Options{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}

	write(t, s, func(tx *Tx) error {
		c, err := tx.Clients.Add(Client{Customer: "c1", Kind: registrar.Person, Identity: "who", Handle: "MYCO_1_ABCDEF-R01", State: registrar.HandleRegistered, CreatedAt: noon}, []byte("a contact"))
		if err != nil {
			return err
		}

		r, err := addRequest(tx, "a", lifecycle.NewDomain, "a.ru")
		if err != nil {
			return err
		}

		if _, err := tx.Requests.Advance(&r, decide(t, r, lifecycle.Claimed), Change{At: noon, Message: "sent", Actor: "plugin"}); err != nil {
			return err
		}
		if err := tx.Domains.Put(registrar.Domain{Name: "a.ru", Customer: "c1", Handle: c.Handle, Status: registrar.StatusRegistering, Renewal: registrar.RenewAuto}, noon); err != nil {
			return err
		}
		if err := tx.Mails.Add(Mail{ID: "m", Hash: "h", Request: r.ID, At: noon, State: MailNew}, []byte("a mail")); err != nil {
			return err
		}

		tx.Emit(registrar.Event{At: noon, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "hello", Name: "a.ru"})
		return err
	})

	if err := s.Close(); err != nil {
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

			dir := t.TempDir()
			for _, name := range []string{database, keyFile} { // Git keeps no modes
				text, err := os.ReadFile(filepath.Join(from, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}

			for range 2 { // migrated, and opened again
				s, err := Open(t.Context(), Options{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				readFixture(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func readFixture(t *testing.T, s *Store) {
	t.Helper()

	err := s.Read(t.Context(), func(tx *Tx) error {
		c, err := tx.Clients.ByHandle("MYCO_1_ABCDEF-R01")
		if err != nil || c.Customer != "c1" || c.State != registrar.HandleRegistered {
			t.Errorf("the client is %+v, %v", c, err)
		}

		if contact, err := tx.Clients.Contact(c.ID); err != nil || string(contact) != "a contact" {
			t.Errorf("the contact is %q, %v", contact, err)
		}

		r, err := tx.Requests.Get("a")
		if err != nil || r.State != registrar.Sending || r.Object != "a.ru" || r.Token != "TOKENa" || !r.DueAt.Equal(noon) {
			t.Errorf("the request is %+v, %v", r, err)
		}

		if body, err := tx.Requests.Body("a"); err != nil || string(body) != "body of a" {
			t.Errorf("its body is %q, %v", body, err)
		}

		op, err := tx.Operations.Get("op-a")
		if err != nil || op.State != registrar.Sending || op.Order != "order-a" {
			t.Errorf("the operation is %+v, %v", op, err)
		}

		if history, err := tx.Operations.History("op-a"); err != nil || len(history) != 2 || history[1].Message != "sent" {
			t.Errorf("its history is %+v, %v", history, err)
		}
		if d, err := tx.Domains.Get("a.ru"); err != nil || d.Status != registrar.StatusRegistering || d.Customer != "c1" {
			t.Errorf("the domain is %+v, %v", d, err)
		}
		if raw, err := tx.Mails.Raw("m"); err != nil || string(raw) != "a mail" {
			t.Errorf("the mail is %q, %v", raw, err)
		}

		events, err := tx.Events(0, 10)
		if err != nil || len(events) != 1 || events[0].Message != "hello" || events[0].Domain == nil {
			t.Errorf("the events are %+v, %v", events, err)
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
