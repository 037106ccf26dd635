package r01

import (
	"context"
	"crypto/rand"
	"errors"
	"net"

	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/ordering"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// The calls below go straight to a room of a plugin that is at work.

func atWork[T any](p *Plugin, call func(g *gateway.Gateway) (T, error)) (T, error) {
	w, err := p.working()
	if err != nil {
		var none T
		return none, err
	}
	return call(w.gateway)
}

// Validate implements registrar.Catalogue.
func (p *Plugin) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Validation, error) {
		v, err := g.Orders.Validate(ctx, o)
		if err != nil || len(v.Problems) > 0 || o.Kind != registrar.KindTransfer {
			return v, err
		}
		if taken, err := g.Orders.Taken(ctx, o.ID); err != nil || taken {
			return v, err // the registry shows what came of it
		}
		problems, notes := g.Views.Transferable(ctx, o.Domain, policy.Today(p.now()))
		if len(problems) > 0 {
			return registrar.Validation{Problems: problems}, nil
		}
		v.Notes = append(v.Notes, notes...)
		return v, nil
	})
}

// Submit implements registrar.Orders.
func (p *Plugin) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Operation, error) { return g.Orders.Submit(ctx, o) })
}

// Operation implements registrar.Orders.
func (p *Plugin) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Operation, error) { return g.Views.Operation(ctx, id) })
}

// Resolve implements registrar.Orders.
func (p *Plugin) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Operation, error) { return g.Orders.Resolve(ctx, d) })
}

// Domain implements registrar.Domains.
func (p *Plugin) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Domain, error) { return g.Views.Domain(ctx, name) })
}

// Domains implements registrar.Domains.
func (p *Plugin) Domains(ctx context.Context, page registrar.Page) (registrar.DomainPage, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.DomainPage, error) { return g.Views.Domains(ctx, page) })
}

// SetRenewal implements registrar.Renewals.
func (p *Plugin) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Domain, error) { return g.Renewals.SetRenewal(ctx, name, mode) })
}

// RunRenewals implements registrar.Renewals.
func (p *Plugin) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	w, err := p.working()
	if err != nil {
		return nil, err
	}
	now := p.now()
	steps, err := w.renewal.Steps(ctx, now)
	if err != nil || dryRun {
		return steps, err
	}
	_, err = w.renewal.Run(ctx, now)
	return steps, err
}

// Handles implements registrar.Customers.
func (p *Plugin) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	return atWork(p, func(g *gateway.Gateway) ([]registrar.Handle, error) { return g.Views.Handles(ctx, customer) })
}

// AdoptHandle implements registrar.Customers.
func (p *Plugin) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Handle, error) {
		return g.Takeover.AdoptHandle(ctx, customer, handle)
	})
}

// ImportDomain implements registrar.Customers.
func (p *Plugin) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Domain, error) { return g.Takeover.ImportDomain(ctx, i) })
}

// Reviews implements registrar.Reviews.
func (p *Plugin) Reviews(ctx context.Context) ([]registrar.Review, error) {
	return atWork(p, func(g *gateway.Gateway) ([]registrar.Review, error) { return g.Desk.Reviews(ctx) })
}

// Review implements registrar.Reviews.
func (p *Plugin) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Review, error) { return g.Desk.Review(ctx, id) })
}

// ResolveReview implements registrar.Reviews.
func (p *Plugin) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Review, error) { return g.Desk.ResolveReview(ctx, d) })
}

// ReviewRule implements registrar.Reviews.
func (p *Plugin) ReviewRule(ctx context.Context, id registrar.ReviewID) (string, error) {
	return atWork(p, func(g *gateway.Gateway) (string, error) { return g.Desk.ReviewRule(ctx, id) })
}

// Mail implements registrar.Mails.
func (p *Plugin) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Mail, error) { return g.Desk.Mail(ctx, id) })
}

// RawMail implements registrar.Mails.
func (p *Plugin) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	return atWork(p, func(g *gateway.Gateway) (string, error) { return g.Desk.RawMail(ctx, id) })
}

// ReviewPage implements registrar.Queue.
func (p *Plugin) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.ReviewPage, error) { return g.Desk.ReviewPage(ctx, q) })
}

// MailPage implements registrar.Queue.
func (p *Plugin) MailPage(ctx context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.MailPage, error) { return g.Desk.MailPage(ctx, q) })
}

// ResolveReviews implements registrar.Queue.
func (p *Plugin) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.ReviewsResolved, error) { return g.Desk.ResolveReviews(ctx, d) })
}

// IgnoredSenders implements registrar.Queue.
func (p *Plugin) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	return atWork(p, func(g *gateway.Gateway) ([]registrar.IgnoredSender, error) { return g.Desk.IgnoredSenders(ctx) })
}

// HeedSender implements registrar.Queue.
func (p *Plugin) HeedSender(ctx context.Context, address, by string) error {
	_, err := atWork(p, func(g *gateway.Gateway) (struct{}, error) { return struct{}{}, g.Desk.HeedSender(ctx, address, by) })
	return err
}

// Recognise implements registrar.Mails. A plugin that is only configured judges by the mail alone.
func (p *Plugin) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	w, err := p.working()
	if err == nil {
		return w.gateway.Foresight.Recognise(ctx, raw)
	}
	s, unset := p.configured()
	if unset != nil || !errors.Is(err, registrar.NotReady) {
		return registrar.Recognition{}, err
	}
	parts := gateway.Parts{Recogniser: s.recogniser, Verifier: mailauth.New(s.sender, net.DefaultResolver), Logger: p.log, Now: p.now, Random: rand.Text}
	return gateway.New(s.engine, parts).Foresight.Recognise(ctx, raw)
}

func kinds() []registrar.OperationKind { return ordering.Kinds() }
