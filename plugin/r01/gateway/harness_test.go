package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/ordering"
	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/views"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// relay plays the mail relay: it remembers what it took, and fails as it is told.
type relay struct {
	taken [][]byte
	// fail decides the fate of the next mail; nil or a nil result = accepted.
	fail func(claim func() error, take func()) *smtpout.Result
}

func (r *relay) Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result {
	take := func() { r.taken = append(r.taken, bytes.Clone(m.Data)) }
	claimed := func() error { return claim(ctx) }
	if r.fail != nil {
		if res := r.fail(claimed, take); res != nil {
			return *res
		}
	}
	if err := claimed(); err != nil {
		return smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	take()
	return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 2.0.0 taken"}
}

func (r *relay) Rest() {}

var errRelay = errors.New("the relay failed")

// Every way a transmission can go wrong, and whether R01 gets the mail all the same.
func noAnswerNotTaken(claim func() error, _ func()) *smtpout.Result {
	if err := claim(); err != nil {
		return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	return &smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
}

func noAnswerTaken(claim func() error, take func()) *smtpout.Result {
	res := noAnswerNotTaken(claim, nil)
	if res.Outcome == smtpout.Unknown {
		take()
	}
	return res
}

func unreachable(func() error, func()) *smtpout.Result {
	return &smtpout.Result{Outcome: smtpout.Deferred, Err: errRelay}
}

func temporarily(claim func() error, _ func()) *smtpout.Result {
	if err := claim(); err != nil {
		return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	return &smtpout.Result{Outcome: smtpout.Deferred, Err: errRelay}
}

func forGood(claim func() error, _ func()) *smtpout.Result {
	if err := claim(); err != nil {
		return &smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	return &smtpout.Result{Outcome: smtpout.Refused, Err: errRelay}
}

// verdict judges every mail alike.
type verdict func() mailauth.Verdict

func (v verdict) Verify(context.Context, []byte) mailauth.Verdict { return v() }

func (v verdict) MadeHere([]byte) mailauth.Verdict { return mailauth.Verdict{} }

// judged does so too, and takes every mail for one of our own mail server, or none.
type judged struct {
	verdict
	made func() bool
}

func (j judged) MadeHere([]byte) mailauth.Verdict { return mailauth.Verdict{Verified: j.made()} }

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// What a test puts in place of a part while the rooms that have it work on.
type (
	anyStore     struct{ Store }
	anySubmitter struct{ outbox.Submitter }
	anyVerifier  struct{ inbox.Verifier }
)

// gate is all rooms under test: their loops are stepped by hand, their clock is ours.
type gate struct {
	*Gateway
	*engine.Engine
	*engine.Recovery
	*engine.Rounds
	*ordering.Orders
	*ordering.Renewals
	*ordering.Takeover
	*outbox.Queue
	*inbox.Inbox
	*inbox.Desk
	*inbox.Foresight
	*witness.Judge
	*witness.Asker
	*witness.Lists
	*views.Views

	store     *anyStore
	submitter *anySubmitter
	verifier  *anyVerifier
	now       func() time.Time

	t        testing.TB
	relay    *relay
	judge    mailauth.Verdict // on every mail
	ownRelay bool             // made every mail
	clock    time.Time
	dir      string
	st       *store.Store
	known    []registrar.Event // told by this store, until the last check

	server string // "" = the store is a file
}

// The same tests hold on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.Again(t, pgtest.Suite{Prepare: prepare(t), PrepareStatements: true,
		Skip: []string{"TestYear", "TestFsyncsPerRenewal", "TestRenewMany", "TestMovedStoreSendsNothing"}})
}

// prepare makes the tables once for all tests; the key is each test's own.
func prepare(t *testing.T) func(string) {
	return func(url string) {
		st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Server: secret.New(url), Create: true})
		if err == nil {
			err = st.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Exec(t, url, "update keeper set key_check = ''")
	}
}

const testPassword = "pass-CANARY-31"

func testSettings() engine.Settings {
	subjects := map[lifecycle.Kind]string{}
	for _, k := range lifecycle.Kinds() {
		subjects[k] = "Request " + string(k)
	}
	return engine.Settings{Agreement: "RP/01/00", Password: secret.New(testPassword), PayType: "real", Charset: "koi8-r",
		Robot: "robot@registrar.example", Callback: "callback@panel.example", Subjects: subjects,
		Handles: engine.Handles{Prefix: "MYCO", Counter: 1, Suffix: "R01"}, QueuedWithin: 24 * time.Hour, DoneWithin: 7 * 24 * time.Hour,
		Settle: 7 * 24 * time.Hour, Renewal: registrar.RenewAuto, Brake: engine.Brake{PerHour: 100, PerDay: 1000}, KeepMails: 365 * 24 * time.Hour}
}

func newGate(t testing.TB) *gate { t.Helper(); return newGateOn(t, t, pgtest.Database(t)) }

// newGateOn makes a gateway that ends with its owner: the test, or one case of a property.
func newGateOn(t testing.TB, owner interface{ Cleanup(func()) }, server string) *gate {
	t.Helper()
	g := closedGate(t, memoryDir(t), server)
	g.open(testSettings(), true)
	g.endWith(owner)
	return g
}

func closedGate(t testing.TB, dir, server string) *gate {
	return &gate{t: t, relay: &relay{}, judge: mailauth.Verdict{Verified: true}, clock: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		dir: dir, server: server}
}

// endWith closes the store when its owner ends.
func (g *gate) endWith(owner interface{ Cleanup(func()) }) {
	owner.Cleanup(func() {
		if err := g.st.Close(); err != nil {
			g.t.Error(err)
		}
	})
}

// newGateOfClient makes a gateway that has done what registerClient does: its store is a copy of one
// where that was done once, because it takes longer than most of what tests do next.
func newGateOfClient(t testing.TB) *gate {
	t.Helper()
	from := withClient.of(t)
	g := closedGate(t, from.files.Copy(t, memoryDir(t)), "")
	if from.server != "" {
		g.server = pgtest.Copy(t, from.server)
	}
	g.relay.taken = slices.Clone(from.taken)
	g.open(testSettings(), false)
	g.endWith(t)
	g.check()
	return g
}

// clientStore is a store with a client whose first domain is registered, and the mails that took.
type clientStore struct {
	mu     sync.Mutex
	files  *sqldbtest.Template // nil until it is asked for
	server string              // beside files; "" = they are all
	taken  [][]byte
}

var withClient clientStore

func (c *clientStore) of(t testing.TB) *clientStore {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files != nil {
		return c
	}

	server, dir := pgtest.Database(t), memoryDir(t)
	g := closedGate(t, dir, server)
	g.open(testSettings(), true)
	g.registerClient()
	if err := g.st.Close(); err != nil {
		t.Fatal(err)
	}
	c.server, c.taken = server, g.relay.taken
	c.files = sqldbtest.NewTemplate(func(to string) error { return os.CopyFS(to, os.DirFS(dir)) })
	c.files.Copy(t, t.TempDir()) // read while the test still has them
	return c
}

func (g *gate) open(s engine.Settings, create bool) {
	g.t.Helper()
	if create && g.server == "" {
		empty.Copy(g.t, g.dir)
	}
	st, err := store.Open(g.t.Context(), store.Options{Dir: g.dir, Server: secret.New(g.server), Create: create && g.server != ""})
	if err != nil {
		g.t.Fatal(err)
	}
	g.st, g.known = st, nil
	g.store, g.submitter = &anyStore{st}, &anySubmitter{g.relay}
	g.verifier = &anyVerifier{judged{func() mailauth.Verdict { return g.judge }, func() bool { return g.ownRelay }}}
	g.now = func() time.Time { return g.clock }
	g.compose(s, Parts{Store: g.store, Submitter: g.submitter, Verifier: g.verifier, Recogniser: builtIn(), Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return g.now() }, Random: rand.Text})
	if err := g.Gateway.Open(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// compose makes the rooms.
func (g *gate) compose(s engine.Settings, p Parts) {
	g.Gateway = New(s, p)
	g.enter()
}

// enter puts the rooms within reach.
func (g *gate) enter() {
	all := g.Gateway
	g.Engine, g.Recovery, g.Rounds = all.Engine, all.Recovery, all.Rounds
	g.Orders, g.Renewals, g.Takeover = all.Orders, all.Renewals, all.Takeover
	g.Queue, g.Inbox, g.Desk, g.Foresight = all.Queue, all.Inbox, all.Desk, all.Foresight
	g.Judge, g.Asker, g.Lists, g.Views = all.Witness.Judge, all.Witness.Asker, all.Witness.Lists, all.Views
}

// observe gives the rooms another registry; whois may be nil.
func (g *gate) observe(whois Whois, lists ...witness.ZoneList) {
	g.parts.Whois, g.parts.ZoneLists = whois, lists
	g.arrange()
}

// arrange makes the rooms anew that the registry has a part in.
func (g *gate) arrange() {
	g.furnish()
	g.enter()
}

// restart is a crash: nothing is told to the old instance, and a new one opens the store.
func (g *gate) restart(s engine.Settings) {
	g.t.Helper()
	if err := g.st.Close(); err != nil {
		g.t.Fatal(err)
	}
	g.open(s, false)
	g.check()
}

// send steps the sender until nothing is due.
func (g *gate) send() {
	g.t.Helper()
	if _, err := g.SendDue(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// pass lets time go by and looks at deadlines.
func (g *gate) pass(d time.Duration) {
	g.t.Helper()
	g.clock = g.clock.Add(d)
	if err := g.Expire(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// receive delivers a mail and reads it.
func (g *gate) receive(raw string) {
	g.t.Helper()
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	if err := g.Deliver(g.t.Context(), []mailbox.Mail{{Raw: []byte(raw)}}); err != nil {
		g.t.Fatal(err)
	}
	if err := g.ReadNew(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

// reply writes an answer of R01 to the request that was sent n-th, in lines.
func (g *gate) reply(n int, lines ...string) string {
	g.t.Helper()
	if n >= len(g.relay.taken) {
		g.t.Fatalf("the relay took %d mails, there is no number %d", len(g.relay.taken), n)
	}
	return g.mail(header(g.t, g.relay.taken[n], "Message-ID"), lines...)
}

func (g *gate) mail(inReplyTo string, lines ...string) string {
	head := fmt.Sprintf("From: robot@registrar.example\nTo: callback@panel.example\nSubject: answer\nDate: %s\nMessage-ID: <%s@registrar.example>\n",
		g.clock.Format(time.RFC1123Z), rand.Text())
	if inReplyTo != "" {
		head += "In-Reply-To: " + inReplyTo + "\n"
	}
	return head + "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + strings.Join(lines, "\n") + "\n"
}

func header(t testing.TB, raw []byte, name string) string {
	t.Helper()
	for _, line := range strings.Split(string(raw), "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	t.Fatalf("no %s in:\n%s", name, raw)
	return ""
}

// field reads a line of a request's body.
func field(t testing.TB, raw []byte, name string) string {
	t.Helper()
	for _, line := range strings.Split(string(raw), "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	t.Fatalf("no field %s in:\n%s", name, raw)
	return ""
}

func sidorov() *registrar.Registrant {
	return &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор Сидорович"},
		"passport": {"4510 123456", "выдан ОВД Тверского района", "30.01.2010"}, "birth_date": {"1965-10-18"},
		"postal_address": {"123007, Москва, Тестовая ул., д. 1"}, "phones": {"+7 495 1234567"}, "emails": {"sidorov@example.ru"},
		"resident": {"true"},
	}}
}

func registration(id, domain string) registrar.Order {
	return registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindRegister, Domain: domain, Customer: "c1", Registrant: sidorov(),
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
}

func (g *gate) submit(o registrar.Order) registrar.Operation {
	g.t.Helper()
	op, err := g.Submit(g.t.Context(), o)
	if err != nil {
		g.t.Fatal(err)
	}
	g.check()
	return op
}

func (g *gate) operation(id registrar.OperationID) registrar.Operation {
	g.t.Helper()
	op, err := g.Operation(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	return op
}

func (g *gate) expect(id registrar.OperationID, want registrar.OperationState) registrar.Operation {
	g.t.Helper()
	op := g.operation(id)
	if op.State != want {
		g.t.Fatalf("operation is %s (%s), want %s; history: %+v", op.State, op.Error, want, op.History)
	}
	return op
}

func (g *gate) status(name string) registrar.Domain {
	g.t.Helper()
	d, err := g.Domain(g.t.Context(), name)
	if err != nil {
		g.t.Fatal(err)
	}
	return d
}

// registerClient brings a client all the way, so that the next orders are for domains only.
func (g *gate) registerClient() {
	g.t.Helper()
	op := g.submit(registration("client-first", "first.ru"))
	g.send()
	g.receive(g.reply(0, "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
	g.send()
	g.receive(g.reply(1, "domain: first.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24"))
	g.expect(op.ID, registrar.Succeeded)
}

// Resolve is a person who looks first, unless the decision says what was seen.
func (g *gate) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if d.Version == "" {
		d.Version = g.operation(d.Operation).Version
	}
	return g.Orders.Resolve(ctx, d)
}

// ResolveReview is a person who looks first, unless the decision says what was seen.
func (g *gate) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	if d.Version == "" {
		r, err := g.Review(ctx, d.Review)
		if err != nil {
			return r, err
		}
		d.Version = r.Version
	}
	return g.Desk.ResolveReview(ctx, d)
}

// check verifies every invariant over store, relay and events. It runs after every step.
func (g *gate) check() {
	g.t.Helper()
	perMessage := map[string]int{}
	for _, raw := range g.relay.taken {
		perMessage[header(g.t, raw, "Message-ID")]++
	}
	for id, n := range perMessage {
		if n > 1 && !g.decidedToResend(id) {
			g.t.Fatalf("R01 got %s %d times and nobody decided that", id, n)
		}
	}
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(registrar.Cursor(len(g.known)), 100000)
		if err != nil {
			return err
		}
		for i, e := range events {
			if e.Cursor != registrar.Cursor(len(g.known)+i+1) {
				g.t.Fatalf("event %d has cursor %d", len(g.known)+i, e.Cursor)
			}
		}
		g.known = append(g.known, events...)
		domains, err := tx.Domains.List("", 1000)
		if err != nil {
			return err
		}
		for _, d := range domains {
			g.checkDomain(d, g.known)
		}
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
}

// checkDomain: shown as registered only with evidence; on its way or failed as its
// operation says; and the last event about it tells the very state it is in.
func (g *gate) checkDomain(d registrar.Domain, events []registrar.Event) {
	g.t.Helper()
	if d.Operation != nil && d.Operation.Kind == registrar.KindRegister && d.Status != registrar.StatusRegistering {
		g.t.Fatalf("%s has an open registration and is %s", d.Name, d.Status)
	}
	if d.Operation == nil && d.Status == registrar.StatusRegistering {
		g.t.Fatalf("%s is Registering and nothing works on it", d.Name)
	}
	var last *registrar.Domain
	for _, e := range events {
		if e.Name == d.Name && e.Domain != nil {
			last = e.Domain
		}
	}
	if last == nil || last.Status != d.Status || last.PaidTill != d.PaidTill {
		g.t.Fatalf("the events leave %s as %+v, the store has %+v", d.Name, last, d)
	}
	if d.Status == registrar.StatusRegistered {
		g.checkEvidence(d, events)
	}
}

func (g *gate) checkEvidence(d registrar.Domain, events []registrar.Event) {
	g.t.Helper()
	for _, e := range events {
		if e.Name == d.Name && (e.Type == registrar.EventMailIn || e.Type == registrar.EventDecision || e.Actor == engine.ByRegistry) && e.Operation != "" ||
			e.Name == d.Name && strings.HasPrefix(e.Message, "taken over") {
			return
		}
		if e.Name == d.Name && e.Type == registrar.EventDomain && strings.HasPrefix(e.Message, "taken over") { // a person's word
			return
		}
	}
	g.t.Fatalf("%s is Registered and no evidence was told", d.Name)
}

// decidedToResend reports that a person had a request sent again, or that R01 refused this very
// request before it went back into the queue. That it went back is no decision of itself.
func (g *gate) decidedToResend(messageID string) bool {
	found := false
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		requests, err := tx.Requests.ByMessageID(messageID)
		if err != nil {
			return err
		}
		var ops []store.Operation
		for _, r := range requests {
			some, err := tx.Operations.Of(r.ID)
			if err != nil {
				return err
			}
			ops = append(ops, some...)
		}
		for _, op := range ops {
			history, err := tx.Operations.History(op.ID)
			if err != nil {
				return err
			}
			refused := false
			for _, s := range history {
				released := strings.Contains(s.Message, engine.Happened[lifecycle.Released])
				found = found || s.Evidence == registrar.EvidencePerson || released && refused
				if s.Evidence != registrar.EvidenceReply || s.State != registrar.NeedsAction {
					continue
				}
				raw, err := tx.Mails.Raw(s.Mail)
				if err != nil {
					return err
				}
				refused = strings.Contains(string(raw), "In-Reply-To: "+messageID) || refused
			}
		}
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return found
}

// builtIn recognises by R01's rules alone. There is one for all tests, because compiling it
// takes longer than many of them.
var builtIn = sync.OnceValue(func() *mailform.Recogniser {
	r, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		panic(problems)
	}
	return r
})

// empty is a store to begin with, for the same reason.
var empty = sqldbtest.NewTemplate(func(dir string) error {
	st, err := store.Open(context.Background(), store.Options{Dir: dir, Create: true})
	if err != nil {
		return err
	}
	return st.Close()
})

// memoryDir is a directory in memory where there is such a place: nothing here loses power,
// and flushing a disk is most of what these tests would wait for.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gateway")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
