package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

var today = policy.Today(noon)

// A store of the first version, with rows that refer to requests, is migrated whole.
func TestMigrationKeepsRequests(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	first, err := embedded.ReadFile("migrations/00001_start.sql")
	if err != nil {
		t.Fatal(err)
	}

	old, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(dir, "r01.db"), Create: true,
		Migrations: fstest.MapFS{"00001_start.sql": {Data: first}}})
	if err != nil {
		t.Fatal(err)
	}

	makeKey(t, dir)
	box, err := seal.OpenBox(filepath.Join(dir, "r01.key"), false)
	if err != nil {
		t.Fatal(err)
	}

	err = old.Write(t.Context(), func(tx *sql.Tx) error {
		for _, statement := range []string{
			`insert into requests (id, kind, agreement, object, base, state, hold, message_id, token, sealed_body, created_at, due_at, updated_at)
				values ('r', 'prolong', 'A', 'a.ru', '2027-01-01', 'Uncertain', 'no_answer', 'm', 't', x'00', 1, 2, 3)`,
			`insert into attempts (request, attempt, claimed_at, outcome) values ('r', 1, 4, 'accepted')`,
			`insert into operations (id, digest, kind, domain, customer, request, state, sealed_order, created_at, updated_at)
				values ('o', 'd', 'renew', 'a.ru', 'c', 'r', 'Uncertain', x'00', 1, 2)`,
			`insert into mails (id, direction, hash, request, at, state, sealed_raw) values ('m', 'out', 'h', 'r', 1, 'sent', x'00')`,
		} {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				return err
			}
		}

		for _, sealed := range []struct{ set, context string }{
			{"update requests set sealed_body = $1", "requests|r"}, {"update operations set sealed_order = $1", "operations|o"}, {"update mails set sealed_raw = $1", "mails|m"},
		} {
			if _, err := tx.ExecContext(t.Context(), sealed.set, box.Seal([]byte("{}"), sealed.context)); err != nil {
				return err
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	write(t, s, func(tx *Tx) error {
		r, err := tx.Requests.Get("r")
		if err != nil || r.Stall != lifecycle.NoAnswer || r.Base.String() != "2027-01-01" || r.DueAt.UnixMilli() != 2 {
			t.Errorf("the request is %+v, %v", r, err)
		}
		if ops, err := tx.Operations.Of("r"); err != nil || len(ops) != 1 {
			t.Errorf("its operations: %+v, %v", ops, err)
		}
		return err
	})

	// References are held again, and a domain's expiry is still asked for once only.
	for _, wrong := range []string{
		"insert into attempts (request, attempt, claimed_at) values ('nobody', 1, 1)",
		"delete from requests where id = 'r'",
		`insert into requests (id, kind, agreement, object, base, state, message_id, token, sealed_body, created_at, due_at, updated_at)
			values ('r2', 'prolong', 'A', 'a.ru', '2027-01-01', 'Accepted', 'm2', 't2', x'00', 1, 2, 3)`,
		`insert into requests (id, kind, agreement, object, state, hold, message_id, token, sealed_body, created_at, due_at, updated_at)
			values ('r3', 'prolong', 'A', 'b.ru', 'NeedsAction', 'unheard_of', 'm3', 't3', x'00', 1, 2, 3)`,
	} {
		if err := s.Write(t.Context(), func(tx *Tx) error { return tx.exec(wrong) }); err == nil {
			t.Errorf("accepted: %s", wrong)
		}
	}
}

// makeKey gives a directory a key, as a store that was opened before has one.
func makeKey(t *testing.T, dir string) {
	t.Helper()
	other := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: other, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(other, "r01.key"), filepath.Join(dir, "r01.key")); err != nil {
		t.Fatal(err)
	}
}

// drawn is a domain as chance has it, with what stands in the way of its renewal.
type drawn struct {
	left      int
	status    registrar.DomainStatus
	mode      registrar.RenewalMode
	open      registrar.OperationKind // "" = none
	asked     bool                    // before, and it failed
	early     int                     // so many days ago it was refused as too early; 0 = for good
	off       int                     // days by which the expiry was another one when it was asked for
	planned   bool
	begun     bool
	announced policy.Threshold
}

func drawDomain(t *rapid.T) drawn {
	return drawn{
		left:      rapid.IntRange(-35, 65).Draw(t, "left"),
		status:    rapid.SampledFrom([]registrar.DomainStatus{registrar.StatusRegistered, registrar.StatusExpired, registrar.StatusTransferredAway}).Draw(t, "status"),
		mode:      rapid.SampledFrom(registrar.RenewalModes()).Draw(t, "mode"),
		open:      rapid.SampledFrom([]registrar.OperationKind{"", "", registrar.KindRenew, registrar.KindUpdate}).Draw(t, "open"),
		asked:     rapid.IntRange(0, 3).Draw(t, "asked") == 0,
		early:     rapid.SampledFrom([]int{0, 0, -100, 1, 4, 5, 6, 100}).Draw(t, "early"),
		off:       rapid.SampledFrom([]int{0, 0, -200, -30, -2, -1, 1, 30, 200, 300, 365, -365}).Draw(t, "off"),
		planned:   rapid.IntRange(0, 3).Draw(t, "planned") == 0,
		begun:     rapid.IntRange(0, 3).Draw(t, "begun") == 0,
		announced: rapid.SampledFrom(append([]policy.Threshold{policy.Never}, policy.Thresholds()...)).Draw(t, "announced"),
	}
}

func (d drawn) store(tx *Tx, name string) error {
	till := today.AddDays(d.left)
	err := tx.Domains.Put(registrar.Domain{Name: name, Status: d.status, Renewal: d.mode, PaidTill: till}, noon)
	if err == nil && d.planned {
		err = tx.exec("insert into planned (domain, base, planned_at, begun) values ($1, $2, 0, $3)", name, till.String(), d.asked && d.begun)
	}

	if err == nil && d.announced != policy.Never {
		err = tx.Renewals.Announced(Plan{name, till}, d.announced, noon)
	}

	if err == nil && d.asked {
		r := Request{ID: "old-" + name, Kind: lifecycle.Prolong, Agreement: "A", Object: name, Base: till.AddDays(d.off), MessageID: "old-" + name, Token: "old-" + name, CreatedAt: noon, DueAt: noon}
		if r, err = tx.Requests.Add(r, nil); err == nil {
			refused, _ := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: lifecycle.FromQueue, Event: lifecycle.Unneeded}).Decision()
			_, err = tx.Requests.Advance(&r, refused, Change{At: noon})
		}
		if err == nil && d.early != 0 {
			err = tx.Renewals.SetEarly(r.ID, today.AddDays(-d.early).In(policy.Zone()))
		}
	}

	if err == nil && d.open != "" {
		err = tx.Operations.Add(Operation{Operation: registrar.Operation{ID: registrar.OperationID("op-" + name), Kind: d.open, Domain: name, State: registrar.Sent}}, nil, Change{At: noon})
	}

	return err
}

// What the statements do to all domains is what the policy decides on each.
func TestStatementsAgreeWithPolicy(t *testing.T) {
	t.Parallel()

	s := open(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		settings := policy.Settings{Before: rapid.IntRange(1, policy.Opens).Draw(rt, "before"), R01: rapid.IntRange(0, 9).Draw(rt, "r01") == 0}
		all := rapid.SliceOfN(rapid.Custom(drawDomain), 1, 12).Draw(rt, "domains")
		round++
		var begin, announced []string
		var planned []Plan
		undo := fmt.Errorf("undo")
		err := s.Write(t.Context(), func(tx *Tx) error {
			for i, d := range all {
				if err := d.store(tx, fmt.Sprintf("d%d-%d.ru", round, i)); err != nil {
					return err
				}
			}

			before, err := tx.Renewals.Planned("A", noon, 100)
			if err != nil {
				return err
			}

			domains, err := tx.Renewals.Within("A", policy.Open(today))
			if err != nil {
				return err
			}

			for _, d := range domains {
				switch decided := settings.Decide(d, today, ""); {
				case decided.Begin:
					begin = append(begin, d.Name)
				case decided.Action == registrar.RenewalAnnounce:
					announced = append(announced, fmt.Sprint(d.Name, decided.Threshold))
				}
			}

			if _, err := tx.Renewals.Plan(settings.Due(today), noon); err != nil {
				return err
			}
			if planned, err = tx.Renewals.Planned("A", noon, 100); err != nil {
				return err
			}

			planned = slices.DeleteFunc(planned, func(p Plan) bool { return slices.Contains(before, p) })
			if again, err := tx.Renewals.Plan(settings.Due(today), noon); err != nil || again != 0 {
				rt.Fatalf("planning again planned %d, %v", again, err)
			}

			var told []string
			for _, b := range policy.Bands(today) {
				list, err := tx.Renewals.Unannounced(b)
				if err != nil {
					return err
				}
				for _, p := range list {
					told = append(told, fmt.Sprint(p.Domain, b.Threshold))
				}
			}

			slices.Sort(told)
			slices.Sort(announced)

			if !slices.Equal(told, announced) {
				rt.Fatalf("the statement announces %v, the policy %v", told, announced)
			}

			return undo
		})
		if !errors.Is(err, undo) {
			rt.Fatal(err)
		}

		var names []string
		for _, p := range planned {
			names = append(names, p.Domain)
		}

		slices.Sort(names)
		slices.Sort(begin)

		if !slices.Equal(names, begin) {
			rt.Fatalf("the statement plans %v, the policy begins %v", names, begin)
		}
	})
}
