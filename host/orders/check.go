package orders

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/shared/registrar"
)

// Check tells for each name, in the order asked, whether it may be ordered. Names may be
// typed in any form and are answered in ACE; one that is no name at all stays as typed. A
// registrar that does not answer makes a name's availability unknown, not the call an error.
func (s *Service) Check(ctx context.Context, typed []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, 0, len(typed))
	for _, name := range typed {
		a, err := s.check(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", name, err)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func (s *Service) check(ctx context.Context, typed string) (registrar.Availability, error) {
	a := registrar.Availability{Name: typed, Status: registrar.NameInvalid}
	ace, err := ACE(typed)
	if err != nil {
		a.Detail = problemOf(err)
		return a, nil
	}
	a.Name = ace
	known, err := s.find(ctx, ace)
	switch {
	case err != nil:
		return a, err
	case known.Name != "" && !gone(known.Status) && known.Status != registrar.StatusError:
		a.Status, a.Detail = registrar.Taken, "it is "+string(known.Status)+" here"
		return a, nil
	}
	name, err := s.routed(ace)
	if err != nil {
		a.Detail = problemOf(err)
		return a, nil
	}
	r, err := s.registrars.Registrar(name)
	if err == nil {
		var said []registrar.Availability
		if said, err = r.Check(ctx, []string{ace}); err == nil && len(said) == 1 {
			return said[0], nil
		}
	}
	a.Status, a.Detail = registrar.AvailabilityUnknown, "registrar "+name+" does not answer"
	return a, ctx.Err()
}

// problemOf is the message of the one problem in an error.
func problemOf(err error) string {
	var e *registrar.Error
	if errors.As(err, &e) && len(e.Problems) == 1 {
		return e.Problems[0].Message
	}
	return err.Error()
}
