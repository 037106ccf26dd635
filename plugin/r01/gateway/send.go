package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"registrar.panel/internal/secret"
	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const (
	// lookAgain bounds how long a loop sleeps when nothing wakes it.
	lookAgain = time.Minute
	// lookAtOthers does so where other instances may have stored something.
	lookAtOthers = time.Second
	// recordWithin bounds how long the outcome of a transmission may take to be recorded
	// after we were told to stop.
	recordWithin = 10 * time.Second
	// finishWithin bounds how long a claimed transmission may go on after that.
	finishWithin = 8 * time.Second
)

// backOff is how long a request waits that the relay did not take, by attempt.
var backOff = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

func backOffAfter(attempt int) time.Duration {
	return backOff[min(max(attempt-1, 0), len(backOff)-1)]
}

// sendLoop sends what is due, one mail at a time.
func (g *Gateway) sendLoop(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := g.sendDue(ctx)
		if err != nil && ctx.Err() == nil {
			g.log.Error("sending stopped, will be tried again", "err", err)
			wait = backOff[0]
		}
		pause(ctx, g.toSend, wait)
	}
}

// pause waits for a signal, at most for d.
func pause(ctx context.Context, s wake.Signal, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s:
	case <-timer.C:
	}
}

// sendDue sends everything that is due and tells how long to sleep.
func (g *Gateway) sendDue(ctx context.Context) (time.Duration, error) {
	for {
		due, next, err := g.nextToSend(ctx)
		if err != nil || len(due) == 0 {
			return sleepUntil(next, g.now(), g.lookAgain), err
		}
		for _, r := range due {
			if err := g.send(ctx, r); err != nil {
				return 0, err
			}
			// What R01 or the relay answered may have paused the queue.
			if paused, err := g.paused(ctx, r.Kind); err != nil || paused {
				return g.lookAgain, err
			}
		}
	}
}

func sleepUntil(at, now time.Time, atMost time.Duration) time.Duration {
	if at.IsZero() {
		return atMost
	}
	return max(min(at.Sub(now), atMost), time.Millisecond)
}

// nextToSend lists what is due, and when the next will be if nothing is.
func (g *Gateway) nextToSend(ctx context.Context) (due []store.Request, next time.Time, err error) {
	const atOnce = 20
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Setting(pauseAll)
		if err != nil || all != "" {
			return err
		}
		paid, err := tx.Setting(pausePaid)
		if err != nil {
			return err
		}
		if due, err = tx.Due(g.now(), paid == "", atOnce); err != nil || len(due) > 0 {
			return err
		}
		next, err = tx.NextDue()
		if next.Before(g.now()) {
			next = time.Time{} // it is due, and paused
		}
		return err
	})
	return due, next, err
}

func (g *Gateway) paused(ctx context.Context, k lifecycle.Kind) (paused bool, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Setting(pauseAll)
		if err != nil {
			return err
		}
		paid, err := tx.Setting(pausePaid)
		paused = all != "" || paid != "" && k.Paid()
		return err
	})
	return paused, err
}

// send is the durable step: the claim is committed between RCPT and DATA, and whatever the
// relay answers is recorded, or the next start finds the claim and calls it unknown.
// architecture 4
func (g *Gateway) send(ctx context.Context, r store.Request) error {
	mail, masked, err := g.render(ctx, r)
	if err != nil {
		return g.unsendable(ctx, r, err)
	}
	result := g.transmit(ctx, &r, mail, masked)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return g.conclude(record, r, result)
}

// transmit submits one mail. When we are told to stop, a transmission that is claimed may
// finish, because cutting it off would make its fate unknown; any other ends at once.
func (g *Gateway) transmit(ctx context.Context, r *store.Request, mail outbox.Mail, masked []byte) outbox.Result {
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
	return g.submitter.Submit(submitting, mail, func(submitting context.Context) error {
		claimed.Store(true) // before looking, so that a stop is seen here or there
		err := ctx.Err()
		if err == nil {
			err = g.write(submitting, func(tx *store.Tx) error { return g.claim(tx, r, masked) })
		}
		claimed.Store(err == nil)
		return err
	})
}

// render makes the bytes to send, and the copy to keep.
func (g *Gateway) render(ctx context.Context, r store.Request) (outbox.Mail, []byte, error) {
	var templates []mailform.Template
	err := g.store.Read(ctx, func(tx *store.Tx) error {
		body, err := tx.RequestBody(r.ID)
		if err != nil {
			return err
		}
		return json.Unmarshal(body, &templates)
	})
	if err != nil {
		return outbox.Mail{}, nil, fmt.Errorf("read body: %w", err)
	}
	data, err := g.renderWith(r, templates, g.settings.Password.Reveal())
	if err != nil {
		return outbox.Mail{}, nil, err
	}
	masked, err := g.renderWith(r, templates, secret.Mask)
	if err != nil {
		return outbox.Mail{}, nil, err
	}
	to := []string{g.settings.Robot}
	if g.settings.BCC != "" {
		to = append(to, g.settings.BCC)
	}
	return outbox.Mail{From: g.settings.Callback, To: to, Data: data}, masked, nil
}

func (g *Gateway) renderWith(r store.Request, templates []mailform.Template, password string) ([]byte, error) {
	body, err := mailform.Format(g.compose(r.Kind, r.Agreement, templates), password, g.settings.Charset)
	if err != nil {
		return nil, fmt.Errorf("format request: %w", err)
	}
	data, err := outbox.Render(outbox.Envelope{From: g.settings.Callback, To: g.settings.Robot,
		Subject: g.settings.Subjects[r.Kind] + " [" + r.Token + "]", MessageID: r.MessageID, Date: r.CreatedAt,
		Charset: string(body.Charset), Body: body.Bytes})
	if err != nil {
		return nil, fmt.Errorf("render request: %w", err)
	}
	return data, nil
}

// unsendable fails a request that can't be written down; it was checked when it was
// ordered, so this means that settings have changed since.
func (g *Gateway) unsendable(ctx context.Context, r store.Request, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.log.Error("request can't be written", "request", r.ID, "object", r.Object, "err", cause)
	return g.write(ctx, func(tx *store.Tx) error {
		return tx.Postpone(r, g.now().Add(backOff[len(backOff)-1]), "the request can't be written: "+cause.Error())
	})
}

// claim makes the transmission ours and keeps what is about to leave.
func (g *Gateway) claim(tx *store.Tx, r *store.Request, masked []byte) error {
	digest := sha256.Sum256(masked)
	if err := tx.Claim(r, g.fence, hex.EncodeToString(digest[:]), g.now()); err != nil {
		return err
	}
	err := tx.AddMail(store.Mail{ID: outMail(*r), Out: true, Hash: "out:" + r.ID, Request: r.ID, At: g.now(), State: store.MailSent}, masked)
	if errors.Is(err, store.ErrExists) { // an earlier attempt kept it
		return nil
	}
	return err
}

func outMail(r store.Request) registrar.MailID { return registrar.MailID("out-" + r.ID) }

// conclude records the outcome of a transmission. Recovery at the start uses it too.
func (g *Gateway) conclude(ctx context.Context, r store.Request, result outbox.Result) error {
	if r.State != registrar.Sending { // it was never claimed, so nothing has left
		return g.postpone(ctx, r, result.Err)
	}
	f := g.factOf(r, result)
	err := g.write(ctx, func(tx *store.Tx) error {
		if err := tx.FinishAttempt(r, string(result.Outcome), result.Response, g.now()); err != nil {
			return err
		}
		if err := g.clear(tx, relayAlarm, ""); err != nil {
			return err
		}
		current, err := tx.Request(r.ID)
		if err != nil {
			return err
		}
		err = g.advance(tx, &current, f)
		var overtaken *lifecycle.NoTransitionError
		if errors.As(err, &overtaken) { // R01's reply was faster than the relay's answer
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record outcome %s of request %s: %w", result.Outcome, r.ID, err)
	}
	return nil
}

func (g *Gateway) factOf(r store.Request, result outbox.Result) fact {
	f := fact{actor: byPlugin, mail: outMail(r)}
	if result.Err != nil {
		f.reason = result.Err.Error()
	}
	switch result.Outcome {
	case outbox.Accepted:
		f.event, f.evidence = lifecycle.Relayed, registrar.EvidenceRelay
	case outbox.Refused:
		f.event, f.evidence = lifecycle.Refused, registrar.EvidenceRelay
	case outbox.Deferred:
		f.event, f.evidence, f.dueAt = lifecycle.Deferred, registrar.EvidenceRelay, g.now().Add(backOffAfter(r.Attempt))
	default:
		f.event = lifecycle.Lost
	}
	return f
}

// postpone keeps a request queued that never got as far as its claim.
func (g *Gateway) postpone(ctx context.Context, r store.Request, cause error) error {
	if cause == nil {
		cause = errors.New("the relay was not reached")
	}
	g.log.Warn("request not sent", "request", r.ID, "object", r.Object, "err", cause)
	err := g.write(ctx, func(tx *store.Tx) error {
		if err := tx.Postpone(r, g.now().Add(backOff[0]), cause.Error()); err != nil {
			return err
		}
		return g.raise(tx, relayAlarm, "", "mail can't be sent: "+cause.Error())
	})
	if errors.Is(err, store.ErrMoved) { // withdrawn meanwhile
		return nil
	}
	return err
}

const relayAlarm = "relay"
