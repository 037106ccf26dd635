package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const authCode = "auth-CANARY-5"

func transferOrder(id, domain string) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindTransfer, Domain: domain, Customer: "c1", Registrant: sidorov(), AuthCode: authCode}
}

// todo are the instructions in an operation's history.
func (g *gate) todo(id registrar.OperationID) []string {
	var all []string
	for _, s := range g.operation(id).History {
		if strings.HasPrefix(s.Message, "step ") {
			all = append(all, s.Message)
		}
	}
	return all
}

// A new client is registered by mail; then a person is told what to do; then the registry
// tells that it is done. The code is in no event, no history and no mail.
func TestTransfer(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	w, _ := g.withRegistry()
	op := g.submit(transferOrder("o1", "coming.ru"))
	if d := g.status("coming.ru"); d.Status != registrar.StatusTransferring || len(g.todo(op.ID)) != 0 {
		t.Fatalf("%+v before the client is registered", d)
	}
	g.send()
	g.receive(g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
	g.expect(op.ID, registrar.NeedsAction)
	d := g.status("coming.ru")
	if d.Status != registrar.StatusTransferring || len(d.Alarms) != 1 || len(g.todo(op.ID)) != 4 || !strings.Contains(fmt.Sprint(g.todo(op.ID)), d.Handle) {
		t.Fatalf("%+v, steps %q", d, g.todo(op.ID))
	}
	g.send()
	if len(g.relay.taken) != 1 {
		t.Fatalf("%d mails: a transfer is no mail", len(g.relay.taken))
	}
	record := g.ordered("coming.ru")
	record.Registrar, record.Created = "REGRU-RU", g.clock.AddDate(-3, 0, 0)
	w.held["coming.ru"] = record
	g.look()
	if d := g.status("coming.ru"); d.Status != registrar.StatusTransferring || d.PaidTill != record.PaidTill || g.mentions("apply for the transfer by 2027-11-17") != 1 {
		t.Fatalf("%+v", d)
	}
	record.Registrar = "R01-RU"
	w.held["coming.ru"] = record
	g.look()
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("coming.ru"); d.Status != registrar.StatusRegistered || len(d.Alarms) != 0 {
		t.Errorf("%+v", d)
	}
	g.nowhere(authCode)
}

// nowhere looks for a secret in everything that people may see.
func (g *gate) nowhere(secret string) {
	g.t.Helper()
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, 100000)
		if strings.Contains(fmt.Sprintf("%+v", events), secret) {
			g.t.Error("an event tells it")
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	for _, raw := range g.relay.taken {
		if strings.Contains(string(raw), secret) {
			g.t.Error("a mail tells it")
		}
	}
}

// A known client's transfer waits for a person at once, and another path to its end each.
func TestTransferEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why    string
		end    func(g *gate, id registrar.OperationID)
		state  registrar.OperationState
		status registrar.DomainStatus
	}{
		{"a person says done", func(g *gate, id registrar.OperationID) { g.decide(id, registrar.VerdictDone) }, registrar.Succeeded, registrar.StatusRegistered},
		{"a person says failed", func(g *gate, id registrar.OperationID) { g.decide(id, registrar.VerdictFailed) }, registrar.Failed, registrar.StatusError},
		{"R01 writes that it is done", func(g *gate, _ registrar.OperationID) {
			g.settings.Proof = true // nothing was sent that it could answer
			g.receive(g.mail("", "domain: coming.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"))
		}, registrar.Succeeded, registrar.StatusRegistered},
		{"R01 writes that it is refused, and a person agrees", func(g *gate, _ registrar.OperationID) {
			g.settings.Proof = true
			g.receive(g.mail("", "domain: coming.ru", "status: TASK_FAILURE", "message: wrong code"))
			list, err := g.Desk.Reviews(g.t.Context())
			if err != nil || len(list) != 1 {
				g.t.Fatalf("reviews %+v, %v", list, err)
			}
			_, err = g.ResolveReview(g.t.Context(), registrar.ReviewDecision{Review: list[0].ID, Outcome: registrar.ReplyRejected, By: "olga"})
			if err != nil {
				g.t.Fatal(err)
			}
		}, registrar.Failed, registrar.StatusError},
		{"anybody writes that it is done", func(g *gate, _ registrar.OperationID) {
			g.receive(g.mail("", "domain: coming.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"))
		}, registrar.NeedsAction, registrar.StatusTransferring},
		{"R01 has had it all along", func(g *gate, _ registrar.OperationID) {
			g.parts.Whois.(*fakeRegistry).held["coming.ru"] = g.ordered("coming.ru")
			g.look()
			g.look()
		}, registrar.NeedsAction, registrar.StatusTransferring},
		{"a restart", func(g *gate, _ registrar.OperationID) { g.restart(*g.settings) }, registrar.NeedsAction, registrar.StatusTransferring},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g, _, _ := newGateWithClient(t)
			op := g.submit(transferOrder("o2", "coming.ru"))
			if g.expect(op.ID, registrar.NeedsAction); len(g.todo(op.ID)) != 4 {
				t.Fatalf("steps %q", g.todo(op.ID))
			}
			mails := len(g.relay.taken)
			c.end(g, op.ID)
			g.send()
			g.expect(op.ID, c.state)
			if d := g.status("coming.ru"); d.Status != c.status || len(g.relay.taken) != mails {
				t.Errorf("%+v, %d mails", d, len(g.relay.taken)-mails)
			}
		})
	}
}

func TestTransferIsLate(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	op := g.submit(transferOrder("o2", "coming.ru"))
	g.pass(engine.PersonWithin - time.Hour)
	if g.mentions("is late") != 0 {
		t.Error("reminded too early")
	}
	g.pass(2 * time.Hour)
	g.pass(24 * time.Hour)
	if g.mentions("is late") != 1 || len(g.status("coming.ru").Alarms) != 1 {
		t.Errorf("reminded %d times, alarms %v", g.mentions("is late"), g.status("coming.ru").Alarms)
	}
	g.expect(op.ID, registrar.NeedsAction)
}

// The same order again is the same operation; with another code it is another order.
func TestTransferIsIdempotent(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	op := g.submit(transferOrder("o2", "coming.ru"))
	if again := g.submit(transferOrder("o2", "coming.ru")); again.ID != op.ID || len(g.todo(op.ID)) != 4 {
		t.Errorf("%s, then %s with %d steps", op.ID, again.ID, len(g.todo(op.ID)))
	}
	other := transferOrder("o2", "coming.ru")
	other.AuthCode = "another"
	if _, err := g.Submit(t.Context(), other); registrar.CodeOf(err) != registrar.Conflict {
		t.Errorf("with another code: %v", err)
	}
}

// What Validate shows of a transfer of a known client: no mail, the steps, never the code.
func TestTransferPreview(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	v, err := g.Validate(t.Context(), transferOrder("o2", "coming.ru"))
	if err != nil || len(v.Problems) > 0 || !strings.Contains(v.Preview, "no mail is sent") || strings.Contains(v.Preview, authCode) {
		t.Errorf("%+v, %v", v, err)
	}
}
