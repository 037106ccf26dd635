package manual

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/plugin/kit"
	"registrar.panel/shared/registrar"
)

// started opens a plugin on a directory; it is drained at the end of the test.
func started(t *testing.T, dir, lookup, confirm string, create bool) *kit.Registrar {
	t.Helper()

	p := New(slog.New(slog.DiscardHandler))
	c, err := json.Marshal(map[string]string{"lookup": lookup, "confirm": confirm, "store": storeOf(t, dir, create)})
	if err != nil {
		t.Fatal(err)
	}

	if err := p.Configure(t.Context(), registrar.Settings{Config: c, DataDir: dir, Create: create}); err != nil {
		t.Fatal(err)
	}
	r, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})

	return r.(*kit.Registrar)
}

// The same tests hold on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.Again(t, pgtest.Suite{Skip: []string{"TestConformance", "TestBooksAreTakenOver", "TestBookWithEverything"}})
}

// storeOf is where the plugin on a directory keeps its state, again after a restart.
func storeOf(t *testing.T, dir string, create bool) string {
	t.Helper()

	note := filepath.Join(dir, "server")

	if create {
		url := pgtest.Database(t)
		if url == "" {
			url = "sqlite"
		}
		if err := os.WriteFile(note, []byte(url), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	url, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) { // it was there before the test
		return "sqlite"
	}

	if err != nil {
		t.Fatal(err)
	}

	return string(url)
}

func order(id, domain string, kind registrar.OperationKind) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: kind, Domain: domain, Customer: "c1",
		Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"name": {"CANARY Sidorov"}, "emails": {"s@example.com"}}},
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}}}
}

func submit(t *testing.T, p *kit.Registrar, o registrar.Order) registrar.Operation {
	t.Helper()
	op, err := p.Submit(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func resolve(t *testing.T, p *kit.Registrar, id registrar.OperationID, v registrar.Verdict) registrar.Operation {
	t.Helper()
	op, err := p.Operation(t.Context(), id)
	if err == nil {
		op, err = p.Resolve(t.Context(), registrar.Decision{Operation: id, Version: op.Version, Verdict: v, By: "olga"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// ended waits until an operation has ended, of which the events tell.
func ended(t *testing.T, p *kit.Registrar, id registrar.OperationID) registrar.Operation {
	t.Helper()
	for e, err := range p.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Operation == id && e.State.Final() {
			break
		}
	}
	op, err := p.Operation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func status(t *testing.T, p *kit.Registrar, name string) registrar.Domain {
	t.Helper()
	d, err := p.Domain(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestStaffDecide(t *testing.T) {
	t.Parallel()

	p := started(t, t.TempDir(), "always_available", "operator", true)
	op := submit(t, p, order("o1", "example.com", registrar.KindRegister))
	if op.State != registrar.NeedsAction || op.WaitsFor == "" {
		t.Errorf("begun as %+v", op)
	}

	if d := status(t, p, "example.com"); d.Status != registrar.StatusRegistering || d.Operation == nil {
		t.Errorf("the domain is %+v", d)
	}
	if op = resolve(t, p, op.ID, registrar.VerdictDone); op.State != registrar.Succeeded {
		t.Errorf("resolved as %+v", op)
	}

	d := status(t, p, "example.com")
	if d.Status != registrar.StatusRegistered || d.Operation != nil || d.PaidTill.IsZero() {
		t.Errorf("the domain is %+v", d)
	}

	renewal := registrar.Order{ID: "o2", Kind: registrar.KindRenew, Domain: "example.com", PaidTill: d.PaidTill}
	resolve(t, p, submit(t, p, renewal).ID, registrar.VerdictDone)

	if got := status(t, p, "example.com").PaidTill; got != d.PaidTill.AddYears(1) {
		t.Errorf("renewed till %s, from %s", got, d.PaidTill)
	}

	failed := submit(t, p, order("o3", "refused.com", registrar.KindRegister))
	resolve(t, p, failed.ID, registrar.VerdictFailed)

	if d := status(t, p, "refused.com"); d.Status != registrar.StatusError {
		t.Errorf("the refused domain is %s", d.Status)
	}

	open := submit(t, p, order("o4", "open.com", registrar.KindRegister))
	for _, v := range []registrar.Verdict{registrar.VerdictResend, registrar.VerdictCancel} { // nothing is ever sent, or waits to be
		if _, err := p.Resolve(t.Context(), registrar.Decision{Operation: open.ID, Version: open.Version, Verdict: v, By: "olga"}); !errors.Is(err, registrar.Precondition) {
			t.Errorf("%s: %v", v, err)
		}
	}

	again := registrar.Decision{Operation: failed.ID, Version: failed.Version, Verdict: registrar.VerdictDone, By: "olga"}
	if _, err := p.Resolve(t.Context(), again); !errors.Is(err, registrar.Conflict) || !strings.Contains(err.Error(), "Failed now, by olga") {
		t.Errorf("deciding twice: %v", err)
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	p := started(t, t.TempDir(), "always_available", "at_once", true)
	op := submit(t, p, order("o1", "example.com", registrar.KindRegister))
	if op = ended(t, p, op.ID); op.State != registrar.Succeeded {
		t.Errorf("not done by itself: %+v", op)
	}
	d := status(t, p, "example.com")
	renewal := registrar.Order{ID: "o2", Kind: registrar.KindRenew, Domain: "example.com", PaidTill: d.PaidTill}
	ended(t, p, submit(t, p, renewal).ID)
	if got := status(t, p, "example.com").PaidTill; got != d.PaidTill.AddYears(1) {
		t.Errorf("renewed till %s, from %s", got, d.PaidTill)
	}
}

func TestRepeatingAnOrder(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := started(t, dir, "always_available", "operator", true)
	first := submit(t, p, order("o1", "example.com", registrar.KindRegister))
	for range 10 {
		if again := submit(t, p, order("o1", "example.com", registrar.KindRegister)); again.ID != first.ID {
			t.Fatalf("another operation: %s", again.ID)
		}
	}

	if _, err := p.Submit(t.Context(), order("o1", "other.com", registrar.KindRegister)); !errors.Is(err, registrar.Conflict) {
		t.Errorf("the same OrderID for another domain: %v", err)
	}
	if _, err := p.Submit(t.Context(), order("o2", "example.com", registrar.KindRegister)); !errors.Is(err, registrar.Precondition) {
		t.Errorf("a second order for a domain under way: %v", err)
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	again := started(t, dir, "always_available", "operator", false)
	if op := submit(t, again, order("o1", "example.com", registrar.KindRegister)); op.ID != first.ID {
		t.Errorf("after a restart the order became %s", op.ID)
	}
}

func TestEventsResume(t *testing.T) {
	t.Parallel()

	p := started(t, t.TempDir(), "always_available", "operator", true)
	for _, o := range []registrar.Order{order("o1", "one.com", registrar.KindRegister), order("o2", "two.com", registrar.KindRegister)} {
		resolve(t, p, submit(t, p, o).ID, registrar.VerdictDone)
	}

	read := func(after registrar.Cursor, n int) (cursors []registrar.Cursor) {
		for e, err := range p.Events(t.Context(), after) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Domain == nil || e.Operation == "" || e.Order == "" {
				t.Errorf("event %+v", e)
			}
			if cursors = append(cursors, e.Cursor); len(cursors) == n {
				break
			}
		}

		return cursors
	}
	if got := read(0, 4); !slices.Equal(got, []registrar.Cursor{1, 2, 3, 4}) {
		t.Errorf("cursors %v", got)
	}

	if got := read(2, 2); !slices.Equal(got, []registrar.Cursor{3, 4}) {
		t.Errorf("after 2: %v", got)
	}
}

func TestCheckAnswers(t *testing.T) {
	t.Parallel()
	for lookup, want := range map[string]registrar.AvailabilityStatus{"always_available": registrar.Available, "always_taken": registrar.Taken} {
		p := started(t, t.TempDir(), lookup, "at_once", true)
		ended(t, p, submit(t, p, order("o1", "mine.com", registrar.KindRegister)).ID)
		got, err := p.Check(t.Context(), []string{"free.com", "mine.com", "no name"})
		if err != nil || len(got) != 3 || got[0].Status != want || got[1].Status != registrar.Taken || got[2].Status != registrar.NameInvalid {
			t.Errorf("%s: %+v, %v", lookup, got, err)
		}
	}
}

func TestInvalidOrders(t *testing.T) {
	t.Parallel()

	p := started(t, t.TempDir(), "always_available", "operator", true)
	for path, change := range map[string]func(o *registrar.Order){
		"domain":            func(o *registrar.Order) { o.Domain = "Example.com" },
		"kind":              func(o *registrar.Order) { o.Kind = "steal" },
		"customer":          func(o *registrar.Order) { o.Customer = "" },
		"contact":           func(o *registrar.Order) { o.Registrant = nil },
		"contact.name":      func(o *registrar.Order) { delete(o.Registrant.Fields, "name") },
		"contact.emails[0]": func(o *registrar.Order) { o.Registrant.Fields["emails"] = []string{"nobody"} },
		"nameservers[0]":    func(o *registrar.Order) { o.Nameservers[0].Host = "-" },
		"auth_code":         func(o *registrar.Order) { o.Kind = registrar.KindTransfer },
	} {
		o := order("o1", "example.com", registrar.KindRegister)
		change(&o)
		_, err := p.Submit(t.Context(), o)
		var refusal *registrar.Error
		if !errors.As(err, &refusal) || !slices.ContainsFunc(refusal.Problems, func(p registrar.Problem) bool { return p.Path == path }) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestPersonalDataAreSealed(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := started(t, dir, "always_available", "operator", true)
	submit(t, p, order("o1", "example.com", registrar.KindRegister))

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}

	for _, f := range files {
		if text, err := os.ReadFile(f); err != nil || strings.Contains(string(text), "CANARY") {
			t.Errorf("%s shows the registrant, or %v", filepath.Base(f), err)
		}
	}

	server := storeOf(t, dir, false)
	if server == "sqlite" {
		return
	}

	if text := string(pgtest.Dump(t, server)); strings.Contains(text, "CANARY") || !strings.Contains(text, "example.com") {
		t.Errorf("the server shows the registrant, or nothing:\n%s", text)
	}
}
