package store

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Server: secret.New(pgtest.Database(t)), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The same tests hold on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.Again(t, pgtest.Suite{Prepare: prepare(t), Skip: []string{"TestQuestionsAreAnsweredByIndexes", "TestMarksOfNodes", "TestSchemasAgree", "TestMakeFixture", "TestFixturesMigrate", "TestMigrationKeepsRequests", "TestMigrationOfMoves", "TestStatesAgreeWithSQL", "TestPlainDigestsAreReplaced", "TestErasedLeavesTheFiles", "TestAllThatIsSealedIsListed", "TestRotateKey"}})
}

// prepare makes the tables once for all tests; the key is each test's own.
func prepare(t *testing.T) func(string) {
	return func(url string) {
		s, err := Open(t.Context(), Options{Dir: t.TempDir(), Server: secret.New(url), Create: true})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Exec(t, url, "update keeper set key_check = ''")
	}
}

// write runs fn in a transaction that must succeed.
func write(t *testing.T, s *Store, fn func(tx *Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func strs[T ~string](list []T) []string {
	var all []string
	for _, v := range list {
		all = append(all, string(v))
	}
	slices.Sort(all)
	return all
}

// The closed lists stand in Go and in CHECK constraints; they must be the same lists.
func TestStatesAgreeWithSQL(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sql := schemaOf(t, s)
	want := map[string][]string{
		"requests.kind":    strs(lifecycle.Kinds()),
		"requests.state":   strs(registrar.OperationStates()),
		"requests.hold":    strs(lifecycle.StallReasons()),
		"operations.kind":  strs(lifecycle.OperationKinds()),
		"operations.state": strs(registrar.OperationStates()),
		"clients.kind":     strs([]registrar.RegistrantKind{registrar.Person, registrar.Organization}),
		"clients.state":    strs(registrar.HandleStates()),
		"domains.status": strs(slices.DeleteFunc(registrar.DomainStatuses(), func(s registrar.DomainStatus) bool {
			return s == registrar.StatusPending // only panels know it
		})),
		"domains.renewal": strs(registrar.RenewalModes()),
		"mails.state":     strs([]MailState{MailSent, MailNew, MailApplied, MailReview, MailIgnored}),
		"steps.evidence": strs([]registrar.EvidenceKind{"", registrar.EvidenceReply, registrar.EvidenceRelay,
			registrar.EvidenceCopy, registrar.EvidenceRegistry, registrar.EvidencePerson}),
	}
	found := checks(sql)
	for column, list := range want {
		if !slices.Equal(found[column], list) {
			t.Errorf("%s: CHECK allows %q, Go has %q", column, found[column], list)
		}
	}
	// final ⇔ finished_at, in the words of the contract
	var final []registrar.OperationState
	for _, s := range registrar.OperationStates() {
		if s.Final() {
			final = append(final, s)
		}
	}
	for _, m := range regexp.MustCompile(`state (?:not )?in \(('Succeeded'[^)]*)\)`).FindAllStringSubmatch(sql, -1) {
		if got := values(m[1]); !slices.Equal(got, strs(final)) {
			t.Errorf("SQL calls %q final, the contract %q", got, final)
		}
	}
}

// schemaOf is the schema after all migrations.
func schemaOf(t *testing.T, s *Store) string {
	t.Helper()
	var all []string
	err := s.Read(t.Context(), func(tx *Tx) (err error) {
		all, err = collect(tx, scanText, "select sql from sqlite_schema where sql is not null")
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	return strings.Join(all, "\n")
}

// checks reads table.column → allowed values from CREATE TABLE statements.
func checks(sql string) map[string][]string {
	found := map[string][]string{}
	table := ""
	create := regexp.MustCompile(`(?i)^create table "?(\w+)`)
	check := regexp.MustCompile(`^\s+(\w+) .*check \(\w+ in \(([^)]*)\)\)`)
	for _, line := range strings.Split(sql, "\n") {
		if m := create.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		if m := check.FindStringSubmatch(line); m != nil {
			found[table+"."+m[1]] = values(m[2])
		}
	}
	return found
}

func values(list string) []string {
	var all []string
	for _, v := range strings.Split(list, ",") {
		all = append(all, strings.Trim(strings.TrimSpace(v), "'"))
	}
	slices.Sort(all)
	return all
}

// claim claims a request that goes out alone.
func claim(tx *Tx, r *Request, fence int64, digest string, at time.Time) error {
	alone := []Request{*r}
	err := tx.Requests.Claim(alone, fence, digest, at)
	*r = alone[0]
	return err
}

// addRequest stores a request with an operation that it carries.
func addRequest(tx *Tx, id string, kind lifecycle.Kind, object string) (Request, error) {
	r, err := tx.Requests.Add(Request{ID: id, Kind: kind, Agreement: "RP/01/00", Object: object,
		MessageID: "<" + id + "@panel.example>", Token: "TOKEN" + id, CreatedAt: noon, DueAt: noon}, []byte("body of "+id))
	if err != nil {
		return r, err
	}
	op := Operation{Operation: registrar.Operation{ID: registrar.OperationID("op-" + id), Order: registrar.OrderID("order-" + id),
		Kind: registrar.KindRegister, Domain: object, State: registrar.Queued}, Digest: "d", Customer: "c1", Request: id}
	return r, tx.Operations.Add(op, []byte("order of "+id), Change{At: noon, Message: "begun", Actor: "plugin"})
}

func decide(t *testing.T, r Request, e lifecycle.Event) lifecycle.Decision {
	t.Helper()
	for _, source := range []lifecycle.Source{lifecycle.FromQueue, lifecycle.FromRelay, lifecycle.FromDeadline, lifecycle.FromPerson} {
		if d, ok := lifecycle.Weigh(r.Lifecycle(), lifecycle.Evidence{Source: source, Event: e, Noted: "a test"}).Decision(); ok {
			return d
		}
	}
	t.Fatalf("%s can't take %s", r.State, e)
	return lifecycle.Decision{}
}

func TestClaimIsExclusive(t *testing.T) {
	t.Parallel()
	s := open(t)
	var r Request
	var fence int64
	write(t, s, func(tx *Tx) (err error) {
		if fence, err = tx.TakeOver(); err == nil {
			r, err = addRequest(tx, "a", lifecycle.NewDomain, "a.ru")
		}
		return err
	})
	mine, other := r, r
	write(t, s, func(tx *Tx) error { return claim(tx, &mine, fence, "digest", noon) })
	if mine.State != registrar.Sending || mine.Attempt != 1 {
		t.Errorf("after the claim: %+v", mine)
	}
	if err := s.Write(t.Context(), func(tx *Tx) error { return claim(tx, &other, fence, "digest", noon) }); !errors.Is(err, ErrMoved) {
		t.Errorf("a second claim: %v, want ErrMoved", err)
	}
}

// A sender that was frozen before its claim wakes up after another instance has taken over.
func TestClaimUnderOldFence(t *testing.T) {
	t.Parallel()
	s := open(t)
	var r Request
	var old int64
	write(t, s, func(tx *Tx) (err error) {
		if old, err = tx.TakeOver(); err == nil {
			r, err = addRequest(tx, "a", lifecycle.NewDomain, "a.ru")
		}
		return err
	})
	write(t, s, func(tx *Tx) error {
		newer, err := tx.TakeOver()
		if newer <= old {
			t.Errorf("fence went from %d to %d", old, newer)
		}
		return err
	})
	if err := s.Write(t.Context(), func(tx *Tx) error { return claim(tx, &r, old, "digest", noon) }); !errors.Is(err, ErrMoved) {
		t.Errorf("a claim under an old fence: %v, want ErrMoved", err)
	}
}

func TestAdvanceMovesRequestAndOperations(t *testing.T) {
	t.Parallel()
	s := open(t)
	var r Request
	write(t, s, func(tx *Tx) (err error) {
		fence, err := tx.TakeOver()
		if err == nil {
			r, err = addRequest(tx, "a", lifecycle.NewDomain, "a.ru")
		}
		if err == nil {
			err = claim(tx, &r, fence, "digest", noon)
		}
		return err
	})
	stale := r
	deadline := noon.Add(time.Hour)
	write(t, s, func(tx *Tx) error {
		ops, err := tx.Requests.Advance(&r, decide(t, r, lifecycle.Relayed), Change{At: noon, Message: "sent", Actor: "plugin", Deadline: deadline})
		if len(ops) != 1 || ops[0].State != registrar.Sent || !ops[0].Deadline.Equal(deadline) {
			t.Errorf("operations: %+v", ops)
		}
		return err
	})
	err := s.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Requests.Advance(&stale, decide(t, stale, lifecycle.Lost), Change{At: noon, Message: "lost", Actor: "plugin"})
		return err
	})
	if !errors.Is(err, ErrMoved) {
		t.Errorf("advancing a stale request: %v, want ErrMoved", err)
	}
	write(t, s, func(tx *Tx) error {
		if _, err := tx.Requests.Advance(&r, decide(t, r, lifecycle.Done), Change{At: noon, Message: "done", Actor: "registrar", Evidence: registrar.EvidenceReply}); err != nil {
			return err
		}
		op, err := tx.Operations.Get("op-a")
		if op.State != registrar.Succeeded || op.FinishedAt.IsZero() || !op.Deadline.IsZero() || op.WaitsFor != "" {
			t.Errorf("the finished operation: %+v", op)
		}
		history, err2 := tx.Operations.History("op-a")
		var states []registrar.OperationState
		for _, h := range history {
			states = append(states, h.State)
		}
		want := []registrar.OperationState{registrar.Queued, registrar.Sending, registrar.Sent, registrar.Succeeded}
		if !slices.Equal(states, want) {
			t.Errorf("history is %v, want %v", states, want)
		}
		overdue, err3 := tx.Requests.Overdue(deadline.Add(time.Hour))
		if len(overdue) != 0 {
			t.Errorf("a concluded request is overdue: %+v", overdue)
		}
		return errors.Join(err, err2, err3)
	})
}

func TestWhatMayExistOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	once := func(name string, fn func(tx *Tx, n string) error) {
		t.Helper()
		write(t, s, func(tx *Tx) error { return fn(tx, name+"1") })
		if err := s.Write(t.Context(), func(tx *Tx) error { return fn(tx, name+"2") }); !errors.Is(err, ErrExists) {
			t.Errorf("%s twice: %v, want ErrExists", name, err)
		}
	}
	once("open request for a domain", func(tx *Tx, n string) error {
		_, err := tx.Requests.Add(Request{ID: n, Kind: lifecycle.NewDomain, Agreement: "A", Object: "x.ru", MessageID: n, Token: n, CreatedAt: noon, DueAt: noon}, nil)
		return err
	})
	once("open operation on a domain", func(tx *Tx, n string) error {
		return tx.Operations.Add(Operation{Operation: registrar.Operation{ID: registrar.OperationID(n), Kind: registrar.KindUpdate,
			Domain: "y.ru", State: registrar.Queued}}, nil, Change{At: noon})
	})
	once("client of one identity", func(tx *Tx, n string) error {
		_, err := tx.Clients.Add(Client{Customer: "c", Kind: registrar.Person, Identity: "same", Handle: n, State: registrar.HandlePending, CreatedAt: noon}, nil)
		return err
	})
	once("mail of one content", func(tx *Tx, n string) error {
		return tx.Mails.Add(Mail{ID: registrar.MailID(n), Hash: "same", At: noon, State: MailNew}, []byte("x"))
	})
}

// One PROLONG per domain and expiry, but for one that was refused or that was taken
// back before the relay could have got it. r01-mail 4.3
func TestProlongOncePerExpiry(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	till := registrar.Date{Year: 2027, Month: 5, Day: 1}
	claimed := func(more ...lifecycle.Event) []lifecycle.Event {
		return append([]lifecycle.Event{lifecycle.Claimed}, more...)
	}
	for _, c := range []struct {
		events []lifecycle.Event
		again  bool
	}{
		{nil, false},
		{claimed(), false},
		{claimed(lifecycle.Lost), false},
		{claimed(lifecycle.Relayed), false},
		{claimed(lifecycle.Relayed, lifecycle.Queuing, lifecycle.Overdue), false},
		{claimed(lifecycle.Relayed, lifecycle.Done), false},
		{claimed(lifecycle.Relayed, lifecycle.Overdue, lifecycle.Resend, lifecycle.Withdrawn), false},
		{claimed(lifecycle.Deferred, lifecycle.Withdrawn), false},
		{[]lifecycle.Event{lifecycle.Withdrawn}, true},
		{claimed(lifecycle.Relayed, lifecycle.Rejected), true},
		{claimed(lifecycle.Relayed, lifecycle.Overdue, lifecycle.SaidNot), true},
		{claimed(lifecycle.Refused), true},
	} {
		s := open(t)
		add := func(id string, base registrar.Date) (r Request, err error) {
			return r, s.Write(t.Context(), func(tx *Tx) error {
				r, err = tx.Requests.Add(Request{ID: id, Kind: lifecycle.Prolong, Agreement: "A", Object: "x.ru", Base: base,
					MessageID: id, Token: id, CreatedAt: noon, DueAt: noon}, nil)
				return err
			})
		}
		r, err := add("a", till)
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, func(tx *Tx) error {
			for _, e := range c.events {
				if e == lifecycle.Claimed {
					r.Attempt++
				}
				if _, err := tx.Requests.Advance(&r, decide(t, r, e), Change{At: noon}); err != nil {
					return err
				}
			}
			return nil
		})
		_, err = add("b", till)
		if c.again && err != nil || !c.again && !errors.Is(err, ErrExists) {
			t.Errorf("after %v a second PROLONG from the same expiry: %v", c.events, err)
		}
		if _, err := add("n", till.AddYears(1)); err != nil && r.State.Final() && !c.again {
			t.Errorf("after %v the next year's PROLONG: %v", c.events, err)
		}
		if _, err := add("c", till); c.again && !errors.Is(err, ErrExists) {
			t.Errorf("after %v a third PROLONG from the same expiry: %v", c.events, err)
		}
	}
}

// Whatever is personal is sealed: the files hold none of it.
func TestNothingPersonalIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	dir, server := t.TempDir(), pgtest.Database(t)
	s, err := Open(t.Context(), Options{Dir: dir, Server: secret.New(server), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	const canary = "CANARY-4510-123456"
	write(t, s, func(tx *Tx) error {
		_, err := tx.Clients.Add(Client{Customer: "c", Kind: registrar.Person, Identity: "i", Handle: "H-R01", State: registrar.HandlePending, CreatedAt: noon}, []byte(canary))
		r, err2 := tx.Requests.Add(Request{ID: "r", Kind: lifecycle.NewClient, Agreement: "A", Object: "H-R01", MessageID: "m", Token: "t", CreatedAt: noon, DueAt: noon}, []byte(canary))
		err3 := tx.Operations.Add(Operation{Operation: registrar.Operation{ID: "o", Kind: registrar.KindRegister, Domain: "a.ru", State: registrar.Queued}, Request: r.ID}, []byte(canary), Change{At: noon})
		err4 := tx.Mails.Add(Mail{ID: "m", Hash: "h", At: noon, State: MailNew}, []byte(canary))
		return errors.Join(err, err2, err3, err4)
	})
	write(t, s, func(tx *Tx) error {
		for _, get := range []func() ([]byte, error){
			func() ([]byte, error) { return tx.Requests.Body("r") },
			func() ([]byte, error) { return tx.Operations.Order("o") },
			func() ([]byte, error) { return tx.Mails.Raw("m") },
		} {
			if got, err := get(); err != nil || string(got) != canary {
				t.Errorf("reading back: %q, %v", got, err)
			}
		}
		return nil
	})
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || server == "" && len(files) < 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	if strings.Contains(string(pgtest.Dump(t, server)), canary) {
		t.Error("the server holds the canary")
	}
	for _, f := range files {
		if data, err := os.ReadFile(f); err != nil || strings.Contains(string(data), canary) {
			t.Errorf("%s holds the canary, or %v", filepath.Base(f), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	s := open(t)
	write(t, s, func(tx *Tx) error {
		_, err := addRequest(tx, "client", lifecycle.NewClient, "H-R01")
		_, err2 := addRequest(tx, "domain", lifecycle.NewDomain, "a.ru")
		later, err3 := addRequest(tx, "later", lifecycle.NewDomain, "b.ru")
		return errors.Join(err, err2, err3, tx.Requests.Postpone(later, noon.Add(time.Hour), "the relay is down"))
	})
	ids := func(now time.Time, paidToo bool) (got []string) {
		write(t, s, func(tx *Tx) error {
			due, err := tx.Requests.Due(now, paidToo, 10)
			for _, r := range due {
				got = append(got, r.ID)
			}
			return err
		})
		return got
	}
	for _, c := range []struct {
		at      time.Time
		paidToo bool
		want    []string
	}{
		{noon.Add(-time.Second), true, nil},
		{noon, true, []string{"client", "domain"}},
		{noon, false, []string{"client"}},
		{noon.Add(time.Hour), true, []string{"client", "domain", "later"}},
	} {
		if got := ids(c.at, c.paidToo); !slices.Equal(got, c.want) {
			t.Errorf("due at %s, paid too %v: %v, want %v", c.at.Format(time.TimeOnly), c.paidToo, got, c.want)
		}
	}
}

// Both databases have the same tables, columns and indexes, however they came to them.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	const lite = `select m.name || '.' || c.name from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' and m.name not in ('goose_db_version', 'keeper') and m.name not like 'sqlite_%'
		union all select 'index ' || name from sqlite_schema where type = 'index' and sql is not null order by 1`
	const server = `select table_name || '.' || column_name from information_schema.columns
			where table_schema = 'public' and table_name not in ('goose_db_version', 'goose_lock', 'keeper', 'leases')
		union all select 'index ' || indexname from pg_indexes
			where schemaname = 'public' and indexname !~ '_(pkey|key)$' and indexname !~ '^(goose|keeper|leases)' order by 1`
	schema := func(url, query string) []string {
		s, err := Open(t.Context(), Options{Dir: t.TempDir(), Server: secret.New(url), Create: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var all []string
		err = s.Read(t.Context(), func(tx *Tx) (err error) { all, err = collect(tx, scanText, query); return err })
		if err != nil {
			t.Fatal(err)
		}
		return strs(all)
	}
	file, served := schema("", lite), schema(pgtest.Start(t).Database(), server)
	if len(file) < 60 || !slices.Equal(file, served) {
		in := func(list []string) func(string) bool { return func(s string) bool { return slices.Contains(list, s) } }
		t.Errorf("of %d, only the file has %q, and only the server has %q", len(file),
			slices.DeleteFunc(slices.Clone(file), in(served)), slices.DeleteFunc(slices.Clone(served), in(file)))
	}
}

// One part of a transaction that fails undoes itself and nothing else.
func TestPart(t *testing.T) {
	t.Parallel()
	s := open(t)
	refused := errors.New("refused")
	write(t, s, func(tx *Tx) error {
		for name, fail := range map[string]error{"one": nil, "two": refused, "three": nil} {
			if err := tx.Part(func() error { return errors.Join(tx.SetSetting(name, "set"), fail) }); !errors.Is(err, fail) {
				t.Errorf("part %s: %v", name, err)
			}
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		for name, want := range map[string]string{"one": "set", "two": "", "three": "set"} {
			if got, err := tx.Setting(name); err != nil || got != want {
				t.Errorf("%s is %q, %v", name, got, err)
			}
		}
		return nil
	})
}

// Of several senders that move the mark, one that looked earlier may come later: the mark
// stays where it is.
func TestMarkDoesNotMoveBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, m := range []watermark{{"A", 1, 5, ""}, {"A", 1, 9, ""}, {"A", 1, 7, ""}, {"A", 1, 9, ""}} {
		if err := s.moveMark(m); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.readMark(); err != nil || got != (watermark{"A", 1, 9, ""}) {
		t.Errorf("the mark is %+v, %v", got, err)
	}
	for _, m := range []watermark{{"A", 2, 9, ""}, {"B", 1, 1, ""}} { // another instance, another incarnation
		if err := s.moveMark(m); err != nil {
			t.Fatal(err)
		}
		if got, err := s.readMark(); err != nil || got != m {
			t.Errorf("the mark is %+v, %v, want %+v", got, err, m)
		}
	}
}
