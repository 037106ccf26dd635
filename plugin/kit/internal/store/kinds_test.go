package store

import (
	"errors"
	"strings"
	"testing"

	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// carriedOut has an order of a kind for a domain carried out.
func carriedOut(t *testing.T, s *Store, k registrar.OperationKind, c Change) registrar.Operation {
	t.Helper()
	id := registrar.OrderID("o-" + string(k))
	op, err := s.Submit(t.Context(), registrar.Order{ID: id, Kind: k, Domain: "a.com", Customer: "c1"}, string(k)+" a.com", "")
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), one(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Conclude(t.Context(), claimed, Move{Cause: life.Finished, Message: "done", Actor: "registrar", Change: c}); err != nil {
		t.Fatal(err)
	}
	return op
}

// Each kind leaves its trace in the domain's record, and a code is kept, sealed, until it is erased.
func TestKindsChangeTheRecord(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), true)
	if _, err := s.Import(t.Context(), registrar.Domain{Name: "a.com", Customer: "c1", Status: registrar.StatusRegistered, Renewal: registrar.RenewManual}, "ann"); err != nil {
		t.Fatal(err)
	}
	shows := func(k registrar.OperationKind, status registrar.DomainStatus, locked bool) {
		t.Helper()
		carriedOut(t, s, k, Change{})
		if d, err := s.Domain(t.Context(), "a.com"); err != nil || d.Status != status || d.Locked != locked {
			t.Errorf("after %s it is %s, locked %v: %v", k, d.Status, d.Locked, err)
		}
	}

	shows(registrar.KindLock, registrar.StatusRegistered, true)
	shows(registrar.KindUnlock, registrar.StatusRegistered, false)
	shows(registrar.KindTrade, registrar.StatusRegistered, false)
	_, err := s.Submit(t.Context(), registrar.Order{ID: "early", Kind: registrar.KindRestore, Domain: "a.com"}, "", "")
	if !errors.Is(err, registrar.Precondition) {
		t.Errorf("a domain that is held is restored: %v", err)
	}

	op := carriedOut(t, s, registrar.KindAuthCode, Change{AuthCode: "CANARY-9"})
	if code, err := s.TransferCode(t.Context(), op.ID); err != nil || code != "CANARY-9" {
		t.Errorf("the code is %q, %v", string(code), err)
	}
	told, err := s.Operation(t.Context(), op.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range told.History {
		if strings.Contains(step.Message, "CANARY") {
			t.Errorf("a step tells it: %+v", step)
		}
	}

	done, err := s.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"})
	if err != nil || len(done.Removed) != 1 || done.Removed[0].Count != 1 {
		t.Errorf("erased %+v, %v", done.Removed, err)
	}
	if _, err := s.TransferCode(t.Context(), op.ID); !errors.Is(err, registrar.Precondition) {
		t.Errorf("an erased code: %v", err)
	}

	shows(registrar.KindDelete, registrar.StatusDeleted, false)
	shows(registrar.KindRestore, registrar.StatusRegistered, false)
}
