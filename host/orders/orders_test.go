package orders

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/internal/testrun"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// fake is a registrar that takes every order and lets tests tell events.
type fake struct {
	registrar.Service                       // nil: what a test does not expect panics
	describe          registrar.Description // what it sells; the zero one is as of a first plugin
	code              registrar.AuthCode    // that each operation has brought
	validate          func(registrar.Order) []registrar.Problem
	submit            func(registrar.Order) (registrar.Operation, error)
	fields            []registrar.Field // of its forms

	mu        sync.Mutex
	submitted []registrar.Order
	events    []registrar.Event
	more      wake.Broadcast
}

func (f *fake) Describe(context.Context) (registrar.Description, error) { return f.describe, nil }

func (f *fake) TransferCode(_ context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	if f.code == "" {
		return "", registrar.Errorf(registrar.Precondition, "operation %s has brought no code", id)
	}
	return f.code, nil
}

func (f *fake) Validate(_ context.Context, o registrar.Order) (registrar.Validation, error) {
	if f.validate != nil {
		if problems := f.validate(o); len(problems) > 0 {
			return registrar.Validation{Problems: problems}, nil
		}
	}
	return registrar.Validation{Preview: "the mail for " + o.Domain}, nil
}

func (f *fake) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Fields: f.fields}, nil
}

func (f *fake) Check(_ context.Context, names []string) ([]registrar.Availability, error) {
	var all []registrar.Availability
	for _, name := range names {
		all = append(all, registrar.Availability{Name: name, Status: registrar.Available})
	}
	return all, nil
}

func (f *fake) Submit(_ context.Context, o registrar.Order) (registrar.Operation, error) {
	f.mu.Lock()
	f.submitted = append(f.submitted, o)
	f.mu.Unlock()
	if f.submit != nil {
		return f.submit(o)
	}
	return registrar.Operation{ID: operationOf(o.ID), Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, nil
}

func operationOf(id registrar.OrderID) registrar.OperationID {
	return registrar.OperationID("op-" + string(id))
}

func (f *fake) Operation(_ context.Context, id registrar.OperationID) (registrar.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := slices.ContainsFunc(f.submitted, func(o registrar.Order) bool { return operationOf(o.ID) == id }) ||
		slices.ContainsFunc(f.events, func(e registrar.Event) bool { return e.Operation == id })
	if known {
		return registrar.Operation{ID: id, State: registrar.NeedsAction}, nil
	}
	return registrar.Operation{}, registrar.Errorf(registrar.NotFound, "operation %s is not known here", id)
}

func (f *fake) Resolve(_ context.Context, d registrar.Decision) (registrar.Operation, error) {
	return registrar.Operation{ID: d.Operation, State: registrar.Succeeded}, nil
}

// tell adds an event with the next cursor.
func (f *fake) tell(e registrar.Event) {
	f.mu.Lock()
	e.Cursor = registrar.Cursor(len(f.events) + 1)
	e.At, e.Level, e.Actor = start, registrar.LevelInfo, "registrar"
	f.events = append(f.events, e)
	f.mu.Unlock()
	f.more.Wake()
}

func (f *fake) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for {
			more := f.more.Next()
			f.mu.Lock()
			batch := f.events[min(int(after), len(f.events)):]
			f.mu.Unlock()
			for _, e := range batch {
				if !yield(e, nil) {
					return
				}
				after++
			}
			select {
			case <-ctx.Done():
				yield(registrar.Event{}, ctx.Err())
				return
			case <-more:
			}
		}
	}
}

func (f *fake) taken() []registrar.Order {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]registrar.Order{}, f.submitted...)
}

// registrarsByName is a supervisor whose plugins never fail; a missing one is down.
type registrarsByName struct {
	mu sync.Mutex
	at map[string]registrar.Service
}

func (r *registrarsByName) Registrar(name string) (registrar.Service, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.at[name]; ok {
		return found, nil
	}
	return nil, registrar.Errorf(registrar.Unavailable, "registrar %s is down", name)
}

func (r *registrarsByName) set(name string, to registrar.Service) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[name] = to
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// book is a service under test with the registrar r01, which serves ru, and m, which
// serves com.
type book struct {
	*Service
	t          *testing.T
	dir        string
	fake       *fake
	registrars *registrarsByName
	log        *bytes.Buffer
	logging    sync.Mutex // of log
	server     string     // "" = the database is a file
	names      []string   // of the registrars that are run
	retired    []string
	route      func(string) (string, bool) // nil = as above
	serves     func(name, tld string) bool // nil = as above
}

// The same tests hold on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.Again(t, pgtest.Suite{Prepare: prepare(t), PrepareStatements: true, Skip: []string{"TestQuestionsAreAnsweredByIndexes", "TestListsAreAnsweredByIndexes", "TestCountOperationsByIndex", "TestRegistrarsOfBookByIndex", "TestMakeFixture", "TestFixturesMigrate", "TestTwoPanelsOnOneServer", "TestTransitions", "TestOrderIDsSortByTime"}})
}

// prepare makes the tables once for all tests; the key is each test's own.
func prepare(t *testing.T) func(string) {
	return func(url string) {
		s, err := Open(t.Context(), Options{Dir: t.TempDir(), Server: secret.New(url), Create: true, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Exec(t, url, "update keeper set key_check = ''")
	}
}

// empty is a book to begin with.
var empty = sqldbtest.NewTemplate(func(dir string) error {
	book, err := Open(context.Background(), Options{Dir: dir, Create: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return book.Close()
})

func newBook(t *testing.T) *book { t.Helper(); return newBookOn(t, pgtest.Database(t)) }

func newBookOn(t *testing.T, server string) *book {
	t.Helper()
	f := &fake{}
	b := &book{t: t, dir: t.TempDir(), fake: f, registrars: &registrarsByName{at: map[string]registrar.Service{"r01": f}}, log: &bytes.Buffer{}, server: server, names: []string{"r01", "m"}}
	if server == "" {
		empty.Copy(t, b.dir)
	}
	b.open(server != "")
	t.Cleanup(func() {
		b.tallied()
		b.Close()
	})
	return b
}

func (b *book) open(create bool) {
	b.t.Helper()
	route := func(tld string) (string, bool) {
		name, ok := map[string]string{"ru": "r01", "xn--p1ai": "r01", "com": "m"}[tld]
		return name, ok
	}
	if b.route != nil {
		route = b.route
	}
	serves := func(name, tld string) bool {
		return tld == "ru" && name != "gone" || tld == "com" && name == "m" || tld == "xn--p1ai" && name == "r01"
	}
	if b.serves != nil {
		serves = b.serves
	}
	log := logline.New(exclusive{&b.logging, b.log}, logline.Options{Level: logline.Trace})
	board := switchboard.New(switchboard.Options{Plugins: b.registrars, Names: b.names, Retired: b.retired, Route: route, Serves: serves, Logger: log})
	s, err := Open(b.t.Context(), Options{Dir: b.dir, Server: secret.New(b.server), Create: create, Board: board, Logger: log, Pause: time.Millisecond})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Service = s
}

// exclusive writes while it has the lock.
type exclusive struct {
	lock *sync.Mutex
	to   io.Writer
}

func (e exclusive) Write(b []byte) (int, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	return e.to.Write(b)
}

// apply applies one event of a registrar.
func (b *book) apply(ctx context.Context, name string, e registrar.Event) error {
	return follower{b.ledger, b.board, name}.apply(ctx, bounded(e))
}

func (b *book) restart() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open(false)
}

// during runs the dispatcher and a follower of r01 around fn.
func (b *book) during(fn func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	var working sync.WaitGroup
	working.Go(func() {
		if err := b.Run(ctx); err != nil {
			b.t.Error(err)
		}
	})
	working.Go(func() {
		if err := b.Follow(ctx, "r01", b.fake); err != nil {
			b.t.Error(err)
		}
	})
	fn()
	cancel()
	working.Wait()
}

func (b *book) until(what string, ok func() bool) {
	b.t.Helper()
	testrun.Until(b.t, what, func() (bool, string) {
		if ok() {
			return true, ""
		}
		b.logging.Lock()
		defer b.logging.Unlock()
		return false, "the log:\n" + b.log.String()
	})
}

const passport = "4510 123456"

func request(domain string) NewOrder {
	return NewOrder{Kind: registrar.KindRegister, Domain: domain, Customer: "c1",
		Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"passport": {passport}}},
		Nameservers: []registrar.Nameserver{{Host: "NS1.Hoster.Example."}, {Host: "ns2.hoster.example"}}}
}

func (b *book) place(q NewOrder) Order {
	b.t.Helper()
	o, err := b.Place(b.t.Context(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *book) mustPay(id registrar.OrderID) Order {
	b.t.Helper()
	o, _, err := b.Pay(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *book) mustDomain(name string) Domain {
	b.t.Helper()
	d, err := b.Domain(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *book) mustOrder(id registrar.OrderID) Order {
	b.t.Helper()
	o, err := b.Order(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *book) entries(domain string) []Entry {
	b.t.Helper()
	list, err := b.Log(b.t.Context(), LogQuery{Domain: domain})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// registered is the event that ends an order well.
func registered(o Order) registrar.Event {
	return registrar.Event{Type: registrar.EventMailIn, Message: "done", Name: o.Domain, Order: o.ID, Operation: operationOf(o.ID),
		Domain: &registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: registrar.StatusRegistered, Handle: "H-1",
			PaidTill: registrar.Date{Year: 2027, Month: 3, Day: 1}, Renewal: registrar.RenewAuto, Nameservers: o.Nameservers}}
}

// have registers a domain.
func (b *book) have(domain string) {
	b.t.Helper()
	o := b.place(request(domain))
	b.mustPay(o.ID)
	b.during(func() {
		b.until("the order to be submitted", func() bool { return b.mustOrder(o.ID).Operation != "" })
		b.fake.tell(registered(o))
		b.until("the domain to be registered", func() bool { return b.mustDomain(domain).Status == registrar.StatusRegistered })
	})
}

func wantCode(t *testing.T, err error, code registrar.Code, says string) {
	t.Helper()
	if !errors.Is(err, code) || !strings.Contains(err.Error(), says) {
		t.Errorf("error = %v (%s), want %s that says %q", err, registrar.CodeOf(err), code, says)
	}
}

func TestOpenRefusesMissingDatabase(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Fatal("a missing database was made without being asked")
	}
}

// Contacts and transfer codes lie on disk sealed, and in no log line.
func TestPersonalDataAreSealed(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	q := request("example.ru")
	q.Kind, q.AuthCode = registrar.KindTransfer, "CODE-CANARY"
	o := b.place(q)
	b.mustPay(o.ID)
	b.during(func() { b.until("the submission", func() bool { return len(b.fake.taken()) > 0 }) })
	got := b.fake.taken()[0]
	if got.Registrant.Get("passport") != passport || string(got.AuthCode) != "CODE-CANARY" {
		t.Errorf("the registrar got %q and a code of %d bytes", got.Registrant.Get("passport"), len(string(got.AuthCode)))
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil || b.server == "" && len(files) < 2 || slices.Contains(files, filepath.Join(b.dir, database+"-shm")) {
		t.Fatalf("files: %v, %v", files, err)
	}
	written := append(b.log.Bytes(), pgtest.Dump(t, b.server)...)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, text...)
	}
	for _, canary := range []string{passport, "CODE-CANARY"} {
		if bytes.Contains(written, []byte(canary)) {
			t.Errorf("%q was written", canary)
		}
	}
	b.open(false)
}
