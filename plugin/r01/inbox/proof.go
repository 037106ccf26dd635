package inbox

import (
	"cmp"
	"context"
	"errors"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
)

const (
	// ProofWithin is how long the proof of a sender is tried before a person must look.
	ProofWithin = 24 * time.Hour
	// SoonestTry and LatestTry bound the pauses between two tries, which grow with the age of a mail.
	SoonestTry = 30 * time.Second
	LatestTry  = time.Hour
)

// prove checks how far a mail's sender is proved. If the proof can't be had now, the mail is
// put off by time, however often others come in meanwhile. r01-mail 3.10
func (rr *Reader) prove(ctx context.Context, o *reading) {
	l := &o.letter
	var made mailauth.Verdict
	// A report does not come from R01: it is proved if a server of ours made it.
	if l.Kind == message.Bounce {
		if made = rr.verifier.MadeHere(o.raw); made.Verified {
			l.proof = lifecycle.OwnWord
			return
		}
	}

	verdict := rr.verifier.Verify(ctx, o.raw)
	switch {
	case verdict.Verified && rr.settings.Proof:
		l.proof = lifecycle.Proved
	case verdict.Verified:
		l.proof = lifecycle.NotAsked
	case verdict.Temporary:
		l.proof = lifecycle.Unavailable
		// The limit is the mail's age and not a number of tries, which a flood could use up. r01-mail 3.10
		if rr.now().Before(o.At.Add(cmp.Or(rr.settings.ProofWithin, ProofWithin))) {
			o.until = rr.now().Add(rr.proofPause(o.Mail))
		}
	default:
		l.proof = lifecycle.Missing
	}

	l.unproved = cmp.Or(made.Reason, verdict.Reason)
}

// proofPause is how long the next try of a mail's sender is put off: the longer the mail has waited, the longer.
func (rr *Reader) proofPause(m store.Mail) time.Duration {
	return min(max(rr.now().Sub(m.At)/4, SoonestTry), LatestTry)
}

// ProveAgain tries again the mails before a person whose senders could not be proved. A mail
// whose sender can be judged now is read again. Only a few are tried before the next look at
// new mails, because each may cause DNS queries.
func (in *Inbox) ProveAgain(ctx context.Context) error {
	const atOnce = 10
	due, err := engine.Look(ctx, in.store, func(tx *store.Tx) ([]store.Mail, error) { return tx.Mails.ToTryAgain(in.now(), atOnce) })
	if err != nil {
		return err
	}

	if len(due) > 0 {
		defer in.toRead.Wake() // to read them, and to look at more
	}

	for _, m := range due {
		raw, err := engine.Look(ctx, in.store, func(tx *store.Tx) ([]byte, error) { return tx.Mails.Raw(m.ID) })
		if err != nil && !errors.Is(err, store.ErrRemoved) {
			return err
		}
		// Outside the transaction, because DNS may be slow.
		temporary := err == nil && in.verifier.Verify(ctx, raw).Temporary
		err = in.engine.Write(ctx, func(tx *store.Tx) error {
			if temporary {
				return tx.Mails.PutOff(m.ID, in.now().Add(in.reader.proofPause(m)))
			}
			return in.readOnceMore(tx, m)
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// readOnceMore closes the entry of a mail, so that the mail is read again.
func (in *Inbox) readOnceMore(tx *store.Tx, m store.Mail) error {
	e, err := tx.Reviews.Get(reviewOf(m.ID))
	if err != nil {
		return err
	}
	if err := in.reviews.CloseReview(tx, e, engine.ByPlugin, "its sender can be looked at now: the mail is read again"); err != nil {
		return err
	}
	return tx.Mails.Reopen(m.ID)
}
