package registrarrpc

import (
	"context"
	"iter"
	"log/slog"
	"testing"

	"registrar.panel/shared/registrar"
)

// fake is a hosted plugin made of functions; one that is nil panics, except that
// it can always describe itself.
type fake struct {
	describe      func(context.Context) (registrar.Description, error)
	form          func(context.Context, registrar.FormQuery) (registrar.Form, error)
	validate      func(context.Context, registrar.Order) (registrar.Validation, error)
	check         func(context.Context, []string) ([]registrar.Availability, error)
	submit        func(context.Context, registrar.Order) (registrar.Operation, error)
	operation     func(context.Context, registrar.OperationID) (registrar.Operation, error)
	resolve       func(context.Context, registrar.Decision) (registrar.Operation, error)
	domain        func(context.Context, string) (registrar.Domain, error)
	domains       func(context.Context, registrar.Page) (registrar.DomainPage, error)
	events        func(context.Context, registrar.Cursor) iter.Seq2[registrar.Event, error]
	setRenewal    func(context.Context, string, registrar.RenewalMode) (registrar.Domain, error)
	runRenewals   func(context.Context, bool) ([]registrar.RenewalStep, error)
	handles       func(context.Context, string) ([]registrar.Handle, error)
	adoptHandle   func(context.Context, string, string) (registrar.Handle, error)
	importDomain  func(context.Context, registrar.Import) (registrar.Domain, error)
	reviews       func(context.Context) ([]registrar.Review, error)
	review        func(context.Context, registrar.ReviewID) (registrar.Review, error)
	resolveReview func(context.Context, registrar.ReviewDecision) (registrar.Review, error)
	reviewRule    func(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error)
	mail          func(context.Context, registrar.MailID) (registrar.Mail, error)
	rawMail       func(context.Context, registrar.MailID) (string, error)
	recognise     func(context.Context, []byte) (registrar.Recognition, error)
	reviewPage    func(context.Context, registrar.ReviewQuery) (registrar.ReviewPage, error)
	mailPage      func(context.Context, registrar.MailQuery) (registrar.MailPage, error)
	resolveMany   func(context.Context, registrar.ReviewsDecision) (registrar.ReviewsResolved, error)
	ignored       func(context.Context) ([]registrar.IgnoredSender, error)
	heed          func(context.Context, string, string) error
	backup        func(context.Context, string) error
	erase         func(context.Context, registrar.ErasureQuery) (registrar.Erasure, error)
	rotateKeys    func(context.Context) (registrar.Rotation, error)
	transferCode  func(context.Context, registrar.OperationID) (registrar.AuthCode, error)
	refresh       func(context.Context, string) (registrar.Domain, error)
	contacts      func(context.Context, string) (registrar.Contacts, error)
	configure     func(context.Context, registrar.Settings) error
	probe         func(context.Context, bool) ([]registrar.Component, error)
	start         func(context.Context) error
	health        func(context.Context) ([]registrar.Component, error)
	drain         func(context.Context) error
}

// everything is a registrar that sells all there is, everywhere.
func everything() registrar.Description {
	d := registrar.Description{Name: "fake", Kinds: registrar.OperationKinds(), OrderFields: registrar.OrderFields(), Offers: []registrar.Offer{{}}}
	var contacts []registrar.ContactOffer
	for _, role := range otherRoles() {
		contacts = append(contacts, registrar.ContactOffer{Role: role})
	}
	for _, k := range d.Kinds {
		d.Offers[0].Kinds = append(d.Offers[0].Kinds, registrar.KindOffer{Kind: k, Years: registrar.Years{Min: 1, Max: mostYears}, Contacts: contacts})
	}
	return d
}

// mostYears bounds the terms of orders in tests.
const mostYears = 100

func (f *fake) Describe(ctx context.Context) (registrar.Description, error) {
	if f.describe == nil {
		return everything(), nil
	}
	return f.describe(ctx)
}
func (f *fake) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	return f.refresh(ctx, name)
}
func (f *fake) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	return f.contacts(ctx, name)
}
func (f *fake) Form(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return f.form(ctx, q)
}
func (f *fake) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	return f.validate(ctx, o)
}
func (f *fake) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	return f.check(ctx, names)
}
func (f *fake) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	return f.submit(ctx, o)
}
func (f *fake) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return f.operation(ctx, id)
}
func (f *fake) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	return f.resolve(ctx, d)
}
func (f *fake) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return f.domain(ctx, name)
}
func (f *fake) Domains(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
	return f.domains(ctx, p)
}
func (f *fake) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return f.events(ctx, after)
}
func (f *fake) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return f.setRenewal(ctx, name, mode)
}
func (f *fake) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	return f.runRenewals(ctx, dryRun)
}
func (f *fake) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	return f.handles(ctx, customer)
}
func (f *fake) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	return f.adoptHandle(ctx, customer, handle)
}
func (f *fake) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	return f.importDomain(ctx, i)
}
func (f *fake) Reviews(ctx context.Context) ([]registrar.Review, error) { return f.reviews(ctx) }
func (f *fake) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	return f.review(ctx, id)
}
func (f *fake) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	return f.resolveReview(ctx, d)
}
func (f *fake) ReviewRule(ctx context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	return f.reviewRule(ctx, id)
}
func (f *fake) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	return f.mail(ctx, id)
}
func (f *fake) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	return f.rawMail(ctx, id)
}
func (f *fake) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	return f.recognise(ctx, raw)
}
func (f *fake) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return f.reviewPage(ctx, q)
}
func (f *fake) MailPage(ctx context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	return f.mailPage(ctx, q)
}
func (f *fake) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return f.resolveMany(ctx, d)
}
func (f *fake) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	return f.ignored(ctx)
}
func (f *fake) HeedSender(ctx context.Context, address, by string) error {
	return f.heed(ctx, address, by)
}
func (f *fake) Backup(ctx context.Context, dir string) error { return f.backup(ctx, dir) }
func (f *fake) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return f.erase(ctx, q)
}
func (f *fake) RotateKeys(ctx context.Context) (registrar.Rotation, error) { return f.rotateKeys(ctx) }
func (f *fake) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	return f.transferCode(ctx, id)
}
func (f *fake) Configure(ctx context.Context, s registrar.Settings) error { return f.configure(ctx, s) }
func (f *fake) Probe(ctx context.Context, mail bool) ([]registrar.Component, error) {
	return f.probe(ctx, mail)
}
func (f *fake) Start(ctx context.Context) error                           { return f.start(ctx) }
func (f *fake) Health(ctx context.Context) ([]registrar.Component, error) { return f.health(ctx) }
func (f *fake) Drain(ctx context.Context) error                           { return f.drain(ctx) }

// plugged is a fake as a plugin whose registrar is the fake itself. It takes any settings.
type plugged struct{ *fake }

func (plugged) Configure(context.Context, registrar.Settings) error { return nil }

func (p plugged) Start(ctx context.Context) (registrar.Registrar, error) {
	if p.start == nil {
		return p.fake, nil
	}
	return p.fake, p.start(ctx)
}

// connected serves a plugin in this process as Serve does, and returns it as a host sees it.
func connected(t *testing.T, p registrar.Hosted, process context.Context) registrar.Hosted {
	t.Helper()
	return logging(t, p, slog.New(slog.DiscardHandler), process)
}

func logging(t *testing.T, p registrar.Hosted, log *slog.Logger, process context.Context) registrar.Hosted {
	t.Helper()
	p, shut, err := loopback(serviceOf(p, log), process)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shut)
	return p
}
