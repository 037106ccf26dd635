package inbox

import (
	"errors"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// requestsOf returns the present requests of operations.
func requestsOf(tx *store.Tx, ids []registrar.OperationID) (requests []store.Request, err error) {
	for _, id := range ids {
		op, err := tx.Operations.Get(id)
		if err != nil {
			return nil, err
		}
		r, err := tx.Requests.Get(op.Request)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, nil
}

// requestsNamed returns the requests that a stored mail was matched to, or may belong to.
func requestsNamed(tx *store.Tx, id registrar.MailID) (requests []store.Request, err error) {
	m, err := tx.Mails.Get(id)
	if err != nil {
		return nil, err
	}

	if m.Request != "" {
		r, err := tx.Requests.Get(m.Request)
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}

	e, err := tx.Reviews.Get(reviewOf(id))
	if errors.Is(err, store.ErrNotFound) {
		return requests, nil
	}

	if err != nil {
		return nil, err
	}

	possible, err := requestsOf(tx, e.Candidates)
	return append(requests, possible...), err
}

// readable returns the subject and the text of a mail, as people may read them.
func (dk *Desk) readable(tx *store.Tx, msg message.Message, requests []store.Request) (subject, text string, err error) {
	subject, err = dk.redactor.Redact(tx, mailform.Mask(msg.Subject), requests...)
	if err != nil {
		return "", "", err
	}
	text, err = dk.redactor.Redact(tx, mailform.Mask(msg.Shown), requests...)
	return subject, text, err
}
