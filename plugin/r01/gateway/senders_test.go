package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// crowd is a relay that several senders use at a time. It lets none go before as many have
// come as it waits for, so a sender that waits for another's mail never ends.
type crowd struct {
	mu    sync.Mutex
	taken [][]byte
	here  int
	want  int
	full  chan struct{}
	// fate of the n-th mail that was claimed, counted from 0; nil = all are accepted
	fate func(n int) smtpout.Result
}

func newCrowd(want int) *crowd { return &crowd{want: want, full: make(chan struct{})} }

func (c *crowd) Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result {
	c.arrive()
	select {
	case <-c.full:
	case <-ctx.Done():
		return smtpout.Result{Outcome: smtpout.Deferred, Err: ctx.Err()}
	}
	if err := claim(ctx); err != nil {
		return smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.taken)
	c.taken = append(c.taken, slices.Clone(m.Data))
	if c.fate == nil {
		return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
	}
	return c.fate(n)
}

func (c *crowd) arrive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here++; c.here == c.want {
		close(c.full)
	}
}

func (c *crowd) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.here
}

func (c *crowd) Rest() {}

// crowded is a gateway whose renewals of a0.ru … go out by several senders.
func crowded(t *testing.T, c *crowd, senders, domains int, brake engine.Brake) *gate {
	t.Helper()
	g := newGate(t)
	for i := range domains {
		g.own(fmt.Sprintf("a%d.ru", i), 40, registrar.RenewAuto)
	}
	s := testSettings()
	s.Senders, s.Brake = senders, brake
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	g.open(s, false)
	g.submitter.Submitter = c
	return g
}

// Senders really work at the same time, and each renewal goes out once.
func TestSendersWorkTogether(t *testing.T) {
	t.Parallel()
	c := newCrowd(4)
	g := crowded(t, c, 4, 30, engine.Brake{PerHour: 100, PerDay: 100})
	g.renew()
	seen := map[string]bool{}
	for _, raw := range c.taken {
		seen[field(t, raw, "domain")] = true
	}
	if len(c.taken) != 30 || len(seen) != 30 {
		t.Errorf("%d mails about %d domains, want 30", len(c.taken), len(seen))
	}
	for i := range 30 {
		if state := g.stateOf(fmt.Sprintf("a%d.ru", i)); state != registrar.Sent {
			t.Errorf("a%d.ru is %s", i, state)
		}
	}
	g.relay.taken = c.taken
	g.check()
}

// The brake holds at the very mail, however many senders there are, over hours and days.
func TestBrakeIsExactForManySenders(t *testing.T) {
	t.Parallel()
	c := newCrowd(4)
	g := crowded(t, c, 8, 40, engine.Brake{PerHour: 10, PerDay: 25})
	for hour, want := range []int{10, 20, 25, 25} {
		g.renew()
		if n := len(c.taken); n != want {
			t.Fatalf("%d paid mails after %d hours, want %d", n, hour, want)
		}
		g.pass(61 * time.Minute)
	}
}

// What a sender could not find out is uncertain; the others' mails are not touched by it.
func TestOneSenderFails(t *testing.T) {
	t.Parallel()
	c := newCrowd(3)
	c.fate = func(n int) smtpout.Result {
		if n == 1 {
			return smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
		}
		return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
	}
	g := crowded(t, c, 3, 9, engine.Brake{PerHour: 100, PerDay: 100})
	g.renew()
	states := map[registrar.OperationState]int{}
	for i := range 9 {
		states[g.stateOf(fmt.Sprintf("a%d.ru", i))]++
	}
	if states[registrar.Uncertain] != 1 || states[registrar.Sent] != 8 {
		t.Errorf("states: %v", states)
	}
	if lost := g.stateOf(field(t, c.taken[1], "domain")); lost != registrar.Uncertain {
		t.Errorf("the mail whose answer was lost is %s", lost)
	}
}

// stuck is a store that takes no conclusion for a while.
type stuck struct {
	*store.Store
	mu      sync.Mutex
	refuses bool
}

func (s *stuck) set(refuses bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = refuses
}

func (s *stuck) Write(ctx context.Context, fn func(tx *store.Tx) error) error {
	s.mu.Lock()
	refuses := s.refuses
	s.mu.Unlock()
	if refuses {
		return errCommit
	}
	return s.Store.Write(ctx, fn)
}

// A store that fails stops all senders; at most one mail each is without its conclusion, and
// all of them are concluded later, without being sent again.
func TestStoreFailsManySenders(t *testing.T) {
	t.Parallel()
	c := newCrowd(3)
	g := crowded(t, c, 3, 12, engine.Brake{PerHour: 100, PerDay: 100})
	s := &stuck{Store: g.st}
	g.store.Store = s
	c.fate = func(int) smtpout.Result {
		s.set(true)
		return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
	}
	if _, err := g.PlanRenewals(t.Context(), policy.Settings{Before: 55}.Due(policy.Today(g.clock))); err != nil {
		t.Fatal(err)
	}
	if _, err := g.SendDue(t.Context()); !errors.Is(err, errCommit) {
		t.Fatalf("sending ended with %v", err)
	}
	before := len(c.taken)
	if before < 1 || before > 3 {
		t.Fatalf("%d mails left, at most one for each sender may", before)
	}
	s.set(false)
	c.fate = nil
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.pass(time.Minute)
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.taken) != 12 {
		t.Errorf("%d mails for 12 renewals", len(c.taken))
	}
	g.relay.taken = c.taken
	g.check()
}

// A pause that begins while several senders work stops those that have not claimed, and
// postpones nothing.
func TestPauseStopsSendersBeforeTheirClaim(t *testing.T) {
	t.Parallel()
	c := newCrowd(1)
	g := crowded(t, c, 4, 20, engine.Brake{PerHour: 100, PerDay: 100})
	var once sync.Once
	c.fate = func(int) smtpout.Result {
		once.Do(func() {
			err := g.st.Write(t.Context(), func(tx *store.Tx) error { return g.Engine.Pause(tx, engine.PausePaid, engine.NoFundsMessage) })
			if err != nil {
				t.Error(err)
			}
		})
		return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
	}
	g.renew()
	left := len(c.taken)
	if left > 4 {
		t.Errorf("%d mails left, at most those that were claimed may", left)
	}
	err := g.st.Write(t.Context(), func(tx *store.Tx) error { return g.Engine.Resume(tx, engine.PausePaid) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.taken) != 20 {
		t.Errorf("%d mails after the pause, want all 20 at once", len(c.taken))
	}
}

// Senders that are told to stop before their claims leave everything as it was: nothing is
// postponed, and no alarm says that the relay fails.
func TestStoppingSendersBeforeTheirClaims(t *testing.T) {
	t.Parallel()
	c := newCrowd(5) // one more than there are senders
	g := crowded(t, c, 4, 6, engine.Brake{PerHour: 100, PerDay: 100})
	if _, err := g.PlanRenewals(t.Context(), policy.Settings{Before: 55}.Due(policy.Today(g.clock))); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = g.SendDue(ctx) })
	for c.waiting() < 4 {
		time.Sleep(time.Millisecond) // senders of ours on their way
	}
	stop()
	sending.Wait()
	if len(c.taken) != 0 {
		t.Fatalf("%d mails left without a claim", len(c.taken))
	}
	alarms, err := engine.Look(t.Context(), g.st, func(tx *store.Tx) ([]registrar.Alarm, error) { return tx.Alarms() })
	if err != nil || len(alarms) != 0 {
		t.Errorf("alarms: %v, %v", alarms, err)
	}
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.taken) != 6 {
		t.Errorf("%d mails right after, want all 6", len(c.taken))
	}
}

// What a domain is asked for leaves in the order in which it was asked for, also with many
// senders: an update is not even taken before the renewal has its reply.
func TestOneDomainInOrder(t *testing.T) {
	t.Parallel()
	c := newCrowd(1)
	g := crowded(t, c, 4, 1, engine.Brake{PerHour: 100, PerDay: 100})
	till := g.status("a0.ru").PaidTill
	g.renew()
	if len(c.taken) != 1 || field(t, c.taken[0], "action") != "PROLONG" {
		t.Fatalf("sent %q", c.taken)
	}
	update := registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "a0.ru", Customer: "c1",
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
	if _, err := g.Submit(t.Context(), update); registrar.CodeOf(err) != registrar.Precondition {
		t.Fatalf("an update beside a renewal: %v", err)
	}
	g.relay.taken = c.taken
	g.receive(g.reply(0, prolonged("a0.ru", till.AddYears(1))...))
	g.submit2(update)
	g.renew()
	if len(c.taken) != 2 || field(t, c.taken[1], "action") != "UPDATE" {
		t.Errorf("sent %q", c.taken)
	}
}
