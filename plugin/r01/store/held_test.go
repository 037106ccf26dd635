package store

import (
	"os"
	"path/filepath"
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// What a store of before 00008 holds for want of money, or for a wrong password, was refused by
// a mail of which it is not known what it answered: no success of another and no new password
// sends it again. What was queued may run.
func TestHeldOutThereIsNotReleased(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	for _, name := range []string{database, keyFile} {
		text, err := os.ReadFile(filepath.Join("testdata", "schema-7", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	err = s.Read(t.Context(), func(tx *Tx) error {
		for id, want := range map[string]struct {
			state  lifecycle.State
			hold   lifecycle.StallReason
			mayRun bool
		}{
			"poor":    {registrar.NeedsAction, lifecycle.NoFunds, false},
			"queued":  {registrar.NeedsAction, lifecycle.NoFunds, true},
			"barred":  {registrar.NeedsAction, lifecycle.AuthFailed, false},
			"at-work": {registrar.Accepted, lifecycle.NotStalled, true},
			"fresh":   {registrar.Queued, lifecycle.NotStalled, false},
		} {
			r, err := tx.Requests.Get(id)
			if err != nil {
				return err
			}

			if r.State != want.state || r.Stall != want.hold || r.MayRun != want.mayRun || r.Releasable {
				t.Errorf("%s is %s (%s), may run %v, releasable %v", id, r.State, r.Stall, r.MayRun, r.Releasable)
			}

			released := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: lifecycle.FromRelease, Event: lifecycle.Released})
			if _, ok := released.Decision(); ok {
				t.Errorf("%s would be sent again without a person", id)
			}

			decided := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: lifecycle.FromPerson, Event: lifecycle.Resend})
			if _, ok := decided.Decision(); ok != (want.hold != lifecycle.NotStalled) {
				t.Errorf("%s: a person may send it again: %v", id, ok)
			}
		}

		if e, err := tx.Reviews.Get("rv-old"); err != nil || e.Why != "" || e.Request != "" || !e.ResolvedAt.IsZero() {
			t.Errorf("the review entry is %+v, %v", e, err)
		}
		if m, err := tx.Mails.Get("in-old"); err != nil || !m.Received.IsZero() || !m.DueAt.IsZero() {
			t.Errorf("the mail is %+v, %v", m, err)
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
