package engine

import (
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Reviews closes entries of the review queue that no person needs to resolve any more.
type Reviews struct {
	now    func() time.Time
	alarms *Alarms
}

// CloseAnswered closes the entries of mails that only hinted at a request, or whose sender was
// not proved, once the registry's record has concluded the request. r01-mail 3.7
func (rv *Reviews) CloseAnswered(tx *store.Tx, r store.Request, source string) error {
	if r.State != registrar.Succeeded {
		return nil
	}

	waiting, err := tx.Reviews.Of(r.ID)
	if err != nil {
		return err
	}

	for _, e := range waiting {
		// An entry for another reason says something that the registry's record does not answer.
		if e.Why != lifecycle.HintOnly && e.Why != lifecycle.NoProof && e.Why != lifecycle.ProofLater && e.Why != lifecycle.NotMoved {
			continue
		}
		if err := rv.CloseReview(tx, e, ByRegistry, source+" shows the "+NounOf(r)+" carried out"); err != nil {
			return err
		}
		if err := tx.Mails.Settle(e.Mail, store.MailReview, store.MailIgnored, r.ID); err != nil {
			return err
		}
	}

	return nil
}

// CloseReview takes an entry that no person has resolved out of the queue.
func (rv *Reviews) CloseReview(tx *store.Tx, e store.Review, actor, how string) error {
	e.ResolvedAt, e.ResolvedBy, e.Outcome, e.Closed = rv.now(), actor, registrar.ReplyIgnore, how
	if err := tx.Reviews.Resolve(e); err != nil {
		return err
	}
	names, err := NamesOf(tx, e.Candidates)
	if err != nil {
		return err
	}
	if !e.Stranger { // of which nothing was told when it came
		tx.Emit(registrar.Event{At: rv.now(), Type: registrar.EventReview, Level: registrar.LevelInfo,
			Message: "a mail no longer waits for review: " + how, Actor: actor, Name: names[0], Mail: e.Mail, Review: e.ID})
	}
	return rv.Closed(tx, e)
}

// NamesOf lists the domains of operations, or one empty name if there are none, so that their
// events are reported at least once.
func NamesOf(tx *store.Tx, ids []registrar.OperationID) ([]string, error) {
	names := []string{}
	for _, id := range ids {
		op, err := tx.Operations.Get(id)
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

// Closed clears the alarms that an entry raised.
func (rv *Reviews) Closed(tx *store.Tx, e store.Review) error {
	names, err := NamesOf(tx, e.Candidates)
	if err != nil {
		return err
	}
	if err := rv.alarms.Clear(tx, ContradictionAlarm(e.ID), names[0]); err != nil {
		return err
	}
	// A stranger's mail has raised no alarm.
	if e.Stranger {
		return nil
	}
	if left, err := tx.Reviews.AnyWaits(); err != nil || left {
		return err
	}
	return rv.alarms.Clear(tx, ReviewAlarm, "")
}
