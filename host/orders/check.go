package orders

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Check reports for each name, in the order asked, whether it may be ordered. Names may be typed in
// any form and are answered in ACE; a text that is no name stays as typed. A registrar that does
// not answer makes a name's availability unknown, and the call no error.
func (s *Service) Check(ctx context.Context, typed []string) ([]registrar.Availability, error) {
	// Made in its whole length at once, because the board writes through pointers into it.
	answers := make([]registrar.Availability, len(typed))
	open := map[string][]*registrar.Availability{} // by registrar
	for i, name := range typed {
		a, at, err := s.judge(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", name, err)
		}
		if answers[i] = a; at != "" {
			open[at] = append(open[at], &answers[i])
		}
	}
	s.board.Check(ctx, open)
	return answers, ctx.Err()
}

// judge returns what the panel itself knows of a name; at is the registrar to ask for the rest.
func (s *Service) judge(ctx context.Context, typed string) (a registrar.Availability, at string, err error) {
	a = registrar.Availability{Name: typed, Status: registrar.NameInvalid, Reason: registrar.ReasonInvalid}
	ace, err := input.ACE(typed)
	if err != nil {
		a.Detail = problemOf(err)
		return a, "", nil
	}

	a.Name = ace
	known, err := s.find(ctx, ace)
	switch {
	case err != nil:
		return a, "", err
	// Taken whatever the registry says: a name that is only ordered here is still free there.
	case known.Name != "" && !known.Status.Gone():
		a.Status, a.Reason, a.Detail = registrar.Taken, registrar.ReasonTaken, "it is "+string(known.Status)+" here"
		return a, "", nil
	}

	if at, err = s.board.Route(ace); err != nil {
		a.Detail = problemOf(err)
	}

	return a, at, nil
}

// problemOf returns the message of the only problem in an error.
func problemOf(err error) string {
	var e *registrar.Error
	if errors.As(err, &e) && len(e.Problems) == 1 {
		return e.Problems[0].Message
	}
	return err.Error()
}
