package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"registrar.panel/shared/registrar"
)

// Of names what a registrar among several answered.
type Of[T any] struct {
	Registrar string
	Value     T
}

// Several is what registrars answered that were asked side by side.
type Several[T any] struct {
	List   []Of[T]  // in the order of the registrars
	Absent []Absent // who should have answered too
}

// Absent is a registrar whose part of an answer is missing.
type Absent struct {
	Registrar string
	Reason    string
}

// each asks every registrar at the same time; those without the power have nothing to say, and
// one that does not answer costs the others nothing.
func each[T any](ctx context.Context, s *Service, ask func(context.Context, registrar.Registrar) ([]T, error)) (Several[T], error) {
	said := askAll(ctx, s, s.names, ask)
	var all Several[T]
	for _, a := range said {
		if a.err != nil && !errors.Is(a.err, registrar.Unsupported) {
			s.log.Warn("a registrar is missing from an answer", "registrar", a.name, "err", a.err)
			all.Absent = append(all.Absent, Absent{a.name, reasonOf(a.err)})
		}
		for _, v := range a.value {
			all.List = append(all.List, Of[T]{a.name, v})
		}
	}
	return all, ctx.Err()
}

// said is the answer of one registrar.
type said[T any] struct {
	name  string
	value T
	err   error
}

// askAll asks these registrars at the same time, each within its own limit of time. It returns
// when all have answered or run out of it.
func askAll[T any](ctx context.Context, s *Service, names []string, ask func(context.Context, registrar.Registrar) (T, error)) []said[T] {
	answers := make([]said[T], len(names))
	var asked sync.WaitGroup
	for i, name := range names {
		asked.Go(func() {
			answers[i].name = name
			var r registrar.Registrar
			if r, answers[i].err = s.registrar(name); answers[i].err == nil {
				answers[i].value, answers[i].err = ask(ctx, r)
			}
		})
	}
	asked.Wait()
	return answers
}

// reasonOf is an error in words that a caller of the API may read.
func reasonOf(err error) string {
	var e *registrar.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return "it failed; the panel's log says why"
}

// RunRenewals makes a renewal pass with every registrar that renews by schedule.
func (s *Service) RunRenewals(ctx context.Context, dryRun bool) (Several[registrar.RenewalStep], error) {
	return each(ctx, s, func(ctx context.Context, r registrar.Registrar) ([]registrar.RenewalStep, error) {
		return r.RunRenewals(ctx, dryRun)
	})
}

// Handles lists the handles known for a customer.
func (s *Service) Handles(ctx context.Context, typed string) (Several[registrar.Handle], error) {
	customer, err := customerID(typed)
	if err != nil {
		return Several[registrar.Handle]{}, err
	}
	return each(ctx, s, func(ctx context.Context, r registrar.Registrar) ([]registrar.Handle, error) {
		return r.Handles(ctx, customer)
	})
}

// AdoptHandle records that a customer has a handle already. The name of the registrar may
// be empty when only one works with handles.
func (s *Service) AdoptHandle(ctx context.Context, name, typed, handle string) (Of[registrar.Handle], error) {
	customer, err := customerID(typed)
	if err != nil {
		return Of[registrar.Handle]{}, err
	}
	if wrong := line(handle, longestHandle); wrong != "" {
		return Of[registrar.Handle]{}, Mistake("handle", wrong)
	}
	name, err = s.chosen(ctx, name, registrar.CapHandles)
	if err != nil {
		return Of[registrar.Handle]{}, err
	}
	r, err := s.registrar(name)
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
	r, err := s.registrar(name)
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
	able, err := each(ctx, s, func(ctx context.Context, r registrar.Registrar) ([]struct{}, error) {
		d, err := r.Describe(ctx)
		if err != nil || !d.Has(c) {
			return nil, err
		}
		return []struct{}{{}}, nil
	})
	switch {
	case err != nil:
		return "", err
	case len(able.Absent) > 0:
		a := able.Absent[0]
		return "", registrar.Errorf(registrar.Unavailable, "name the registrar: %s may have the capability %s too and can't be asked: %s", a.Registrar, c, a.Reason)
	case len(able.List) == 1:
		return able.List[0].Registrar, nil
	case len(able.List) == 0:
		return "", registrar.Errorf(registrar.Unsupported, "no registrar has the capability %s", c)
	}
	return "", Mistake("registrar", "is required: more than one has the capability "+string(c))
}

// Reviews lists the mails that wait for a person.
func (s *Service) Reviews(ctx context.Context) (Several[registrar.Review], error) {
	return each(ctx, s, func(ctx context.Context, r registrar.Registrar) ([]registrar.Review, error) { return r.Reviews(ctx) })
}

// Review returns one of them, or one that was resolved.
func (s *Service) Review(ctx context.Context, id registrar.ReviewID) (entry registrar.Review, err error) {
	err = s.withReview(ctx, id, func(r registrar.Registrar) error {
		entry, err = r.Review(ctx, id)
		return err
	})
	return entry, err
}

// ResolveReview passes a person's reading of a mail on; see [Service.Resolve].
func (s *Service) ResolveReview(ctx context.Context, d registrar.ReviewDecision, forWhom string) (entry registrar.Review, err error) {
	if err := decision(d.By, forWhom, "", d.Outcome, registrar.ReplyOutcomes()); err != nil {
		return entry, err
	}
	err = s.withReview(ctx, d.Review, func(r registrar.Registrar) error {
		if err := s.passing(ctx, nameOf(r), d.By); err != nil {
			return err
		}
		if entry, err = r.ResolveReview(ctx, d); err != nil || forWhom == "" {
			return err
		}
		domain := domainOf(ctx, r, d, entry)
		return s.write(ctx, func(tx *sql.Tx) error {
			return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: nameOf(r), Domain: domain, Actor: d.By, Level: registrar.LevelInfo, Event: registrar.EventDecision,
				Message: fmt.Sprintf("review entry %s is %s: decided as %s", d.Review, d.Outcome, d.By) + onBehalf(forWhom), Operation: d.Operation})
		})
	})
	return entry, err
}

// domainOf is the domain that a reading of a mail is about; "" = it can't be told.
func domainOf(ctx context.Context, r registrar.Registrar, d registrar.ReviewDecision, entry registrar.Review) string {
	about := d.Operation
	if about == "" && len(entry.Candidates) == 1 {
		about = entry.Candidates[0]
	}
	if about == "" {
		return ""
	}
	op, err := r.Operation(ctx, about)
	if err != nil {
		return ""
	}
	return op.Domain
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
	return s.withOwner(ctx, "review entry "+string(id), s.names, func(ctx context.Context, r registrar.Registrar) error {
		_, err := r.Review(ctx, id)
		return err
	}, call)
}

// Mail returns a stored mail, masked.
func (s *Service) Mail(ctx context.Context, id registrar.MailID) (mail registrar.Mail, err error) {
	err = s.withOwner(ctx, "mail "+string(id), s.names, func(ctx context.Context, r registrar.Registrar) error {
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
	err = s.withOwner(ctx, "mail "+string(id), s.names, func(ctx context.Context, r registrar.Registrar) error {
		_, err := r.Mail(ctx, id)
		return err
	}, func(r registrar.Registrar) error {
		text, err = r.RawMail(ctx, id)
		return err
	})
	return text, err
}
