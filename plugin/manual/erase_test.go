package manual

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// What is finished loses contact and code, and what is open or held keeps them, with a word why.
func TestErase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := started(t, dir, "always_available", "operator", true)
	transfer := order("o2", "moved.com", registrar.KindTransfer)
	transfer.AuthCode = "CODE-CANARY"
	failed, moved := submit(t, p, order("o1", "failed.com", registrar.KindRegister)), submit(t, p, transfer)
	held, open := submit(t, p, order("o3", "held.com", registrar.KindRegister)), submit(t, p, order("o4", "open.com", registrar.KindRegister))
	others := order("o5", "others.com", registrar.KindRegister)
	others.Customer = "c2"
	resolve(t, p, submit(t, p, others).ID, registrar.VerdictFailed)
	resolve(t, p, failed.ID, registrar.VerdictFailed)
	resolve(t, p, moved.ID, registrar.VerdictFailed)
	resolve(t, p, held.ID, registrar.VerdictDone)

	if _, err := p.Erase(t.Context(), registrar.ErasureQuery{}); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("for nobody: %v", err)
	}
	for n, want := range []int64{2, 0} { // a second time there is nothing
		done, err := p.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"})
		if err != nil {
			t.Fatal(err)
		}
		var removed int64
		for _, r := range done.Removed {
			removed += r.Count
		}
		if removed != want || len(done.Kept) != 2 || !strings.Contains(done.Kept[0].Why, "Registered") || !strings.Contains(done.Kept[1].Why, "NeedsAction") {
			t.Errorf("time %d: %+v", n+1, done)
		}
	}

	has := map[string]bool{}
	for _, id := range []registrar.OperationID{failed.ID, moved.ID, held.ID, open.ID, "manual-5"} {
		var r row
		err := p.book.db.Read(t.Context(), func(tx *sql.Tx) (err error) {
			r, err = p.book.find(t.Context(), tx, "number = $1", p.book.numberOf(id))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		has[r.Domain] = r.order.Registrant != nil || r.order.Code != ""
	}
	for domain, want := range map[string]bool{"failed.com": false, "moved.com": false, "held.com": true, "open.com": true, "others.com": true} {
		if has[domain] != want {
			t.Errorf("%s has its contact or code: %v", domain, has[domain])
		}
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
	if storeOf(t, dir, false) != "sqlite" {
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
