//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/host/web/api"
	contract "registrar.panel/shared/registrar"
)

const (
	shops   = 6                // how many order at the same time
	mostly  = 60               // most orders that are open at the same time and wait for no person; more wait
	perCall = 30 * time.Second // for a panel that is frozen, or a machine that is slow
)

// order is an order that a panel has acknowledged.
type order struct {
	id, kind, domain string
	nameserver       string // the first nameserver of an update
}

// shop places orders.
type shop struct {
	*world

	mu       sync.Mutex
	random   *rand.Rand
	number   int
	domains  []string // ordered so far
	customer []string // with orders so far
	placed   []order
	open     int // open orders, when last counted
}

// job is an order to be placed.
type job struct {
	api.NewOrder
	handle string // of a domain that is taken over first; "" = none
}

// next draws the next order. Most customers are known, so that most orders
// are one request; a renewal is for a domain that the panel takes over first.
func (s *shop) next() job {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.number++
	n, chance := s.number, s.random.IntN(100)
	own := s.random.IntN(10) < 7
	switch {
	case chance < 25 && len(s.domains) > 20:
		return job{NewOrder: api.NewOrder{Kind: string(contract.KindUpdate), Domain: s.domains[s.random.IntN(len(s.domains))], Own: own,
			Nameservers: nameservers(n)}}
	case chance < 50:
		j := job{handle: fmt.Sprintf("OLD_%d_%d-R01", s.round, n)}
		j.NewOrder = api.NewOrder{Kind: string(contract.KindRenew), Domain: fmt.Sprintf("old%d-%d.ru", s.round, n), Own: own,
			Customer: fmt.Sprintf("old%d", n), PaidTill: soon()}
		return j
	case chance < 60 || len(s.customer) == 0:
		s.customer = append(s.customer, fmt.Sprintf("c%d", n))
	}

	c := s.customer[s.random.IntN(len(s.customer))]
	d := fmt.Sprintf("new%d-%d.ru", s.round, n)
	s.domains = append(s.domains, d)
	return job{NewOrder: api.NewOrder{Kind: string(contract.KindRegister), Domain: d, Own: own, Customer: c, Contact: contact(c), Nameservers: nameservers(n)}}
}

// soon returns an expiry at which R01 renews.
func soon() string { return time.Now().AddDate(0, 0, 20).Format(time.DateOnly) }

func nameservers(n int) []api.Nameserver {
	return []api.Nameserver{{Host: fmt.Sprintf("ns%d.hoster.example", n), IPs: []string{}}, {Host: "ns.hoster.example", IPs: []string{}}}
}

func contact(customer string) api.Contact {
	return api.Contact{"kind": {"person"}, "name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор Сидорович"},
		"passport": {"4510 123456", "выдан ОВД Тверского района", "30.01.2010"}, "birth_date": {"1965-10-18"},
		"postal_address": {"123007, Москва, Тестовая ул., д. 1"}, "phones": {"+7 495 1234567"}, "emails": {customer + "@example.ru"},
		"resident": {"true"}}
}

// run places orders until taking ends. It completes each order that it has begun.
func (s *shop) run(ctx context.Context, taking context.Context) {
	var tills sync.WaitGroup
	for range shops {
		tills.Go(func() {
			for taking.Err() == nil && ctx.Err() == nil {
				if s.full() {
					pause(taking, 20*time.Millisecond)
					continue
				}
				s.sell(ctx, s.next())
			}
		})
	}

	tills.Go(func() {
		for taking.Err() == nil {
			s.count(ctx)
			pause(taking, 300*time.Millisecond)
		}
	})

	tills.Wait()
}

func (s *shop) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open >= mostly
}

// sold counts the orders that were placed.
func (s *shop) sold() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.placed)
}

func (s *shop) count(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	orders, err := api.All[api.Order](ctx, s.client(), api.Path("orders"), url.Values{"open": {"1"}})
	if err != nil {
		return
	}
	states, err := api.Get[[]api.UnderWay](ctx, s.client(), api.Path("operations", "counts"), nil)
	if err != nil {
		return
	}

	// What waits for a person does so until the faults stop, and would fill the shop: nothing more would be sold.
	open := len(orders)
	for _, c := range states {
		if contract.OperationState(c.State).WaitsForPerson() {
			open -= c.Count
		}
	}

	s.mu.Lock()
	s.open = open
	s.mu.Unlock()
}

func get[T any](ctx context.Context, w *world, path string) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	return api.Get[T](ctx, w.client(), path, nil)
}

func post[T any](ctx context.Context, w *world, path string, in any) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	return api.Post[T](ctx, w.client(), path, in)
}

// sell places one order and pays it, until the panel has acknowledged both.
func (s *shop) sell(ctx context.Context, j job) {
	if j.handle != "" && !s.takeOver(ctx, j) {
		return
	}

	o, ok := s.place(ctx, j)
	if !ok {
		return
	}

	// To pay a paid order again changes nothing, so a lost answer does no harm.
	for paid := j.Own; !paid; {
		_, err := post[api.Changed](ctx, s.world, api.Path("orders", o.ID, "pay"), struct{}{})
		if paid = err == nil; !paid && !s.again(ctx, "pay order", err) {
			return
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	placed := order{id: o.ID, kind: j.Kind, domain: j.Domain}

	if j.Kind == string(contract.KindUpdate) {
		placed.nameserver = j.Nameservers[0].Host
	}

	s.placed = append(s.placed, placed)
	s.tally.add(&s.tally.Orders, 1)
}

// place returns the order as the panel has it. ok is false if the panel refuses it.
func (s *shop) place(ctx context.Context, j job) (o api.Order, ok bool) {
	for tries := 0; ; tries++ {
		o, err := post[api.Order](ctx, s.world, api.Path("orders"), j.NewOrder)
		var refusal *api.Error
		switch {
		case err == nil:
			return o, true
		case errors.As(err, &refusal) && meets(refusal):
			// Perhaps an answer was lost; an update may meet another one.
			o.ID = s.known(ctx, j)
			return o, o.ID != "" && tries > 0
		case !s.again(ctx, "place order", err):
			return o, false
		}
	}
}

// meets reports whether an order is refused because of another one. The plugin may
// know of that before the panel does, and finds it when it checks the order's fields.
func meets(r *api.Error) bool {
	return r.Code == string(contract.Precondition) || slices.ContainsFunc(r.Problems, func(p api.Problem) bool {
		return strings.Contains(p.Message, "has an open operation")
	})
}

// known finds the order of a job in the panel; "" = there is none.
func (s *shop) known(ctx context.Context, j job) string {
	for {
		all, err := api.All[api.Order](ctx, s.client(), api.Path("orders"), url.Values{"customer": {j.Customer}})
		if err == nil {
			for _, o := range slices.Backward(all) {
				// A domain may have several updates, and nothing shows which of them is this job's.
				if o.Domain == j.Domain && o.Kind == j.Kind && j.Kind != string(contract.KindUpdate) {
					return o.ID
				}
			}
			return ""
		}
		if !s.again(ctx, "list orders", err) {
			return ""
		}
	}
}

// again reports whether to repeat a call that failed. What the panel can't do now passes.
func (s *shop) again(ctx context.Context, what string, err error) bool {
	var refusal *api.Error
	if errors.As(err, &refusal) {
		switch contract.Code(refusal.Code) {
		case contract.Invalid, contract.NotFound, contract.Conflict, contract.Precondition, contract.Unsupported:
			s.tally.trouble(fmt.Errorf("%s: %s: %w", what, refusal.Code, err))
			return false
		}
	}
	pause(ctx, 10*time.Millisecond)
	return ctx.Err() == nil
}

// takeOver makes a domain that was registered long ago known to R01 and the panel.
func (s *shop) takeOver(ctx context.Context, j job) bool {
	text, err := json.Marshal(map[string]any{"name": j.Domain, "paid_till": j.PaidTill, "handle": j.handle, "delegated": true})
	if err == nil {
		err = s.sim.post(ctx, "/domains", string(text))
	}

	if err != nil {
		if ctx.Err() == nil {
			s.tally.trouble(err)
		}
		return false
	}

	for {
		_, err := post[api.Domain](ctx, s.world, api.Path("domains", j.Domain, "import"), api.Import{Customer: j.Customer, Handle: j.handle, PaidTill: j.PaidTill})
		if err == nil {
			return true
		}
		if !s.again(ctx, "take over "+j.Domain, err) {
			return false
		}
	}
}
