package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
)

// refusing is a relay that took nothing and says so after the dot.
func refusing(said string) func(claim func() error, _ func()) *smtpout.Result {
	n := 0
	return func(claim func() error, _ func()) *smtpout.Result {
		if err := claim(); err != nil {
			return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
		}
		n++
		said := strings.ReplaceAll(said, "ID", fmt.Sprintf("4F%dA", n))
		return &smtpout.Result{Outcome: smtpout.Refused, Stage: smtpout.StageDot, Response: said, Err: errors.New(said)}
	}
}

func (g *gate) queueHealth() registrar.Component {
	g.t.Helper()
	all, err := g.Health(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(c registrar.Component) bool { return c.Name == "queue" })]
}

// The relay has had enough mail for today and says so with a 554: nothing has failed, nothing
// more is tried, and when the limit is lifted everything goes out once.
func TestRelayLimit(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"554 5.7.0 The limit on outgoing messages was exceeded. Try again later",
		"550 5.4.5 Daily user sending quota exceeded (ID)",
		"554 5.7.1 policy",
		"554 Transaction ID failed", // which says nothing: the second alike does
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			names := []string{"aa.ru", "bb.ru", "cc.ru", "dd.ru", "ee.ru", "ff.ru"}
			for _, n := range names {
				g.own(n, 40, registrar.RenewAuto)
			}
			tried := 0
			refuse := refusing(said)
			g.relay.fail = func(claim func() error, take func()) *smtpout.Result { tried++; return refuse(claim, take) }
			g.renew()
			g.send()
			if tried > outbox.Alikes {
				t.Errorf("%d mails were tried", tried)
			}
			if h := g.queueHealth(); h.OK || !strings.Contains(h.Detail, "nothing is sent before") {
				t.Errorf("%+v", h)
			}
			g.clock = g.clock.Add(outbox.Halts[0] + time.Second)
			if g.send(); tried > outbox.Alikes+1 {
				t.Errorf("%d mails were tried, after the first pause one", tried)
			}
			g.relay.fail = nil
			g.clock = g.clock.Add(48 * time.Hour)
			g.send()
			g.renew()
			want := len(names)
			if strings.Contains(said, "Transaction") {
				want-- // the first failed for good
			}
			if len(g.relay.taken) != want {
				t.Errorf("%d of %d renewals left after the limit was lifted", len(g.relay.taken), want)
			}
			if h := g.queueHealth(); want == len(names) && !h.OK {
				t.Errorf("%+v", h)
			}
		})
	}
}

// A refusal that speaks of the mail or of the recipient is one, and stops nothing.
func TestRelayRefusesAMail(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	till := g.own("aa.ru", 40, registrar.RenewManual)
	other := g.own("bb.ru", 40, registrar.RenewManual)
	g.relay.fail = refusing("554 5.6.0 the content is not to our taste")
	op := g.submit(registrar.Order{ID: "r1", Kind: registrar.KindRenew, Domain: "aa.ru", PaidTill: till})
	g.send()
	if got := g.operation(op.ID); got.State != registrar.Failed {
		t.Errorf("it is %s", got.State)
	}
	g.relay.fail = nil
	second := g.submit(registrar.Order{ID: "r2", Kind: registrar.KindRenew, Domain: "bb.ru", PaidTill: other})
	g.send()
	if got := g.operation(second.ID); got.State != registrar.Sent {
		t.Errorf("the next is %s", got.State)
	}
}

// What could not be fetched whole is not said to be too large.
func TestTruncatedMailSaysWhy(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{400: "otherwise each time", mailbox.Head: "too large"} {
		g := newGateOfClient(t)
		g.submit(registration("o1", "newtime.ru"))
		g.send()
		raw := strings.ReplaceAll(g.reply(g.last(), delegated("newtime.ru")...), "\n", "\r\n")
		raw += strings.Repeat("\r\n", max(0, size-len(raw))/2) // what is cheap to read: the test is of the reason
		if err := g.Deliver(t.Context(), []mailbox.Mail{{Raw: []byte(raw), Size: int64(size), Truncated: true}}); err != nil {
			t.Fatal(err)
		}
		if err := g.ReadNew(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := g.Desk.Reviews(t.Context())
		if err != nil || len(list) != 1 || !strings.Contains(list[0].Reason, want) {
			t.Errorf("%+v %v", list, err)
		}
	}
}
