package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// limited is a gate with a spending limit, and renewals that are due.
func limited(t *testing.T, b engine.Brake, due int) *gate {
	g := newGate(t)
	for i := range due {
		g.own(fmt.Sprintf("a%d.ru", i), 10+i, registrar.RenewAuto)
	}
	s := testSettings()
	s.Brake = b
	g.restart(s)
	return g
}

// What customers have paid for goes before renewals of the schedule, which leave it a reserve; of
// these the most urgent go first. All of it stays within the limit.
func TestCustomersGoFirst(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	before := len(g.relay.taken)
	for i := range 12 {
		g.own(fmt.Sprintf("a%02d.ru", i), 10+i, registrar.RenewAuto)
	}
	s := testSettings()
	s.Brake = engine.Brake{PerHour: 5, PerDay: 100, Reserve: 0.2}
	g.clock = g.clock.Add(2 * time.Hour)
	g.restart(s)
	g.renew()
	if got := len(g.relay.taken) - before; got != 4 {
		t.Fatalf("%d renewals went, want all but the reserve", got)
	}

	first, second := g.submit(registration("o-third", "third.ru")), g.submit(registration("o-fourth", "fourth.ru"))
	g.send()
	if got := field(t, g.relay.taken[len(g.relay.taken)-1], "domain"); len(g.relay.taken)-before != 5 || got != "third.ru" {
		t.Errorf("%d mails, the last about %s", len(g.relay.taken)-before, got)
	}
	if op := g.operation(first.ID); op.State != registrar.Sent {
		t.Errorf("the first is %s", op.State)
	}
	held := g.operation(second.ID)
	if held.State != registrar.Queued || !strings.Contains(held.WaitsFor, "spending limit") || !strings.Contains(held.WaitsFor, "UTC") {
		t.Errorf("the second is %s and waits for %q", held.State, held.WaitsFor)
	}

	g.clock = g.clock.Add(time.Hour)
	g.send()
	if got := field(t, g.relay.taken[before+5], "domain"); got != "fourth.ru" {
		t.Errorf("after an hour the first to go was %s", got)
	}
	if got := field(t, g.relay.taken[before+6], "domain"); got != "a04.ru" {
		t.Errorf("the next was %s, not the most urgent", got)
	}
	if got := len(g.relay.taken) - before; got != 10 {
		t.Errorf("%d mails, want two limits", got)
	}
}

// A renewal that a customer has ordered is no bulk, though the schedule would have begun it.
func TestOrderedRenewalUsesTheReserve(t *testing.T) {
	t.Parallel()
	g := limited(t, engine.Brake{PerHour: 3, PerDay: 100, Reserve: 0.2}, 6)
	g.renew()
	if len(g.relay.taken) != 2 {
		t.Fatalf("%d renewals went", len(g.relay.taken))
	}
	op := g.submit(registrar.Order{ID: "o-1", Kind: registrar.KindRenew, Domain: "a5.ru", PaidTill: g.status("a5.ru").PaidTill})
	g.send()
	if got := g.operation(op.ID); got.State != registrar.Sent {
		t.Errorf("it is %s", got.State)
	}
}

// The plan of a pass knows the limit: it promises no more than goes.
func TestDryRunKnowsTheLimit(t *testing.T) {
	t.Parallel()
	for _, reserve := range []float64{0, 0.2} {
		g := limited(t, engine.Brake{PerHour: 5, PerDay: 100, Reserve: reserve}, 9)
		want := 5
		if reserve > 0 {
			want = 4
		}
		for range 2 { // it plans, and changes nothing
			steps, err := renewal.NewPass(g.Renewals, policy.Settings{Before: 55}).Steps(t.Context(), g.clock)
			if err != nil || len(steps) != 9 {
				t.Fatalf("%d steps, %v", len(steps), err)
			}
			for i, s := range steps {
				if send := s.Action == registrar.RenewalSend; send != (i < want) || !send && !strings.Contains(s.Reason, "spending limit") {
					t.Errorf("%s: %s, %s", s.Domain, s.Action, s.Reason)
				}
			}
		}
		g.renew()
		if len(g.relay.taken) != want {
			t.Errorf("promised %d, and %d went", want, len(g.relay.taken))
		}
	}
}

// The reserve is a whole request at least, and never all there is.
func TestReserve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		perHour int
		reserve float64
		want    int
	}{{1, 0.2, 1}, {2, 0.2, 1}, {5, 0.2, 4}, {6, 0.2, 4}, {10, 0, 10}, {3, 0.9, 1}} {
		g := limited(t, engine.Brake{PerHour: c.perHour, PerDay: 1000, Reserve: c.reserve}, 12)
		g.renew()
		if got := len(g.relay.taken); got != c.want {
			t.Errorf("%d an hour, reserve %v: %d renewals went, want %d", c.perHour, c.reserve, got, c.want)
		}
	}
}
