package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"registrar.panel/internal/secret"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
)

// render makes the bytes to send, and the copy to keep.
func (q *Queue) render(ctx context.Context, m outgoing) (smtpout.Mail, []byte, error) {
	var templates []mailform.Template
	err := q.store.Read(ctx, func(tx *store.Tx) error {
		for _, r := range m.requests {
			body, err := tx.Requests.Body(r.ID)
			if err != nil {
				return err
			}
			var some []mailform.Template
			if err := json.Unmarshal(body, &some); err != nil {
				return err
			}
			templates = append(templates, some...)
		}
		return nil
	})
	if err != nil {
		return smtpout.Mail{}, nil, fmt.Errorf("read body: %w", err)
	}
	data, err := q.renderWith(m, templates, q.settings.Password.Reveal())
	if err != nil {
		return smtpout.Mail{}, nil, err
	}
	masked, err := q.renderWith(m, templates, secret.Mask)
	if err != nil {
		return smtpout.Mail{}, nil, err
	}
	to := []string{q.settings.Robot}
	if q.settings.BCC != "" {
		to = append(to, q.settings.BCC)
	}
	return smtpout.Mail{From: q.settings.Callback, To: to, Data: data}, masked, nil
}

func (q *Queue) renderWith(m outgoing, templates []mailform.Template, password string) ([]byte, error) {
	body, err := mailform.Format(q.engine.Compose(m.kind(), m.requests[0].Agreement, templates), password, q.settings.Charset)
	if err != nil {
		return nil, fmt.Errorf("format request: %w", err)
	}
	data, err := smtpout.Render(smtpout.Envelope{From: q.settings.Callback, To: q.settings.Robot,
		Subject: q.settings.Subjects[m.kind()] + " [" + m.Token + "]", MessageID: m.MessageID, Date: m.CreatedAt,
		Charset: string(body.Charset), Body: body.Bytes})
	if err != nil {
		return nil, fmt.Errorf("render request: %w", err)
	}
	return data, nil
}

// unsendable postpones what can't be written down; it was checked when it was ordered, so
// this means that settings have changed since.
func (q *Queue) unsendable(ctx context.Context, m outgoing, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	q.log.Error("request can't be written", "mail", m.ID, "object", m.requests[0].Object, "err", cause)
	return q.engine.Write(ctx, func(tx *store.Tx) error {
		for _, r := range m.requests {
			if err := tx.Requests.Postpone(r, q.now().Add(backOff[len(backOff)-1]), "the request can't be written: "+cause.Error()); err != nil {
				return err
			}
		}
		return nil
	})
}
