package orders

import (
	"context"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/shared/registrar"
)

// Reviews passes on what people decide about mails that wait.
type Reviews struct {
	*ledger
	board *switchboard.Board
}

// Reviews returns the part of the book that passes on decisions about mails.
func (s *Service) Reviews() Reviews { return Reviews{s.ledger, s.board} }

// Resolve passes one reading of many mails on to the registrars that have them; see
// [Service.Resolve]. A registrar that should have taken part and did not answer is named in absent.
func (s Reviews) Resolve(ctx context.Context, d registrar.ReviewsDecision, forWhom string) (done registrar.ReviewsResolved, absent []switchboard.Absent, err error) {
	if err := decision(d.By, forWhom, d.Note, d.Outcome, registrar.ReplyOutcomes()); err != nil {
		return done, nil, err
	}
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return done, nil, err
	}

	// Only they know which of them have such mails.
	for _, name := range s.board.Names() {
		if err := s.passing(ctx, name, d.By); err != nil {
			return done, nil, err
		}
	}
	if done, absent, err = s.board.ResolveReviews(ctx, d); err != nil || forWhom == "" || done.Resolved == 0 {
		return done, absent, err
	}
	return done, absent, s.decided(ctx, Entry{Actor: d.By,
		Message: fmt.Sprintf("%d review entries are %s: decided as %s", done.Resolved, d.Outcome, d.By) + input.OnBehalf(forWhom)})
}

// HeedSender has the mails of an ignored sender read again.
func (s Reviews) HeedSender(ctx context.Context, address, by, forWhom string) error {
	if err := input.Mistakes(append(input.Person(by), input.Behalf(forWhom)...)); err != nil {
		return err
	}
	// All are told, because only the registrars know which of them ignore the sender.
	for _, name := range s.board.Names() {
		if err := s.passing(ctx, name, by); err != nil {
			return err
		}
	}
	return s.board.HeedSender(ctx, address, by)
}
