package inbox

import (
	"context"
	"errors"
	"strings"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// tell hides what a mail's heading repeats of a registrant, once it is known which requests the mail may be about.
func (in *Inbox) tell(tx *store.Tx, id registrar.MailID, l letter, about []store.Request) error {
	h := heading(l.Header)
	if in.isOwnSubject(h.Subject) {
		return nil
	}
	hidden, err := in.redactor.Redact(tx, h.Subject, about...)
	if err != nil || hidden == h.Subject {
		return err
	}
	return in.tellAll(tx, id, h)
}

// isOwnSubject reports whether a subject is one that we gave a request: then it contains no
// words of a registrant. r01-mail 1.2
func (in *Inbox) isOwnSubject(subject string) bool {
	bare := strings.TrimSpace(tokenPattern.ReplaceAllLiteralString(strings.TrimPrefix(subject, "Re: "), ""))
	for _, ours := range in.settings.Subjects {
		if bare == ours {
			return true
		}
	}
	return false
}

// tellAll stores a mail's heading without the data of the registrants of all requests that the
// mail was ever matched to, or may belong to.
func (in *Inbox) tellAll(tx *store.Tx, id registrar.MailID, h store.Heading) error {
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

// tellLoop retries TellOld until it is done.
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

// TellOld stores the headings of mails that an earlier version stored, first of those that wait
// for a person. A mail of which nothing is kept has no heading.
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
	return in.tellAll(tx, id, h)
}
