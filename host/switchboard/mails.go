package switchboard

import (
	"context"

	"registrar.panel/shared/registrar"
)

// Recognise reports how a captured mail would be understood. The name of the registrar may be empty
// if only one works by mail.
func (b *Board) Recognise(ctx context.Context, name string, raw []byte) (registrar.Recognition, error) {
	name, err := b.chosen(ctx, name, registrar.CapMail)
	if err != nil {
		return registrar.Recognition{}, err
	}
	r, err := b.Registrar(name)
	if err != nil {
		return registrar.Recognition{}, err
	}
	return r.Recognise(ctx, raw)
}

// Reviews lists the mails that wait for a person.
func (b *Board) Reviews(ctx context.Context) (Several[registrar.Review], error) {
	return each(ctx, b, func(ctx context.Context, r registrar.Service) ([]registrar.Review, error) { return r.Reviews(ctx) })
}

// Review returns such a mail, or one that was resolved.
func (b *Board) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	r, err := b.ReviewOwner(ctx, id)
	if err != nil {
		return registrar.Review{}, err
	}
	return r.Review(ctx, id)
}

// ReviewOwner finds the registrar that has an entry.
func (b *Board) ReviewOwner(ctx context.Context, id registrar.ReviewID) (Owner, error) {
	return b.Owner(ctx, "review entry "+string(id), nil, func(ctx context.Context, r registrar.Service) error {
		_, err := r.Review(ctx, id)
		return err
	})
}

// ReviewRule writes a configuration block that would recognise such mails.
func (b *Board) ReviewRule(ctx context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	r, err := b.ReviewOwner(ctx, id)
	if err != nil {
		return registrar.SuggestedRule{}, err
	}
	return r.ReviewRule(ctx, id)
}

// Mail returns a stored mail, masked.
func (b *Board) Mail(ctx context.Context, id registrar.MailID) (registrar.Mail, error) {
	r, err := b.mailOwner(ctx, id)
	if err != nil {
		return registrar.Mail{}, err
	}
	return r.Mail(ctx, id)
}

// RawMail returns a stored mail as it came, masked.
func (b *Board) RawMail(ctx context.Context, id registrar.MailID) (string, error) {
	r, err := b.mailOwner(ctx, id)
	if err != nil {
		return "", err
	}
	return r.RawMail(ctx, id)
}

func (b *Board) mailOwner(ctx context.Context, id registrar.MailID) (Owner, error) {
	return b.Owner(ctx, "mail "+string(id), nil, func(ctx context.Context, r registrar.Service) error {
		_, err := r.Mail(ctx, id)
		return err
	})
}
