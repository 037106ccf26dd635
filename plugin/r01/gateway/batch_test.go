package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
)

// batching is a gateway with due domains a0.ru … whose renewals share mails.
func batching(t *testing.T, size, domains int) *gate {
	t.Helper()
	g := newGate(t)
	s := testSettings()
	s.Batch = size
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	g.open(s, false)
	for i := range domains {
		g.own(fmt.Sprintf("a%d.ru", i), 40+i, registrar.RenewAuto)
	}
	return g
}

// carried lists the domains that a mail asks for.
func carried(raw []byte) []string {
	var names []string
	for _, line := range strings.Split(string(raw), "\r\n") {
		if name, ok := strings.CutPrefix(line, "domain: "); ok {
			names = append(names, name)
		}
	}
	return names
}

func (g *gate) stateOf(name string) registrar.OperationState {
	g.t.Helper()
	if op := g.status(name).Operation; op != nil {
		return op.State
	}
	return ""
}

// Several domains go out in one mail, and each is answered for itself: by name, in one mail
// or in several. r01-mail 2.7
func TestBatchIsAnsweredPerDomain(t *testing.T) {
	t.Parallel()
	g := batching(t, 3, 4)
	g.renew()
	if len(g.relay.taken) != 2 || !slices.Equal(carried(g.relay.taken[0]), []string{"a0.ru", "a1.ru", "a2.ru"}) || !slices.Equal(carried(g.relay.taken[1]), []string{"a3.ru"}) {
		t.Fatalf("sent %d mails: %q", len(g.relay.taken), g.relay.taken)
	}
	till := g.status("a0.ru").PaidTill
	lines := append(prolonged("a0.ru", till.AddYears(1)), "", "domain: a1.ru", "status: TASK_FAILURE", "message: Not enough funds on the account.")
	g.receive(g.reply(0, lines...))
	for name, want := range map[string]registrar.OperationState{"a0.ru": "", "a1.ru": registrar.NeedsAction, "a2.ru": registrar.Sent, "a3.ru": registrar.Sent} {
		if got := g.stateOf(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if d := g.status("a0.ru"); d.PaidTill != till.AddYears(1) {
		t.Errorf("renewed as %+v", d)
	}
	g.receive(g.reply(0, "domain: a2.ru", "status: TASK_FAILURE", "message: reserved"))
	if got := g.stateOf("a2.ru"); got != "" || g.status("a2.ru").Status != registrar.StatusRegistered {
		t.Errorf("the refused one is %q", got)
	}
	// The token finds it, too, without a thread.
	raw := g.mail("", prolonged("a3.ru", g.status("a3.ru").PaidTill.AddYears(1))...)
	g.receive(strings.Replace(raw, "Subject: answer", "Subject: Re: "+header(t, g.relay.taken[1], "Subject"), 1))
	if got := g.stateOf("a3.ru"); got != "" {
		t.Errorf("a3.ru is %q", got)
	}
}

// A mail about a batch that names no domain: queuing is of the whole mail, an execution or
// a refusal is not.
func TestNamelessAnswerToBatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines []string
		want  registrar.OperationState
	}{
		{[]string{"Your request has been put in the queue."}, registrar.Accepted},
		{[]string{"status: TASK_FAILURE", "message: Wrong agreement or password."}, registrar.NeedsAction},
		{[]string{"status: TASK_FAILURE", "message: refused"}, registrar.Sent},
		{[]string{"Not enough funds."}, registrar.Sent},
		{prolonged("other.ru", registrar.Date{Year: 2029, Month: 1, Day: 1}), registrar.Sent},
	} {
		g := batching(t, 3, 3)
		g.renew()
		g.receive(g.reply(0, c.lines...))
		for i := range 3 {
			if got := g.stateOf(fmt.Sprintf("a%d.ru", i)); got != c.want {
				t.Errorf("%q: a%d.ru is %s, want %s", c.lines, i, got, c.want)
			}
		}
		waiting, err := g.Desk.Reviews(t.Context())
		if err != nil || (c.want == registrar.Sent) != (len(waiting) == 1) {
			t.Errorf("%q: %d mails in review, %v", c.lines, len(waiting), err)
		}
	}
}

// The relay takes all of a batch or nothing, and whatever it does, R01 is not asked twice.
func TestBatchFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why    string
		fail   func(claim func() error, take func()) *smtpout.Result
		states registrar.OperationState
		after  int // mails after the relay has mended
	}{
		{"not reached", unreachable, registrar.Queued, 1},
		{"deferred", temporarily, registrar.Queued, 1},
		{"refused", forGood, "", 0},
		{"no answer, taken", noAnswerTaken, registrar.Uncertain, 1},
		{"no answer, not taken", noAnswerNotTaken, registrar.Uncertain, 0},
	} {
		g := batching(t, 3, 3)
		g.relay.fail = c.fail
		g.renew()
		for i := range 3 {
			if got := g.stateOf(fmt.Sprintf("a%d.ru", i)); got != c.states {
				t.Errorf("%s: a%d.ru is %q, want %q", c.why, i, got, c.states)
			}
		}
		g.relay.fail = nil
		if err := g.st.Close(); err != nil {
			t.Fatal(err)
		}
		s := testSettings()
		s.Batch = 3
		g.open(s, false)
		g.clock = g.clock.Add(time.Hour)
		g.renew()
		if len(g.relay.taken) != c.after || c.after == 1 && len(carried(g.relay.taken[0])) != 3 {
			t.Errorf("%s: afterwards R01 has %d mails", c.why, len(g.relay.taken))
		}
	}
}

// A batch of unknown fate: each of its domains is resolved for itself, and one that is sent
// again goes alone; a reply to the first mail is still understood.
func TestUncertainBatchIsResolvedPerDomain(t *testing.T) {
	t.Parallel()
	g := batching(t, 3, 3)
	g.relay.fail = noAnswerTaken
	g.renew()
	g.relay.fail = nil
	g.decide2("a1.ru", registrar.VerdictFailed)
	g.decide2("a2.ru", registrar.VerdictResend)
	g.clock = g.clock.Add(time.Minute)
	g.renew()
	if len(g.relay.taken) != 2 || !slices.Equal(carried(g.relay.taken[1]), []string{"a2.ru"}) {
		t.Fatalf("%d mails", len(g.relay.taken))
	}
	if header(t, g.relay.taken[0], "Message-ID") == header(t, g.relay.taken[1], "Message-ID") {
		t.Error("another mail under the same Message-ID")
	}
	till := g.status("a0.ru").PaidTill
	g.receive(g.reply(0, append(prolonged("a0.ru", till.AddYears(1)), append([]string{""}, prolonged("a2.ru", till.AddDays(2).AddYears(1))...)...)...))
	for _, name := range []string{"a0.ru", "a1.ru", "a2.ru"} {
		if got := g.stateOf(name); got != "" {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func (g *gate) decide2(name string, v registrar.Verdict) {
	g.t.Helper()
	if _, err := g.Resolve(g.t.Context(), registrar.Decision{Operation: g.status(name).Operation.ID, Verdict: v, By: "olga", Note: "asked R01"}); err != nil {
		g.t.Fatal(err)
	}
}
