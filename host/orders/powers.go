package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"registrar.panel/shared/registrar"
)

// Of names what a registrar among several answered.
type Of[T any] struct {
	Registrar string
	Value     T
}

// each asks every registrar and joins the lists; those without the power have nothing to
// say. The error joins those of registrars that should have answered.
func each[T any](s *Service, ask func(registrar.Registrar) ([]T, error)) ([]Of[T], error) {
	var all []Of[T]
	var failed error
	for _, name := range s.names {
		r, err := s.registrars.Registrar(name)
		var list []T
		if err == nil {
			list, err = ask(r)
		}
		if err != nil && !errors.Is(err, registrar.Unsupported) {
			failed = errors.Join(failed, fmt.Errorf("registrar %s: %w", name, err))
		}
		for _, v := range list {
			all = append(all, Of[T]{name, v})
		}
	}
	return all, failed
}

// RunRenewals makes a renewal pass with every registrar that renews by schedule.
func (s *Service) RunRenewals(ctx context.Context, dryRun bool) ([]Of[registrar.RenewalStep], error) {
	return each(s, func(r registrar.Registrar) ([]registrar.RenewalStep, error) { return r.RunRenewals(ctx, dryRun) })
}

// Handles lists the handles known for a customer.
func (s *Service) Handles(ctx context.Context, customer string) ([]Of[registrar.Handle], error) {
	return each(s, func(r registrar.Registrar) ([]registrar.Handle, error) { return r.Handles(ctx, customer) })
}

// AdoptHandle records that a customer has a handle already. The name of the registrar may
// be empty when only one works with handles.
func (s *Service) AdoptHandle(ctx context.Context, name, customer, handle string) (Of[registrar.Handle], error) {
	name, err := s.chosen(ctx, name, registrar.CapHandles)
	if err != nil {
		return Of[registrar.Handle]{}, err
	}
	r, err := s.registrars.Registrar(name)
	if err != nil {
		return Of[registrar.Handle]{}, err
	}
	h, err := r.AdoptHandle(ctx, customer, handle)
	return Of[registrar.Handle]{name, h}, err
}

// Recognise tells how a captured mail would be understood. The name of the registrar may
// be empty when only one works by mail.
func (s *Service) Recognise(ctx context.Context, name string, raw []byte) (registrar.Recognition, error) {
	name, err := s.chosen(ctx, name, registrar.CapMail)
	if err != nil {
		return registrar.Recognition{}, err
	}
	r, err := s.registrars.Registrar(name)
	if err != nil {
		return registrar.Recognition{}, err
	}
	return r.Recognise(ctx, raw)
}

// chosen is the registrar of that name, or else the only one with a power.
func (s *Service) chosen(ctx context.Context, name string, c registrar.Capability) (string, error) {
	if name != "" {
		if !slices.Contains(s.names, name) {
			return "", Mistake("registrar", fmt.Sprintf("must be one of %v", s.names))
		}
		return name, nil
	}
	able, err := each(s, func(r registrar.Registrar) ([]struct{}, error) {
		d, err := r.Describe(ctx)
		if err != nil || !d.Has(c) {
			return nil, err
		}
		return []struct{}{{}}, nil
	})
	switch {
	case err != nil:
		return "", err
	case len(able) == 1:
		return able[0].Registrar, nil
	case len(able) == 0:
		return "", registrar.Errorf(registrar.Unsupported, "no registrar has the capability %s", c)
	}
	return "", Mistake("registrar", "is required: more than one has the capability "+string(c))
}

// Reviews lists the mails that wait for a person.
func (s *Service) Reviews(ctx context.Context) ([]Of[registrar.Review], error) {
	return each(s, func(r registrar.Registrar) ([]registrar.Review, error) { return r.Reviews(ctx) })
}

// Review returns one of them, or one that was resolved.
func (s *Service) Review(ctx context.Context, id registrar.ReviewID) (entry registrar.Review, err error) {
	err = s.withReview(ctx, id, func(r registrar.Registrar) error {
		entry, err = r.Review(ctx, id)
		return err
	})
	return entry, err
}

// ResolveReview passes a person's reading of a mail on.
func (s *Service) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (entry registrar.Review, err error) {
	if err := decision(d.By, d.Outcome, registrar.ReplyOutcomes()); err != nil {
		return entry, err
	}
	err = s.withReview(ctx, d.Review, func(r registrar.Registrar) error {
		entry, err = r.ResolveReview(ctx, d)
		return err
	})
	return entry, err
}

// ReviewRule writes a configuration block that would recognise such mails.
func (s *Service) ReviewRule(ctx context.Context, id registrar.ReviewID) (rule string, err error) {
	err = s.withReview(ctx, id, func(r registrar.Registrar) error {
		rule, err = r.ReviewRule(ctx, id)
		return err
	})
	return rule, err
}

func (s *Service) withReview(ctx context.Context, id registrar.ReviewID, call func(registrar.Registrar) error) error {
	return s.withOwner("review entry "+string(id), s.names, func(r registrar.Registrar) error {
		_, err := r.Review(ctx, id)
		return err
	}, call)
}

// Mail returns a stored mail, masked.
func (s *Service) Mail(ctx context.Context, id registrar.MailID) (mail registrar.Mail, err error) {
	err = s.withOwner("mail "+string(id), s.names, func(r registrar.Registrar) error {
		_, err := r.Mail(ctx, id)
		return err
	}, func(r registrar.Registrar) error {
		mail, err = r.Mail(ctx, id)
		return err
	})
	return mail, err
}

// RawMail returns a stored mail as it came, masked.
func (s *Service) RawMail(ctx context.Context, id registrar.MailID) (text string, err error) {
	err = s.withOwner("mail "+string(id), s.names, func(r registrar.Registrar) error {
		_, err := r.Mail(ctx, id)
		return err
	}, func(r registrar.Registrar) error {
		text, err = r.RawMail(ctx, id)
		return err
	})
	return text, err
}
