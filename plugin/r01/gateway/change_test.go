package gateway

import (
	"errors"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// elsewhere is an order of a known customer who gives another phone.
func elsewhere(id, domain, phone string) registrar.Order {
	o := registration(id, domain)
	o.Registrant.Fields["phones"] = []string{phone}
	return o
}

// What a known customer gives otherwise is changed at R01 first, and then the domain is asked for. The
// next order with the same is for the domain at once.
func TestKnownCustomerIsChangedFirst(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	handle := field(t, g.relay.taken[0], "nic-hdl")
	o := elsewhere("o-second", "second.ru", "8 (499) 765-43-21")
	v, err := g.Validate(t.Context(), o)
	if err != nil || len(v.Problems) > 0 || !strings.Contains(v.Preview, "mail 1 of 2") || !strings.Contains(v.Preview, "action: UPDATE") || !strings.Contains(v.Preview, "Subject: ") {
		t.Errorf("%+v, %v", v, err)
	}

	op := g.submit(o)
	g.send()
	update := g.relay.taken[2]
	if field(t, update, "action") != "UPDATE" || field(t, update, "nic-hdl") != handle || field(t, update, "phone") != "+7 499 7654321" || strings.Contains(string(update), "passport") {
		t.Fatalf("sent first:\n%s", update)
	}
	g.receive(g.reply(2, "nic-hdl: "+handle, "status: TASK_SUCCESS"))
	g.send()
	if got := field(t, g.relay.taken[3], "domain"); got != "second.ru" || field(t, g.relay.taken[3], "admin-o") != handle {
		t.Fatalf("sent then:\n%s", g.relay.taken[3])
	}
	g.receive(g.reply(3, "domain: second.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"))
	g.expect(op.ID, registrar.Succeeded)

	g.submit(elsewhere("o-third", "third.ru", "+7 499 7654321"))
	g.send()
	if got := field(t, g.relay.taken[4], "domain"); got != "third.ru" {
		t.Errorf("the phone that R01 has is sent again:\n%s", g.relay.taken[4])
	}
}

// R01 refuses the change: the order fails with its words, and no domain is asked for.
func TestRefusedChangeFailsTheOrder(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(elsewhere("o-second", "second.ru", "+7 499 7654321"))
	g.send()
	g.receive(g.reply(2, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_FAILURE", "message: WARNING_CANT_CHANGE_READONLY"))
	g.send()
	if got := g.expect(op.ID, registrar.Failed); !strings.Contains(got.Error, "READONLY") || len(g.relay.taken) != 3 {
		t.Errorf("%q, %d mails", got.Error, len(g.relay.taken))
	}
	if s := g.status("second.ru").Status; s != registrar.StatusError {
		t.Errorf("the domain is %s", s)
	}
}

// Orders of one customer share a change, and one that gives something else is refused with what to do,
// before it is paid and after; so it is while the client is being registered.
func TestChangesOfOneClient(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	first := g.submit(registration("o-first", "first.ru"))
	refused := func(o registrar.Order, says string) {
		t.Helper()
		v, err := g.Validate(t.Context(), o)
		if err != nil || len(v.Problems) != 1 || v.Problems[0].Path != "contact" || !strings.Contains(v.Problems[0].Message, says) {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := g.Submit(t.Context(), o); !errors.Is(err, registrar.Precondition) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
	refused(elsewhere("o-early", "early.ru", "+7 499 1111111"), "is being registered with another contact")
	g.send()
	handle := field(t, g.relay.taken[0], "nic-hdl")
	g.receive(g.reply(0, "nic-hdl: "+handle, "status: TASK_SUCCESS"))
	g.send()
	g.expect(first.ID, registrar.Sent)

	one := g.submit(elsewhere("o-one", "one.ru", "+7 499 1111111"))
	two := g.submit(elsewhere("o-two", "two.ru", "8 499 111-11-11"))
	refused(elsewhere("o-three", "three.ru", "+7 499 3333333"), "is being changed already, to another contact")
	g.send()
	if len(g.relay.taken) != 3 {
		t.Fatalf("%d mails", len(g.relay.taken))
	}
	g.receive(g.reply(2, "nic-hdl: "+handle, "status: TASK_SUCCESS"))
	g.send()
	g.expect(one.ID, registrar.Sent)
	g.expect(two.ID, registrar.Sent)
	if len(g.relay.taken) != 5 {
		t.Errorf("%d mails", len(g.relay.taken))
	}
	g.submit(elsewhere("o-three", "three.ru", "+7 499 3333333"))
}

// A second change of a client that several domains have says what is in the way.
func TestSecondUpdateOfAClient(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("aa-one.ru", 200, registrar.RenewManual)
	g.own("bb-two.ru", 200, registrar.RenewManual)
	update := func(id, domain string) registrar.Order {
		return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindUpdate, Domain: domain, Customer: "c1",
			Registrant: &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"phones": {"+7 499 1111111"}}}}
	}
	g.submit(update("o-a", "aa-one.ru"))
	_, err := g.Submit(t.Context(), update("o-b", "bb-two.ru"))
	if err == nil || !strings.Contains(err.Error(), "client OLD-R01 is being changed already") {
		t.Errorf("%v", err)
	}
}
