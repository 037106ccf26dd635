package switchboard

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// How long a registrar may take, by what it is asked for. One that takes longer is reported as
// Unavailable, and its caller goes on.
const (
	readWithin   = 3 * time.Second  // what it has on record
	askWithin    = 20 * time.Second // what it may have to ask the registry for
	changeWithin = time.Minute      // what it does
	copyWithin   = 15 * time.Minute // a copy of its store
)

// bounded is a registrar whose calls end in time. Events is not limited: it goes on until its caller ends it.
type bounded struct {
	registrar.Service
	name string
}

// within makes one call with a time limit.
func within[T any](ctx context.Context, name string, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	v, err := call(limited)
	// It is our limit that has run out, and not the caller's, which would say nothing of the registrar.
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return v, registrar.Errorf(registrar.Unavailable, "registrar %s did not answer within %s", name, limit)
	}
	return v, named(name, tame(err))
}

// passing are the errors of a registrar that may answer the same call later.
var passing = []registrar.Code{registrar.NotReady, registrar.Locked, registrar.Draining, registrar.Unavailable}

// named puts the registrar's name before an error that will pass. The reader asked the panel, which
// has several registrars, and a plugin does not know its name there.
func named(name string, err error) error {
	var e *registrar.Error
	if !errors.As(err, &e) || !slices.Contains(passing, e.Code) {
		return err
	}
	more := *e
	more.Detail = "registrar " + name + ": " + cmp.Or(e.Detail, e.Code.Error())
	return &more
}

func (b bounded) Describe(ctx context.Context) (registrar.Description, error) {
	return within(ctx, b.name, readWithin, b.Service.Describe)
}

func (b bounded) Form(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Form, error) { return b.Service.Form(ctx, q) })
}

func (b bounded) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	v, err := within(ctx, b.name, askWithin, func(ctx context.Context) (registrar.Validation, error) { return b.Service.Validate(ctx, o) })
	v.Problems, v.Notes = tameProblems(v.Problems), tameProblems(v.Notes)
	return v, err
}

func (b bounded) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	return within(ctx, b.name, askWithin, func(ctx context.Context) ([]registrar.Availability, error) {
		return b.Service.Check(ctx, names)
	})
}

func (b bounded) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Operation, error) { return b.Service.Submit(ctx, o) })
}

func (b bounded) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Operation, error) { return b.Service.Operation(ctx, id) })
}

func (b bounded) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Operation, error) { return b.Service.Resolve(ctx, d) })
}

func (b bounded) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Domain, error) { return b.Service.Domain(ctx, name) })
}

func (b bounded) Domains(ctx context.Context, p registrar.Page) (registrar.DomainPage, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.DomainPage, error) { return b.Service.Domains(ctx, p) })
}

func (b bounded) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	return within(ctx, b.name, askWithin, func(ctx context.Context) (registrar.Domain, error) { return b.Service.Refresh(ctx, name) })
}

func (b bounded) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	c, err := within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Contacts, error) { return b.Service.Contacts(ctx, name) })
	return tameContacts(c), err
}

func (b bounded) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Domain, error) {
		return b.Service.SetRenewal(ctx, name, mode)
	})
}

func (b bounded) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) ([]registrar.RenewalStep, error) {
		return b.Service.RunRenewals(ctx, dryRun)
	})
}

func (b bounded) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) ([]registrar.Handle, error) {
		return b.Service.Handles(ctx, customer)
	})
}

func (b bounded) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Handle, error) {
		return b.Service.AdoptHandle(ctx, customer, handle)
	})
}

func (b bounded) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Domain, error) { return b.Service.ImportDomain(ctx, i) })
}

func (b bounded) Reviews(ctx context.Context) ([]registrar.Review, error) {
	return within(ctx, b.name, readWithin, b.Service.Reviews)
}

func (b bounded) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Review, error) { return b.Service.Review(ctx, id) })
}

func (b bounded) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.Review, error) { return b.Service.ResolveReview(ctx, d) })
}

func (b bounded) ReviewRule(ctx context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.SuggestedRule, error) { return b.Service.ReviewRule(ctx, id) })
}

func (b bounded) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.Mail, error) { return b.Service.Mail(ctx, id) })
}

func (b bounded) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (string, error) { return b.Service.RawMail(ctx, id) })
}

func (b bounded) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.ReviewPage, error) { return b.Service.ReviewPage(ctx, q) })
}

func (b bounded) MailPage(ctx context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	return within(ctx, b.name, readWithin, func(ctx context.Context) (registrar.MailPage, error) { return b.Service.MailPage(ctx, q) })
}

func (b bounded) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return within(ctx, b.name, changeWithin, func(ctx context.Context) (registrar.ReviewsResolved, error) {
		return b.Service.ResolveReviews(ctx, d)
	})
}

func (b bounded) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	return within(ctx, b.name, readWithin, b.Service.IgnoredSenders)
}

func (b bounded) HeedSender(ctx context.Context, address, by string) error {
	_, err := within(ctx, b.name, changeWithin, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, b.Service.HeedSender(ctx, address, by)
	})
	return err
}

func (b bounded) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	return within(ctx, b.name, askWithin, func(ctx context.Context) (registrar.Recognition, error) { return b.Service.Recognise(ctx, raw) })
}

func (b bounded) Backup(ctx context.Context, dir string) error {
	_, err := within(ctx, b.name, copyWithin, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, b.Service.Backup(ctx, dir)
	})
	return err
}

// tame bounds the words of a registrar's error, because callers print them.
func tame(err error) error {
	var e *registrar.Error
	if !errors.As(err, &e) {
		return err
	}
	more := *e
	more.Detail, more.Problems = input.OneLine(e.Detail, input.LongestMessage), tameProblems(e.Problems)
	more.RetryAfter = max(0, min(e.RetryAfter, longestPause))
	return &more
}

// longestPause is the longest time that a registrar may make the panel wait before it asks again.
const longestPause = time.Minute

// mostProblems and longestProblem bound what a registrar finds wrong with one order.
const (
	mostProblems   = 100
	longestProblem = 500
)

func tameProblems(problems []registrar.Problem) []registrar.Problem {
	var tamed []registrar.Problem
	for _, p := range problems[:min(len(problems), mostProblems)] {
		p.Path, p.Message = input.OneLine(p.Path, input.LongestID), input.OneLine(p.Message, longestProblem)
		p.Code, p.Params, p.Texts = input.OneLine(p.Code, input.LongestID), tameTexts(p.Params), tameTexts(p.Texts)
		tamed = append(tamed, p)
	}
	return tamed
}

// mostTexts bounds the parameters of a problem, and the languages of its text.
const mostTexts = 20

func tameTexts(texts map[string]string) map[string]string {
	if len(texts) == 0 {
		return nil
	}
	tamed := map[string]string{}
	// Sorted, so that it is not chance which of too many are kept.
	for _, key := range slices.Sorted(maps.Keys(texts))[:min(len(texts), mostTexts)] {
		tamed[input.OneLine(key, input.LongestID)] = input.OneLine(texts[key], longestProblem)
	}
	return tamed
}
