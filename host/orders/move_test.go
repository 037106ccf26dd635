package orders

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// keeper is a registrar that keeps domains and notes what a move asks it to do.
type keeper struct {
	registrartest.Powerless
	fake
	name    string
	can     []registrar.Capability
	domains map[string]registrar.Domain
	asked   []string
	fail    map[string]error // by what is asked
}

func newKeeper(name string, can ...registrar.Capability) *keeper {
	return &keeper{name: name, can: can, domains: map[string]registrar.Domain{}, fail: map[string]error{}}
}

func (k *keeper) note(what string) error {
	k.asked = append(k.asked, what)
	return k.fail[what]
}

func (k *keeper) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	return k.Powerless.TransferCode(ctx, id)
}

func (k *keeper) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: k.name, Capabilities: k.can}, k.fail["describe"]
}

func (k *keeper) Domain(_ context.Context, name string) (registrar.Domain, error) {
	d, ok := k.domains[name]
	if !ok {
		return d, registrar.Errorf(registrar.NotFound, "domain %s is not known here", name)
	}
	return d, k.fail["domain"]
}

func (k *keeper) SetRenewal(_ context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	if err := k.note(string(mode)); err != nil {
		return registrar.Domain{}, err
	}
	d := k.domains[name]
	d.Renewal = mode
	k.domains[name] = d
	return d, nil
}

func (k *keeper) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	if err := k.note("import " + i.Handle + " " + i.PaidTill.String() + " for " + i.Customer); err != nil {
		return registrar.Domain{}, err
	}
	d := registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, PaidTill: i.PaidTill, Status: registrar.StatusRegistered, Renewal: registrar.RenewManual}
	k.domains[i.Domain] = d
	return d, nil
}

const moving = "example.ru"

var expiry = registrar.Date{Year: 2027, Month: 3, Day: 1}

// moveBook has a domain with the keeper r01, which renews it, and the keeper m, which can
// take it over and renew it.
func moveBook(t *testing.T) (b *book, from, to *keeper) {
	t.Helper()
	b = newBook(t)
	b.have(moving)
	from = newKeeper("r01", registrar.CapRenewals, registrar.CapHandles)
	from.domains[moving] = b.mustDomain(moving).Domain
	to = newKeeper("m", registrar.CapRenewals, registrar.CapHandles)
	b.registrars.set("r01", from)
	b.registrars.set("m", to)
	return b, from, to
}

func move() Move { return Move{Domain: moving, To: "m", By: "olga"} }

func TestMoveDomain(t *testing.T) {
	t.Parallel()

	b, from, to := moveBook(t)
	d, changed, err := b.MoveDomain(t.Context(), Move{Domain: "EXAMPLE.ru.", To: "m", By: "olga", Handle: "H-2"})
	if err != nil || !changed || d.Registrar != "m" || d.Handle != "H-2" || d.Renewal != registrar.RenewAuto {
		t.Fatalf("moved %+v, %v, %v", d, changed, err)
	}

	if !slices.Equal(from.asked, []string{"manual"}) || !slices.Equal(to.asked, []string{"import H-2 2027-03-01 for c1", "auto"}) {
		t.Errorf("the source was asked %q, the target %q", from.asked, to.asked)
	}
	if kept := b.mustDomain(moving); kept.Registrar != "m" || kept.Handle != "H-2" || kept.Renewal != registrar.RenewAuto {
		t.Errorf("listed as %+v", kept)
	}

	entries := b.entries(moving)
	if e := entries[len(entries)-1]; e.Actor != "olga" || e.Event != registrar.EventDecision || e.Message != "moved from registrar r01 to m" || e.Level != registrar.LevelInfo {
		t.Errorf("the log says %+v", e)
	}

	if _, changed, err := b.MoveDomain(t.Context(), move()); err != nil || changed {
		t.Errorf("again: changed %v, %v", changed, err)
	}

	// What the source says from now on is told, and believed no more.
	b.during(func() {
		b.fake.tell(registrar.Event{Type: registrar.EventDomain, Message: "late word", Name: moving,
			Domain: &registrar.Domain{Name: moving, Customer: "c1", Status: registrar.StatusDeleted}})
		b.until("the word in the log", func() bool {
			entries := b.entries(moving)
			return entries[len(entries)-1].Message == "late word"
		})
	})

	if kept := b.mustDomain(moving); kept.Registrar != "m" || kept.Status != registrar.StatusRegistered {
		t.Errorf("the source's word changed it: %+v", kept)
	}

	// A renewal goes to the target.
	b.registrars.set("m", &fake{})
	if o := b.place(NewOrder{Kind: registrar.KindRenew, Domain: moving}); o.Registrar != "m" {
		t.Errorf("a renewal goes to %s", o.Registrar)
	}
}

// A target that knows the domain takes nothing over, and its record is the one shown.
func TestMoveToOneThatKnowsTheDomain(t *testing.T) {
	t.Parallel()
	b, _, to := moveBook(t)
	to.can = nil
	to.domains[moving] = registrar.Domain{Name: moving, Status: registrar.StatusRegistered, PaidTill: expiry.AddYears(1), Renewal: registrar.RenewManual}
	d, changed, err := b.MoveDomain(t.Context(), move())
	if err != nil || !changed || d.PaidTill != expiry.AddYears(1) || d.Customer != "c1" {
		t.Fatalf("moved %+v, %v, %v", d, changed, err)
	}
	if len(to.asked) != 0 {
		t.Errorf("the target was asked %q", to.asked)
	}
	entries := b.entries(moving)
	if e := entries[len(entries)-1]; e.Level != registrar.LevelWarning || !strings.Contains(e.Message, "which does not renew it by itself") {
		t.Errorf("nobody is told that nothing renews it: %+v", e)
	}
}

// Refusals before anything is changed: neither registrar is told anything.
func TestMoveIsRefused(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		reason string
		spoil  func(b *book, m *Move, from, to *keeper)
		code   registrar.Code
		says   string
	}{
		{"nobody decides", func(_ *book, m *Move, _, _ *keeper) { m.By = " " }, registrar.Invalid, "by: is required"},
		{"unknown domain", func(_ *book, m *Move, _, _ *keeper) { m.Domain = "other.ru" }, registrar.NotFound, "there is no domain other.ru"},
		{"target of another TLD", func(_ *book, m *Move, _, _ *keeper) { m.To = "gone" }, registrar.Invalid, `to: "gone" is no registrar that serves .ru`},
		{"target down", func(b *book, _ *Move, _, _ *keeper) { delete(b.registrars.at, "m") }, registrar.Unavailable, "registrar m is down"},
		{"source down", func(b *book, _ *Move, _, to *keeper) { delete(b.registrars.at, "r01") }, registrar.Unavailable, "or two registrars might be paid"},
		{"open order", func(b *book, _ *Move, _, _ *keeper) {
			b.registrars.set("r01", &fake{})
			b.place(NewOrder{Kind: registrar.KindRenew, Domain: moving})
		}, registrar.Precondition, "has an open order"},
		{"open operation with the source", func(_ *book, _ *Move, from, _ *keeper) {
			d := from.domains[moving]
			d.Operation = &registrar.Operation{ID: "op-7", Kind: registrar.KindRenew, State: registrar.Sent}
			from.domains[moving], from.can = d, nil
		}, registrar.Precondition, "has an open operation with registrar r01, op-7 (renew, Sent)"},
		{"open operation with the target", func(_ *book, _ *Move, _, to *keeper) {
			to.domains[moving] = registrar.Domain{Name: moving, Status: registrar.StatusRegistered, Operation: &registrar.Operation{ID: "op-8"}}
		}, registrar.Precondition, "has an open operation with registrar m, op-8"},
		{"the target does not hold it", func(_ *book, _ *Move, _, to *keeper) {
			to.domains[moving] = registrar.Domain{Name: moving, Status: registrar.StatusTransferring}
		}, registrar.Precondition, "is Transferring with registrar m"},
		{"another customer's", func(_ *book, _ *Move, _, to *keeper) {
			to.domains[moving] = registrar.Domain{Name: moving, Customer: "c2", Status: registrar.StatusRegistered}
		}, registrar.Precondition, "for another customer, c2"},
		{"a target that takes nothing over", func(_ *book, _ *Move, _, to *keeper) { to.can = nil }, registrar.Precondition, "can't take over a domain"},
		{"a target that can't be asked", func(_ *book, _ *Move, _, to *keeper) {
			to.fail["describe"] = registrar.Errorf(registrar.Unavailable, "no answer")
		}, registrar.Unavailable, "no answer"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			b, from, to := moveBook(t)
			m := move()
			test.spoil(b, &m, from, to)
			_, changed, err := b.MoveDomain(t.Context(), m)
			wantCode(t, err, test.code, test.says)
			if changed || len(from.asked)+len(to.asked) > 0 || b.mustDomain(moving).Registrar != "r01" {
				t.Errorf("changed %v; the source was asked %q, the target %q", changed, from.asked, to.asked)
			}
		})
	}
}

func TestMoveNeedsARegisteredDomain(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.place(request(moving))
	_, _, err := b.MoveDomain(t.Context(), move())
	wantCode(t, err, registrar.Precondition, "is Pending")
}

// A source that does not stop renewing keeps the domain, and the target hears nothing.
func TestMoveNeedsASourceThatStops(t *testing.T) {
	t.Parallel()
	b, from, to := moveBook(t)
	from.fail["manual"] = registrar.Errorf(registrar.Internal, "the store is broken")
	_, _, err := b.MoveDomain(t.Context(), move())
	wantCode(t, err, registrar.Internal, "tell registrar r01 to renew the domain no longer: the store is broken")
	if len(to.asked) > 0 || b.mustDomain(moving).Registrar != "r01" {
		t.Errorf("the target was asked %q", to.asked)
	}
}

// Failed and did not happen, failed but did happen: after a restart the move is repeated,
// and ends with the mode of renewal that the source had at first.
func TestMoveIsRepeatedAfterAFault(t *testing.T) {
	t.Parallel()

	const taken = "import H-1 2027-03-01 for c1"
	for _, happened := range []bool{false, true} {
		b, from, to := moveBook(t)
		to.fail[taken] = registrar.Errorf(registrar.Unavailable, "it went away")

		if happened {
			to.fail[taken], to.fail["auto"] = nil, registrar.Errorf(registrar.Unavailable, "it went away")
		}

		_, changed, err := b.MoveDomain(t.Context(), move())
		wantCode(t, err, registrar.Unavailable, "it went away; the domain stays with r01, where its renewal is manual now: repeat the move")
		if d := b.mustDomain(moving); changed || d.Registrar != "r01" || from.domains[moving].Renewal != registrar.RenewManual {
			t.Errorf("changed %v: %+v", changed, d)
		}

		clear(to.fail)
		b.restart()
		d, changed, err := b.MoveDomain(t.Context(), move())
		if err != nil || !changed || d.Registrar != "m" || d.Renewal != registrar.RenewAuto {
			t.Errorf("repeated: %+v, %v, %v", d, changed, err)
		}

		imports := slices.DeleteFunc(to.asked, func(s string) bool { return s != taken })
		if want := map[bool]int{false: 2, true: 1}[happened]; len(imports) != want {
			t.Errorf("taken over %d times, want %d", len(imports), want)
		}
	}
}

// Who chooses a mode between two tries is not overruled by what the first found.
func TestChosenModeReplacesTheRememberedOne(t *testing.T) {
	t.Parallel()
	b, _, to := moveBook(t)
	to.fail["import H-1 2027-03-01 for c1"] = errors.New("broken")
	if _, _, err := b.MoveDomain(t.Context(), move()); err == nil {
		t.Fatal("moved")
	}
	clear(to.fail)
	if _, err := b.SetRenewal(t.Context(), moving, registrar.RenewManual); err != nil {
		t.Fatal(err)
	}
	d, _, err := b.MoveDomain(t.Context(), move())
	if err != nil || d.Renewal != registrar.RenewManual {
		t.Errorf("moved %+v, %v", d, err)
	}
}

// orderer places an order on the domain while the target is asked.
type orderer struct {
	*keeper
	meanwhile func()
}

func (o orderer) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	o.meanwhile()
	return o.keeper.ImportDomain(ctx, i)
}

// An order that comes in between is not lost on the way: the list is not changed.
func TestMoveSeesAnOrderThatComesMeanwhile(t *testing.T) {
	t.Parallel()
	b, from, to := moveBook(t)
	b.registrars.set("m", orderer{to, func() {
		b.registrars.set("r01", &fake{})
		b.place(NewOrder{Kind: registrar.KindRenew, Domain: moving})
		b.registrars.set("r01", from)
	}})
	_, changed, err := b.MoveDomain(t.Context(), move())
	wantCode(t, err, registrar.Precondition, "has an open order")
	if changed || b.mustDomain(moving).Registrar != "r01" {
		t.Error("the domain was moved away from under an order")
	}
}

// The other way round: an order whose validation is overtaken by a move is refused.
func TestOrderSeesAMoveThatComesMeanwhile(t *testing.T) {
	t.Parallel()
	b, from, _ := moveBook(t)
	slow := &fake{validate: func(registrar.Order) []registrar.Problem {
		b.registrars.set("r01", from)
		if _, changed, err := b.MoveDomain(t.Context(), move()); err != nil || !changed {
			t.Errorf("changed %v, %v", changed, err)
		}
		return nil
	}}
	b.registrars.set("r01", slow)
	_, err := b.Place(t.Context(), NewOrder{Kind: registrar.KindRenew, Domain: moving})
	wantCode(t, err, registrar.Precondition, "has been moved to registrar m meanwhile")
}

// Another default for a TLD is for new domains; those that exist keep their registrar.
func TestNewDefaultLeavesExistingDomains(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have(moving)
	b.route = func(string) (string, bool) { return "m", true }
	b.registrars.set("m", &fake{})
	b.restart()
	if o := b.place(request("new.ru")); o.Registrar != "m" {
		t.Errorf("a new domain goes to %s", o.Registrar)
	}
	if o := b.place(NewOrder{Kind: registrar.KindRenew, Domain: moving}); o.Registrar != "r01" || b.mustDomain(moving).Registrar != "r01" {
		t.Errorf("a renewal goes to %s", o.Registrar)
	}
}
