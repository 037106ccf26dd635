package registrarrpc

import (
	"context"

	"registrar.panel/shared/registrar"
)

// The powers that a registrar may have, each an optional interface of the value at work.

func (g *gate) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return able(g, registrar.CapRenewals, func(r registrar.Renewer) (registrar.Domain, error) { return r.SetRenewal(ctx, name, mode) })
}

func (g *gate) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	return able(g, registrar.CapRenewals, func(r registrar.Renewer) ([]registrar.RenewalStep, error) { return r.RunRenewals(ctx, dryRun) })
}

func (g *gate) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	return able(g, registrar.CapHandles, func(r registrar.HandleKeeper) ([]registrar.Handle, error) { return r.Handles(ctx, customer) })
}

func (g *gate) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	return able(g, registrar.CapHandles, func(r registrar.HandleKeeper) (registrar.Handle, error) {
		return r.AdoptHandle(ctx, customer, handle)
	})
}

func (g *gate) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	return able(g, registrar.CapHandles, func(r registrar.HandleKeeper) (registrar.Domain, error) { return r.ImportDomain(ctx, i) })
}

func (g *gate) Reviews(ctx context.Context) ([]registrar.Review, error) {
	return able(g, registrar.CapReviews, func(r registrar.Reviews) ([]registrar.Review, error) { return r.Reviews(ctx) })
}

func (g *gate) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	return able(g, registrar.CapReviews, func(r registrar.Reviews) (registrar.Review, error) { return r.Review(ctx, id) })
}

func (g *gate) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	return able(g, registrar.CapReviews, func(r registrar.Reviews) (registrar.Review, error) { return r.ResolveReview(ctx, d) })
}

func (g *gate) ReviewRule(ctx context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	return able(g, registrar.CapReviews, func(r registrar.Reviews) (registrar.SuggestedRule, error) { return r.ReviewRule(ctx, id) })
}

func (g *gate) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	return able(g, registrar.CapMail, func(r registrar.Mails) (registrar.Mail, error) { return r.Mail(ctx, id) })
}

func (g *gate) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	return able(g, registrar.CapMail, func(r registrar.Mails) (string, error) { return r.RawMail(ctx, id) })
}

// Recognise asks the plugin itself while the registrar is not at work.
func (g *gate) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	if early, ok := g.plugin.(registrar.Recogniser); ok {
		// If the registrar is at work, it answers, because it has the store: its bindings name operations.
		if _, err := g.working(); err != nil {
			return anyTime(g, func() (registrar.Recognition, error) {
				if _, err := g.configured(); err != nil {
					return registrar.Recognition{}, err
				}
				return early.Recognise(ctx, raw)
			})
		}
	}
	return able(g, registrar.CapMail, func(r registrar.Recogniser) (registrar.Recognition, error) { return r.Recognise(ctx, raw) })
}

func (g *gate) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return able(g, registrar.CapQueue, func(r registrar.Queue) (registrar.ReviewPage, error) { return r.ReviewPage(ctx, q) })
}

func (g *gate) MailPage(ctx context.Context, q registrar.MailQuery) (registrar.MailPage, error) {
	return able(g, registrar.CapQueue, func(r registrar.Queue) (registrar.MailPage, error) { return r.MailPage(ctx, q) })
}

func (g *gate) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return able(g, registrar.CapQueue, func(r registrar.Queue) (registrar.ReviewsResolved, error) { return r.ResolveReviews(ctx, d) })
}

func (g *gate) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	return able(g, registrar.CapQueue, func(r registrar.Queue) ([]registrar.IgnoredSender, error) { return r.IgnoredSenders(ctx) })
}

func (g *gate) HeedSender(ctx context.Context, address, by string) error {
	_, err := able(g, registrar.CapQueue, func(r registrar.Queue) (struct{}, error) { return nothing(r.HeedSender(ctx, address, by)) })
	return err
}

func (g *gate) Backup(ctx context.Context, dir string) error {
	_, err := able(g, registrar.CapBackup, func(r registrar.BackerUp) (struct{}, error) { return nothing(r.Backup(ctx, dir)) })
	return err
}

func (g *gate) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return able(g, registrar.CapErase, func(r registrar.Eraser) (registrar.Erasure, error) { return r.Erase(ctx, q) })
}

func (g *gate) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	return able(g, registrar.CapRefresh, func(r registrar.Refresher) (registrar.Domain, error) { return r.Refresh(ctx, name) })
}

func (g *gate) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	return able(g, registrar.CapContacts, func(r registrar.ContactReader) (registrar.Contacts, error) { return r.Contacts(ctx, name) })
}

func (g *gate) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	return able(g, registrar.CapKeys, func(r registrar.KeyChanger) (registrar.Rotation, error) { return r.RotateKeys(ctx) })
}

func (g *gate) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	return able(g, registrar.CapCodes, func(r registrar.CodeKeeper) (registrar.AuthCode, error) { return r.TransferCode(ctx, id) })
}
