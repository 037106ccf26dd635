package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/notify"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// now is the panel's clock, in a zone that no answer may show.
var now = time.Date(2026, 3, 1, 15, 4, 5, 678e6, time.FixedZone("Moscow", 3*60*60))

// hostile is text as a stranger's mail may hold it.
const hostile = `<script>alert("1")</script>`

type unexpected = registrar.Service

// fake is a registrar that knows one thing of each kind, and refuses what refuse says.
type fake struct {
	unexpected // nil: what no test expects panics
	refuse     func(call string) error
	problems   []registrar.Problem
	events     []registrar.Event
	statuses   []supervisor.Status // nil = those of two plugins
	resolved   []registrar.ReviewID
}

func (f *fake) may(call string) error {
	if f.refuse == nil {
		return nil
	}
	return f.refuse(call)
}

func (f *fake) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "r01", Capabilities: registrar.Capabilities()}, f.may("describe")
}

func (f *fake) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Fields: []registrar.Field{
		{Key: "passport", Label: map[string]string{"en": "Passport", "ru": "Паспорт"}, Type: registrar.FieldText, Required: true,
			Multiple: true, Pattern: "^[^<]+$", Example: "4510 123456", Class: registrar.DataIdentity},
		{Key: "faxes", Label: map[string]string{"en": "Fax"}, Type: registrar.FieldPhone, Class: registrar.DataPersonal},
		{Key: "purpose", Label: map[string]string{"en": "Purpose"}, Type: registrar.FieldText, Class: registrar.DataPublic, MinLength: 2, MaxLength: 9,
			Help: map[string]string{"en": "What for"}, Choices: []registrar.Choice{{Value: "home"}, {Value: "trade", Label: map[string]string{"en": "Trade"}}},
			When: []registrar.Condition{{Field: "faxes", Values: []string{"", "none"}}}},
		{Key: "terms", Label: map[string]string{"en": "Terms"}, Type: registrar.FieldAgreement, Class: registrar.DataPublic, Link: "https://registry.example/terms"},
	}}, f.may("form")
}

func (f *fake) Contacts(context.Context, string) (registrar.Contacts, error) {
	return registrar.Contacts{registrar.RoleAdmin: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Olga Ivanova"}}}}, f.may("contacts")
}

func (f *fake) Validate(_ context.Context, o registrar.Order) (registrar.Validation, error) {
	return registrar.Validation{Problems: f.problems, Preview: "the mail for " + o.Domain}, f.may("validate")
}

func (f *fake) Check(_ context.Context, names []string) ([]registrar.Availability, error) {
	return []registrar.Availability{{Name: names[0], Status: registrar.Available}}, f.may("check")
}

func (f *fake) Operation(_ context.Context, id registrar.OperationID) (registrar.Operation, error) {
	if id != "op-1" {
		return registrar.Operation{}, registrar.Errorf(registrar.NotFound, "no such operation")
	}
	return registrar.Operation{ID: "op-1", Kind: registrar.KindRegister, Domain: "example.ru", State: registrar.NeedsAction,
		WaitsFor: "staff", Version: "4", CreatedAt: now, UpdatedAt: now, Deadline: now, History: []registrar.Step{
			{At: now, State: registrar.NeedsAction, Message: "it stands", Actor: "registrar", Evidence: registrar.EvidenceReply, Mail: "m-1"}}}, nil
}

func (f *fake) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := f.may("resolve"); err != nil {
		return registrar.Operation{}, err
	}
	op, err := f.Operation(ctx, d.Operation)
	if err := errors.Join(err, registrar.InvalidDecision(d.Problems())); err != nil {
		return registrar.Operation{}, err
	}
	if err := op.CheckVersion(d.Version); err != nil {
		return registrar.Operation{}, err
	}
	op.State, op.WaitsFor, op.Error, op.FinishedAt, op.Deadline, op.Order = registrar.Failed, "", d.By+": "+d.Note, now, time.Time{}, "o-1"
	op.History, op.Version = nil, "5"
	return op, err
}

func (f *fake) SetRenewal(_ context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusRegistered, Renewal: mode}, f.may("renewal")
}

func (f *fake) RunRenewals(_ context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	return []registrar.RenewalStep{{Domain: "example.ru", PaidTill: registrar.Date{Year: 2027, Month: 3, Day: 1}, Action: registrar.RenewalSend, Reason: fmt.Sprint("dry run: ", dryRun)},
		{Domain: "other.ru", Action: registrar.RenewalHold, Reason: "no date is known"}}, f.may("renewals")
}

func (f *fake) Handles(_ context.Context, customer string) ([]registrar.Handle, error) {
	if customer != "c1" {
		return nil, f.may("handles")
	}
	return []registrar.Handle{{Handle: "C1-RIPN", Customer: customer, Kind: registrar.Person, State: registrar.HandleRegistered}}, f.may("handles")
}

func (f *fake) AdoptHandle(_ context.Context, customer, handle string) (registrar.Handle, error) {
	return registrar.Handle{Handle: handle, Customer: customer, Kind: registrar.Organization, State: registrar.HandleRegistered}, f.may("adopt")
}

func (f *fake) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{Name: i.Domain, Customer: i.Customer, Status: registrar.StatusRegistered, Handle: i.Handle, PaidTill: i.PaidTill,
		Renewal: registrar.RenewAuto}, f.may("import")
}

func (f *fake) review() registrar.Review {
	return registrar.Review{ID: "rv-1", Mail: "m-1", ReceivedAt: now, From: "robot@registrar.example", Subject: hostile, Reason: "no rule matched",
		Candidates: []registrar.OperationID{"op-1"}, Version: "6"}
}

func (f *fake) Reviews(context.Context) ([]registrar.Review, error) {
	bare := f.review()
	bare.ID, bare.Candidates = "rv-2", nil
	all := slices.DeleteFunc([]registrar.Review{f.review(), bare}, func(r registrar.Review) bool { return slices.Contains(f.resolved, r.ID) })
	return all, f.may("reviews")
}

func (f *fake) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (page registrar.ReviewPage, err error) {
	all, err := f.Reviews(ctx)
	if q.Strangers {
		for i := range all {
			all[i].ID, all[i].Stranger = "rv-9", true
		}
		all = all[1:]
	}
	all = slices.DeleteFunc(all, func(r registrar.Review) bool { return r.Place().Compare(q.After) <= 0 })
	if page.Reviews, page.More = all[:min(len(all), q.Size)], len(all) > q.Size; err != nil {
		page = registrar.ReviewPage{}
	}
	return page, err
}

func (f *fake) MailPage(_ context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	page := registrar.MailPage{Mails: []registrar.Mail{{ID: "m-1", At: now, From: "robot@registrar.example", To: "callback@panel.example", Subject: hostile, State: registrar.MailReview}}, More: q.Size == 1}
	if !q.Before.At.IsZero() {
		page = registrar.MailPage{}
	}
	return page, f.may("mails")
}

func (f *fake) ResolveReviews(_ context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	if d.FromNowOn {
		done.Ignored = []string{d.From}
	}
	for _, r := range d.Reviews {
		if r.ID == "rv-1" {
			done.Resolved++
		} else {
			done.Refused = append(done.Refused, registrar.RefusedReview{ID: r.ID, Code: registrar.NotFound, Reason: "no such entry, " + d.By})
		}
	}
	return done, errors.Join(registrar.InvalidDecision(d.Problems()), f.may("resolve"))
}

func (f *fake) IgnoredSenders(context.Context) ([]registrar.IgnoredSender, error) {
	return []registrar.IgnoredSender{{Address: "evil@spam.example", Since: now, By: "olga", Note: "spam"}}, f.may("ignored")
}

func (f *fake) HeedSender(_ context.Context, address, _ string) error {
	if address != "evil@spam.example" {
		return registrar.Errorf(registrar.NotFound, "no such sender")
	}
	return f.may("heed")
}

func (f *fake) Review(_ context.Context, id registrar.ReviewID) (registrar.Review, error) {
	if id != "rv-1" {
		return registrar.Review{}, registrar.Errorf(registrar.NotFound, "no such entry")
	}
	v := f.review()
	v.Text = "Subject: " + hostile
	return v, nil
}

func (f *fake) ResolveReview(_ context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	v := f.review()
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return v, err
	}
	if err := v.CheckVersion(d.Version); err != nil {
		return v, err
	}
	v.ResolvedAt, v.ResolvedBy, v.Outcome, v.Version, v.Note = now, d.By, d.Outcome, "7", d.Note
	return v, f.may("resolve review")
}

func (f *fake) ReviewRule(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{Block: "reply", Name: "rv-1", Settings: []registrar.Setting{{Name: "outcome", Value: "done"}}, Tried: 7, Matched: 1, Matches: []registrar.RuleMatch{
		{Mail: "m-1", At: now, From: "robot@r01.example", Subject: "[1] done", Outcome: registrar.ReplyDone, Domain: "example.ru", State: registrar.MailReview}}}, f.may("rule")
}

func (f *fake) Mail(_ context.Context, id registrar.MailID) (registrar.Mail, error) {
	if id != "m-1" {
		return registrar.Mail{}, registrar.Errorf(registrar.NotFound, "no such mail")
	}
	return registrar.Mail{ID: id, At: now, Out: true, From: "a@panel.example", To: "b@registrar.example", Subject: "New domain", Text: "masked"}, nil
}

func (f *fake) RawMail(_ context.Context, id registrar.MailID) (string, error) {
	return "Subject: " + hostile + "\n\nmasked\n", f.may("raw mail")
}

func (f *fake) Recognise(_ context.Context, raw []byte) (registrar.Recognition, error) {
	return registrar.Recognition{From: "b@registrar.example", Subject: string(raw), Kind: "reply", Results: []registrar.RecognisedResult{
		{Rule: "done", Outcome: registrar.ReplyDone, Domain: "example.ru", PaidTill: registrar.Date{Year: 2027, Month: 3, Day: 1}}},
		Bindings: []registrar.Binding{{By: registrar.BindingToken, Value: "TOKEN", Operation: "op-1"}, {By: registrar.BindingHint, Value: "example.ru"}},
		Proof:    registrar.ProofMissing, ProofDetail: "it is not signed", Fate: registrar.FateWait, Reason: "its sender is not proved", Stored: true}, f.may("recognise")
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
	return f, f.may("find")
}

func (f *fake) Statuses() []supervisor.Status {
	if f.statuses != nil {
		return f.statuses
	}
	return []supervisor.Status{
		{Name: "r01", Title: "R01 by mail", Version: "1.0.0", TLDs: []string{"ru"}, Kinds: []registrar.OperationKind{registrar.KindRegister},
			Capabilities: []registrar.Capability{registrar.CapMail}, State: supervisor.Degraded, Restarts: 2, Since: now,
			Phrases: []registrar.Phrase{{Code: "waits.answer", Texts: map[string]string{"en": "an answer", "ru": "ответа"}}},
			Health:  []registrar.Component{{Name: "imap", Detail: hostile}}},
		{Name: "manual", State: supervisor.Backoff, Since: now, Error: "it ended"},
	}
}

func (f *fake) Settings(string) []api.Setting { return []api.Setting{{Name: "password", Secret: true}} }

func (f *fake) Upgrade(_ context.Context, name, by, forWhom string) (supervisor.Status, error) {
	if by == "" {
		return supervisor.Status{}, registrar.Errorf(registrar.Invalid, "nobody decides")
	}
	if forWhom != "" {
		by += " for " + forWhom
	}
	return supervisor.Status{Name: name, Title: by, Version: "2.0.0", State: supervisor.Running, Since: now}, f.may("upgrade")
}

// told is a notifier of two channels, of which one can't be reached.
type told struct{}

func (told) State(context.Context) ([]notify.Told, error) {
	return []notify.Told{{Channel: "mail", Number: 4, ToldAt: now, Standing: 2}, {Channel: "webhook ops", Error: hostile, NextAt: now}}, nil
}

func (told) Test(_ context.Context, by string) ([]notify.Tried, error) {
	return []notify.Tried{{Channel: "mail"}, {Channel: "webhook ops", Err: errors.New("asked by " + by)}}, nil
}

func (f *fake) Again(context.Context, string, orders.Entry) error { return f.may("again") }

// bench is a server over a book in a temporary directory and a fake registrar.
type bench struct {
	*Server
	t    testing.TB
	fake *fake
	book *orders.Service
	peer *access.Caller // who is at the other end of the socket; nil = it is no socket

	options Options // that the server was made with
}

// measured makes the server anew, with measures.
func (b *bench) measured(m Measures) {
	b.options.Measures = m
	b.Server = New(b.options)
}

// empty is a book to begin with.
var empty = sqldbtest.NewTemplate(func(dir string) error {
	book, err := orders.Open(context.Background(), orders.Options{Dir: dir, Create: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return book.Close()
})

func newBench(t testing.TB, token string) *bench {
	t.Helper()
	f := &fake{}
	route := func(tld string) (string, bool) { return "r01", tld == "ru" || tld == "xn--p1ai" }
	board := switchboard.New(switchboard.Options{Plugins: f, Names: []string{"r01"}, Route: route, Serves: func(name, tld string) bool { return name == "r01" },
		Logger: slog.New(slog.DiscardHandler)})
	book, err := orders.Open(t.Context(), orders.Options{Dir: empty.Copy(t, t.TempDir()), Board: board,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now.Add(901 * time.Microsecond) }, Random: &counting{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	keys := book.Credentials()
	o := Options{Orders: book, Board: board, Plugins: f, Token: secret.New(token), Keys: keys, Vault: keys, Webhooks: book.Webhooks(), Teller: f, Notifier: told{}, Logger: slog.New(slog.DiscardHandler), Pages: pages}
	b := &bench{New(o), t, f, book, nil, o}
	if token == "" {
		b.peer = &access.Caller{Name: "olga", Rights: access.Rights()}
	}
	return b
}

// pages greet who calls.
func pages(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "for %s", caller(r).Name) })
}

// ServeHTTP is the server behind its socket, if it has one.
func (b *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.peer != nil {
		r = r.WithContext(access.With(r.Context(), *b.peer))
	}
	b.Server.ServeHTTP(w, r)
}

// counting is randomness that gives every order its own ID, in order.
type counting struct{ n atomic.Uint32 }

func (c *counting) Read(p []byte) (int, error) {
	clear(p)
	p[len(p)-1] = byte(c.n.Add(1))
	return len(p), nil
}

var _ io.Reader = (*counting)(nil)

// call makes a request as a program on this machine would; edit changes it.
func (b *bench) call(method, path, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8480"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	d, err := described()
	if err != nil {
		b.t.Fatal(err)
	}
	d.check(b.t, r, w)
	return w
}

const newOrder = `{"kind":"register","domain":"Пример.РФ","customer":"c1","contact":{"kind":"person","passport":"4510 123456","resident":true},
"nameservers":[{"host":"ns1.пример.рф","ips":["192.0.2.1"]},{"host":"ns2.hoster.example"}]}`

// placed makes an order and returns its ID.
func (b *bench) placed(body string) string {
	b.t.Helper()
	var o struct{ ID string }
	b.decode(b.call("POST", "/api/v1/orders", body), http.StatusOK, &o)
	return o.ID
}

// registered lets the registrar tell of a domain about which much is known.
func (b *bench) registered() {
	b.t.Helper()
	b.fake.events = []registrar.Event{{Cursor: 1, At: now, Type: registrar.EventDomain, Level: registrar.LevelWarning, Message: hostile, Actor: "registrar",
		Name: "example.ru", Operation: "op-1", Mail: "m-1", Domain: &registrar.Domain{Name: "example.ru", Customer: "c1", Status: registrar.StatusRegistered,
			Handle: "C1-RIPN", PaidTill: registrar.Date{Year: 2027, Month: 3, Day: 1}, Renewal: registrar.RenewAuto,
			Nameservers: []registrar.Nameserver{{Host: "ns1.example.ru", IPs: []string{"192.0.2.1"}}, {Host: "ns2.hoster.example"}},
			Operation:   &registrar.Operation{ID: "op-1", Kind: registrar.KindUpdate, State: registrar.Sent, WaitsFor: "an answer", Version: "3"},
			Alarms:      []registrar.Alarm{{Key: "silence", Since: now, Message: hostile}}}}}
	if err := b.book.Follow(b.t.Context(), "r01", b.fake); err == nil || !strings.Contains(err.Error(), "its events ended") {
		b.t.Fatalf("follow: %v", err)
	}
}
