package main

import (
	"fmt"
	"slices"
	"testing"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/r01sim"
	"registrar.panel/shared/registrar"
)

// sale is an order that a panel has acknowledged as paid.
type sale struct {
	id     string
	kind   registrar.OperationKind
	domain string
	till   registrar.Date // the day that a renewal must reach
}

// action returns the request to R01 for a sale.
func (s sale) action() r01sim.Action {
	if s.kind == registrar.KindRenew {
		return r01sim.ActionProlong
	}
	return r01sim.ActionNew
}

// account is what customers, panel and R01 know about the same orders. Each registration is for a new customer, so
// R01 gets two requests for it, and one for a renewal.
type account struct {
	sold    []sale
	orders  []api.Order
	domains []api.Domain
	there   []r01sim.Domain
	history []r01sim.Entry
}

// lost lists the acknowledged orders that are not as they should be at the panel and at R01.
func (a account) lost() (all []string) {
	orders := indexed(a.orders, func(o api.Order) string { return o.ID })
	shown := indexed(a.domains, func(d api.Domain) string { return d.Name })
	there := indexed(a.there, func(d r01sim.Domain) string { return d.Name })
	for _, s := range a.sold {
		why := unfinished(orders, s)
		if why == "" {
			why = untrue(shown[s.domain], there[s.domain], s.till)
		}
		if why != "" {
			all = append(all, fmt.Sprintf("%s, %s %s: %s", s.id, s.kind, s.domain, why))
		}
	}
	return all
}

// unfinished returns how the panel's book contradicts an order that was carried out; "" = it does not.
func unfinished(orders map[string]api.Order, s sale) string {
	o, ok := orders[s.id]
	switch {
	case !ok:
		return "it is not in the book"
	case o.Outcome == nil:
		return "it is not concluded"
	case *o.Outcome != string(registrar.OutcomeSucceeded):
		return "it has " + *o.Outcome
	}
	return ""
}

// untrue returns how a domain contradicts an order that was carried out; "" = it does not.
func untrue(shown api.Domain, there r01sim.Domain, till registrar.Date) string {
	switch {
	case there.Name == "":
		return "R01 does not have the domain"
	case !till.IsZero() && there.PaidTill != till:
		return fmt.Sprintf("at R01 it is paid till %s, and not till %s", there.PaidTill, till)
	case shown.Status != string(registrar.StatusRegistered):
		return "the panel shows it as " + shown.Status
	case shown.PaidTill == nil || *shown.PaidTill != there.PaidTill.String():
		return fmt.Sprintf("the panel shows another day than R01's, %s", there.PaidTill)
	}
	return ""
}

// double lists what R01 got more than once, and what it got without an order.
func (a account) double() (all []string) {
	ordered, clients := map[string]bool{}, 0
	for _, s := range a.sold {
		ordered[fmt.Sprint(s.action(), " ", s.domain)] = true
		if s.kind == registrar.KindRegister {
			clients++
		}
	}

	got := map[string]int{} // by the request
	for _, e := range a.history {
		for _, object := range e.Objects {
			what := fmt.Sprint(e.Action, " ", object)
			if got[what]++; got[what] == 1 && !ordered[what] {
				clients-- // its handle was chosen by the plugin
			}
		}
	}

	for what, times := range got {
		if times > 1 {
			all = append(all, fmt.Sprintf("R01 got %s %d times", what, times))
		}
	}
	if clients < 0 {
		all = append(all, fmt.Sprintf("R01 got %d requests beside those that were ordered", -clients))
	}
	slices.Sort(all)
	return all
}

// unheard returns where the events that the panel has heard
// differ from those that the plugin has reported; "" = nowhere.
func unheard(told, heard []string) string {
	for i := range max(len(told), len(heard)) {
		switch {
		case i >= len(heard):
			return fmt.Sprintf("of %d events the panel has heard %d; it has not heard: %s", len(told), len(heard), told[i])
		case i >= len(told):
			return fmt.Sprintf("of %d events the panel has heard %d; nothing told: %s", len(told), len(heard), heard[i])
		case told[i] != heard[i]:
			return fmt.Sprintf("event %d was told as %q, and the panel has heard %q", i+1, told[i], heard[i])
		}
	}
	return ""
}

func indexed[T any](all []T, name func(T) string) map[string]T {
	named := map[string]T{}
	for _, v := range all {
		named[name(v)] = v
	}
	return named
}

// soundAccount is a registration and a renewal, both carried out once.
func soundAccount(t *testing.T) account {
	succeeded, registered, renewed := "succeeded", paidTill(t, "2027-11-30"), paidTill(t, "2027-12-20")
	ended := func(id string) api.Order {
		return api.Order{ID: id, OrderStanding: api.OrderStanding{Standing: api.Standing{Outcome: &succeeded}}}
	}
	shown := func(name string, till string) api.Domain {
		return api.Domain{Name: name, Status: "Registered", PaidTill: &till}
	}
	return account{
		sold:    []sale{{id: "o1", kind: registrar.KindRegister, domain: "new.ru"}, {id: "o2", kind: registrar.KindRenew, domain: "old.ru", till: renewed}},
		orders:  []api.Order{ended("o1"), ended("o2")},
		domains: []api.Domain{shown("new.ru", registered.String()), shown("old.ru", renewed.String())},
		there:   []r01sim.Domain{{Name: "new.ru", PaidTill: registered}, {Name: "old.ru", PaidTill: renewed}},
		history: []r01sim.Entry{got(r01sim.ActionNew, "MYCO_7_A-R01"), got(r01sim.ActionNew, "new.ru"), got(r01sim.ActionProlong, "old.ru")},
	}
}

func got(action r01sim.Action, object string) r01sim.Entry {
	return r01sim.Entry{Action: action, Objects: []string{object}}
}

// lost and double find each fault that they should, and no other.
func TestAccountOfOrders(t *testing.T) {
	t.Parallel()
	failed := "failed"
	for name, c := range map[string]struct {
		forge        func(a *account)
		lost, double int
	}{
		"sound":                    {func(*account) {}, 0, 0},
		"forgotten":                {func(a *account) { a.orders = a.orders[:1] }, 1, 0},
		"open":                     {func(a *account) { a.orders[0].Outcome = nil }, 1, 0},
		"failed":                   {func(a *account) { a.orders[1].Outcome = &failed }, 1, 0},
		"never at R01":             {func(a *account) { a.there, a.history = a.there[1:], a.history[2:] }, 1, 0},
		"another day":              {func(a *account) { a.domains[0].PaidTill = a.domains[1].PaidTill }, 1, 0},
		"shown as another":         {func(a *account) { a.domains[1].Status = "Expired" }, 1, 0},
		"not shown":                {func(a *account) { a.domains = a.domains[:1] }, 1, 0},
		"a year too few":           {func(a *account) { a.there[1].PaidTill = a.there[1].PaidTill.AddYears(-1) }, 1, 0},
		"a year too many":          {func(a *account) { a.there[1].PaidTill = a.there[1].PaidTill.AddYears(1) }, 1, 0},
		"one mail twice":           {func(a *account) { a.history = append(a.history, a.history[1]) }, 0, 1},
		"a domain asked twice":     {func(a *account) { a.history = append(a.history, got(r01sim.ActionNew, "new.ru")) }, 0, 1},
		"a renewal asked twice":    {func(a *account) { a.history = append(a.history, got(r01sim.ActionProlong, "old.ru")) }, 0, 1},
		"a client asked twice":     {func(a *account) { a.history = append(a.history, got(r01sim.ActionNew, "MYCO_7_A-R01")) }, 0, 1},
		"a client under two names": {func(a *account) { a.history = append(a.history, got(r01sim.ActionNew, "MYCO_8_B-R01")) }, 0, 1},
		"what was not ordered":     {func(a *account) { a.history = append(a.history, got(r01sim.ActionProlong, "new.ru")) }, 0, 1},
	} {
		a := soundAccount(t)
		c.forge(&a)
		if lost, double := a.lost(), a.double(); len(lost) != c.lost || len(double) != c.double {
			t.Errorf("%s: lost %q and double %q, want %d and %d", name, lost, double, c.lost, c.double)
		}
	}
}

func TestUnheard(t *testing.T) {
	t.Parallel()
	told := []string{"a", "b", "c"}
	for name, c := range map[string]struct {
		heard []string
		found bool
	}{
		"each once":  {[]string{"a", "b", "c"}, false},
		"a gap":      {[]string{"a", "c"}, true},
		"the end":    {[]string{"a", "b"}, true},
		"twice":      {[]string{"a", "a", "b", "c"}, true},
		"last twice": {[]string{"a", "b", "c", "c"}, true},
	} {
		if why := unheard(told, c.heard); (why != "") != c.found {
			t.Errorf("%s: %q", name, why)
		}
	}
}
