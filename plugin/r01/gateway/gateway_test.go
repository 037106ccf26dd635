package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

func delegated(domain string) []string {
	return []string{"domain: " + domain, "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"}
}

func TestNewCustomer(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "newtime.ru"))
	g.expect(op.ID, registrar.Queued)
	g.send()
	g.expect(op.ID, registrar.Sent)
	handle := field(t, g.relay.taken[0], "nic-hdl")
	if !strings.HasPrefix(handle, "MYCO_1_") || !strings.HasSuffix(handle, "-R01") || strings.Contains(handle, "-ORG-") {
		t.Errorf("the handle is %s", handle)
	}
	g.receive(g.reply(0, "task: 1048577", "nic-hdl: "+handle, "status: TASK_QUEUED"))
	g.expect(op.ID, registrar.Accepted)
	g.send()
	if len(g.relay.taken) != 1 {
		t.Fatalf("the domain request left before the client was registered")
	}
	g.receive(g.reply(0, "task: 1048577", "nic-hdl: "+handle, "status: TASK_SUCCESS"))
	g.expect(op.ID, registrar.Queued)
	g.send()
	if got := field(t, g.relay.taken[1], "admin-o"); got != handle {
		t.Errorf("the domain request refers to %s, want %s", got, handle)
	}
	g.receive(g.reply(1, append([]string{"task: 1048578"}, delegated("newtime.ru")...)...))
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("newtime.ru"); d.Status != registrar.StatusRegistered || d.PaidTill.String() != "2027-11-24" || d.Handle != handle || len(d.Alarms) != 0 {
		t.Errorf("the domain is %+v", d)
	}
}

// R01 may spell the handle its own way; then that is the handle. r01-mail 2.8
func TestR01RenamesTheHandle(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.submit(registration("o1", "newtime.ru"))
	g.send()
	g.receive(g.reply(0, "nic-hdl: RENAMED_9-R01", "status: TASK_SUCCESS"))
	g.send()
	if got := field(t, g.relay.taken[1], "admin-o"); got != "RENAMED_9-R01" {
		t.Errorf("the domain request refers to %s", got)
	}
}

func TestTwoOrdersShareTheClientRequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	one, two := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.send()
	if len(g.relay.taken) != 1 {
		t.Fatalf("%d mails, want one client request", len(g.relay.taken))
	}
	g.receive(g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
	g.send()
	if len(g.relay.taken) != 3 {
		t.Fatalf("%d mails, want a client request and two domain requests", len(g.relay.taken))
	}
	for _, domain := range []string{"one.ru", "two.ru"} {
		g.receive(g.reply(g.sentFor(domain), delegated(domain)...))
	}
	g.expect(one.ID, registrar.Succeeded)
	g.expect(two.ID, registrar.Succeeded)
}

// sentFor is the number of the mail that was sent for a domain.
func (g *gate) sentFor(domain string) int {
	g.t.Helper()
	for n, raw := range g.relay.taken {
		if strings.Contains(string(raw), "\r\ndomain: "+domain+"\r\n") {
			return n
		}
	}
	g.t.Fatalf("nothing was sent for %s", domain)
	return 0
}

// Of two orders that wait for one client, one is withdrawn: the other goes on.
func TestWithdrawnOrderDoesNotHoldUpTheOther(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	one, two := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.decide(one.ID, registrar.VerdictCancel)
	g.expect(one.ID, registrar.Cancelled)
	g.expect(two.ID, registrar.Queued)
	g.send()
	g.receive(g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
	g.send()
	g.receive(g.reply(1, delegated("two.ru")...))
	g.expect(two.ID, registrar.Succeeded)
	g.expect(one.ID, registrar.Cancelled)
	if len(g.relay.taken) != 2 {
		t.Errorf("%d mails, want a client request and one domain request", len(g.relay.taken))
	}
	if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: one.ID, Verdict: registrar.VerdictResend, By: "olga"}); !errors.Is(err, registrar.Precondition) {
		t.Errorf("resending a withdrawn operation: %v, want Precondition", err)
	}
}

// What Submit would refuse, Validate says before anything is stored or paid.
func TestValidate(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	known := registration("o1", "known.ru")
	v, err := g.Validate(t.Context(), known)
	if err != nil || len(v.Problems) != 0 || !strings.Contains(v.Preview, "#[DOMAIN TEMPLATE]#") || strings.Contains(v.Preview, "#[PERSON TEMPLATE]#") {
		t.Errorf("a known customer's order: %+v, %v", v, err)
	}
	for name, c := range map[string]struct {
		change func(o *registrar.Order)
		path   string
	}{
		"registered here":             {func(o *registrar.Order) { o.Domain = "first.ru" }, "domain"},
		"not a domain":                {func(o *registrar.Order) { o.Domain = "first" }, "domain"},
		"not in ACE":                  {func(o *registrar.Order) { o.Domain = "пример.рф" }, "domain"},
		"nobody's":                    {func(o *registrar.Order) { o.Customer = "" }, "customer"},
		"no registrant":               {func(o *registrar.Order) { o.Registrant = nil }, "contact"},
		"impossible birth date":       {func(o *registrar.Order) { o.Registrant.Fields["birth_date"] = []string{"1965-02-30"} }, "contact.birth_date"},
		"one nameserver":              {func(o *registrar.Order) { o.Nameservers = o.Nameservers[:1] }, "nameservers"},
		"not to be encoded":           {func(o *registrar.Order) { o.Registrant.Fields["name"] = []string{"Сидоров 日 Сидор"} }, "contact.name"},
		"injection":                   {func(o *registrar.Order) { o.Registrant.Fields["postal_address"] = []string{"x\n#[DOMAIN TEMPLATE]#"} }, "contact.postal_address[1]"},
		"a transfer without its code": {func(o *registrar.Order) { o.Kind, o.Nameservers = registrar.KindTransfer, nil }, "auth_code"},
		"a transfer with a code of two lines": {func(o *registrar.Order) {
			o.Kind, o.Nameservers, o.AuthCode = registrar.KindTransfer, nil, "a\nb"
		}, "auth_code"},
		"a transfer with nameservers": {func(o *registrar.Order) { o.Kind, o.AuthCode = registrar.KindTransfer, "code" }, "nameservers"},
		"a transfer of nobody": {func(o *registrar.Order) {
			o.Kind, o.Nameservers, o.AuthCode, o.Registrant = registrar.KindTransfer, nil, "code", nil
		}, "contact"},
	} {
		o := registration("o2", "other.ru")
		c.change(&o)
		v, err := g.Validate(t.Context(), o)
		if err != nil || !slices.ContainsFunc(v.Problems, func(p registrar.Problem) bool { return p.Path == c.path }) || v.Preview != "" {
			t.Errorf("%s: %+v, %v; want a problem at %s", name, v, err, c.path)
		}
		if _, err := g.Submit(t.Context(), o); !errors.Is(err, registrar.Invalid) && !errors.Is(err, registrar.Precondition) {
			t.Errorf("%s: Submit says %v", name, err)
		}
	}
	if n := len(g.relay.taken); n != 2 {
		t.Errorf("%d mails, want only those that registered the client", n)
	}
}

func TestRefusedClientFailsAllThatWait(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	one, two := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.send()
	g.receive(g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_FAILURE", "message: WRONG_BIRTH_DATE"))
	for _, op := range []registrar.Operation{one, two} {
		if got := g.expect(op.ID, registrar.Failed); !strings.Contains(got.Error, "WRONG_BIRTH_DATE") {
			t.Errorf("the error is %q", got.Error)
		}
	}
	if d := g.status("one.ru"); d.Status != registrar.StatusError || len(d.Alarms) != 1 {
		t.Errorf("the domain is %+v", d)
	}
	// The next order makes a new client under a new handle, and clears the alarm.
	again := g.submit(registration("o3", "one.ru"))
	g.send()
	if field(t, g.relay.taken[1], "nic-hdl") == field(t, g.relay.taken[0], "nic-hdl") {
		t.Error("a handle was used twice")
	}
	if d := g.status("one.ru"); d.Status != registrar.StatusRegistering || len(d.Alarms) != 0 {
		t.Errorf("after the new order %s: %+v", again.ID, d)
	}
}

func TestSubmitIsIdempotent(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	first := g.submit(registration("o1", "newtime.ru"))
	g.send()
	for range 10 {
		if again := g.submit(registration("o1", "newtime.ru")); again.ID != first.ID {
			t.Fatalf("the order became operation %s, then %s", first.ID, again.ID)
		}
	}
	g.send()
	if len(g.relay.taken) != 1 {
		t.Errorf("%d mails for one order", len(g.relay.taken))
	}
	for name, change := range map[string]func(o *registrar.Order){
		"domain":     func(o *registrar.Order) { o.Domain = "other.ru" },
		"registrant": func(o *registrar.Order) { o.Registrant.Fields["phones"] = []string{"+7 495 7654321"} },
		"customer":   func(o *registrar.Order) { o.Customer = "c2" },
	} {
		o := registration("o1", "newtime.ru")
		change(&o)
		if _, err := g.Submit(t.Context(), o); !errors.Is(err, registrar.Conflict) {
			t.Errorf("the same OrderID with another %s: %v, want Conflict", name, err)
		}
	}
	if _, err := g.Submit(t.Context(), registration("o2", "newtime.ru")); !errors.Is(err, registrar.Precondition) {
		t.Errorf("a second order on a domain under way: %v, want Precondition", err)
	}
}

// The fault pairs: each way a transmission fails, whether R01 got the mail or not, with and
// without a crash after it. Nothing is sent twice without proof, and nothing is lost.
func TestFaultPairs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fail  func(claim func() error, take func()) *smtpout.Result
		state registrar.OperationState
		taken int // after time has passed and the relay is well again
	}{
		{"relay unreachable", unreachable, registrar.Queued, 1},
		{"deferred after the claim", temporarily, registrar.Queued, 1},
		{"refused for good", forGood, registrar.Failed, 0},
		{"no answer, and not taken", noAnswerNotTaken, registrar.Uncertain, 0},
		{"no answer, but taken", noAnswerTaken, registrar.Uncertain, 1},
	} {
		for _, crash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, crash %v", c.name, crash), func(t *testing.T) {
				t.Parallel()
				g := newGateOfClient(t)
				before := len(g.relay.taken)
				op := g.submit(registration("o1", "fault.ru"))
				g.relay.fail = c.fail
				g.send()
				g.expect(op.ID, c.state)
				if crash {
					g.restart(testSettings())
					g.expect(op.ID, c.state)
				}
				g.relay.fail = nil
				for range 10 {
					g.pass(2 * time.Hour)
					g.send()
				}
				if got := len(g.relay.taken) - before; got != c.taken {
					t.Errorf("R01 got the request %d times, want %d", got, c.taken)
				}
			})
		}
	}
}

// A crash between the claim and the answer: the next start calls it uncertain, and sends
// nothing.
func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprint("taken ", taken), func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o1", "crash.ru"))
			before := len(g.relay.taken)
			g.relay.fail = func(claim func() error, take func()) *smtpout.Result {
				if err := claim(); err != nil {
					t.Fatal(err)
				}
				if taken {
					take()
				}
				panic("the process dies here")
			}
			func() {
				defer func() { recover() }()
				g.send()
			}()
			g.relay.fail = nil
			g.restart(testSettings())
			g.expect(op.ID, registrar.Uncertain)
			g.send()
			if got := len(g.relay.taken) - before; taken != (got == 1) || got > 1 {
				t.Errorf("R01 got %d requests", got)
			}
			if d := g.status("crash.ru"); d.Status != registrar.StatusRegistering || len(d.Alarms) != 1 {
				t.Errorf("the domain is %+v", d)
			}
		})
	}
}

// submitter plays the relay with a view of the context.
type submitter func(ctx context.Context, claim func(context.Context) error) smtpout.Result

func (submitter) Rest() {}

func (s submitter) Submit(ctx context.Context, _ smtpout.Mail, claim func(context.Context) error) smtpout.Result {
	return s(ctx, claim)
}

// Told to stop, a claimed transmission finishes; one that is not claimed ends at once.
func TestStoppingWhileSending(t *testing.T) {
	t.Parallel()
	for _, claimedFirst := range []bool{true, false} {
		g := newGateOfClient(t)
		op := g.submit(registration("o1", "stop.ru"))
		ctx, stop := context.WithCancel(t.Context())
		g.submitter.Submitter = submitter(func(submitting context.Context, claim func(context.Context) error) smtpout.Result {
			if claimedFirst {
				if err := claim(submitting); err != nil {
					t.Fatal(err)
				}
				stop()
				if err := submitting.Err(); err != nil {
					t.Errorf("the claimed transmission was cut off: %v", err)
				}
				return smtpout.Result{Outcome: smtpout.Accepted}
			}
			stop()
			<-submitting.Done()
			if err := claim(submitting); err == nil {
				t.Error("claimed after the stop")
			}
			return smtpout.Result{Outcome: smtpout.Deferred, Err: submitting.Err()}
		})
		if _, err := g.SendDue(ctx); claimedFirst && err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		want := registrar.Queued
		if claimedFirst {
			want = registrar.Sent
		}
		g.expect(op.ID, want)
	}
}

// Uncertain is left by a reply, by our own copy, or by a person; each shows its evidence.
func TestLeavingUncertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		fail     func(claim func() error, take func()) *smtpout.Result
		resolve  func(g *gate, op registrar.Operation)
		state    registrar.OperationState
		evidence registrar.EvidenceKind
		total    int
	}{
		{"a reply", noAnswerTaken, func(g *gate, _ registrar.Operation) {
			g.receive(g.reply(len(g.relay.taken)-1, delegated("fate.ru")...))
		}, registrar.Succeeded, registrar.EvidenceReply, 1},
		{"our own copy", noAnswerTaken, func(g *gate, _ registrar.Operation) {
			g.receive(strings.ReplaceAll(string(g.relay.taken[len(g.relay.taken)-1]), "\r\n", "\n"))
		}, registrar.Sent, registrar.EvidenceCopy, 1},
		{"a person: done", noAnswerTaken, func(g *gate, op registrar.Operation) {
			g.decide(op.ID, registrar.VerdictDone)
		}, registrar.Succeeded, registrar.EvidencePerson, 1},
		{"a person: failed", noAnswerNotTaken, func(g *gate, op registrar.Operation) {
			g.pass(g.settings.Settle)
			g.decide(op.ID, registrar.VerdictFailed)
		}, registrar.Failed, registrar.EvidencePerson, 0},
		{"a person: resend", noAnswerNotTaken, func(g *gate, op registrar.Operation) {
			g.pass(g.settings.Settle)
			g.decide(op.ID, registrar.VerdictResend)
			g.relay.fail = nil
			g.send()
		}, registrar.Sent, registrar.EvidencePerson, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			before := len(g.relay.taken)
			op := g.submit(registration("o1", "fate.ru"))
			g.relay.fail = c.fail
			g.send()
			g.expect(op.ID, registrar.Uncertain)
			c.resolve(g, op)
			got := g.expect(op.ID, c.state)
			if !slices.ContainsFunc(got.History, func(s registrar.Step) bool { return s.Evidence == c.evidence }) {
				t.Errorf("the history shows no evidence %q: %+v", c.evidence, got.History)
			}
			if n := len(g.relay.taken) - before; n != c.total {
				t.Errorf("R01 got %d requests, want %d", n, c.total)
			}
			if d := g.status("fate.ru"); got.State != registrar.Failed && len(d.Alarms) != 0 {
				t.Errorf("the alarm still stands: %+v", d.Alarms)
			}
		})
	}
}

func (g *gate) decide(id registrar.OperationID, v registrar.Verdict) {
	g.t.Helper()
	if _, err := g.Resolve(g.t.Context(), registrar.Decision{Operation: id, Verdict: v, By: "olga"}); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// Until a paid request has settled, a bare word that it was not carried out is refused; one
// with a reason is not, and the timeline repeats the reason. That it was carried out can be
// said at any time, and so can anything of a request that costs nothing.
func TestSettling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		paid    bool
		after   time.Duration
		verdict registrar.Verdict
		note    string
		refused bool
	}{
		{"failed at once", true, 0, registrar.VerdictFailed, "", true},
		{"resend at once", true, 0, registrar.VerdictResend, "", true},
		{"resend almost settled", true, 7*24*time.Hour - time.Second, registrar.VerdictResend, "", true},
		{"resend when settled", true, 7 * 24 * time.Hour, registrar.VerdictResend, "", false},
		{"failed when settled", true, 7 * 24 * time.Hour, registrar.VerdictFailed, "", false},
		{"resend with a reason", true, 0, registrar.VerdictResend, "R01 says on the telephone that nothing arrived", false},
		{"failed with a reason", true, 0, registrar.VerdictFailed, "R01 says on the telephone that nothing arrived", false},
		{"done at once", true, 0, registrar.VerdictDone, "", false},
		{"resend of what costs nothing", false, 0, registrar.VerdictResend, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			if c.paid {
				g.registerClient()
			}
			op := g.submit(registration("o1", "settle.ru"))
			g.relay.fail = noAnswerNotTaken
			g.send()
			before := len(g.relay.taken)
			g.pass(c.after)
			_, err := g.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Verdict: c.verdict, By: "olga", Note: c.note})
			g.check()
			if refused := errors.Is(err, registrar.Precondition); refused != c.refused || err != nil && !refused {
				t.Fatalf("refused: %v, want %v", err, c.refused)
			}
			g.relay.fail = nil
			g.send()
			if resent := len(g.relay.taken) > before; resent != (c.verdict == registrar.VerdictResend && !c.refused) {
				t.Errorf("sent again: %v", resent)
			}
			got := g.operation(op.ID)
			if c.refused && got.State != registrar.Uncertain {
				t.Errorf("a refused decision left it %s", got.State)
			}
			if c.note != "" && !slices.ContainsFunc(got.History, func(s registrar.Step) bool {
				return s.Actor == "olga" && s.Evidence == registrar.EvidencePerson && strings.Contains(s.Message, c.note)
			}) {
				t.Errorf("the timeline does not say why: %+v", got.History)
			}
		})
	}
}

// A reply that overtakes the relay's answer is not undone by it.
func TestReplyOvertakesTheRelay(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "fast.ru"))
	g.relay.fail = func(claim func() error, take func()) *smtpout.Result {
		if err := claim(); err != nil {
			t.Fatal(err)
		}
		take()
		g.receive(g.reply(len(g.relay.taken)-1, delegated("fast.ru")...))
		return &smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
	}
	g.send()
	g.expect(op.ID, registrar.Succeeded)
}

func TestSilence(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "silent.ru"))
	g.send()
	before := len(g.relay.taken)
	g.pass(23 * time.Hour)
	g.expect(op.ID, registrar.Sent)
	g.pass(2 * time.Hour)
	g.expect(op.ID, registrar.Uncertain)
	g.pass(100 * 24 * time.Hour)
	g.send()
	if len(g.relay.taken) != before {
		t.Error("silence made us send again")
	}
	g.receive(g.reply(before-1, "domain: silent.ru", "status: TASK_QUEUED", "task: 7"))
	g.expect(op.ID, registrar.Accepted)
	g.pass(8 * 24 * time.Hour)
	g.expect(op.ID, registrar.NeedsAction)
	g.receive(g.reply(before-1, delegated("silent.ru")...))
	g.expect(op.ID, registrar.Succeeded)
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op, next := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.relay.fail = func(claim func() error, take func()) *smtpout.Result {
		g.relay.fail = nil // the first one only
		if err := claim(); err != nil {
			t.Fatal(err)
		}
		take()
		g.receive(g.reply(len(g.relay.taken)-1, "status: TASK_FAILURE", "message: Wrong agreement or password."))
		return &smtpout.Result{Outcome: smtpout.Accepted}
	}
	g.send()
	g.expect(op.ID, registrar.NeedsAction)
	g.expect(next.ID, registrar.Queued)
	g.pass(time.Hour)
	g.send()
	g.expect(next.ID, registrar.Queued)
	health, err := g.Health(t.Context())
	if err != nil || health[0].OK || !strings.Contains(health[0].Detail, "password") {
		t.Errorf("health: %+v, %v", health, err)
	}

	g.restart(testSettings()) // the same password: still refused
	g.send()
	g.expect(op.ID, registrar.NeedsAction)

	mended := testSettings()
	mended.Password = secret.New("another")
	g.restart(mended)
	g.send()
	g.expect(op.ID, registrar.Sent)
	g.expect(next.ID, registrar.Sent)
	if health, err = g.Health(t.Context()); err != nil || !health[0].OK {
		t.Errorf("health after the password was mended: %+v, %v", health, err)
	}
}

// No funds pauses what costs money and nothing else. r01-mail 4.5
func TestNoFunds(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "poor.ru"))
	g.send()
	g.receive(g.reply(len(g.relay.taken)-1, "domain: poor.ru", "status: TASK_FAILURE", "message: Not enough funds on the account."))
	g.expect(op.ID, registrar.NeedsAction)
	waiting := g.submit(registration("o2", "waiting.ru"))
	other := registration("o3", "other.ru")
	other.Customer = "c9"
	unpaid := g.submit(other)
	g.send()
	g.expect(waiting.ID, registrar.Queued)
	g.expect(unpaid.ID, registrar.Sent) // a client request costs nothing
	g.decide(op.ID, registrar.VerdictResend)
	g.send()
	g.expect(op.ID, registrar.Sent)
	g.expect(waiting.ID, registrar.Sent)
}

// What must not be believed goes to review, and the operation stays as it is.
func TestReview(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		mail       func(g *gate) string
	}{
		{"prose that no rule knows", "no rule", func(g *gate) string { return g.reply(g.last(), "Your wish is noted.") }},
		{"another domain", "is about", func(g *gate) string { return g.reply(g.last(), delegated("evil.ru")...) }},
		{"nobody's domain", "no open request", func(g *gate) string { return g.mail("", delegated("unknown.ru")...) }},
		{"a client, in answer to a domain request", "client", func(g *gate) string {
			return g.reply(g.last(), "nic-hdl: MYCO_1_X-R01", "status: TASK_SUCCESS")
		}},
		{"another kind of action", "PROLONG", func(g *gate) string {
			return g.reply(g.last(), append([]string{"action: PROLONG"}, delegated("doubt.ru")...)...)
		}},
		{"another task than R01 queued it as", "task 2", func(g *gate) string {
			g.receive(g.reply(g.last(), "task: 1", "domain: doubt.ru", "status: TASK_QUEUED"))
			return g.reply(g.last(), append([]string{"task: 2"}, delegated("doubt.ru")...)...)
		}},
		{"a damaged success", "damaged", func(g *gate) string {
			return strings.Replace(g.reply(g.last(), delegated("doubt.ru")...), "Subject:", "this is no field\nSubject:", 1)
		}},
		{"success in a quotation only", "no rule", func(g *gate) string {
			return g.reply(g.last(), "Hello,", "> domain: doubt.ru", "> status: TASK_SUCCESS", "> state: REGISTERED, DELEGATED")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o1", "doubt.ru"))
			g.send()
			mail := c.mail(g)
			before := g.operation(op.ID).State
			g.receive(mail)
			g.expect(op.ID, before)
			list, err := g.Desk.Reviews(t.Context())
			if err != nil || len(list) != 1 || !strings.Contains(list[0].Reason, c.says) {
				t.Fatalf("reviews: %+v, %v; want one that says %q", list, err, c.says)
			}
			// The next mail is not held up by it.
			g.receive(g.reply(g.last(), delegated("doubt.ru")...))
			g.expect(op.ID, registrar.Succeeded)
		})
	}
}

func (g *gate) last() int { return len(g.relay.taken) - 1 }

func TestResolveReview(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "doubt.ru"))
	g.send()
	g.receive(g.reply(g.last(), "Your wish is noted."))
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 1 || !slices.Equal(list[0].Candidates, []registrar.OperationID{op.ID}) {
		t.Fatalf("reviews: %+v, %v", list, err)
	}
	id := list[0].ID
	if _, err := g.ResolveReview(t.Context(), registrar.ReviewDecision{Review: id, Outcome: registrar.ReplyDone}); !errors.Is(err, registrar.Invalid) {
		t.Errorf("nobody decided: %v", err)
	}
	if _, err := g.ResolveReview(t.Context(), registrar.ReviewDecision{Review: id, Outcome: registrar.ReplyQueued, By: "olga"}); err != nil {
		t.Fatal(err)
	}
	g.check()
	g.expect(op.ID, registrar.Accepted)
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("still waiting: %+v, %v", list, err)
	}
	if _, err := g.ResolveReview(t.Context(), registrar.ReviewDecision{Review: id, Outcome: registrar.ReplyIgnore, By: "olga"}); !errors.Is(err, registrar.Precondition) {
		t.Errorf("resolving it twice: %v", err)
	}
}

// A late word is noted; one that contradicts the conclusion is for a person. r01-mail 3.9
func TestLateReplies(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "late.ru"))
	g.send()
	done := g.reply(g.last(), delegated("late.ru")...)
	g.receive(done)
	g.receive(done)                                       // the very same mail again
	g.receive(g.reply(g.last(), delegated("late.ru")...)) // the same word in another mail
	g.receive(g.reply(g.last(), "domain: late.ru", "status: TASK_QUEUED"))
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("a late word that agrees went to review: %+v, %v", list, err)
	}
	g.receive(g.reply(g.last(), "domain: late.ru", "status: TASK_FAILURE", "message: refused"))
	g.expect(op.ID, registrar.Succeeded)
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("a contradiction did not go to review: %+v, %v", list, err)
	}
}

// A token binds. A task or a domain is a hint: a proved sender may hint at what is done, and
// no other. r01-mail 3.7
func TestMatchingWithoutThread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		unproved registrar.OperationState
		mail     func(g *gate) string
	}{
		{"by token", registrar.Succeeded, func(g *gate) string {
			subject := header(g.t, g.relay.taken[g.last()], "Subject")
			return strings.Replace(g.mail("", delegated("match.ru")...), "Subject: answer", "Subject: Re: "+subject, 1)
		}},
		{"by task", registrar.Accepted, func(g *gate) string {
			g.receive(g.reply(g.last(), "task: 4711", "domain: match.ru", "status: TASK_QUEUED"))
			return g.mail("", append([]string{"task: 4711"}, delegated("match.ru")...)...)
		}},
		{"by domain", registrar.Sent, func(g *gate) string { return g.mail("", delegated("MATCH.RU")...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, proof := range []bool{true, false} {
				g := newGate(t)
				g.settings.Proof = proof
				g.registerClient()
				op := g.submit(registration("o1", "match.ru"))
				g.send()
				g.receive(c.mail(g))
				want, waiting := registrar.Succeeded, 0
				if !proof {
					if want = c.unproved; want != registrar.Succeeded {
						waiting = 1
					}
				}
				g.expect(op.ID, want)
				if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != waiting {
					t.Errorf("proof %v: reviews %+v, %v", proof, list, err)
				}
			}
		})
	}
}

// Several results in one mail are applied together, or not at all. r01-mail 3.3, 3.8
func TestSeveralResultsInOneMail(t *testing.T) {
	t.Parallel()
	for second, want := range map[string]registrar.OperationState{
		strings.Join(delegated("two.ru"), "\n"):                                                         registrar.Succeeded,
		"domain: two.ru\nstatus: TASK_FAILURE\nmessage: Domain two.ru is already registered.":           registrar.Sent, // a hint refuses nothing
		"domain: two.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: 2206.11.24":     registrar.Sent,
		"domain: unknown.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: 2027.11.24": registrar.Sent,
		"domain: one.ru\nstatus: TASK_FAILURE\nmessage: refused":                                        registrar.Sent,
		"status: TASK_FAILURE\nmessage: refused":                                                        registrar.Sent,
	} {
		g := newGate(t)
		g.settings.Proof = true
		g.registerClient()
		one, two := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
		g.send()
		g.receive(g.mail("", append(delegated("one.ru"), "", second)...))
		for _, op := range []registrar.Operation{one, two} {
			if got := g.operation(op.ID).State; got != want {
				t.Errorf("%s\n%s is %s, want %s", second, op.Domain, got, want)
			}
		}
		if list, err := g.Desk.Reviews(t.Context()); err != nil || (len(list) == 1) != (want == registrar.Sent) {
			t.Errorf("%s\nreviews: %+v, %v", second, list, err)
		}
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	till := registrar.Date{Year: 2027, Month: 11, Day: 24}
	renewal := registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "first.ru", PaidTill: till}
	if _, err := g.Submit(t.Context(), renewal); !errors.Is(err, registrar.Precondition) {
		t.Errorf("a renewal a year early: %v, want Precondition", err)
	}
	g.clock = till.AddDays(-55).In(time.UTC)
	stale := renewal
	stale.PaidTill = till.AddYears(-1)
	if _, err := g.Submit(t.Context(), stale); !errors.Is(err, registrar.Precondition) {
		t.Errorf("a renewal from an expiry that is not so: %v, want Precondition", err)
	}
	op := g.submit(renewal)
	g.send()
	g.receive(g.reply(g.last(), "action: PROLONG", "domain: first.ru", "status: TASK_SUCCESS", "paid-till: 2028.11.24"))
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("first.ru"); d.PaidTill != till.AddYears(1) || d.Status != registrar.StatusRegistered {
		t.Errorf("after the renewal: %+v", d)
	}
}

func TestFailedRenewalLeavesTheDomainRegistered(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	till := registrar.Date{Year: 2027, Month: 11, Day: 24}
	g.clock = till.AddDays(-30).In(time.UTC)
	op := g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "first.ru", PaidTill: till})
	g.send()
	g.receive(g.reply(g.last(), "domain: first.ru", "status: TASK_FAILURE", "message: refused"))
	g.expect(op.ID, registrar.Failed)
	if d := g.status("first.ru"); d.Status != registrar.StatusRegistered || len(d.Alarms) != 1 {
		t.Errorf("after the failed renewal: %+v", d)
	}
}

func TestNameserverUpdate(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	ns := []registrar.Nameserver{{Host: "ns3.hoster.example"}, {Host: "ns.first.ru", IPs: []string{"193.232.128.6"}}}
	op := g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "first.ru", Customer: "c1", Nameservers: ns})
	g.send()
	body := string(g.relay.taken[g.last()])
	for _, line := range []string{"action: UPDATE", "domain: first.ru", "nserver: ns3.hoster.example", "nserver: ns.first.ru 193.232.128.6", "admin-o: MYCO_1_"} {
		if !strings.Contains(body, line) {
			t.Errorf("no line %q in:\n%s", line, body)
		}
	}
	g.receive(g.reply(g.last(), "domain: first.ru", "status: TASK_SUCCESS"))
	g.expect(op.ID, registrar.Succeeded)
	if d := g.status("first.ru"); len(d.Nameservers) != 2 || d.Nameservers[0].Host != "ns3.hoster.example" {
		t.Errorf("after the update: %+v", d.Nameservers)
	}
}

func TestContactUpdate(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	change := func(id string, fields map[string][]string) registrar.Order {
		return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindUpdate, Domain: "first.ru", Customer: "c1",
			Registrant: &registrar.Registrant{Kind: registrar.Person, Fields: fields}}
	}
	for path, o := range map[string]registrar.Order{
		"contact.passport[0]": change("u0", map[string][]string{"passport": {"4510 654321"}}),
		"contact.nobody":      change("u0", map[string][]string{"nobody": {"x"}}),
	} {
		_, err := g.Submit(t.Context(), o)
		var refusal *registrar.Error
		if !errors.As(err, &refusal) || !slices.ContainsFunc(refusal.Problems, func(p registrar.Problem) bool { return strings.HasPrefix(path, p.Path) }) {
			t.Errorf("%s: %v", path, err)
		}
	}
	stranger := change("u0", map[string][]string{"phones": {"+7 495 7654321"}})
	stranger.Customer = "c2"
	if _, err := g.Submit(t.Context(), stranger); !errors.Is(err, registrar.Precondition) {
		t.Errorf("another customer changes the contact: %v", err)
	}
	op := g.submit(change("u1", map[string][]string{"phones": {"+7 495 7654321"}}))
	g.send()
	body := string(g.relay.taken[g.last()])
	handle := g.status("first.ru").Handle
	for _, line := range []string{"action: UPDATE", "#[PERSON TEMPLATE]#", "nic-hdl: " + handle, "phone: +7 495 7654321"} {
		if !strings.Contains(body, line) {
			t.Errorf("no line %q in:\n%s", line, body)
		}
	}
	for _, name := range []string{"passport:", "person-r:", "e-mail:", "domain:"} {
		if strings.Contains(body, name) {
			t.Errorf("%s stands in:\n%s", name, body)
		}
	}
	g.receive(g.reply(g.last(), "nic-hdl: "+handle, "status: TASK_SUCCESS"))
	g.expect(op.ID, registrar.Succeeded)
}

func TestAdoptedHandleNeedsNoClientRequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	if _, err := g.AdoptHandle(t.Context(), "c1", "OLD_5-R01"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.AdoptHandle(t.Context(), "c2", "OLD_5-R01"); !errors.Is(err, registrar.Conflict) {
		t.Errorf("another customer's handle: %v", err)
	}
	g.submit(registration("o1", "known.ru"))
	g.send()
	if got := field(t, g.relay.taken[0], "admin-o"); got != "OLD_5-R01" {
		t.Errorf("the request refers to %s", got)
	}
}

// A mail that can't be read is kept and shown, and does not hold up the next.
func TestUnreadableMail(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "next.ru"))
	g.send()
	g.receive("\x00\x00\x00")
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 1 {
		t.Errorf("reviews: %+v, %v", list, err)
	}
	g.receive(g.reply(g.last(), delegated("next.ru")...))
	g.expect(op.ID, registrar.Succeeded)
}

func TestBounce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, recipient, action, status string
		state                           registrar.OperationState
		reviews                         int
	}{
		{"R01's robot is not there", "robot@registrar.example", "failed", "5.1.1", registrar.Failed, 0},
		{"the relay still tries", "robot@registrar.example", "delayed", "4.4.1", registrar.Sent, 0},
		{"only our copy did not arrive", "copy@panel.example", "failed", "5.1.1", registrar.Sent, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o1", "bounce.ru"))
			g.send()
			g.receive("From: MAILER-DAEMON@relay.example\nTo: callback@panel.example\nSubject: Undelivered Mail\nMessage-ID: <b@relay.example>\n" +
				"Date: Tue, 24 Nov 2026 12:00:00 +0300\nReturn-Path: <>\nMIME-Version: 1.0\n" +
				"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n" +
				"--B\nContent-Type: text/plain\n\nIt could not be delivered.\n\n" +
				"--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n" +
				"Final-Recipient: rfc822; " + c.recipient + "\nAction: " + c.action + "\nStatus: " + c.status + "\nDiagnostic-Code: smtp; no such user\n\n" +
				"--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: " + header(t, g.relay.taken[g.last()], "Message-ID") + "\nSubject: x\n\n--B--\n")
			g.expect(op.ID, c.state)
			if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != c.reviews {
				t.Errorf("reviews: %+v, %v", list, err)
			}
		})
	}
}

// A success whose sender is not proved is never applied; one whose proof can't be had now
// is read again. r01-mail 3.10
func TestUnprovedSender(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "forged.ru"))
	g.send()
	g.judge = mailauth.Verdict{Reason: "nobody has signed it"}
	g.receive(g.reply(g.last(), delegated("forged.ru")...))
	g.expect(op.ID, registrar.Sent)
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Reason, "nobody has signed it") {
		t.Errorf("reviews: %+v, %v", list, err)
	}
	g.judge = mailauth.Verdict{Temporary: true, Reason: "DNS does not answer"}
	g.receive(g.reply(g.last(), delegated("forged.ru")...))
	g.expect(op.ID, registrar.Sent)
	g.judge = mailauth.Verdict{Verified: true}
	g.reads(inbox.SoonestTry)
	g.expect(op.ID, registrar.Succeeded)
}

// A sender that can't be proved now is tried for by time, however often others write meanwhile;
// then the mail waits for a person, and is read once more when the proof can be had. r01-mail 3.10
func TestUnprovableSenderWaitsForAPerson(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "forged.ru"))
	g.send()
	g.judge = mailauth.Verdict{Temporary: true, Reason: "DNS does not answer"}
	g.receive(g.reply(g.last(), delegated("forged.ru")...))
	for n := range 10 * inbox.Poisonous { // others
		g.receive(g.mail("", fmt.Sprint("hello ", n)))
	}
	waiting := func() (n int) {
		list, err := g.Desk.Reviews(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if strings.Contains(e.Reason, "DNS") && slices.Contains(e.Candidates, op.ID) {
				n++
			}
		}
		return n
	}
	for g.clock.Before(g.operation(op.ID).CreatedAt.Add(inbox.ProofWithin - inbox.LatestTry)) {
		if g.reads(inbox.LatestTry); waiting() > 0 {
			t.Fatal("a person was asked before the time was over")
		}
	}
	g.reads(2 * inbox.LatestTry)
	g.expect(op.ID, registrar.Sent)
	if n := waiting(); n != 1 {
		t.Errorf("%d entries, want one", n)
	}
	g.reads(inbox.LatestTry)
	g.expect(op.ID, registrar.Sent)
	g.judge = mailauth.Verdict{Verified: true}
	g.reads(inbox.LatestTry)
	g.expect(op.ID, registrar.Succeeded)
	if n := waiting(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// reads lets time go by, and reads what is due.
func (g *gate) reads(d time.Duration) {
	g.t.Helper()
	g.clock = g.clock.Add(d)
	for range 2 {
		if err := errors.Join(g.ProveAgain(g.t.Context()), g.ReadNew(g.t.Context())); err != nil {
			g.t.Fatal(err)
		}
	}
	g.check()
}

// Our own test mails, and loops, mean nothing and need no person. r01-mail 3.8
func TestOwnMailIsIgnored(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "own.ru"))
	g.send()
	own := strings.Replace(g.mail("", delegated("own.ru")...), "robot@registrar.example", "callback@panel.example", 1)
	g.receive(regexp.MustCompile("Message-ID: .*").ReplaceAllString(own, "Message-ID: <"+rand.Text()+"@panel.example>"))
	g.expect(op.ID, registrar.Sent)
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("reviews: %+v, %v", list, err)
	}
}

// A group's address writes itself into From. What answers our request is read like any other
// mail, and what answers none waits. r01-mail 3.8
func TestRewrittenSenderIsNotOurs(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "own.ru"))
	g.send()
	rewritten := func(raw string) string {
		return strings.Replace(raw, "From: robot@registrar.example", "From: 'R01' via Domains <callback@panel.example>", 1)
	}
	g.receive(rewritten(g.mail("", delegated("own.ru")...)))
	g.expect(op.ID, registrar.Sent)
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("reviews: %+v, %v", list, err)
	}
	g.receive(rewritten(g.reply(g.last(), delegated("own.ru")...)))
	g.expect(op.ID, registrar.Succeeded)
}

// R01's words are told, but not what they repeat of the registrant.
func TestRejectionRepeatsNothingPersonal(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "newtime.ru"))
	g.send()
	g.receive(g.reply(0, "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_FAILURE",
		"message: passport 4510 123456 of Сидоров Сидор Сидорович is void"))
	got := g.expect(op.ID, registrar.Failed)
	if strings.Contains(got.Error, "4510") || strings.Contains(got.Error, "Сидор") || !strings.Contains(got.Error, "is void") {
		t.Errorf("the error is %q", got.Error)
	}
	for _, a := range g.status("newtime.ru").Alarms {
		if strings.Contains(a.Message, "4510") {
			t.Errorf("the alarm says %q", a.Message)
		}
	}
}

// A rule is proposed of what R01 wrote, never of what it repeats of a registrant.
func TestRuleRepeatsNothingPersonal(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.submit(registration("o1", "newtime.ru"))
	g.send()
	g.receive(g.reply(0, "This is what you wrote:", "", "passport: 4510 123456", "person: Sidor S Sidorov"))
	g.receive(g.reply(0, "Your wish is noted."))
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	var rules string
	for _, r := range list {
		rule, err := g.ReviewRule(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		rules += fmt.Sprint(rule.Name, rule.Settings, rule.Why)
	}
	if strings.Contains(rules, "4510") || strings.Contains(rules, "Sidor") || !strings.Contains(rules, "wish") {
		t.Errorf("proposed:\n%s", rules)
	}
}

// A proposed rule tells which of the stored mails it would have recognised, and moves none of them.
func TestRuleIsTriedOnStoredMails(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.submit(registration("o1", "newtime.ru"))
	g.send()
	for _, name := range []string{"newtime.ru", "oldtime.ru", "sometime.ru"} {
		g.receive(g.reply(0, "The wish for "+name+" is noted in the book."))
	}
	g.receive(g.reply(0, "Something else is said of newtime.ru here."))
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}

	// They came at the same time, and have no order.
	noted := slices.IndexFunc(list, func(r registrar.Review) bool {
		shown, err := g.Review(t.Context(), r.ID)
		return err == nil && strings.Contains(shown.Text, "is noted in the book")
	})
	rule, err := g.ReviewRule(t.Context(), list[noted].ID)
	if err != nil {
		t.Fatal(err)
	}
	var about []string
	for _, m := range rule.Matches {
		about = append(about, m.Domain)
		if m.Outcome != registrar.ReplyNotice || m.State != registrar.MailReview || m.From == "" || m.At.IsZero() {
			t.Errorf("told is %+v", m)
		}
	}
	slices.Sort(about)
	if rule.Tried != 4 || rule.Matched != 3 || !slices.Equal(about, []string{"newtime.ru", "oldtime.ru", "sometime.ru"}) {
		t.Errorf("tried on %d, recognised %d, about %q by\n%s", rule.Tried, rule.Matched, about, rule.Block)
	}
	if again, err := g.Desk.Reviews(t.Context()); err != nil || len(again) != 4 {
		t.Errorf("trying has moved something: %v, %v", again, err)
	}
}

// What we keep and show of a request never holds the password.
func TestPasswordIsNeverKept(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.submit(registration("o1", "newtime.ru"))
	g.send()
	if !strings.Contains(string(g.relay.taken[0]), "password: "+testPassword) {
		t.Fatal("R01 did not get the password")
	}
	quoted := "> password: " + testPassword
	g.receive(g.reply(0, "what is this?", quoted))
	list, err := g.Desk.Reviews(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatal(err, list)
	}
	shown, err := g.Review(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	texts = append(texts, shown.Text)
	for e, err := range g.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, e.Message)
		if e.Mail != "" {
			m, err := g.Mail(t.Context(), e.Mail)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, m.Text, m.Subject)
		}
		if e.Type == registrar.EventReview {
			break
		}
	}
	if len(texts) < 5 {
		t.Fatalf("only %d texts were looked at", len(texts))
	}
	for _, text := range texts {
		for _, secret := range []string{testPassword, "4510 123456", "18.10.1965"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown in:\n%s", secret, text)
			}
		}
	}
}

// What says of itself that no person wrote it means nothing, unless R01's robot wrote it or
// it answers a request: then a person looks. r01-mail 3.8
func TestAutomaticMail(t *testing.T) {
	t.Parallel()
	automatic := func(mail, from string) string {
		return "Auto-Submitted: auto-replied\n" + strings.Replace(mail, "robot@registrar.example", from, 1)
	}
	for name, c := range map[string]struct {
		mail    func(g *gate) string
		reviews int
	}{
		"out of office":          {func(g *gate) string { return automatic(g.mail("", "I am away."), "ann@elsewhere.example") }, 0},
		"in answer to a request": {func(g *gate) string { return automatic(g.reply(0, "I am away."), "ann@elsewhere.example") }, 1},
		"of the robot":           {func(g *gate) string { return automatic(g.mail("", "I am away."), "robot@registrar.example") }, 1},
		"a result that says it of itself": {func(g *gate) string {
			return automatic(g.reply(0, "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_QUEUED"), "robot@registrar.example")
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			op := g.submit(registration("o1", "newtime.ru"))
			g.send()
			g.receive(c.mail(g))
			if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != c.reviews {
				t.Errorf("reviews: %+v, %v; want %d", list, err, c.reviews)
			}
			want := registrar.Sent
			if strings.HasPrefix(name, "a result") {
				want = registrar.Accepted
			}
			g.expect(op.ID, want)
		})
	}
}

// Mails are stored together, each once, and all before any is read.
func TestDeliverTogether(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	one, two := []byte(g.mail("", "We wish you well.")), []byte(g.mail("", "We wish you better."))
	for range 2 {
		if err := g.Deliver(t.Context(), []mailbox.Mail{{Raw: one}, {Raw: two}, {Raw: one}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.ReadNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("reviews: %+v, %v", list, err)
	}
}
