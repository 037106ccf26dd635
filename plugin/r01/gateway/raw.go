package gateway

import (
	"context"
	"errors"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// RawMail returns a stored mail as it came, masked: what is encoded in it was decoded first.
func (g *Gateway) RawMail(ctx context.Context, id registrar.MailID) (text string, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		if _, err := tx.Mail(id); err != nil {
			return err
		}
		raw, err := tx.MailRaw(id)
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
		text, err = g.redact(tx, mailform.Mask(message.Source(raw)), requests...)
		return err
	})
	return text, fault(err, "mail "+string(id))
}
