package manual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/shared/registrar"
)

// What has ended has lost contact and code by then. What is open keeps them, and what is held its
// customer, with a word why.
func TestErase(t *testing.T) {
	t.Parallel()
	p := started(t, t.TempDir(), "always_available", "operator", true)
	transfer := order("o2", "moved.com", registrar.KindTransfer)
	transfer.AuthCode = "CODE-CANARY"
	failed, moved := submit(t, p, order("o1", "failed.com", registrar.KindRegister)), submit(t, p, transfer)
	held := submit(t, p, order("o3", "held.com", registrar.KindRegister))
	submit(t, p, order("o4", "open.com", registrar.KindRegister))
	others := order("o5", "others.com", registrar.KindRegister)
	others.Customer = "c2"
	resolve(t, p, submit(t, p, others).ID, registrar.VerdictFailed)
	resolve(t, p, failed.ID, registrar.VerdictFailed)
	resolve(t, p, moved.ID, registrar.VerdictFailed)
	resolve(t, p, held.ID, registrar.VerdictDone)

	if _, err := p.Erase(t.Context(), registrar.ErasureQuery{}); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("for nobody: %v", err)
	}
	done, err := p.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"})
	if err != nil || len(done.Kept) != 2 || !strings.Contains(done.Kept[0].Why, "NeedsAction") || !strings.Contains(done.Kept[1].Why, "Registered") {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err := p.Erase(t.Context(), registrar.ErasureQuery{Customer: "c2"}); err != nil || len(done.Kept) != 0 {
		t.Errorf("of one who has nothing: %+v, %v", done, err)
	}
	if again := submit(t, p, order("o1", "failed.com", registrar.KindRegister)); again.ID != failed.ID || again.State != registrar.Failed {
		t.Errorf("the order whose contact is gone is answered with %+v", again)
	}
}

// The key is another, and all orders are known as before.
func TestRotateKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := started(t, dir, "always_available", "operator", true)
	op := submit(t, p, order("o1", "a.com", registrar.KindRegister))
	before, err := os.ReadFile(filepath.Join(dir, "manual.key"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.RotateKeys(t.Context())
	if pgtest.Runs() {
		if registrar.CodeOf(err) != registrar.Unsupported {
			t.Errorf("a key that several nodes have: %v", err)
		}
		return
	}
	after, readErr := os.ReadFile(filepath.Join(dir, "manual.key"))
	if err != nil || readErr != nil || r.Sealed != 1 || strings.HasPrefix(string(after), strings.TrimSpace(string(before))) {
		t.Errorf("%+v, %v, %v", r, err, readErr)
	}
	if again := submit(t, p, order("o1", "a.com", registrar.KindRegister)); again.ID != op.ID {
		t.Errorf("the order is answered with %+v", again)
	}
}
