package outbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// backOff is how long a request that the relay did not take waits, by attempt.
var backOff = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

func backOffAfter(attempt int) time.Duration {
	return backOff[min(max(attempt-1, 0), len(backOff)-1)]
}

// errPaused means that nothing, or nothing of this kind, is sent for now.
var errPaused = errors.New("sending is paused")

// send is the durable step: the claim is committed between RCPT and DATA, and the relay's answer is
// recorded, or the next start finds the claim and calls its fate unknown. ARCHITECTURE.md, the durable step
func (q *Queue) send(ctx context.Context, m delivery) error {
	mail, masked, err := q.render(ctx, m)
	if err != nil {
		return q.unsendable(ctx, m, err)
	}
	result := q.transmit(ctx, &m, mail, masked)
	q.halt.end(&m)
	// The claim has changed the requests, so they show whether anything may have left.
	switch claimed := m.requests[0].State == registrar.Sending; {
	case errors.Is(result.Err, errPaused):
		return errPaused
	case !claimed && ctx.Err() != nil: // it waits as it did
		return ctx.Err()
	case claimed:
		result = q.halt.weigh(result)
	}
	return q.recordOutcome(ctx, transmission{m.requests, result})
}

func (u *unrecorded) add(t transmission) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, t)
}

func (u *unrecorded) take() []transmission {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.all
	u.all = nil
	return all
}

// transmit submits one mail. When we are told to stop, a claimed transmission may finish,
// because cutting it off would make its fate unknown; any other ends at once.
func (q *Queue) transmit(ctx context.Context, m *delivery, mail smtpout.Mail, masked []byte) smtpout.Result {
	submitting, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var claimed atomic.Bool
	stop := context.AfterFunc(ctx, func() {
		if claimed.Load() {
			time.AfterFunc(finishWithin, cut)
		} else {
			cut()
		}
	})

	defer stop()
	return q.submitter.Submit(submitting, mail, func(submitting context.Context) error {
		claimed.Store(true) // before looking, so that a stop is seen here or there
		err := errors.Join(ctx.Err(), q.inPlace(submitting))
		if err == nil {
			err = q.engine.Write(submitting, func(tx *store.Tx) error { return q.claim(tx, m, masked) })
		}
		// Between claim and DATA, so that a copy of the store from before the last transmission is recognised as one.
		if err == nil {
			err = q.store.AdvanceWatermark(submitting)
		}

		// From here on the relay's silence counts as a fault.
		if claimed.Store(err == nil); err == nil {
			q.halt.begin(m)
		}
		return err
	})
}

// PlaceAlarm stands while the store is not where it was opened.
const PlaceAlarm = "store-moved"

var errNotReconciled = errors.New("the store was restored from a backup and is not reconciled")

// inPlace stops sending when the store is no longer where it was opened: what we record there
// would be lost, and a paid request would be sent again.
func (q *Queue) inPlace(ctx context.Context) error {
	moved := q.store.InPlace()
	if moved == nil {
		if q.displaced.CompareAndSwap(true, false) {
			return q.store.Write(ctx, func(tx *store.Tx) error { return q.alarms.Clear(tx, PlaceAlarm, "") })
		}
		return nil
	}
	q.displaced.Store(true)
	q.log.Error("nothing is sent: the store is not where it was opened", "err", moved)
	alarm := q.engine.Write(ctx, func(tx *store.Tx) error {
		return q.alarms.Raise(tx, PlaceAlarm, "", "nothing is sent: "+moved.Error()+". Stop the panel, put the data directory back as it was, and start it")
	})
	return errors.Join(errPaused, alarm)
}

// claim makes the whole transmission ours, or nothing of it, and keeps what is about to leave.
func (q *Queue) claim(tx *store.Tx, m *delivery, masked []byte) error {
	if slices.ContainsFunc(m.requests, q.recovery.MustWait) {
		return errNotReconciled
	}
	// Checked within the claim, because R01 or the relay may have stopped us since the round began.
	if paused, err := q.limits.Paused(tx, m.kind()); err != nil || paused || q.halt.holds() {
		return cmp.Or(err, errPaused)
	}

	// A reply or the registry may have moved the expiry since the requests were listed.
	reasons, err := q.outdated(tx, m.requests)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(reasons, func(reason string) bool { return reason != "" }); i >= 0 {
		return errors.New(reasons[i])
	}

	digest := sha256.Sum256(masked)
	if err := tx.Requests.Claim(m.requests, q.fence, hex.EncodeToString(digest[:]), q.now()); err != nil {
		return err
	}

	kept := store.Mail{ID: registrar.MailID("out-" + m.ID), Out: true, Hash: "out:" + m.ID, Request: engine.Alone(m.requests), At: q.now(), State: store.MailSent,
		Heading: store.Heading{From: q.settings.Callback, To: q.settings.Robot, Subject: q.subject(*m)}}
	err = tx.Mails.Add(kept, masked)
	if errors.Is(err, store.ErrExists) { // an earlier attempt kept it
		return nil
	}
	return err
}

// subject returns the subject of a mail of ours. r01-mail 1.2
func (q *Queue) subject(m delivery) string {
	return q.settings.Subjects[m.kind()] + " [" + m.Token + "]"
}

// render makes the bytes to send, and the copy to keep.
func (q *Queue) render(ctx context.Context, m delivery) (smtpout.Mail, []byte, error) {
	var templates []mailform.Template
	err := q.store.Read(ctx, func(tx *store.Tx) error {
		bodies, err := tx.Requests.Bodies(m.requests)
		for _, body := range bodies {
			var some []mailform.Template
			if err := json.Unmarshal(body, &some); err != nil {
				return err
			}
			templates = append(templates, some...)
		}
		return err
	})

	if err != nil {
		return smtpout.Mail{}, nil, fmt.Errorf("read body: %w", err)
	}

	// The password goes only into the bytes for the wire, and not into the copy that is kept.
	data, err := q.renderWith(m, templates, q.settings.Password.Reveal())
	if err != nil {
		return smtpout.Mail{}, nil, err
	}

	masked, err := q.renderWith(m, templates, secret.Mask)
	if err != nil {
		return smtpout.Mail{}, nil, err
	}

	// Our own copy, when it comes back, shows that the relay took the mail. r01-mail 1.2
	to := []string{q.settings.Robot}
	if q.settings.BCC != "" {
		to = append(to, q.settings.BCC)
	}
	return smtpout.Mail{From: q.settings.Callback, To: to, Data: data}, masked, nil
}

func (q *Queue) renderWith(m delivery, templates []mailform.Template, password string) ([]byte, error) {
	body, err := mailform.Format(q.engine.Compose(m.kind(), m.requests[0].Agreement, templates), password, q.settings.Charset)
	if err != nil {
		return nil, fmt.Errorf("format request: %w", err)
	}
	// The date is the request's and not the attempt's, so that each attempt is the same mail. r01-mail 1.2
	data, err := smtpout.Render(smtpout.Envelope{From: q.settings.Callback, To: q.settings.Robot,
		Subject: q.subject(m), MessageID: m.MessageID, Date: m.CreatedAt,
		Charset: string(body.Charset), Body: body.Bytes})
	if err != nil {
		return nil, fmt.Errorf("render request: %w", err)
	}
	return data, nil
}

// unsendable postpones requests that can't be rendered. They were checked when they were
// ordered, so settings have changed since.
func (q *Queue) unsendable(ctx context.Context, m delivery, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	q.log.Error("request can't be written", "mail", m.ID, "object", m.requests[0].Object, "err", cause)
	// Only other settings would help, so the pause is the longest one.
	return q.engine.Write(ctx, func(tx *store.Tx) error {
		for _, r := range m.requests {
			if err := tx.Requests.Postpone(r, q.now().Add(backOff[len(backOff)-1]), "the request can't be written: "+cause.Error()); err != nil {
				return err
			}
		}
		return nil
	})
}
