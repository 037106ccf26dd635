package gateway

import (
	"cmp"
	"context"
	"errors"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const (
	// proofWithin is how long the proof of a sender is tried for before a person must look.
	proofWithin = 24 * time.Hour
	// soonestTry and latestTry bound the pauses between two tries, which grow with the age of a mail.
	soonestTry = 30 * time.Second
	latestTry  = time.Hour
)

// prove looks how far a mail's sender is proved. When the proof can't be had now, the mail is
// put off: by time, however often others come in meanwhile. r01-mail 3.10
func (g *Gateway) prove(ctx context.Context, o *opened) {
	l := &o.letter
	var made mailauth.Verdict
	if l.Kind == message.Bounce {
		if made = g.verifier.MadeHere(o.raw); made.Verified {
			l.proof = lifecycle.OwnWord
			return
		}
	}
	verdict := g.verifier.Verify(ctx, o.raw)
	switch {
	case verdict.Verified && g.settings.Proof:
		l.proof = lifecycle.Proved
	case verdict.Verified:
		l.proof = lifecycle.NotAsked
	case verdict.Temporary:
		l.proof = lifecycle.Unavailable
		if g.now().Before(o.At.Add(cmp.Or(g.settings.ProofWithin, proofWithin))) {
			o.until = g.now().Add(g.proofPause(o.Mail))
		}
	default:
		l.proof = lifecycle.Missing
	}
	l.unproved = cmp.Or(made.Reason, verdict.Reason)
}

// proofPause is until a mail's sender is tried again: the longer it has waited, the longer.
func (g *Gateway) proofPause(m store.Mail) time.Duration {
	return min(max(g.now().Sub(m.At)/4, soonestTry), latestTry)
}

// proveAgain looks once more at the mails before a person whose senders could not be proved.
// What can be said of them now is said by reading them again.
func (g *Gateway) proveAgain(ctx context.Context) error {
	const atOnce = 100
	due, err := look(ctx, g.store, func(tx *store.Tx) ([]store.Mail, error) { return tx.MailsToTryAgain(g.now(), atOnce) })
	if err != nil {
		return err
	}
	for _, m := range due {
		raw, err := look(ctx, g.store, func(tx *store.Tx) ([]byte, error) { return tx.MailRaw(m.ID) })
		if err != nil && !errors.Is(err, store.ErrRemoved) {
			return err
		}
		temporary := err == nil && g.verifier.Verify(ctx, raw).Temporary
		err = g.write(ctx, func(tx *store.Tx) error {
			if temporary {
				return tx.PutOffMail(m.ID, g.now().Add(g.proofPause(m)))
			}
			return g.readOnceMore(tx, m)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readOnceMore takes a mail from before a person.
func (g *Gateway) readOnceMore(tx *store.Tx, m store.Mail) error {
	e, err := tx.Review(reviewOf(m.ID))
	if err != nil {
		return err
	}
	if err := g.closeReview(tx, e, byPlugin, "its sender can be looked at now: the mail is read again"); err != nil {
		return err
	}
	return tx.ReopenMail(m.ID)
}

// closeReview takes an entry out of the queue that no person resolved.
func (g *Gateway) closeReview(tx *store.Tx, e store.Review, actor, how string) error {
	e.ResolvedAt, e.ResolvedBy, e.Outcome, e.Closed = g.now(), actor, registrar.ReplyIgnore, how
	if err := tx.ResolveReview(e); err != nil {
		return err
	}
	names, err := namesOf(tx, e.Candidates)
	if err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventReview, Level: registrar.LevelInfo,
		Message: "a mail no longer waits for review: " + how, Actor: actor, Name: names[0], Mail: e.Mail, Review: e.ID})
	return g.closed(tx, e)
}
