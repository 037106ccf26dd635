package inbox

import (
	"context"
	"errors"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Mail returns a stored mail, masked.
func (dk *Desk) Mail(ctx context.Context, id registrar.MailID) (shown registrar.Mail, err error) {
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		m, err := tx.Mails.Get(id)
		if err != nil {
			return err
		}

		raw, err := tx.Mails.Raw(id)
		if errors.Is(err, store.ErrRemoved) {
			if shown, err = dk.listed(tx, m); err != nil {
				return err
			}
			shown.Text = "(" + store.ErrRemoved.Error() + ")"
			return nil
		}

		if err != nil {
			return err
		}

		shown, err = dk.showMail(tx, m, raw)
		return err
	})

	return shown, engine.Fault(err, "mail "+string(id))
}

func (dk *Desk) showMail(tx *store.Tx, m store.Mail, raw []byte) (registrar.Mail, error) {
	shown := registrar.Mail{ID: m.ID, At: m.At, Out: m.Out, State: registrar.MailState(m.State)}
	msg, err := message.Parse(raw[:min(len(raw), mostRead)])
	if err != nil {
		shown.Text = "(can't be read: " + err.Error() + ")"
		return shown, nil
	}

	if len(msg.From) > 0 {
		shown.From = msg.From[0]
	}
	if len(msg.To) > 0 {
		shown.To = msg.To[0]
	}

	requests, err := requestsNamed(tx, m.ID)
	if err != nil {
		return shown, err
	}

	shown.Subject, shown.Text, err = dk.readable(tx, msg, requests)
	return shown, err
}

// RawMail returns a stored mail as it came, masked; encoded parts are decoded first.
func (dk *Desk) RawMail(ctx context.Context, id registrar.MailID) (text string, err error) {
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		if _, err := tx.Mails.Get(id); err != nil {
			return err
		}

		raw, err := tx.Mails.Raw(id)
		if errors.Is(err, store.ErrRemoved) {
			text = "(" + err.Error() + ")\n"
			return nil
		}

		if err != nil {
			return err
		}

		requests, err := requestsNamed(tx, id)
		if err != nil {
			return err
		}

		text, err = dk.redactor.Redact(tx, mailform.Mask(message.Source(raw[:min(len(raw), mostRead)])), requests...)
		return err
	})

	return text, engine.Fault(err, "mail "+string(id))
}
