package manual

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// fromFixture opens a plugin on a copy of what an earlier release has left.
func fromFixture(t *testing.T, name string) (p *kit.Registrar, dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, file := range []string{"manual.db", "manual.key"} { // Git keeps no modes
		text, err := os.ReadFile(filepath.Join("testdata", name, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return started(t, dir, "always_available", "operator", false), dir
}

// The books of the releases before the kit become its stores, and what they hold reads right.
func TestBooksAreTakenOver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"schema-1", "schema-1-full"} {
		p, _ := fromFixture(t, name)
		if d := status(t, p, "done.com"); d.Status != registrar.StatusRegistered || d.Customer != "c1" {
			t.Errorf("%s: done.com is %+v", name, d)
		}

		// The same order, sealed in the book, is the same operation; another one is a conflict.
		if op := submit(t, p, order("o2", "open.com", registrar.KindRegister)); op.State != registrar.NeedsAction {
			t.Errorf("%s: open.com is %+v", name, op)
		}
		if _, err := p.Submit(t.Context(), order("o2", "other.com", registrar.KindRegister)); !errors.Is(err, registrar.Conflict) {
			t.Errorf("%s: another order under a known ID: %v", name, err)
		}
	}
}

// Nothing of a book is lost: every order is known again, those with a code by the code, those that were
// erased without their contact; what is open goes on, and the events where they stopped.
func TestBookWithEverything(t *testing.T) {
	t.Parallel()
	p, dir := fromFixture(t, "schema-1-full")
	moved, moving, gone := order("o6", "moved.com", registrar.KindTransfer), order("o7", "moving.com", registrar.KindTransfer), order("o8", "gone.com", registrar.KindRegister)
	moved.AuthCode, moving.AuthCode = "CODE-CANARY-6", "CODE-CANARY-7"
	gone.Customer, gone.Registrant = "c2", nil // which the book has not any more

	for want, o := range map[registrar.OperationState]registrar.Order{registrar.Succeeded: moved, registrar.NeedsAction: moving} {
		if op := submit(t, p, o); op.State != want {
			t.Errorf("%s is %s, want %s", o.Domain, op.State, want)
		}
		o.AuthCode = "another"
		if _, err := p.Submit(t.Context(), o); !errors.Is(err, registrar.Conflict) {
			t.Errorf("%s with another code: %v", o.Domain, err)
		}
	}
	gone.Registrant = order("", "", "").Registrant
	if op := submit(t, p, gone); op.State != registrar.Failed || op.Error != "decided by olga" {
		t.Errorf("gone.com is %+v", op)
	}

	done := status(t, p, "done.com")
	if done.Nameservers[0].Host != "ns9.hoster.example" || done.Operation == nil || done.Operation.Kind != registrar.KindRenew {
		t.Errorf("done.com is %+v", done)
	}
	resolve(t, p, done.Operation.ID, registrar.VerdictDone)
	if now := status(t, p, "done.com"); now.PaidTill != done.PaidTill.AddYears(1) {
		t.Errorf("renewed till %s, from %s", now.PaidTill, done.PaidTill)
	}

	first, err := p.Operation(t.Context(), "manual-1")
	if err != nil || first.Version != "2" || len(first.History) != 2 || !strings.HasPrefix(first.History[0].Message, "register done.com") ||
		first.History[0].State != registrar.NeedsAction || first.History[1].Actor != "olga" || first.History[1].Evidence != registrar.EvidencePerson {
		t.Errorf("manual-1 is %+v, %v", first, err)
	}
	open, err := p.Operation(t.Context(), "manual-2")
	if err != nil || open.Version != "1" || open.WaitsFor != "staff to register open.com by hand" || len(open.History) != 1 {
		t.Errorf("manual-2 is %+v, %v", open, err)
	}

	var cursor registrar.Cursor
	for e, err := range p.Events(t.Context(), 0) {
		if cursor++; err != nil || e.Cursor != cursor {
			t.Fatalf("event %d: %+v, %v", cursor, e, err)
		}
		if cursor == 16 { // 15 were there
			break
		}
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	again := started(t, dir, "always_available", "operator", false)
	if d := status(t, again, "open.com"); d.Operation == nil || d.Operation.State != registrar.NeedsAction {
		t.Errorf("after a restart open.com is %+v", d)
	}
}

func TestMissingStoreIsNotMade(t *testing.T) {
	t.Parallel()
	p := New(slog.New(slog.DiscardHandler))
	err := p.Configure(t.Context(), registrar.Settings{Config: []byte(`{"lookup":"always_taken","confirm":"operator"}`), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context()); !errors.Is(err, sqldb.ErrMissing) {
		t.Errorf("a store that is gone: %v", err)
	}
}
