package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// flawed is a store of which one commit fails: before it has happened or after, with an
// error or with the end of the process.
type flawed struct {
	*store.Store
	commits int
	fails   int // the number of the commit
	did     bool
	dies    bool
}

var (
	errCommit = errors.New("the commit failed")
	errDead   = errors.New("the process is dead")
)

func (f *flawed) Write(ctx context.Context, fn func(tx *store.Tx) error) error {
	if f.commits++; f.commits != f.fails {
		return f.Store.Write(ctx, fn)
	}
	err := f.Store.Write(ctx, func(tx *store.Tx) error {
		err := fn(tx)
		if err == nil && !f.did {
			err = errCommit
		}
		return err
	})
	if err != nil && !errors.Is(err, errCommit) {
		return err
	}
	if f.dies {
		panic(errDead)
	}
	return errCommit
}

// play is one registration of a new customer from order to end, with a host that asks
// again, a watcher that fetches again, an R01 that answers, and a person who looks at R01.
type play struct {
	*gate
	flaw     *flawed
	settings engine.Settings
	op       registrar.OperationID
	answered int      // of the mails that R01 took
	box      []string // R01's mails that are not safe in the store yet
}

func newPlay(t *testing.T, flaw flawed) *play {
	p := &play{gate: newGate(t), flaw: &flaw, settings: testSettings()}
	p.spoil()
	return p
}

// spoil lets the gateway work on the flawed store.
func (p *play) spoil() {
	p.flaw.Store = p.st
	p.store.Store = p.flaw
}

// open begins another life.
func (p *play) open(s engine.Settings, create bool) {
	if err := p.st.Close(); err != nil {
		p.t.Fatal(err)
	}
	p.gate.open(s, create)
	p.spoil()
}

// step does something of which the process may die, and looks at everything afterwards.
func (p *play) step(do func() error) {
	p.t.Helper()
	defer p.check()
	defer func() {
		if dead := recover(); dead != nil {
			if err, ok := dead.(error); !ok || !errors.Is(err, errDead) {
				panic(dead)
			}
			p.open(p.settings, false)
		}
	}()
	if err := do(); err != nil && !errors.Is(err, errCommit) {
		p.t.Fatal(err)
	}
}

func (p *play) round() {
	p.t.Helper()
	ctx := p.t.Context()
	if p.op == "" {
		p.step(func() error {
			op, err := p.Submit(ctx, registration("o1", "fault.ru"))
			if err == nil {
				p.op = op.ID
			}
			return err
		})
	}
	p.step(func() error { _, err := p.SendDue(ctx); return err })
	p.answer()
	for range len(p.box) {
		p.step(func() error {
			raw := strings.ReplaceAll(p.box[0], "\n", "\r\n")
			err := p.Deliver(ctx, []mailbox.Mail{{Raw: []byte(raw)}})
			if err == nil {
				p.box = p.box[1:]
			}
			return err
		})
	}
	p.step(func() error { return p.ReadNew(ctx) })
	p.step(func() error { return p.Expire(ctx) })
	p.clock = p.clock.Add(time.Minute)
}

// answer is R01: it queues and carries out what it got.
func (p *play) answer() {
	for ; p.answered < len(p.relay.taken); p.answered++ {
		about := []string{"domain: fault.ru", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"}
		if strings.Contains(string(p.relay.taken[p.answered]), "#[PERSON TEMPLATE]#") {
			about = []string{"nic-hdl: " + field(p.t, p.relay.taken[p.answered], "nic-hdl")}
		}
		p.box = append(p.box, p.reply(p.answered, about[0], "status: TASK_QUEUED"),
			p.reply(p.answered, append(about, "status: TASK_SUCCESS")...))
	}
}

// person looks at R01 and decides what waits for a decision.
func (p *play) person() {
	op := p.operation(p.op)
	if !op.State.WaitsForPerson() || len(p.box) > 0 {
		return
	}
	v := registrar.VerdictResend
	if p.arrived() {
		v = registrar.VerdictDone
	}
	p.step(func() error {
		_, err := p.Resolve(p.t.Context(), registrar.Decision{Operation: p.op, Verdict: v, By: "olga", Note: "looked at R01"})
		return err
	})
}

// arrived reports whether R01 has what the operation's current request is about.
func (p *play) arrived() (there bool) {
	err := p.st.Read(p.t.Context(), func(tx *store.Tx) error {
		op, err := tx.Operations.Get(p.op)
		if err != nil {
			return err
		}
		r, err := tx.Requests.Get(op.Request)
		for _, raw := range p.relay.taken {
			there = there || header(p.t, raw, "Message-ID") == r.MessageID
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return there
}

func (p *play) ended() bool {
	return p.op != "" && p.operation(p.op).State.Final()
}

// run plays to the end, and returns how many commits it took.
func (p *play) run() int {
	p.t.Helper()
	const enough = 12 // rounds; without a fault it takes three
	for n := 0; !p.ended(); n++ {
		if n == enough {
			p.t.Fatalf("after %d rounds the operation is %+v", n, p.operation(p.op))
		}
		if p.round(); p.op != "" {
			p.person()
		}
	}
	p.expect(p.op, registrar.Succeeded)
	if c, d := p.count("#[PERSON TEMPLATE]#"), p.count("#[DOMAIN TEMPLATE]#"); c != 1 || d != 1 {
		p.t.Errorf("R01 got %d client and %d domain requests, want one of each", c, d)
	}
	return p.flaw.commits
}

func (p *play) count(template string) int {
	n := 0
	for _, raw := range p.relay.taken {
		n += strings.Count(string(raw), template)
	}
	return n
}

// Every commit of a registration fails once: it did not happen, or it did, with an error
// or with the end of the process; and R01's relay answers, or its answer is lost. Nothing
// is lost, nothing is sent twice, and nothing stands still without asking for a person.
func TestCommitFaults(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	for name, relay := range fates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newPlay(t, flawed{})
			whole.relay.fail = relay()
			commits := whole.run()
			eachFlaw(t, whole.gate, commits, func(t *testing.T, flaw flawed) {
				p := newPlay(t, flaw)
				p.relay.fail = relay()
				p.run()
			})
		})
	}
}

// fates are what becomes of the first mail that is claimed. All that follow are taken.
func fates() map[string]func() func(func() error, func()) *smtpout.Result {
	lostOnce := func(taken bool) func(func() error, func()) *smtpout.Result {
		done := false
		return func(claim func() error, take func()) *smtpout.Result {
			if done {
				return nil
			}
			if err := claim(); err != nil {
				return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
			}
			done = true
			if taken {
				take()
			}
			return &smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
		}
	}
	return map[string]func() func(func() error, func()) *smtpout.Result{
		"relay answers":           func() func(func() error, func()) *smtpout.Result { return nil },
		"answer lost, not taken":  func() func(func() error, func()) *smtpout.Result { return lostOnce(false) },
		"answer lost, mail taken": func() func(func() error, func()) *smtpout.Result { return lostOnce(true) },
	}
}

// eachFlaw tries each commit of a play: it did not happen, or it did, with an error or with the end of the process.
func eachFlaw(t *testing.T, g *gate, commits int, try func(t *testing.T, flaw flawed)) {
	step := 1
	if g.server != "" {
		step = 12 // databases there are dear
	}
	for n := 1; n <= commits; n += step {
		for _, did := range []bool{false, true} {
			for _, dies := range []bool{false, true} {
				t.Run(fmt.Sprintf("commit %d, happened %v, process dies %v", n, did, dies), func(t *testing.T) {
					t.Parallel()
					try(t, flawed{fails: n, did: did, dies: dies})
				})
			}
		}
	}
}

// A disk that has room for small things only: no claim gets through, so nothing leaves, and
// the relay is not called again and again.
func TestClaimsFail(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "full.ru"))
	calls := 0
	g.relay.fail = func(claim func() error, _ func()) *smtpout.Result {
		if calls++; calls > 20 {
			t.Fatal("the relay is called without a pause")
		}
		g.store.Store = &flawed{Store: g.st, fails: 1}
		defer func() { g.store.Store = g.st }()
		err := claim()
		if err == nil {
			t.Fatal("claimed")
		}
		return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	for range 3 {
		g.send()
		g.pass(time.Minute)
	}
	if calls != 3 || len(g.relay.taken) != 0 {
		t.Errorf("in three minutes the relay was called %d times and took %d mails", calls, len(g.relay.taken))
	}
	g.expect(op.ID, registrar.Queued)
	g.relay.fail = nil
	g.send()
	g.expect(op.ID, registrar.Sent)
}
