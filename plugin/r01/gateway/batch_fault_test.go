package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// season is the renewal of several domains in one mail, from due to renewed, with an R01 that answers for
// each domain, and a person who looks at R01.
type season struct {
	*play
	names []string
	till  map[string]registrar.Date // when it began
}

func newSeason(t *testing.T, flaw flawed) *season {
	p := newPlay(t, flawed{})
	p.settings.Batch = 3
	p.open(p.settings, false)
	s := &season{play: p, till: map[string]registrar.Date{}}
	for i := range 3 {
		name := fmt.Sprintf("a%d.ru", i)
		p.own(name, 40+i, registrar.RenewAuto)
		s.names = append(s.names, name)
		s.till[name] = p.status(name).PaidTill
	}
	p.flaw.commits, p.flaw.fails, p.flaw.did, p.flaw.dies = 0, flaw.fails, flaw.did, flaw.dies
	return s
}

func (s *season) round() {
	s.t.Helper()
	ctx := s.t.Context()
	s.step(func() error {
		_, err := s.PlanRenewals(ctx, policy.Settings{Before: 55}.Due(policy.Today(s.clock)))
		return err
	})
	s.step(func() error { _, err := s.SendDue(ctx); return err })
	for ; s.answered < len(s.relay.taken); s.answered++ {
		for _, name := range carried(s.relay.taken[s.answered]) {
			s.box = append(s.box, s.reply(s.answered, prolonged(name, s.till[name].AddYears(1))...))
		}
	}
	for range len(s.box) {
		s.step(func() error {
			raw := strings.ReplaceAll(s.box[0], "\n", "\r\n")
			err := s.Deliver(ctx, []mailbox.Mail{{Raw: []byte(raw)}})
			if err == nil {
				s.box = s.box[1:]
			}
			return err
		})
	}
	s.step(func() error { return s.ReadNew(ctx) })
	s.step(func() error { return s.Expire(ctx) })
	s.clock = s.clock.Add(time.Minute)
}

// asked counts how often R01 was asked for a domain.
func (s *season) asked(name string) (n int) {
	for _, raw := range s.relay.taken {
		if slices.Contains(carried(raw), name) {
			n++
		}
	}
	return n
}

// decide is a person who looks at R01.
func (s *season) decide() {
	for _, name := range s.names {
		op := s.status(name).Operation
		if op == nil || !op.State.WaitsForPerson() || len(s.box) > 0 {
			continue
		}
		v := registrar.VerdictResend
		if s.asked(name) > 0 {
			v = registrar.VerdictDone
		}
		s.step(func() error {
			_, err := s.Resolve(s.t.Context(), registrar.Decision{Operation: op.ID, Verdict: v, By: "olga", Note: "looked at R01"})
			return err
		})
	}
}

func (s *season) over() bool {
	return !slices.ContainsFunc(s.names, func(name string) bool { return s.status(name).PaidTill != s.till[name].AddYears(1) })
}

// run plays to the end, and returns how many commits it took.
func (s *season) run() int {
	s.t.Helper()
	const enough = 12 // rounds; without a fault it takes one
	for n := 0; !s.over(); n++ {
		if n == enough {
			s.t.Fatalf("after %d rounds: %+v", n, s.status(s.names[0]))
		}
		s.round()
		s.decide()
	}
	for _, name := range s.names {
		if n := s.asked(name); n != 1 {
			s.t.Errorf("R01 was asked %d times to renew %s", n, name)
		}
	}
	return s.flaw.commits
}

// Every commit of renewals that share a mail fails once, as in TestCommitFaults: begun, put into the mail,
// claimed, concluded and confirmed, all of them or none, and R01 is asked for each exactly once.
func TestBatchCommitFaults(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	for name, relay := range fates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newSeason(t, flawed{})
			whole.relay.fail = relay()
			eachFlaw(t, whole.gate, whole.run(), func(t *testing.T, flaw flawed) {
				s := newSeason(t, flaw)
				s.relay.fail = relay()
				s.run()
			})
		})
	}
}

// A request of a mail that is withdrawn, or whose domain was renewed elsewhere, between the making of the
// mail and its claim: nothing of the mail leaves, and the others go out without it.
func TestBatchLosesOneBeforeItsClaim(t *testing.T) {
	t.Parallel()
	for why, leave := range map[string]func(g *gate, tx *store.Tx) error{
		"withdrawn": func(g *gate, tx *store.Tx) error {
			r := g.openRequest(tx, "a1.ru")
			return g.Engine.Must(tx, &r, engine.QueueSays(lifecycle.Withdrawn), engine.Fact{Actor: engine.ByPlugin, Reason: "not wanted any more"})
		},
		"renewed elsewhere": func(g *gate, tx *store.Tx) error {
			d, err := tx.Domains.Record("a1.ru")
			if err != nil {
				return err
			}
			d.PaidTill = d.PaidTill.AddYears(1)
			tx.Emit(registrar.Event{At: g.clock, Type: registrar.EventDomain, Level: registrar.LevelInfo, Message: "taken over", Actor: engine.ByPlugin, Name: "a1.ru"})
			return tx.Domains.Put(d, g.clock)
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			g := batching(t, 3, 3)
			g.relay.fail = func(claim func() error, _ func()) *smtpout.Result {
				g.relay.fail = nil
				if err := g.st.Write(t.Context(), func(tx *store.Tx) error { return leave(g, tx) }); err != nil {
					t.Error(err)
				}
				err := claim()
				if err == nil {
					t.Fatal("claimed")
				}
				return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
			}
			g.renew()
			if len(g.relay.taken) != 0 {
				t.Fatalf("%d mails left with what must not leave", len(g.relay.taken))
			}
			for range 3 {
				g.pass(time.Minute)
				g.send()
			}
			var asked []string
			for _, raw := range g.relay.taken {
				asked = append(asked, carried(raw)...)
			}
			if slices.Sort(asked); !slices.Equal(asked, []string{"a0.ru", "a2.ru"}) {
				t.Errorf("R01 was asked for %v", asked)
			}
		})
	}
}

// openRequest is the request that a domain's open operation waits for.
func (g *gate) openRequest(tx *store.Tx, name string) store.Request {
	g.t.Helper()
	ops, err := tx.Operations.Open(name)
	if err != nil || len(ops) != 1 {
		g.t.Fatalf("%s has %d open operations, %v", name, len(ops), err)
	}
	r, err := tx.Requests.Get(ops[0].Request)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

// R01 answers for one request of a mail faster than the relay, and its data are erased as well, before the
// outcome of the mail is recorded: that one stays as it is, and the others are sent.
func TestBatchIsConcludedBesideAnAnswer(t *testing.T) {
	t.Parallel()
	g := batching(t, 3, 3)
	till := g.status("a1.ru").PaidTill
	g.relay.fail = func(claim func() error, take func()) *smtpout.Result {
		g.relay.fail = nil
		if err := claim(); err != nil {
			t.Fatal(err)
		}
		take()
		var id string
		err := g.st.Read(t.Context(), func(tx *store.Tx) error { id = g.openRequest(tx, "a1.ru").ID; return nil })
		if err != nil {
			t.Fatal(err)
		}
		g.receive(g.reply(0, prolonged("a1.ru", till.AddYears(1))...))
		err = g.st.Write(t.Context(), func(tx *store.Tx) error {
			d, err := tx.Domains.Record("a1.ru")
			if err != nil {
				return err
			}
			d.Status = registrar.StatusDeleted // else its data are needed
			tx.Emit(registrar.Event{At: g.clock, Type: registrar.EventDomain, Level: registrar.LevelInfo, Message: "taken over", Actor: engine.ByPlugin, Name: "a1.ru"})
			if err := tx.Domains.Put(d, g.clock); err != nil {
				return err
			}
			bodies, _, err := tx.Erasures.Request(store.Finished{Before: g.clock.Add(time.Minute)}, id)
			if err == nil && bodies != 1 {
				t.Errorf("%d bodies were erased", bodies)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return &smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
	}
	g.renew()
	if got := g.stateOf("a1.ru"); got != "" || g.status("a1.ru").PaidTill != till.AddYears(1) {
		t.Errorf("the answered one is %q: %+v", got, g.status("a1.ru"))
	}
	for _, name := range []string{"a0.ru", "a2.ru"} {
		if got := g.stateOf(name); got != registrar.Sent {
			t.Errorf("%s is %q", name, got)
		}
	}
	g.check()
}
