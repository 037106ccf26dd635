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
func (g *Gateway) setAside(tx *store.Tx, m store.Mail, l letter, a aside) error {
	candidates, err := g.candidates(tx, l, a.request)
	if err != nil {
		return err
	}
	request, err := g.answered(tx, l)
	if err != nil {
		return err
	}
	possible, err := requestsOf(tx, candidates)
	if err != nil {
		return err
	}
	if a.text, err = g.redact(tx, mailform.Mask(a.text), possible...); err != nil {
		return err
	}
	id := reviewOf(m.ID)
	entry := store.Review{ID: id, Mail: m.ID, Reason: a.text, Candidates: candidates, ReceivedAt: m.At, Why: a.why}
	if a.request != nil {
		entry.Request = a.request.ID
	}
	err = errors.Join(tx.SettleMail(m.ID, store.MailNew, store.MailReview, request), tx.AddReview(entry))
	if err != nil {
		return err
	}
	if a.why == lifecycle.ProofLater {
		if err := tx.PutOffMail(m.ID, g.now().Add(g.proofPause(m))); err != nil {
			return err
		}
	}
	g.log.Warn("mail waits for review", "mail", m.ID, "review", id, "why", a.why)
	names, err := namesOf(tx, candidates)
	if err != nil {
		return err
	}
	for _, name := range names {
		e := registrar.Event{At: g.now(), Type: registrar.EventReview, Level: registrar.LevelWarning,
			Message: "a mail waits for review: " + a.text, Actor: byPlugin, Name: name, Mail: m.ID, Review: id}
		tx.Emit(e)
		if a.alarm && name != "" {
			if err := g.raise(tx, contradictionAlarm(id), name, "a late mail takes back what is recorded, and waits for review: "+a.text); err != nil {
				return err
			}
		}
	}
	return g.raise(tx, reviewAlarm, "", "mails wait in the review queue")
}

// contradictionAlarm names the alarm that stands until a review entry is resolved.
func contradictionAlarm(id registrar.ReviewID) string { return "late:" + string(id) }

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
	shown, err := entry(tx, e)
	shown.From, shown.Subject, shown.Text = strings.Join(msg.From, ", "), subject, text
	return shown, msg, err
}

// entry is what a person sees of a review entry, but for the mail.
func entry(tx *store.Tx, e store.Review) (registrar.Review, error) {
	version, err := tx.ReviewVersion(e)
	return registrar.Review{ID: e.ID, Mail: e.Mail, ReceivedAt: e.ReceivedAt, Reason: e.Reason, Candidates: e.Candidates,
		ResolvedAt: e.ResolvedAt, ResolvedBy: e.ResolvedBy, Outcome: e.Outcome, Version: version}, err
}

// ResolveReview applies a person's reading of a mail.
func (g *Gateway) ResolveReview(ctx context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Review{}, err
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

func (g *Gateway) resolveReview(tx *store.Tx, e store.Review, d registrar.ReviewDecision) error {
	shown, err := entry(tx, e)
	if err != nil {
		return err
	}
	if err := shown.CheckVersion(d.Version); err != nil {
		return err
	}
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
	return g.closed(tx, e)
}

// closed clears what stood for an entry.
func (g *Gateway) closed(tx *store.Tx, e store.Review) error {
	names, err := namesOf(tx, e.Candidates)
	if err != nil {
		return err
	}
	if err := g.clear(tx, contradictionAlarm(e.ID), names[0]); err != nil {
		return err
	}
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
		return registrar.InvalidDecision([]registrar.Problem{{Path: "operation", Message: "is required: the mail may belong to several operations, or to none"}})
	}
	shown, msg, err := g.show(tx, e)
	if err != nil {
		return err
	}
	op, err := operation(tx, id)
	if err != nil {
		return fault(err, "operation "+string(id))
	}
	if err := d.CheckOperation(shown, op.Operation); err != nil {
		return err
	}
	f := fact{actor: d.By, evidence: registrar.EvidencePerson, mail: e.Mail,
		reason: mailform.Mask(firstLine(msg.Text))}
	return g.moveOperation(tx, op, personSays(event, op.Version, "the mail "+string(e.Mail)), f)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// moveOperation advances the current request of an operation by a person's word.
func (g *Gateway) moveOperation(tx *store.Tx, op store.Operation, e lifecycle.Evidence, f fact) error {
	if op.State.Final() {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s", op.ID, op.State)
	}
	r, err := tx.Request(op.Request)
	if err != nil {
		return err
	}
	known := g.known(r)
	known.Version = string(op.Version)
	v := lifecycle.Weigh(known, e)
	switch {
	case v.Action() == lifecycle.Apply:
		return g.advance(tx, &r, v, f)
	case v.Reason() == lifecycle.MovedOn:
		return op.CheckVersion(registrar.Version(e.Saw))
	case v.Reason() == lifecycle.Premature:
		return registrar.Errorf(registrar.Precondition, "the request may still be carried out until %s: wait, or say in a note what shows that it was not (--note)",
			g.settledAt(r).UTC().Format(time.RFC3339))
	}
	return registrar.Errorf(registrar.Precondition, "operation %s: %s", op.ID, v.Err())
}

// verdicts are what a person's decision is to a request.
var verdicts = map[registrar.Verdict]lifecycle.Event{
	registrar.VerdictDone:   lifecycle.SaidDone,
	registrar.VerdictFailed: lifecycle.SaidNot,
	registrar.VerdictResend: lifecycle.Resend,
	registrar.VerdictCancel: lifecycle.Withdrawn,
}

// Resolve records a person's verdict on an operation.
func (g *Gateway) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Operation{}, err
	}
	reason := d.Note
	if reason == "" {
		reason = "decided by " + d.By
	}
	f := fact{actor: d.By, evidence: registrar.EvidencePerson, reason: reason, note: d.Note, dueAt: g.now()}
	err := g.write(ctx, func(tx *store.Tx) error {
		op, err := operation(tx, d.Operation)
		if err != nil {
			return err
		}
		if err := op.CheckVersion(d.Version); err != nil {
			return err
		}
		return g.resolve(tx, op, personSays(verdicts[d.Verdict], d.Version, d.Note), f)
	})
	if err != nil {
		return registrar.Operation{}, fault(err, "operation "+string(d.Operation))
	}
	return operationNow(ctx, g.store, d.Operation)
}

// resolve withdraws just one operation when others share its request; every other verdict
// is on the request itself.
func (g *Gateway) resolve(tx *store.Tx, op store.Operation, e lifecycle.Evidence, f fact) error {
	sharing, err := tx.OpenOperationsOf(op.Request)
	if err != nil {
		return err
	}
	if e.Event != lifecycle.Withdrawn || len(sharing) < 2 {
		return g.moveOperation(tx, op, e, f)
	}
	if op.State != registrar.Queued {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be withdrawn", op.ID, op.State)
	}
	op.State, op.Error = registrar.Cancelled, f.reason
	c := store.Change{At: g.now(), Message: "withdrawn before it was sent", Actor: f.actor, Evidence: f.evidence}
	if err := tx.SetOperation(&op, c); err != nil {
		return err
	}
	return g.tell(tx, op, registrar.EventDecision, c)
}
