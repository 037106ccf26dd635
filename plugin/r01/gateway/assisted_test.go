package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// about is an order of a kind for a domain that is held.
func about(kind registrar.OperationKind, id, domain string) registrar.Order {
	o := registrar.Order{ID: registrar.OrderID(id), Kind: kind, Domain: domain, Customer: "c1"}
	if kind == registrar.KindTrade {
		o.Registrant = petrov()
	}
	return o
}

// petrov is another person than sidorov.
func petrov() *registrar.Registrant {
	r := sidorov()
	r.Fields["name_latin"], r.Fields["name"] = []string{"Petr P Petrov"}, []string{"Петров Пётр Петрович"}
	r.Fields["passport"], r.Fields["birth_date"] = []string{"4511 654321", "выдан ОВД Пресненского района", "12.12.2012"}, []string{"1970-01-31"}
	r.Fields["emails"] = []string{"petrov@example.ru"}
	return r
}

// getsCode decides that a transfer code was got.
func (g *gate) getsCode(id registrar.OperationID, code registrar.AuthCode, note string) error {
	_, err := g.Resolve(g.t.Context(), registrar.Decision{Operation: id, Verdict: registrar.VerdictDone, By: "olga", Note: note, AuthCode: code})
	g.check()
	return err
}

// A code and a deletion wait for a person at once: no mail is sent, the steps are dated, and the domain
// stays as it is until something ends it.
func TestAssistedEnds(t *testing.T) {
	t.Parallel()
	gone := func(g *gate, _ registrar.OperationID) {
		delete(g.parts.Whois.(*fakeRegistry).held, "first.ru")
		g.look()
	}
	for _, c := range []struct {
		kind   registrar.OperationKind
		why    string
		end    func(g *gate, id registrar.OperationID)
		state  registrar.OperationState
		status registrar.DomainStatus
	}{
		{registrar.KindDelete, "a person says done", func(g *gate, id registrar.OperationID) { g.decide(id, registrar.VerdictDone) }, registrar.Succeeded, registrar.StatusDeleted},
		{registrar.KindDelete, "a person says failed", func(g *gate, id registrar.OperationID) { g.decide(id, registrar.VerdictFailed) }, registrar.Failed, registrar.StatusRegistered},
		{registrar.KindDelete, "the registry has it no more", gone, registrar.Succeeded, registrar.StatusDeleted},
		{registrar.KindDelete, "the registry is about to remove it", func(g *gate, _ registrar.OperationID) {
			w := g.parts.Whois.(*fakeRegistry)
			r := w.held["first.ru"]
			r.States = []string{"REGISTERED", "pendingDelete"}
			w.held["first.ru"] = r
			g.look()
		}, registrar.Succeeded, registrar.StatusDeleted},
		{registrar.KindDelete, "the registry still has it", func(g *gate, _ registrar.OperationID) { g.look() }, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindDelete, "the registry is silent", func(g *gate, id registrar.OperationID) {
			g.parts.Whois.(*fakeRegistry).silent = true
			gone(g, id)
		}, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindDelete, "what the registry showed before the order", func(g *gate, id registrar.OperationID) {
			g.parts.Whois.(*fakeRegistry).age = 2 * time.Hour
			gone(g, id)
		}, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindDelete, "a mail says so", func(g *gate, _ registrar.OperationID) {
			g.settings.Proof = true
			g.receive(g.mail("", "domain: first.ru", "status: TASK_SUCCESS"))
		}, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindDelete, "a restart", func(g *gate, _ registrar.OperationID) { g.restart(*g.settings) }, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindAuthCode, "a person says failed", func(g *gate, id registrar.OperationID) { g.decide(id, registrar.VerdictFailed) }, registrar.Failed, registrar.StatusRegistered},
		{registrar.KindAuthCode, "a person has the code", func(g *gate, id registrar.OperationID) {
			if err := g.getsCode(id, authCode, ""); err != nil {
				g.t.Fatal(err)
			}
		}, registrar.Succeeded, registrar.StatusRegistered},
		{registrar.KindAuthCode, "a mail says so", func(g *gate, _ registrar.OperationID) {
			g.settings.Proof = true
			g.receive(g.mail("", "domain: first.ru", "status: TASK_SUCCESS"))
		}, registrar.NeedsAction, registrar.StatusRegistered},
		{registrar.KindAuthCode, "the registry is asked about something else", func(g *gate, _ registrar.OperationID) {
			w := g.parts.Whois.(*fakeRegistry)
			asked := len(w.asked)
			if g.look(); len(w.asked) != asked {
				g.t.Errorf("the registry was asked about %v, which it can't show", w.asked[asked:])
			}
		}, registrar.NeedsAction, registrar.StatusRegistered},
	} {
		t.Run(fmt.Sprint(c.kind, ": ", c.why), func(t *testing.T) {
			t.Parallel()
			g, _, _ := newGateWithClient(t)
			before, mails := g.status("first.ru"), len(g.relay.taken)
			op := g.submit(about(c.kind, "o2", "first.ru"))
			if d := g.status("first.ru"); len(g.todo(op.ID)) != 3 || d.Status != before.Status || len(d.Alarms) != 1 {
				t.Fatalf("steps %q, %+v", g.todo(op.ID), d)
			}
			if got := g.expect(op.ID, registrar.NeedsAction); got.Deadline.IsZero() || !strings.Contains(fmt.Sprint(g.todo(op.ID)), before.Handle) {
				t.Errorf("%+v, steps %q", got, g.todo(op.ID))
			}

			c.end(g, op.ID)
			g.send()
			g.expect(op.ID, c.state)
			if d := g.status("first.ru"); d.Status != c.status || d.Handle != before.Handle || len(g.relay.taken) != mails || c.state == registrar.Succeeded && len(d.Alarms) != 0 {
				t.Errorf("%+v, %d mails", d, len(g.relay.taken)-mails)
			}
		})
	}
}

// Without whois a domain counts as given up only when as many lists show it gone as are believed anyway.
func TestDeletionByListsAlone(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	ours := w.held["first.ru"]
	g.observe(nil, g.parts.ZoneLists...)
	op := g.submit(about(registrar.KindDelete, "o2", "first.ru"))
	g.mustPublish(l, ours)
	for range 2 {
		g.mustPublish(l)
		g.expect(op.ID, registrar.NeedsAction)
	}
	g.mustPublish(l)
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("first.ru"); d.Status != registrar.StatusDeleted || len(d.Alarms) != 0 {
		t.Errorf("%+v", d)
	}
}

// The steps say until when: 7 days before the expiry for a code, as long as it is paid for else.
func TestAssistedStepsAreDated(t *testing.T) {
	t.Parallel()
	for kind, day := range map[registrar.OperationKind]string{registrar.KindAuthCode: "by 2027-11-17", registrar.KindTrade: "by 2027-11-24", registrar.KindDelete: "by 2027-11-24"} {
		g, _, _ := newGateWithClient(t)
		v, err := g.Validate(t.Context(), about(kind, "o2", "first.ru"))
		if err != nil || len(v.Problems) > 0 || !strings.Contains(v.Preview, day) || !strings.Contains(v.Preview, "no mail is sent: step 1 of") {
			t.Errorf("%s: %+v, %v", kind, v, err)
		}
	}
}

// What can't be is refused before it is paid for, at a field and with a code; Submit refuses it as well.
func TestAssistedIsRefused(t *testing.T) {
	t.Parallel()
	expires := func(days int) func(g *gate) {
		return func(g *gate) { g.own("own.ru", days, registrar.RenewManual) }
	}
	shows := func(state string) func(g *gate) {
		return func(g *gate) {
			expires(100)(g)
			w, _ := g.withRegistry()
			r := g.ordered("own.ru")
			r.Created, r.PaidTill, r.States = g.clock.AddDate(-3, 0, 0), g.status("own.ru").PaidTill, []string{"REGISTERED", state}
			w.held["own.ru"] = r
			if err := g.Asker.Refresh(g.t.Context(), "own.ru"); err != nil {
				g.t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		why        string
		kind       registrar.OperationKind
		prepare    func(g *gate)
		change     func(o *registrar.Order)
		path, code string
	}{
		{"not held", registrar.KindDelete, func(*gate) {}, nil, "domain", "not_held"},
		{"another customer's", registrar.KindAuthCode, expires(100), func(o *registrar.Order) { o.Customer = "c2" }, "domain", "other_customer"},
		{"an open operation", registrar.KindTrade, func(g *gate) {
			expires(100)(g)
			g.submit(about(registrar.KindDelete, "o1", "own.ru"))
		}, nil, "domain", "open_operation"},
		{"a code a week before it expires", registrar.KindAuthCode, expires(6), nil, "domain", "too_late"},
		{"a code of what has expired", registrar.KindAuthCode, expires(-1), nil, "domain", "expired"},
		{"a new registrant of what has expired", registrar.KindTrade, expires(-1), nil, "domain", "expired"},
		{"a deletion of what has expired", registrar.KindDelete, expires(-1), nil, "domain", "expired"},
		{"a code of what is locked", registrar.KindAuthCode, shows("clientTransferProhibited"), nil, "domain", "locked"},
		{"a deletion of what is locked", registrar.KindDelete, shows("SERVER DELETE PROHIBITED"), nil, "domain", "locked"},
		{"a new registrant of what is blocked", registrar.KindTrade, shows("blocked"), nil, "domain", "locked"},
		{"a code right after a change of registrant", registrar.KindAuthCode, func(g *gate) {
			expires(100)(g)
			op := g.submit(about(registrar.KindTrade, "o1", "own.ru"))
			g.send()
			g.receive(g.reply(0, "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
			g.decide(op.ID, registrar.VerdictDone)
		}, nil, "domain", "standstill"},
		{"a new registrant who is the present one", registrar.KindTrade, func(g *gate) {
			g.registerClient()
		}, func(o *registrar.Order) { o.Domain, o.Registrant = "first.ru", sidorov() }, "contact", "same_registrant"},
		{"nobody as registrant", registrar.KindTrade, expires(100), func(o *registrar.Order) { o.Registrant = nil }, "contact", ""},
		{"a registrant with a mistake", registrar.KindTrade, expires(100), func(o *registrar.Order) { o.Registrant.Fields["birth_date"] = []string{"1970-02-31"} }, "contact.birth_date", "date"},
		{"a registrant of a deletion", registrar.KindDelete, expires(100), func(o *registrar.Order) { o.Registrant = petrov() }, "contact", "superfluous"},
		{"nameservers of a code", registrar.KindAuthCode, expires(100), func(o *registrar.Order) { o.Nameservers = registration("", "").Nameservers }, "nameservers", "superfluous"},
		{"a code of a new registrant", registrar.KindTrade, expires(100), func(o *registrar.Order) { o.AuthCode = authCode }, "auth_code", "superfluous"},
		{"nobody's", registrar.KindDelete, expires(100), func(o *registrar.Order) { o.Customer = "" }, "customer", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			c.prepare(g)
			o := about(c.kind, "o2", "own.ru")
			if c.change != nil {
				c.change(&o)
			}
			v, err := g.Validate(t.Context(), o)
			if err != nil || len(v.Problems) != 1 || v.Problems[0].Path != c.path || v.Problems[0].Code != c.code || v.Preview != "" {
				t.Errorf("%+v, %v; want one problem at %s, %q", v, err, c.path, c.code)
			}
			if _, err := g.Submit(t.Context(), o); !errors.Is(err, registrar.Invalid) && !errors.Is(err, registrar.Precondition) {
				t.Errorf("Submit says %v", err)
			}
		})
	}
}

// A week before it expires a code can still be of use, and what expires in .SU can be given up.
func TestAssistedAtTheLastMoment(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for name, days := range map[string]int{"week.ru": 7, "last.ru": 0, "gone.su": -3} {
		g.own(name, days, registrar.RenewManual)
	}
	for kind, name := range map[registrar.OperationKind]string{registrar.KindAuthCode: "week.ru", registrar.KindTrade: "last.ru", registrar.KindDelete: "gone.su"} {
		if v, err := g.Validate(t.Context(), about(kind, "o-"+name, name)); err != nil || len(v.Problems) > 0 {
			t.Errorf("%s of %s: %+v, %v", kind, name, v, err)
		}
	}
}

// The new registrant is registered by mail; then a person has the domain handed over, and only what that
// person says makes it the new one's.
func TestTrade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdict registrar.Verdict
		state   registrar.OperationState
		moves   bool
	}{{registrar.VerdictDone, registrar.Succeeded, true}, {registrar.VerdictFailed, registrar.Failed, false}} {
		g, w, _ := newGateWithClient(t)
		before := g.status("first.ru")
		op := g.submit(about(registrar.KindTrade, "o2", "first.ru"))
		g.send()
		handle := field(t, g.relay.taken[g.last()], "nic-hdl")
		g.receive(g.reply(g.last(), "nic-hdl: "+handle, "status: TASK_SUCCESS"))
		g.send()

		asked := len(w.asked)
		g.look()
		if g.expect(op.ID, registrar.NeedsAction); len(g.todo(op.ID)) != 4 || len(g.relay.taken) != 3 || len(w.asked) != asked {
			t.Fatalf("steps %q, %d mails, the registry was asked about %v", g.todo(op.ID), len(g.relay.taken), w.asked[asked:])
		}
		for _, h := range []string{before.Handle, handle} {
			if !strings.Contains(fmt.Sprint(g.todo(op.ID)), "client "+h) {
				t.Errorf("the steps do not name %s: %q", h, g.todo(op.ID))
			}
		}
		if d := g.status("first.ru"); d.Handle != before.Handle || d.Status != registrar.StatusRegistered {
			t.Errorf("before anything is decided: %+v", d)
		}

		g.decide(op.ID, c.verdict)
		g.expect(op.ID, c.state)
		if d := g.status("first.ru"); (d.Handle == handle) != c.moves || (d.Handle == before.Handle) == c.moves || d.Status != registrar.StatusRegistered || d.PaidTill != before.PaidTill {
			t.Errorf("after %s: %+v", c.verdict, d)
		}
	}
}

// A new registrant whom R01 refuses ends the trade, and nothing else.
func TestTradeToWhomR01Refuses(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	before := g.status("first.ru")
	op := g.submit(about(registrar.KindTrade, "o2", "first.ru"))
	g.send()
	g.receive(g.reply(g.last(), "nic-hdl: "+field(t, g.relay.taken[g.last()], "nic-hdl"), "status: TASK_FAILURE", "message: WRONG_BIRTH_DATE"))
	g.expect(op.ID, registrar.Failed)
	if d := g.status("first.ru"); d.Handle != before.Handle || d.Status != registrar.StatusRegistered {
		t.Errorf("%+v", d)
	}
}

// A code is there only when a person gives it, in one line; then it is kept sealed, read by one way, and
// erased with the customer's data.
func TestTransferCode(t *testing.T) {
	t.Parallel()
	const code = "code-CANARY-17"
	g, _, _ := newGateWithClient(t)
	op := g.submit(about(registrar.KindAuthCode, "o2", "first.ru"))
	for _, wrong := range []registrar.AuthCode{"", "two\nlines", registrar.AuthCode(strings.Repeat("x", 256))} {
		err := g.getsCode(op.ID, wrong, "")
		var refusal *registrar.Error
		if !errors.As(err, &refusal) || refusal.Code != registrar.Invalid || len(refusal.Problems) != 1 || refusal.Problems[0].Path != "auth_code" {
			t.Errorf("a code of %d characters: %v", len(wrong), err)
		}
	}
	if _, err := g.TransferCode(t.Context(), op.ID); !errors.Is(err, registrar.Precondition) {
		t.Errorf("before it is there: %v", err)
	}
	failed := registrar.Decision{Operation: op.ID, Verdict: registrar.VerdictFailed, By: "olga", AuthCode: code}
	if _, err := g.Resolve(t.Context(), failed); !errors.Is(err, registrar.Invalid) {
		t.Errorf("a code that was not got: %v", err)
	}

	if err := g.getsCode(op.ID, code, "R01 mailed "+code+" to us"); err != nil {
		t.Fatal(err)
	}
	if got, err := g.TransferCode(t.Context(), op.ID); err != nil || got != code {
		t.Errorf("the code is %q, %v", string(got), err)
	}
	if _, err := g.TransferCode(t.Context(), "op-nobody"); !errors.Is(err, registrar.NotFound) {
		t.Errorf("of no operation: %v", err)
	}
	g.nowhere(code)
	if said := fmt.Sprintf("%+v", g.operation(op.ID)); strings.Contains(said, code) || !strings.Contains(said, "R01 mailed *** to us") {
		t.Errorf("the operation says %s", said)
	}

	if done, err := g.Eraser.Erase(t.Context(), registrar.ErasureQuery{Customer: "c1"}); err != nil || !strings.Contains(fmt.Sprint(done.Removed), "transfer codes") {
		t.Errorf("erased %+v, %v", done, err)
	}
	if _, err := g.TransferCode(t.Context(), op.ID); !errors.Is(err, registrar.Precondition) {
		t.Errorf("after it was erased: %v", err)
	}
}

// A mail that a person reads as done ends no order for a code: the code is not in it.
func TestTransferCodeByReview(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	op := g.submit(about(registrar.KindAuthCode, "o2", "first.ru"))
	g.settings.Proof = true
	g.receive(g.mail("", "domain: first.ru", "status: TASK_SUCCESS"))
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("reviews %+v, %v", list, err)
	}
	_, err = g.ResolveReview(t.Context(), registrar.ReviewDecision{Review: list[0].ID, Operation: op.ID, OperationVersion: g.operation(op.ID).Version, Outcome: registrar.ReplyDone, By: "olga"})
	if !errors.Is(err, registrar.Invalid) {
		t.Errorf("read as done: %v", err)
	}
	g.expect(op.ID, registrar.NeedsAction)
}

// While a domain is given up or changes hands no renewal of it is sent, by schedule or by order; when
// that has failed it is renewed again, and what was given up is not.
func TestNoRenewalBesideAssisted(t *testing.T) {
	t.Parallel()
	for _, kind := range []registrar.OperationKind{registrar.KindDelete, registrar.KindTrade, registrar.KindAuthCode} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			till := g.own("own.ru", 40, registrar.RenewAuto)
			op := g.submit(about(kind, "o2", "own.ru"))
			g.send() // of a new registrant
			mails := len(g.relay.taken)
			if g.steps("own.ru hold"); len(g.relay.taken) != mails {
				t.Errorf("a renewal was sent")
			}
			renewal := registrar.Order{ID: "o3", Kind: registrar.KindRenew, Domain: "own.ru", Customer: "c1", PaidTill: till}
			if _, err := g.Submit(t.Context(), renewal); !errors.Is(err, registrar.Precondition) || !strings.Contains(err.Error(), "open operation ("+string(kind)) {
				t.Errorf("a renewal beside it: %v", err)
			}

			if kind == registrar.KindTrade {
				g.receive(g.reply(g.last(), "nic-hdl: "+field(t, g.relay.taken[g.last()], "nic-hdl"), "status: TASK_SUCCESS"))
			}
			g.decide(op.ID, registrar.VerdictFailed)
			g.renew()
			if n := g.sentFor("own.ru"); n != len(g.relay.taken)-1 || n != mails {
				t.Errorf("of %d mails the renewal is number %d, and before it were %d", len(g.relay.taken), n, mails)
			}
		})
	}
}

// A renewal that is planned when a domain is given up is never begun.
func TestDeletedLeavesTheSchedule(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("own.ru", 40, registrar.RenewAuto)
	if n, err := g.PlanRenewals(t.Context(), policy.Settings{Before: 55}.Due(policy.Today(g.clock))); err != nil || n != 1 {
		t.Fatalf("%d planned, %v", n, err)
	}
	op := g.submit(about(registrar.KindDelete, "o2", "own.ru"))
	g.send()
	g.decide(op.ID, registrar.VerdictDone)
	g.send()
	g.steps()
	if len(g.relay.taken) != 0 || g.status("own.ru").Status != registrar.StatusDeleted {
		t.Errorf("%d mails, %+v", len(g.relay.taken), g.status("own.ru"))
	}
	err := g.st.Read(t.Context(), func(tx *store.Tx) error {
		plans, err := tx.Renewals.Planned(g.settings.Agreement, g.clock, 10)
		if len(plans) != 0 {
			t.Errorf("it is planned from %s: %+v", till, plans)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A person who leaves it is reminded once: after ten days, or when R01 takes nothing any more.
func TestAssistedIsLate(t *testing.T) {
	t.Parallel()
	for days, until := range map[int]time.Duration{100: engine.PersonWithin, 4: 3 * 24 * time.Hour} {
		g := newGate(t)
		g.own("own.ru", days, registrar.RenewManual)
		op := g.submit(about(registrar.KindDelete, "o2", "own.ru"))
		g.pass(until - time.Hour)
		if g.mentions("is late") != 0 {
			t.Errorf("paid for %d days: reminded too early", days)
		}
		g.pass(24 * time.Hour)
		g.pass(24 * time.Hour)
		if g.mentions("the deletion of own.ru is late") != 1 {
			t.Errorf("paid for %d days: reminded %d times", days, g.mentions("is late"))
		}
		g.expect(op.ID, registrar.NeedsAction)
	}
}

// A domain that was given up can be registered again, also for another customer.
func TestGivenUpCanBeHadAgain(t *testing.T) {
	t.Parallel()
	g, w, _ := newGateWithClient(t)
	g.decide(g.submit(about(registrar.KindDelete, "o2", "first.ru")).ID, registrar.VerdictDone)
	w.held = map[string]registry.Record{}
	again := registration("o3", "first.ru")
	again.Customer = "c2"
	op := g.submit(again)
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistering || d.Customer != "c2" || op.State != registrar.Queued {
		t.Errorf("%+v, %+v", d, op)
	}
}
