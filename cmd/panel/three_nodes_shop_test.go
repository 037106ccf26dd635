package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os/user"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// shop sells domains at several nodes in turn, and decides what waits for a person, as an operator does.
type shop struct {
	t       *testing.T
	nodes   []*world
	plugin  *sql.DB // the plugin's book
	contact api.Contact
	by      string // who decides

	last   time.Time   // when the last order was due
	sold   []sale      // all of them acknowledged
	quiet  func() bool // reports whether nothing from a dead sender is on its way to R01
	resent int
}

func newShop(t *testing.T, nodes []*world, plugin *sql.DB, quiet func() bool) *shop {
	t.Helper()
	contact, err := api.DecodeContact(strings.NewReader(person))
	if err != nil {
		t.Fatal(err)
	}

	// A decision under the caller's own name is logged once, by the plugin.
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, nodes: nodes, plugin: plugin, contact: contact, by: self.Username, quiet: quiet}
}

// tick sells at the next node if an order is due, and decides what waits.
func (s *shop) tick() {
	s.t.Helper()
	if time.Since(s.last) < *holderPace {
		return
	}
	s.last = time.Now()
	s.sell(s.nodes[len(s.sold)%len(s.nodes)])
	s.decide()
}

// sell places and pays an order until a node has acknowledged both: in turn a registration for a new customer, and a
// renewal of a domain that is taken over.
func (s *shop) sell(at *world) {
	s.t.Helper()
	n := len(s.sold) + 1
	one, o := s.next(n)
	if one.kind == registrar.KindRenew {
		s.takeOver(at, o)
	}

	// The order's ID is the caller's own, so it may be placed and paid again if an answer was lost.
	s.ask(at, "place order "+one.id, func(ctx context.Context, c *api.Client) error {
		_, err := api.Post[api.Order](ctx, c, api.Path("orders"), o)
		return err
	})
	s.ask(at, "pay order "+one.id, func(ctx context.Context, c *api.Client) error {
		_, err := api.Post[api.Changed](ctx, c, api.Path("orders", one.id, "pay"), struct{}{})
		return err
	})
	s.sold = append(s.sold, one)
}

func (s *shop) next(n int) (sale, api.NewOrder) {
	one := sale{id: fmt.Sprint("sale-", n), kind: registrar.KindRegister, domain: fmt.Sprintf("new-%d.ru", n)}
	o := api.NewOrder{Customer: fmt.Sprint("c", n), Contact: s.contact, Nameservers: []api.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
	if n%2 == 0 {
		paid := registrar.DateOf(time.Now().UTC()).AddDays(20)
		one.kind, one.domain, one.till = registrar.KindRenew, fmt.Sprintf("old-%d.ru", n), paid.AddYears(1)
		o = api.NewOrder{Customer: o.Customer, PaidTill: paid.String()}
	}
	o.ID, o.Kind, o.Domain = one.id, string(one.kind), one.domain
	return one, o
}

// takeOver makes a domain known to R01 and to the panel before it is renewed.
func (s *shop) takeOver(at *world, o api.NewOrder) {
	s.t.Helper()
	till, err := registrar.ParseDate(o.PaidTill)
	if err != nil {
		s.t.Fatal(err)
	}
	owner := "OLD_" + strings.TrimPrefix(o.Customer, "c") + "_X-R01" // each customer has a handle
	if err := at.sim.AddDomain(r01sim.Domain{Name: o.Domain, PaidTill: till, Handle: owner, Delegated: true}); err != nil {
		s.t.Fatal(err)
	}

	s.ask(at, "take "+o.Domain+" over", func(ctx context.Context, c *api.Client) error {
		_, err := api.Post[api.Domain](ctx, c, api.Path("domains", o.Domain, "import"), api.Import{Customer: o.Customer, Handle: owner, PaidTill: o.PaidTill})
		if err == nil {
			return nil
		}
		if _, unknown := api.Get[api.Domain](ctx, c, api.Path("domains", o.Domain), nil); unknown == nil { // an earlier answer was lost
			return nil
		}
		return err
	})
}

// ask lets a node do something; if it can't, the next one tries, as behind a
// load balancer. The call must be harmless to repeat. A refusal ends the test.
func (s *shop) ask(first *world, what string, do func(context.Context, *api.Client) error) {
	s.t.Helper()
	at := slices.Index(s.nodes, first)
	testrun.Until(s.t, "a node to "+what, func() (bool, string) {
		err := s.call(s.nodes[at%len(s.nodes)], do)
		if isRefusal(err) {
			s.t.Fatalf("%s: %v", what, err)
		}
		at++
		return err == nil, because(err)
	})
}

// perCall bounds a call to one node, because another may be able to do it.
const perCall = 30 * time.Second

func (s *shop) call(w *world, do func(context.Context, *api.Client) error) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), perCall)
	defer cancel()
	client, err := w.client()
	if err != nil {
		return err
	}
	return do(ctx, client)
}

// isRefusal reports whether neither another time nor another node would help.
func isRefusal(err error) bool {
	var refusal *api.Error
	return errors.As(err, &refusal) && slices.Contains([]registrar.Code{registrar.Invalid, registrar.NotFound, registrar.Conflict,
		registrar.Precondition, registrar.Unsupported}, registrar.Code(refusal.Code))
}

// list reads a list at the first node that answers.
func list[T any](s *shop, path string, query url.Values) (all []T, err error) {
	for _, w := range s.nodes {
		err = s.call(w, func(ctx context.Context, c *api.Client) (err error) {
			all, err = api.All[T](ctx, c, api.Path(path), query)
			return err
		})
		if err == nil {
			return all, nil
		}
	}
	return nil, err
}

// decide resolves requests that may or may not have been sent, as
// an operator does. Failures are tried again with the next order.
func (s *shop) decide() {
	s.t.Helper()
	waiting, err := list[api.OpenOperation](s, "operations", url.Values{"state": {"Uncertain"}})
	if err != nil {
		return
	}
	for _, o := range waiting {
		for _, w := range s.nodes {
			if s.call(w, func(ctx context.Context, c *api.Client) error { return s.resolve(ctx, c, o.ID) }) == nil {
				break
			}
		}
	}
}

// resolve looks at R01 when nothing is on its way there any more. R01 will answer what it got; what it did not get is
// sent again. The version is read before that look, so that the decision is refused if the operation moves meanwhile.
func (s *shop) resolve(ctx context.Context, c *api.Client, id string) error {
	op, err := api.Get[api.Operation](ctx, c, api.Path("operations", id), nil)
	if err != nil || op.State != "Uncertain" || op.Version == nil || !s.quiet() {
		return err
	}

	var mail string
	const named = "select r.message_id from operations o join requests r on r.id = o.request where o.id = $1"
	if err := s.plugin.QueryRowContext(ctx, named, id).Scan(&mail); err != nil {
		return err
	}
	if slices.ContainsFunc(s.nodes[0].sim.History(), func(e r01sim.Entry) bool { return e.MessageID == mail }) {
		return nil
	}

	_, err = api.Post[api.Operation](ctx, c, api.Path("operations", id, "resolve"),
		api.Decision{Version: *op.Version, Outcome: string(registrar.VerdictResend), By: s.by, Note: "R01's log does not have it"})
	if err == nil {
		s.resent++
	}
	return err
}

// settle waits until each order is concluded.
func (s *shop) settle() {
	s.t.Helper()
	testrun.Until(s.t, "each order to be concluded", func() (bool, string) {
		s.decide()
		open, err := list[api.Order](s, "orders", url.Values{"open": {"1"}})
		var left []string
		for _, o := range open {
			left = append(left, fmt.Sprintf("%s %s", o.Kind, o.Domain))
		}
		return err == nil && len(open) == 0, strings.Join(left, ", ") + because(err)
	})
}
