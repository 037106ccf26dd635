package ordering

import (
	"slices"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// What an order comes to, and where its mistakes are.
func TestPlan(t *testing.T) {
	t.Parallel()

	s := &engine.Settings{Agreement: "RP/01/00", PayType: "real", Charset: "koi8-r", Handles: engine.Handles{Prefix: "MYCO", Suffix: "R01"}}
	now := func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }
	planner := New(s, engine.New(s, engine.Parts{Now: now}), Parts{Now: now}).planner

	paidTill := registrar.Date{Year: 2026, Month: time.December, Day: 24}
	two := []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}
	for _, c := range []struct {
		name  string
		order registrar.Order
		kind  lifecycle.Kind
		wrong []string
	}{
		{"a renewal", registrar.Order{ID: "o1", Kind: registrar.KindRenew, Domain: "newtime.ru", PaidTill: paidTill}, lifecycle.Prolong, nil},
		{"a renewal from no day", registrar.Order{ID: "o1", Kind: registrar.KindRenew, Domain: "newtime.ru"}, lifecycle.Prolong, []string{"paid_till"}},
		{"other nameservers", registrar.Order{ID: "o1", Kind: registrar.KindUpdate, Domain: "newtime.ru", Customer: "c1", Nameservers: two}, lifecycle.UpdateDomain, nil},
		{"no customer", registrar.Order{ID: "o1", Kind: registrar.KindUpdate, Domain: "newtime.ru", Nameservers: two}, lifecycle.UpdateDomain, []string{"customer"}},
		{"a name in capitals", registrar.Order{ID: "o1", Kind: registrar.KindUpdate, Domain: "NewTime.ru", Customer: "c1", Nameservers: two}, lifecycle.UpdateDomain, []string{"domain"}},
		{"an ID that is none", registrar.Order{ID: "o 1", Kind: registrar.KindRenew, Domain: "newtime.ru", PaidTill: paidTill}, lifecycle.Prolong, []string{"id"}},
		{"a registration of nobody", registrar.Order{ID: "o1", Kind: registrar.KindRegister, Domain: "newtime.ru", Customer: "c1", Nameservers: two}, lifecycle.NewClient, []string{"contact"}},
		{"a transfer without a code", registrar.Order{ID: "o1", Kind: registrar.KindTransfer, Domain: "newtime.ru", Customer: "c1"}, "", []string{"auth_code", "contact"}},
		{"a kind that is none", registrar.Order{ID: "o1", Kind: "steal", Domain: "newtime.ru", Customer: "c1"}, "", []string{"kind"}},
	} {
		p, problems := planner.validateOrder(c.order)
		var wrong []string
		for _, q := range problems {
			wrong = append(wrong, q.Path)
		}
		if p.kind != c.kind || !slices.Equal(wrong, c.wrong) {
			t.Errorf("%s: it comes to %q with mistakes in %q, want %q and %q", c.name, p.kind, wrong, c.kind, c.wrong)
		}
	}
}
