package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Desk shows people the mails, and takes their decisions on those that wait.
type Desk struct {
	settings *engine.Settings
	engine   *engine.Engine
	redactor *engine.Redactor
	reviews  *engine.Reviews
	store    Store
	now      func() time.Time
}

// NewDesk composes a desk.
func NewDesk(s *engine.Settings, en *engine.Engine, st Store, now func() time.Time) *Desk {
	return &Desk{settings: s, engine: en, redactor: en.Redactor, reviews: en.Reviews, store: st, now: now}
}

// Reviews lists the mails that wait for a person, at most one page.
func (dk *Desk) Reviews(ctx context.Context) ([]registrar.Review, error) {
	page, err := dk.ReviewPage(ctx, registrar.ReviewQuery{})
	return page.Reviews, err
}

// Review returns one entry with its mail.
func (dk *Desk) Review(ctx context.Context, id registrar.ReviewID) (shown registrar.Review, err error) {
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		e, err := tx.Reviews.Get(id)
		if err != nil {
			return err
		}
		shown, _, err = dk.show(tx, e)
		return err
	})
	return shown, engine.Fault(err, "review "+string(id))
}

func (dk *Desk) show(tx *store.Tx, e store.Review) (registrar.Review, message.Message, error) {
	var msg message.Message
	raw, err := tx.Mails.Raw(e.Mail)
	switch {
	case err == nil:
		msg, err = message.Parse(raw[:min(len(raw), mostRead)])
	case !errors.Is(err, store.ErrRemoved):
		return registrar.Review{}, msg, err
	}

	if err != nil {
		// A text that can't be read is reported as such, because the entry must still be resolvable.
		msg.Shown = "(can't be read: " + err.Error() + ")"
	}

	requests, err := requestsNamed(tx, e.Mail)
	if err != nil {
		return registrar.Review{}, msg, err
	}

	subject, text, err := dk.readable(tx, msg, requests)
	if err != nil {
		return registrar.Review{}, msg, err
	}

	shown, err := entry(tx, e)
	shown.From, shown.Subject, shown.Text = strings.Join(msg.From, ", "), subject, text
	if err == nil && len(raw) == 0 { // but for what is told of it
		h, err := tx.Mails.Heading(e.Mail)
		if shown.From, shown.Subject = h.From, h.Subject; errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return shown, msg, err
	}

	return shown, msg, err
}

// entry returns what a person sees of a review entry, except the mail.
func entry(tx *store.Tx, e store.Review) (registrar.Review, error) {
	version, err := tx.Reviews.Version(e)
	return registrar.Review{ID: e.ID, Mail: e.Mail, ReceivedAt: e.ReceivedAt, Reason: e.Reason, Candidates: e.Candidates,
		ResolvedAt: e.ResolvedAt, ResolvedBy: e.ResolvedBy, Outcome: e.Outcome, Version: version,
		Stranger: e.Stranger, Note: e.Note}, err
}

// ResolveReview applies a person's reading of a mail.
func (dk *Desk) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Review{}, err
	}

	var shown registrar.Review
	err := dk.engine.Write(ctx, func(tx *store.Tx) error {
		e, err := tx.Reviews.Get(d.Review)
		if err != nil {
			return err
		}

		if err := dk.resolveReview(tx, e, d); err != nil {
			return err
		}
		if e, err = tx.Reviews.Get(d.Review); err == nil {
			shown, _, err = dk.show(tx, e)
		}

		return err
	})

	return shown, engine.Fault(err, "review "+string(d.Review))
}

func (dk *Desk) resolveReview(tx *store.Tx, e store.Review, d registrar.ReviewDecision) error {
	shown, err := entry(tx, e)
	if err != nil {
		return err
	}

	// The decision names the version that the person saw, so that only the first of ten equal ones moves something.
	if err := shown.CheckVersion(d.Version); err != nil {
		return err
	}
	if !e.ResolvedAt.IsZero() {
		return registrar.Errorf(registrar.Precondition, "review %s was resolved by %s", e.ID, e.ResolvedBy)
	}

	settled := store.MailIgnored
	if event, moves := lifecycle.EventOf(d.Outcome); moves {
		settled = store.MailApplied
		if err := dk.applyDecision(tx, e, d, event); err != nil {
			return err
		}
	}

	if err := dk.close(tx, e, d.Outcome, d.By, d.Note, settled); err != nil {
		return err
	}

	tx.Emit(registrar.Event{At: dk.now(), Type: registrar.EventReview, Level: registrar.LevelInfo,
		Message: noted(fmt.Sprintf("the mail was read as %q", d.Outcome), d.Note), Actor: d.By, Mail: e.Mail, Review: e.ID})
	return nil
}

// close takes an entry that a person has resolved out of its list.
func (dk *Desk) close(tx *store.Tx, e store.Review, outcome registrar.ReplyOutcome, by, note string, settled store.MailState) error {
	e.ResolvedAt, e.ResolvedBy, e.Outcome, e.Note = dk.now(), by, outcome, note
	if err := errors.Join(tx.Reviews.Resolve(e), tx.Mails.Settle(e.Mail, store.MailReview, settled, "")); err != nil {
		return err
	}
	return dk.reviews.Closed(tx, e)
}

func noted(text, note string) string {
	if note == "" {
		return text
	}
	return text + ": " + note
}

// applyDecision moves the operation that the person named, with the mail as evidence.
func (dk *Desk) applyDecision(tx *store.Tx, e store.Review, d registrar.ReviewDecision, event lifecycle.Event) error {
	id := d.Operation
	if id == "" && len(e.Candidates) == 1 {
		id = e.Candidates[0]
	}

	if id == "" {
		return registrar.InvalidDecision([]registrar.Problem{{Path: "operation", Message: "is required: the mail may belong to several operations, or to none"}})
	}

	shown, msg, err := dk.show(tx, e)
	if err != nil {
		return err
	}

	op, err := engine.OperationOf(tx, id)
	if err != nil {
		return engine.Fault(err, "operation "+string(id))
	}

	if err := d.CheckOperation(shown, op.Operation); err != nil {
		return err
	}

	f := engine.Fact{Actor: d.By, Evidence: registrar.EvidencePerson, Mail: e.Mail,
		Reason: mailform.Mask(firstLine(msg.Text))}
	// The mail is the evidence, so a refusal needs no note by the person.
	return dk.engine.MoveOperation(tx, op, engine.PersonSays(event, op.Version, "the mail "+string(e.Mail)), f)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}
