package inbox

import (
	"context"
	"errors"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// tell stores what is told of a mail without opening it, once it is known what the mail is about: what
// it repeats of a registrant is hidden.
func (in *Inbox) tell(tx *store.Tx, id registrar.MailID, h store.Heading) error {
	requests, err := requestsNamed(tx, id)
	if err != nil || len(requests) == 0 {
		return err
	}
	hidden, err := in.redactor.Redact(tx, h.Subject, requests...)
	if err != nil || hidden == h.Subject {
		return err
	}
	h.Subject = hidden
	return tx.Mails.SetHeading(id, h)
}

// tellLoop does what TellOld does, until it is done.
func (in *Inbox) tellLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		err := in.TellOld(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		in.log.Error("reading the headers of old mails stopped, will be tried again", "err", err)
		engine.Sleep(ctx, never, engine.LookAgain)
	}
}

// TellOld stores what is told of mails that an earlier version stored, those that wait for a person
// first. A mail of which nothing is kept has nothing to tell.
func (in *Inbox) TellOld(ctx context.Context) error {
	const atOnce = 50
	for {
		ids, err := engine.Look(ctx, in.store, func(tx *store.Tx) ([]registrar.MailID, error) { return tx.Mails.Untold(atOnce) })
		if err != nil || len(ids) == 0 {
			return err
		}

		err = in.store.Write(ctx, func(tx *store.Tx) error {
			for _, id := range ids {
				if err := in.tellOld(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func (in *Inbox) tellOld(tx *store.Tx, id registrar.MailID) error {
	raw, err := tx.Mails.Raw(id)
	if err != nil && !errors.Is(err, store.ErrRemoved) {
		return err
	}
	h := heading(message.ArrivalOf(raw).Header)
	if err := tx.Mails.SetHeading(id, h); err != nil {
		return err
	}
	return in.tell(tx, id, h)
}
