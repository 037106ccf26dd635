package console

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/notify"
	"registrar.panel/host/orders"
	"registrar.panel/host/staff"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// now is the panel's clock, and moscow its zone.
var (
	moscow = time.FixedZone("MSK", 3*60*60)
	now    = time.Date(2026, 3, 1, 15, 4, 5, 678e6, moscow)
)

// hostile is text as a stranger's mail may hold it.
const hostile = `<script>alert("1")</script>`

const passport = "4510 123456"

type unexpected = registrar.Service

// fake is a registrar that knows one thing of each kind.
type fake struct {
	unexpected // nil: what no test expects panics
	problems   []registrar.Problem
	events     []registrar.Event
	fault      error // of the lists of mails
	operation  registrar.Operation
	resolved   []registrar.Decision
	read       []registrar.ReviewDecision
	ignored    []registrar.ReviewsDecision
	submitted  []registrar.Order

	more     bool                // mails wait behind those that it lists
	ended    bool                // op-1 has ended
	review   *registrar.Review   // nil = a hostile one
	statuses []supervisor.Status // nil = two, of which one is unwell and one disabled
	phrases  []registrar.Phrase

	checks func(ctx context.Context, name string) // before it is answered; nil = at once

	kinds  []registrar.OperationKind // as sells says
	offers []registrar.Offer
}

func (f *fake) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "r01", Capabilities: registrar.Capabilities(), Kinds: f.kinds, Offers: f.offers, OrderFields: registrar.OrderFields()}, nil
}

// sells has the registrar declare what it sells.
func (f *fake) sells(o registrar.Offer) {
	f.offers, f.kinds = []registrar.Offer{o}, nil
	for _, k := range o.Kinds {
		f.kinds = append(f.kinds, k.Kind)
	}
	f.statuses = []supervisor.Status{{Name: "r01", TLDs: []string{"ru"}, Kinds: f.kinds, Offers: f.offers, State: supervisor.Running, Since: now}}
}

func (f *fake) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	if q.Kind == registrar.KindRenew {
		return registrar.Form{TLD: q.TLD, Kind: q.Kind}, nil
	}
	return registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Role: q.Role, Fields: []registrar.Field{
		{Key: "name", Label: map[string]string{"en": "Name", "ru": "Имя"}, Type: registrar.FieldText, Required: true, Example: "Сидоров Сидор", Class: registrar.DataPublic},
		{Key: "passport", Label: map[string]string{"en": "Passport", "ru": "Паспорт"}, Type: registrar.FieldText, Required: true, Multiple: true, Class: registrar.DataIdentity},
		{Key: "resident", Label: map[string]string{"en": "Resident", "ru": "Резидент"}, Type: registrar.FieldYesNo, Class: registrar.DataPersonal},
		{Key: "visa", Label: map[string]string{"en": "Visa", "ru": "Виза"}, Type: registrar.FieldText, Class: registrar.DataPersonal, MinLength: 3, MaxLength: 9,
			Help: map[string]string{"en": "As it is stamped.", "ru": "Как на штампе."}, When: []registrar.Condition{{Field: "resident", Values: []string{"false"}}}},
		{Key: "stay", Label: map[string]string{"en": "Stay", "ru": "Срок"}, Type: registrar.FieldText, Class: registrar.DataPersonal, When: []registrar.Condition{{Field: "resident", Values: []string{"false"}}},
			Choices: []registrar.Choice{{Value: "short", Label: map[string]string{"en": "Short", "ru": "Короткий"}}, {Value: "long"}}},
		{Key: "terms", Label: map[string]string{"en": "Terms", "ru": "Условия"}, Type: registrar.FieldAgreement, Class: registrar.DataPublic, Link: "https://registry.example/terms"},
	}}, nil
}

func (f *fake) Contacts(context.Context, string) (registrar.Contacts, error) {
	return registrar.Contacts{registrar.RoleTech: {Kind: registrar.Person, Fields: map[string][]string{"name": {"O*** I******"}, "note": {hostile}}}}, nil
}

func (f *fake) Validate(_ context.Context, o registrar.Order) (registrar.Validation, error) {
	return registrar.Validation{Problems: f.problems, Preview: "the mail for " + o.Domain}, nil
}

func (f *fake) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	if f.checks != nil {
		f.checks(ctx, names[0])
	}
	a := registrar.Availability{Name: names[0], Status: registrar.Available}
	if names[0] == "gold.ru" {
		a.Reason, a.Price = registrar.ReasonPremium, registrar.Price{Amount: "1200.00", Currency: "RUB"}
	}
	return []registrar.Availability{a}, nil
}

func (f *fake) Submit(_ context.Context, o registrar.Order) (registrar.Operation, error) {
	f.submitted = append(f.submitted, o)
	return registrar.Operation{ID: "op-9", Kind: o.Kind, Domain: o.Domain, Order: o.ID, State: registrar.Queued, Version: "1", CreatedAt: now, UpdatedAt: now}, nil
}

func (f *fake) Operation(_ context.Context, id registrar.OperationID) (registrar.Operation, error) {
	if id != f.operation.ID {
		return registrar.Operation{}, registrar.Errorf(registrar.NotFound, "no such operation")
	}
	if f.ended {
		f.operation.State = registrar.Succeeded
	}
	return f.operation, nil
}

func (f *fake) Resolve(_ context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := errors.Join(registrar.InvalidDecision(d.Problems())); err != nil {
		return registrar.Operation{}, err
	}
	if err := f.operation.CheckVersion(d.Version); err != nil {
		return registrar.Operation{}, err
	}
	f.resolved = append(f.resolved, d)
	f.operation.State, f.operation.Version, f.operation.WaitsFor, f.operation.FinishedAt = registrar.Succeeded, "5", "", now
	f.operation.History = append(f.operation.History, registrar.Step{At: now, State: registrar.Succeeded, Message: "said to be done", Actor: d.By, Evidence: registrar.EvidencePerson})
	return f.operation, nil
}

func (f *fake) SetRenewal(_ context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusRegistered, Renewal: mode}, nil
}

func (f *fake) RunRenewals(context.Context, bool) ([]registrar.RenewalStep, error) {
	return []registrar.RenewalStep{{Domain: "example.ru", PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 1}, Action: registrar.RenewalSend, Reason: "it is due"},
		{Domain: "other.ru", Action: registrar.RenewalHold, Reason: "no date is known"}}, nil
}

func (f *fake) Handles(_ context.Context, customer string) ([]registrar.Handle, error) {
	if customer != "c1" {
		return nil, nil
	}
	return []registrar.Handle{{Handle: "C1-RIPN", Customer: customer, Kind: registrar.Person, State: registrar.HandleRegistered}}, nil
}

func (f *fake) AdoptHandle(_ context.Context, customer, handle string) (registrar.Handle, error) {
	return registrar.Handle{Handle: handle, Customer: customer, Kind: registrar.Organization, State: registrar.HandleRegistered}, nil
}

func (f *fake) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{Name: i.Domain, Customer: i.Customer, Status: registrar.StatusRegistered, Handle: i.Handle, PaidTill: i.PaidTill, Renewal: registrar.RenewAuto}, nil
}

func (f *fake) Erase(context.Context, registrar.ErasureQuery) (registrar.Erasure, error) {
	return registrar.Erasure{Removed: []registrar.Removed{{What: "mails", Count: 3}}, Beyond: []string{"the mailbox"}}, nil
}

func (f *fake) entry() registrar.Review {
	if f.review != nil {
		return *f.review
	}
	return registrar.Review{ID: "rv-1", Mail: "m-1", ReceivedAt: now, From: "robot@registrar.example", Subject: hostile, Reason: "no rule matched",
		Candidates: []registrar.OperationID{"op-1"}, Version: "6"}
}

func (f *fake) Reviews(context.Context) ([]registrar.Review, error) {
	alike := f.entry()
	alike.ID, alike.Candidates = "rv-2", nil
	return []registrar.Review{f.entry(), alike}, f.fault
}

func (f *fake) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	all, err := f.Reviews(ctx)
	return registrar.ReviewPage{Reviews: all, More: f.more}, err
}

func (f *fake) Review(_ context.Context, id registrar.ReviewID) (registrar.Review, error) {
	if id != "rv-1" {
		return registrar.Review{}, registrar.Errorf(registrar.NotFound, "no such entry")
	}
	v := f.entry()
	v.Text = "Subject: " + hostile
	return v, nil
}

func (f *fake) ResolveReview(_ context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	v := f.entry()
	if err := errors.Join(registrar.InvalidDecision(d.Problems()), v.CheckVersion(d.Version)); err != nil {
		return v, err
	}
	f.read = append(f.read, d)
	v.ResolvedAt, v.ResolvedBy, v.Outcome = now, d.By, d.Outcome
	return v, nil
}

func (f *fake) ResolveReviews(_ context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	f.ignored = append(f.ignored, d)
	return registrar.ReviewsResolved{Resolved: len(d.Reviews)}, registrar.InvalidDecision(d.Problems())
}

func (f *fake) ReviewRule(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{Block: "reply", Name: "rv-1", Settings: []registrar.Setting{{Name: "outcome", Value: "done"}}, Tried: 7, Matched: 2, Matches: []registrar.RuleMatch{
		{Mail: "m-1", At: now, From: "robot@r01.example", Subject: hostile, Outcome: registrar.ReplyDone, Domain: "example.ru", State: registrar.MailReview}}}, nil
}

func (f *fake) IgnoredSenders(context.Context) ([]registrar.IgnoredSender, error) {
	return []registrar.IgnoredSender{{Address: "evil@spam.example", Since: now, By: "olga", Note: "spam"}}, nil
}

func (f *fake) HeedSender(context.Context, string, string) error { return nil }

func (f *fake) MailPage(context.Context, registrar.MailQuery) (registrar.MailPage, error) {
	return registrar.MailPage{Mails: []registrar.Mail{{ID: "m-1", At: now, From: "robot@registrar.example", To: "callback@panel.example", Subject: hostile, State: registrar.MailReview}}}, nil
}

func (f *fake) Mail(_ context.Context, id registrar.MailID) (registrar.Mail, error) {
	if id != "m-1" {
		return registrar.Mail{}, registrar.Errorf(registrar.NotFound, "no such mail")
	}
	return registrar.Mail{ID: id, At: now, Out: true, From: "a@panel.example", To: "b@registrar.example", Subject: "New domain", Text: "masked"}, nil
}

func (f *fake) RawMail(context.Context, registrar.MailID) (string, error) {
	return "Subject: " + hostile + "\n\nas it came\n", nil
}

// Events yields what the test prepared and ends.
func (f *fake) Events(_ context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for i := int(after); i < len(f.events); i++ {
			if !yield(f.events[i], nil) {
				return
			}
		}
	}
}

// Registrar makes the fake all there is to find.
func (f *fake) Registrar(name string) (registrar.Service, error) {
	if name != "r01" {
		return nil, registrar.Errorf(registrar.Unavailable, "registrar %s is down", name)
	}
	return f, nil
}

func (f *fake) Statuses() []supervisor.Status {
	if f.statuses != nil {
		return slices.Clone(f.statuses)
	}
	return []supervisor.Status{
		{Name: "r01", Title: "R01 by mail", Version: "1.0.0", TLDs: []string{"ru", "xn--p1ai"}, Kinds: registrar.OperationKinds(), Capabilities: registrar.Capabilities(),
			State: supervisor.Degraded, Restarts: 2, Since: now, Health: []registrar.Component{{Name: "mailbox", Detail: hostile}, {Name: "smtp", OK: true, Detail: "logged in"},
				{Name: "renewals", OK: true, Detail: "last pass completed 2026-03-29T01:00:00Z; renewals begun: 3"}}},
		{Name: "manual", TLDs: []string{"ru"}, State: supervisor.Disabled, Since: now, Error: "it ended"},
	}
}

func (f *fake) Upgrade(_ context.Context, name, _, _ string) (supervisor.Status, error) {
	return supervisor.Status{Name: name, Version: "2.0.0", State: supervisor.Running, Since: now}, nil
}

// State and Test are of the ways to people.
func (f *fake) Settings(name string) []api.Setting {
	if name != "r01" {
		return nil
	}
	address, about := `"mail.example:25"`, "where the relay is"
	return []api.Setting{{Name: "smtp.address", Value: &address, About: &about}, {Name: "password", Secret: true}, {Name: "smtp.username", Default: true}}
}

func (f *fake) State(context.Context) ([]notify.Told, error) {
	return []notify.Told{{Channel: "mail", Number: 7, ToldAt: now, Standing: 2}}, nil
}

func (f *fake) Test(context.Context, string) ([]notify.Tried, error) {
	return []notify.Tried{{Channel: "mail"}, {Channel: "pager", Err: errors.New("no answer")}}, nil
}

func (f *fake) Again(context.Context, string, orders.Entry) error { return nil }

// bench is a panel with pages over a book in a temporary directory and a fake registrar.
type bench struct {
	t      testing.TB
	fake   *fake
	book   *orders.Service
	staff  *staff.Room
	server *web.Server
	person access.Caller
	header http.Header
	from   *heard
}

// heard is the staff room, and where passwords were tried from.
type heard struct {
	*staff.Room
	addresses []string
}

func (h *heard) Confirm(ctx context.Context, name, password, address string) error {
	h.addresses = append(h.addresses, address)
	return h.Room.Confirm(ctx, name, password, address)
}

// empty is a book to begin with.
var empty = sqldbtest.NewTemplate(func(dir string) error {
	book, err := orders.Open(context.Background(), orders.Options{Dir: dir, Create: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return book.Close()
})

func newBench(t testing.TB) *bench {
	t.Helper()

	f := &fake{operation: registrar.Operation{ID: "op-1", Kind: registrar.KindUpdate, Domain: "example.ru", State: registrar.NeedsAction, WaitsFor: "an operator",
		Error: "words of the registrar", Version: "4", CreatedAt: now, UpdatedAt: now, Deadline: now.AddDate(0, 0, 1), History: []registrar.Step{
			{At: now, State: registrar.NeedsAction, Message: "it stands", Actor: "registrar", Evidence: registrar.EvidenceReply, Mail: "m-1"}}}}
	board := switchboard.New(switchboard.Options{Plugins: f, Names: []string{"r01"}, Logger: slog.New(slog.DiscardHandler),
		Route: func(tld string) (string, bool) { return "r01", tld == "ru" || tld == "xn--p1ai" }, Serves: func(name, tld string) bool { return name == "r01" }})
	clock := func() time.Time { return now }
	book, err := orders.Open(t.Context(), orders.Options{Dir: empty.Copy(t, t.TempDir()), Board: board, Logger: slog.New(slog.DiscardHandler), Now: clock, Random: &numbered{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })

	room, err := staff.New(staff.Options{Book: book.Staff(), Cost: staff.Cost{Passes: 1, Memory: 8, Threads: 1}, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}

	keys, from := book.Credentials(), &heard{Room: room}
	server := web.New(web.Options{Orders: book, Board: board, Plugins: f, Token: secret.New("bootstrap"), Keys: keys, Vault: keys, Staff: from, Webhooks: book.Webhooks(), Teller: f, Notifier: f,
		Logger: slog.New(slog.DiscardHandler), Pages: func(api http.Handler) http.Handler {
			return New(Options{API: api, Zone: moscow, Now: clock, Logger: slog.New(slog.DiscardHandler), Phrases: func() []registrar.Phrase { return f.phrases }})
		}})
	return &bench{t: t, fake: f, book: book, staff: room, server: server, person: access.Caller{Name: "olga", Rights: access.Rights()}, header: http.Header{}, from: from}
}

// numbered is randomness that gives every order its own ID, in order.
type numbered struct{ n atomic.Uint32 }

func (c *numbered) Read(p []byte) (int, error) {
	clear(p)
	p[len(p)-1] = byte(c.n.Add(1))
	return len(p), nil
}

var _ io.Reader = (*numbered)(nil)

// call makes a request as a browser would.
func (b *bench) call(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(access.With(b.t.Context(), b.person), method, path, strings.NewReader(form.Encode()))
	r.Header = b.header.Clone()
	r.Header.Set("Sec-Fetch-Site", or(b.header.Get("Sec-Fetch-Site"), "same-origin"))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	return w
}

func (b *bench) get(path string) string {
	b.t.Helper()
	w := b.call(http.MethodGet, path, nil)
	if w.Code != http.StatusOK {
		b.t.Fatalf("GET %s: status %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// post sends a form and follows the answer 303 to the page that tells of it.
func (b *bench) post(path string, form url.Values) (address, page string) {
	b.t.Helper()
	w := b.call(http.MethodPost, path, form)
	if w.Code != http.StatusSeeOther {
		b.t.Fatalf("POST %s: status %d\n%s", path, w.Code, w.Body)
	}
	address = w.Header().Get("Location")
	before := b.header.Get("Cookie")
	for _, c := range w.Result().Cookies() {
		b.header.Add("Cookie", c.Name+"="+c.Value)
	}
	page = b.get(strings.Split(address, "#")[0])
	b.header.Del("Cookie")
	if before != "" {
		b.header.Set("Cookie", before)
	}
	return address, page
}

// registered lets the registrar tell of a domain about which much is known, and of a calm one.
func (b *bench) registered() {
	b.t.Helper()
	b.fake.events = []registrar.Event{{Cursor: 1, At: now, Type: registrar.EventDomain, Level: registrar.LevelWarning, Message: hostile, Actor: "registrar",
		Name: "example.ru", Operation: "op-1", Mail: "m-1", Domain: &registrar.Domain{Name: "example.ru", Customer: "c1", Status: registrar.StatusRegistered,
			Handle: "C1-RIPN", PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 1}, Renewal: registrar.RenewAuto,
			Nameservers: []registrar.Nameserver{{Host: "ns1.example.ru", IPs: []string{"192.0.2.1"}}, {Host: "ns2.hoster.example"}},
			Operation:   &registrar.Operation{ID: "op-1", Kind: registrar.KindUpdate, State: registrar.NeedsAction, WaitsFor: "an operator", Version: "4"},
			Alarms:      []registrar.Alarm{{Key: "silence", Since: now.Add(-3 * time.Hour), Message: hostile}}}},
		{Cursor: 2, At: now, Type: registrar.EventDomain, Level: registrar.LevelInfo, Message: "renewed", Actor: "registrar", Name: "calm.ru",
			Domain: &registrar.Domain{Name: "calm.ru", Customer: "c1", Status: registrar.StatusRegistered, PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 20}, Renewal: registrar.RenewManual}}}
	if err := b.book.Follow(b.t.Context(), "r01", b.fake); err == nil || !strings.Contains(err.Error(), "its events ended") {
		b.t.Fatalf("follow: %v", err)
	}
}
