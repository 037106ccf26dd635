package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// setAside puts a mail before a person; no operation is touched. r01-mail 3.8
func (g *Gateway) setAside(tx *store.Tx, m store.Mail, l letter, reason string) error {
	candidates, err := g.candidates(tx, l)
	if err != nil {
		return err
	}
	request, err := g.answered(tx, l)
	if err != nil {
		return err
	}
	id := reviewOf(m.ID)
	entry := store.Review{ID: id, Mail: m.ID, Reason: reason, Candidates: candidates, ReceivedAt: m.At}
	err = errors.Join(tx.SettleMail(m.ID, store.MailNew, store.MailReview, request), tx.AddReview(entry))
	if err != nil {
		return err
	}
	g.log.Warn("mail waits for review", "mail", m.ID, "review", id, "reason", reason)
	names, err := namesOf(tx, candidates)
	if err != nil {
		return err
	}
	for _, name := range names {
		e := registrar.Event{At: g.now(), Type: registrar.EventReview, Level: registrar.LevelWarning,
			Message: "a mail waits for review: " + reason, Actor: byPlugin, Name: name, Mail: m.ID, Review: id}
		tx.Emit(e)
	}
	return g.raise(tx, reviewAlarm, "", "mails wait in the review queue")
}

const reviewAlarm = "review"

// reviewOf names the entry of a mail.
func reviewOf(m registrar.MailID) registrar.ReviewID {
	return registrar.ReviewID("rv-" + strings.TrimPrefix(string(m), "in-"))
}

// namesOf lists the domains of operations; one empty name when there are none, so that
// what is told of them is told once at least.
func namesOf(tx *store.Tx, ids []registrar.OperationID) ([]string, error) {
	names := []string{}
	for _, id := range ids {
		op, err := tx.Operation(id)
		if err != nil {
			return nil, err
		}
		names = append(names, op.Domain)
	}
	if len(names) == 0 {
		return []string{""}, nil
	}
	return names, nil
}

// Reviews lists the mails that wait for a person.
func (g *Gateway) Reviews(ctx context.Context) (list []registrar.Review, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.Reviews()
		if err != nil {
			return err
		}
		for _, e := range entries {
			shown, _, err := g.show(tx, e)
			if err != nil {
				return err
			}
			shown.Text = ""
			list = append(list, shown)
		}
		return nil
	})
	return list, err
}

// Review returns one entry with its mail.
func (g *Gateway) Review(ctx context.Context, id registrar.ReviewID) (shown registrar.Review, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		e, err := tx.Review(id)
		if err != nil {
			return err
		}
		shown, _, err = g.show(tx, e)
		return err
	})
	return shown, fault(err, "review "+string(id))
}

func (g *Gateway) show(tx *store.Tx, e store.Review) (registrar.Review, message.Message, error) {
	var msg message.Message
	raw, err := tx.MailRaw(e.Mail)
	switch {
	case err == nil:
		msg, err = message.Parse(raw)
	case !errors.Is(err, store.ErrRemoved):
		return registrar.Review{}, msg, err
	}
	if err != nil {
		msg.Shown = "(can't be read: " + err.Error() + ")"
	}
	requests, err := requestsNamed(tx, e.Mail)
	if err != nil {
		return registrar.Review{}, msg, err
	}
	subject, text, err := g.readable(tx, msg, requests)
	if err != nil {
		return registrar.Review{}, msg, err
	}
	return registrar.Review{ID: e.ID, Mail: e.Mail, ReceivedAt: e.ReceivedAt, From: strings.Join(msg.From, ", "),
		Subject: subject, Reason: e.Reason, Candidates: e.Candidates, Text: text,
		ResolvedAt: e.ResolvedAt, ResolvedBy: e.ResolvedBy, Outcome: e.Outcome}, msg, nil
}

// ResolveReview applies a person's reading of a mail.
func (g *Gateway) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	if problems := checkReviewDecision(d); len(problems) > 0 {
		return registrar.Review{}, registrar.InvalidOrder(problems)
	}
	var shown registrar.Review
	err := g.write(ctx, func(tx *store.Tx) error {
		e, err := tx.Review(d.Review)
		if err != nil {
			return err
		}
		if err := g.resolveReview(tx, e, d); err != nil {
			return err
		}
		if e, err = tx.Review(d.Review); err == nil {
			shown, _, err = g.show(tx, e)
		}
		return err
	})
	return shown, fault(err, "review "+string(d.Review))
}

func checkReviewDecision(d registrar.ReviewDecision) []registrar.Problem {
	var problems []registrar.Problem
	if d.By == "" {
		problems = append(problems, registrar.Problem{Path: "by", Message: "is required: who decides"})
	}
	_, moves := lifecycle.EventOf(d.Outcome)
	if !moves && d.Outcome != registrar.ReplyNotice && d.Outcome != registrar.ReplyIgnore {
		problems = append(problems, registrar.Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v", registrar.ReplyOutcomes())})
	}
	return problems
}

func (g *Gateway) resolveReview(tx *store.Tx, e store.Review, d registrar.ReviewDecision) error {
	if !e.ResolvedAt.IsZero() {
		return registrar.Errorf(registrar.Precondition, "review %s was resolved by %s", e.ID, e.ResolvedBy)
	}
	settled := store.MailIgnored
	if event, moves := lifecycle.EventOf(d.Outcome); moves {
		settled = store.MailApplied
		if err := g.applyDecision(tx, e, d, event); err != nil {
			return err
		}
	}
	e.ResolvedAt, e.ResolvedBy, e.Outcome = g.now(), d.By, d.Outcome
	if err := errors.Join(tx.ResolveReview(e), tx.SettleMail(e.Mail, store.MailReview, settled, "")); err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventReview, Level: registrar.LevelInfo,
		Message: fmt.Sprintf("the mail was read as %q", d.Outcome), Actor: d.By, Mail: e.Mail, Review: e.ID})
	if left, err := tx.Reviews(); err != nil || len(left) > 0 {
		return err
	}
	return g.clear(tx, reviewAlarm, "")
}

// applyDecision moves the operation that the person named, with the mail as evidence.
func (g *Gateway) applyDecision(tx *store.Tx, e store.Review, d registrar.ReviewDecision, event lifecycle.Event) error {
	id := d.Operation
	if id == "" && len(e.Candidates) == 1 {
		id = e.Candidates[0]
	}
	if id == "" {
		return registrar.InvalidOrder([]registrar.Problem{{Path: "operation", Message: "is required: the mail may belong to several operations, or to none"}})
	}
	_, msg, err := g.show(tx, e)
	if err != nil {
		return err
	}
	f := fact{event: event, actor: d.By, evidence: registrar.EvidencePerson, mail: e.Mail,
		reason: mailform.Mask(firstLine(msg.Text))}
	return g.moveOperation(tx, id, f)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// moveOperation advances the current request of an operation by a person's word.
func (g *Gateway) moveOperation(tx *store.Tx, id registrar.OperationID, f fact) error {
	op, err := tx.Operation(id)
	if errors.Is(err, store.ErrNotFound) {
		return registrar.Errorf(registrar.NotFound, "operation %s is not known here", id)
	}
	if err != nil {
		return err
	}
	if op.State.Final() {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s", id, op.State)
	}
	r, err := tx.Request(op.Request)
	if err != nil {
		return err
	}
	if err := g.premature(r, f); err != nil {
		return err
	}
	err = g.advance(tx, &r, f)
	var no *lifecycle.NoTransitionError
	if errors.As(err, &no) {
		return registrar.Errorf(registrar.Precondition, "operation %s: %s", id, no)
	}
	return err
}

// premature refuses a person's bare word that a paid request was not carried out, as long
// as it still may be: "not seen yet" is no proof. A note says what the person knows more,
// and so does a mail. architecture 4
func (g *Gateway) premature(r store.Request, f fact) error {
	until := r.ClaimedAt.Add(g.settings.Settle)
	denies := f.event == lifecycle.SaidNot || f.event == lifecycle.Resend
	if !denies || f.note != "" || f.mail != "" || !r.Kind.Paid() || !lifecycle.MayHappen(r.Hold) || !g.now().Before(until) {
		return nil
	}
	return registrar.Errorf(registrar.Precondition, "the request may still be carried out until %s: wait, or say in a note what shows that it was not (--note)",
		until.UTC().Format(time.RFC3339))
}

// Resolve records a person's verdict on an operation.
func (g *Gateway) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	event, ok := map[registrar.Verdict]lifecycle.Event{
		registrar.VerdictDone:   lifecycle.SaidDone,
		registrar.VerdictFailed: lifecycle.SaidNot,
		registrar.VerdictResend: lifecycle.Resend,
		registrar.VerdictCancel: lifecycle.Withdrawn,
	}[d.Verdict]
	var problems []registrar.Problem
	if !ok {
		problems = append(problems, registrar.Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v", registrar.Verdicts())})
	}
	if d.By == "" {
		problems = append(problems, registrar.Problem{Path: "by", Message: "is required: who decides"})
	}
	if len(problems) > 0 {
		return registrar.Operation{}, registrar.InvalidOrder(problems)
	}
	reason := d.Note
	if reason == "" {
		reason = "decided by " + d.By
	}
	f := fact{event: event, actor: d.By, evidence: registrar.EvidencePerson, reason: reason, note: d.Note, dueAt: g.now()}
	err := g.write(ctx, func(tx *store.Tx) error { return g.resolve(tx, d.Operation, f) })
	if err != nil {
		return registrar.Operation{}, fault(err, "operation "+string(d.Operation))
	}
	return g.Operation(ctx, d.Operation)
}

// resolve withdraws just one operation when others share its request; every other verdict
// is on the request itself.
func (g *Gateway) resolve(tx *store.Tx, id registrar.OperationID, f fact) error {
	op, err := tx.Operation(id)
	if err != nil {
		return err
	}
	sharing, err := tx.OpenOperationsOf(op.Request)
	if err != nil {
		return err
	}
	if f.event != lifecycle.Withdrawn || len(sharing) < 2 {
		return g.moveOperation(tx, id, f)
	}
	if op.State != registrar.Queued {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be withdrawn", id, op.State)
	}
	op.State, op.Error = registrar.Cancelled, f.reason
	c := store.Change{At: g.now(), Message: "withdrawn before it was sent", Actor: f.actor, Evidence: f.evidence}
	if err := tx.SetOperation(&op, c); err != nil {
		return err
	}
	return g.tell(tx, op, registrar.EventDecision, c)
}
