package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"registrar.panel/internal/secret"
	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/smtpout"
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

// sendLoop sends what is due.
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

// sendDue sends everything that is due and tells how long to sleep. A round sends no more
// than the brake allows, and ends when all of it is concluded, so the next one counts exactly
// what was sent.
func (g *Gateway) sendDue(ctx context.Context) (time.Duration, error) {
	if err := g.recordLate(ctx); err != nil {
		return 0, err
	}
	defer g.submitter.Rest()
	for {
		if err := errors.Join(g.beginPlanned(ctx), g.holdAfterRestore(ctx)); err != nil {
			return 0, err
		}
		due, next, err := g.nextToSend(ctx)
		if err != nil || len(due) == 0 {
			return sleepUntil(next, g.now(), g.lookAgain), err
		}
		mails, err := g.group(ctx, due)
		if err != nil {
			return 0, err
		}
		switch err := g.sendAll(ctx, mails); {
		case errors.Is(err, errPaused): // by what R01 or the relay answered
			return g.lookAgain, nil
		case err != nil:
			return 0, err
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
	if until := g.halt.stopped(); !until.IsZero() {
		return nil, until, nil
	}
	atOnce := g.senders() * max(20, 5*g.settings.Batch)
	if g.halt.probing() {
		atOnce = 1
	}
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Setting(pauseAll)
		if err != nil || all != "" {
			return err
		}
		may, _, err := g.allowance(tx)
		if err != nil {
			return err
		}
		if due, err = tx.Due(g.now(), may > 0, atOnce); err != nil || len(due) > 0 {
			due = within(due, may)
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

// senders is how many mails are sent at a time.
func (g *Gateway) senders() int { return max(1, g.settings.Senders) }

// sendAll sends mails, several at a time, and returns when each that was begun is concluded.
// After an error none is begun.
func (g *Gateway) sendAll(ctx context.Context, mails []outgoing) error {
	lines := inOrder(mails)
	waiting := make(chan []outgoing, len(lines))
	for _, line := range lines {
		waiting <- line
	}
	close(waiting)
	failed := make(chan error, g.senders())
	work := func() {
		for line := range waiting {
			for _, m := range line {
				if len(failed) > 0 || ctx.Err() != nil || !g.halt.stopped().IsZero() {
					return
				}
				if err := g.send(ctx, m); err != nil {
					failed <- err
					return
				}
			}
		}
	}
	var others sync.WaitGroup
	for range min(g.senders(), len(lines)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	close(failed)
	return <-failed
}

// inOrder splits mails into lines whose order does not matter to R01. A renewal changes nothing
// that another open request names; of all else, one may build on another.
func inOrder(mails []outgoing) [][]outgoing {
	var ordered []outgoing
	var lines [][]outgoing
	for _, m := range mails {
		if m.kind() == lifecycle.Prolong {
			lines = append(lines, []outgoing{m})
		} else {
			ordered = append(ordered, m)
		}
	}
	if len(ordered) > 0 { // first, for it takes longest
		lines = slices.Insert(lines, 0, ordered)
	}
	return lines
}

// errPaused: nothing, or nothing of the kind, is sent for now.
var errPaused = errors.New("sending is paused")

// send is the durable step: the claim is committed between RCPT and DATA, and whatever the
// relay answers is recorded, or the next start finds the claim and calls it unknown.
// ARCHITECTURE.md, the durable step
func (g *Gateway) send(ctx context.Context, m outgoing) error {
	mail, masked, err := g.render(ctx, m)
	if err != nil {
		return g.unsendable(ctx, m, err)
	}
	result := g.transmit(ctx, &m, mail, masked)
	g.halt.end(&m)
	switch claimed := m.requests[0].State == registrar.Sending; {
	case errors.Is(result.Err, errPaused):
		return errPaused
	case !claimed && ctx.Err() != nil: // it waits as it did
		return ctx.Err()
	case claimed:
		result = g.halt.weigh(result)
	}
	return g.recordOutcome(ctx, transmission{m.requests, result})
}

// transmission is one that has ended.
type transmission struct {
	requests []store.Request
	result   smtpout.Result
}

// unrecorded are transmissions whose outcome the store did not take.
type unrecorded struct {
	mu  sync.Mutex
	all []transmission
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

// recordOutcome records what became of a transmission. What can't be recorded now, because the
// store fails, is kept: without it the requests would stay Sending until the next start.
func (g *Gateway) recordOutcome(ctx context.Context, t transmission) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := g.conclude(ctx, t.requests, t.result)
	if err != nil {
		g.unrecorded.add(t)
	}
	return err
}

// recordLate records what was kept.
func (g *Gateway) recordLate(ctx context.Context) error {
	var faults []error
	for _, t := range g.unrecorded.take() {
		faults = append(faults, g.recordOutcome(ctx, t))
	}
	return errors.Join(faults...)
}

// transmit submits one mail. When we are told to stop, a transmission that is claimed may
// finish, because cutting it off would make its fate unknown; any other ends at once.
func (g *Gateway) transmit(ctx context.Context, m *outgoing, mail smtpout.Mail, masked []byte) smtpout.Result {
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
		err := errors.Join(ctx.Err(), g.inPlace(submitting))
		if err == nil {
			err = g.write(submitting, func(tx *store.Tx) error { return g.claim(tx, m, masked) })
		}
		if err == nil {
			err = g.store.Mark(submitting)
		}
		if claimed.Store(err == nil); err == nil {
			g.halt.begin(m)
		}
		return err
	})
}

const placeAlarm = "store-moved"

// inPlace stops sending when the store is no longer where it was opened: what we record there
// would be lost with us, and a paid request would be sent anew.
func (g *Gateway) inPlace(ctx context.Context) error {
	moved := g.store.InPlace()
	if moved == nil {
		if g.displaced.CompareAndSwap(true, false) {
			return g.store.Write(ctx, func(tx *store.Tx) error { return g.clear(tx, placeAlarm, "") })
		}
		return nil
	}
	g.displaced.Store(true)
	g.log.Error("nothing is sent: the store is not where it was opened", "err", moved)
	alarm := g.write(ctx, func(tx *store.Tx) error {
		return g.raise(tx, placeAlarm, "", "nothing is sent: "+moved.Error()+". Stop the panel, put the data directory back as it was, and start it")
	})
	return errors.Join(errPaused, alarm)
}

// render makes the bytes to send, and the copy to keep.
func (g *Gateway) render(ctx context.Context, m outgoing) (smtpout.Mail, []byte, error) {
	var templates []mailform.Template
	err := g.store.Read(ctx, func(tx *store.Tx) error {
		for _, r := range m.requests {
			body, err := tx.RequestBody(r.ID)
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
	data, err := g.renderWith(m, templates, g.settings.Password.Reveal())
	if err != nil {
		return smtpout.Mail{}, nil, err
	}
	masked, err := g.renderWith(m, templates, secret.Mask)
	if err != nil {
		return smtpout.Mail{}, nil, err
	}
	to := []string{g.settings.Robot}
	if g.settings.BCC != "" {
		to = append(to, g.settings.BCC)
	}
	return smtpout.Mail{From: g.settings.Callback, To: to, Data: data}, masked, nil
}

func (g *Gateway) renderWith(m outgoing, templates []mailform.Template, password string) ([]byte, error) {
	body, err := mailform.Format(g.compose(m.kind(), m.requests[0].Agreement, templates), password, g.settings.Charset)
	if err != nil {
		return nil, fmt.Errorf("format request: %w", err)
	}
	data, err := smtpout.Render(smtpout.Envelope{From: g.settings.Callback, To: g.settings.Robot,
		Subject: g.settings.Subjects[m.kind()] + " [" + m.token + "]", MessageID: m.messageID, Date: m.createdAt,
		Charset: string(body.Charset), Body: body.Bytes})
	if err != nil {
		return nil, fmt.Errorf("render request: %w", err)
	}
	return data, nil
}

// unsendable postpones what can't be written down; it was checked when it was ordered, so
// this means that settings have changed since.
func (g *Gateway) unsendable(ctx context.Context, m outgoing, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.log.Error("request can't be written", "mail", m.id, "object", m.requests[0].Object, "err", cause)
	return g.write(ctx, func(tx *store.Tx) error {
		for _, r := range m.requests {
			if err := tx.Postpone(r, g.now().Add(backOff[len(backOff)-1]), "the request can't be written: "+cause.Error()); err != nil {
				return err
			}
		}
		return nil
	})
}

// claim makes the transmission ours, all of it or nothing, and keeps what is about to leave.
func (g *Gateway) claim(tx *store.Tx, m *outgoing, masked []byte) error {
	if slices.ContainsFunc(m.requests, g.mustWait) {
		return errNotReconciled
	}
	if paused, err := g.paused(tx, m.kind()); err != nil || paused || g.halt.holds() {
		return cmp.Or(err, errPaused)
	}
	digest := sha256.Sum256(masked)
	for i := range m.requests {
		r := &m.requests[i]
		switch reason, err := g.outdated(tx, *r); {
		case err != nil:
			return err
		case reason != "":
			return errors.New(reason)
		}
		if err := tx.Claim(r, g.fence, hex.EncodeToString(digest[:]), g.now()); err != nil {
			return err
		}
	}
	kept := store.Mail{ID: registrar.MailID("out-" + m.id), Out: true, Hash: "out:" + m.id, Request: alone(m.requests), At: g.now(), State: store.MailSent}
	err := tx.AddMail(kept, masked)
	if errors.Is(err, store.ErrExists) { // an earlier attempt kept it
		return nil
	}
	return err
}

func (g *Gateway) paused(tx *store.Tx, k lifecycle.Kind) (bool, error) {
	all, err := tx.Setting(pauseAll)
	if err != nil || all != "" || !k.Paid() {
		return all != "", err
	}
	paid, err := tx.Setting(pausePaid)
	return paid != "", err
}

// outMail is the mail that a request went out in.
func outMail(r store.Request) registrar.MailID {
	if r.Batch != "" {
		return registrar.MailID("out-" + r.Batch)
	}
	return registrar.MailID("out-" + r.ID)
}

// conclude records the outcome of a transmission. Recovery at the start uses it too.
func (g *Gateway) conclude(ctx context.Context, sent []store.Request, result smtpout.Result) error {
	err := g.write(ctx, func(tx *store.Tx) error {
		for _, r := range sent {
			if err := g.concludeOne(tx, r, result); err != nil {
				return fmt.Errorf("request %s: %w", r.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record outcome %s: %w", result.Outcome, err)
	}
	return nil
}

// concludeOne looks first whether the claim got through: its commit may have failed, or
// only seemed to.
func (g *Gateway) concludeOne(tx *store.Tx, r store.Request, result smtpout.Result) error {
	current, err := tx.Request(r.ID)
	if err != nil {
		return err
	}
	if r.State != registrar.Sending || current.Attempt < r.Attempt { // nothing has left
		return g.delay(tx, current, result.Err)
	}
	if err := tx.FinishAttempt(r, string(result.Outcome), result.Response, g.now()); err != nil {
		return err
	}
	if err := g.tellRelay(tx, result); err != nil {
		return err
	}
	if current.Attempt > r.Attempt { // it has been sent again meanwhile: that attempt decides
		return nil
	}
	// It is moot when R01's reply was faster than the relay's answer.
	e, f := g.relaySays(r, result)
	_, err = g.weigh(tx, &current, e, f)
	return err
}

func (g *Gateway) relaySays(r store.Request, result smtpout.Result) (lifecycle.Evidence, fact) {
	e, f := lifecycle.Evidence{Source: lifecycle.FromRelay, Proof: lifecycle.OwnWord}, fact{actor: byPlugin, mail: outMail(r)}
	if result.Err != nil {
		f.reason = result.Err.Error()
	}
	switch result.Outcome {
	case smtpout.Accepted:
		e.Event, f.evidence = lifecycle.Relayed, registrar.EvidenceRelay
	case smtpout.Refused:
		e.Event, f.evidence = lifecycle.Refused, registrar.EvidenceRelay
	case smtpout.Deferred:
		e.Event, f.evidence, f.dueAt = lifecycle.Deferred, registrar.EvidenceRelay, g.now().Add(backOffAfter(r.Attempt))
	default:
		e.Event = lifecycle.Lost
	}
	return e, f
}

// delay keeps a request queued that never got as far as its claim.
func (g *Gateway) delay(tx *store.Tx, r store.Request, cause error) error {
	if cause == nil {
		cause = errors.New("the relay was not reached")
	}
	g.log.Warn("request not sent", "request", r.ID, "object", r.Object, "err", cause)
	err := tx.Postpone(r, g.now().Add(backOff[0]), cause.Error())
	if err != nil && !errors.Is(err, store.ErrMoved) { // that is withdrawn meanwhile
		return err
	}
	return g.raise(tx, relayAlarm, "", "mail can't be sent: "+cause.Error())
}

// tellRelay keeps the alarm in step with what the relay said of a mail that was handed to it.
func (g *Gateway) tellRelay(tx *store.Tx, result smtpout.Result) error {
	if result.Outcome == smtpout.Deferred && strings.HasPrefix(result.Response, "5") {
		return g.raise(tx, relayAlarm, "", "mail can't be sent, the relay refuses it whatever it is: "+result.Err.Error()+": look at its limits and permissions")
	}
	return g.clear(tx, relayAlarm, "")
}

const relayAlarm = "relay"
