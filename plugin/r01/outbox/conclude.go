package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// transmission is a transmission that has ended.
type transmission struct {
	requests []store.Request
	result   smtpout.Result
}

// unrecorded holds transmissions whose outcome the store did not take.
type unrecorded struct {
	mu  sync.Mutex
	all []transmission
}

// recordOutcome records what became of a transmission. If the store fails, the outcome is kept:
// without it the requests would stay Sending until the next start.
func (q *Queue) recordOutcome(ctx context.Context, t transmission) error {
	// Recorded even while stopping: without its outcome the next start would call the claim's fate unknown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := q.Conclude(ctx, t.requests, t.result)
	if err != nil {
		q.unrecorded.add(t)
	}
	return err
}

// recordLate records the outcomes that were kept.
func (q *Queue) recordLate(ctx context.Context) error {
	var faults []error
	for _, t := range q.unrecorded.take() {
		// An outcome that fails again is kept, and does not keep the others from being recorded.
		faults = append(faults, q.recordOutcome(ctx, t))
	}
	return errors.Join(faults...)
}

// outMail is the mail that a request went out in.
func outMail(r store.Request) registrar.MailID {
	if r.Batch != "" {
		return registrar.MailID("out-" + r.Batch)
	}
	return registrar.MailID("out-" + r.ID)
}

// Conclude records the outcome of a transmission. Recovery at the start uses it too.
func (q *Queue) Conclude(ctx context.Context, sent []store.Request, result smtpout.Result) error {
	err := q.engine.Write(ctx, func(tx *store.Tx) error { return q.conclude(tx, sent, result) })
	if err != nil {
		return fmt.Errorf("record outcome %s of %s: %w", result.Outcome, outMail(sent[0]), err)
	}
	return nil
}

// conclude first checks whether the claim got through: its commit may have failed, or only seemed to fail.
func (q *Queue) conclude(tx *store.Tx, sent []store.Request, result smtpout.Result) error {
	now, err := tx.Requests.Again(sent)
	if err != nil {
		return err
	}

	var left []store.Request
	var decided []engine.Weighing
	for i, r := range sent {
		current := &now[i]
		// In memory the request is Sending even if the commit of its claim failed; its row then has fewer attempts.
		if r.State != registrar.Sending || current.Attempt < r.Attempt { // nothing has left
			// Before the claim the row names no mail: the request waits in the mail that it was to go out in.
			current.Batch = r.Batch
			if err := q.delay(tx, *current, result.Err); err != nil {
				return fmt.Errorf("request %s: %w", r.ID, err)
			}
			continue
		}

		left = append(left, r)
		if current.Attempt > r.Attempt { // it has been sent again meanwhile: that attempt decides
			continue
		}
		// The relay's answer is moot if R01's reply was faster.
		e, f := q.relaySays(r, result)
		decided = append(decided, engine.Weighing{Request: current, Evidence: e, Fact: f})
	}

	if len(left) == 0 {
		return nil
	}
	// An attempt that a later one has overtaken still ends with its own outcome.
	if err := tx.Requests.FinishAttempts(left, string(result.Outcome), result.Response, q.now()); err != nil {
		return err
	}
	if err := q.tellRelay(tx, result); err != nil {
		return err
	}
	return q.engine.WeighAll(tx, decided)
}

func (q *Queue) relaySays(r store.Request, result smtpout.Result) (lifecycle.Evidence, engine.Fact) {
	e, f := lifecycle.Evidence{Source: lifecycle.FromRelay, Proof: lifecycle.OwnWord}, engine.Fact{Actor: engine.ByPlugin, Mail: outMail(r)}
	if result.Err != nil {
		f.Reason = result.Err.Error()
	}
	switch result.Outcome {
	case smtpout.Accepted:
		e.Event, f.Evidence = lifecycle.Relayed, registrar.EvidenceRelay
	case smtpout.Refused:
		e.Event, f.Evidence = lifecycle.Refused, registrar.EvidenceRelay
	case smtpout.Deferred:
		e.Event, f.Evidence, f.DueAt = lifecycle.Deferred, registrar.EvidenceRelay, q.now().Add(backOffAfter(r.Attempt))
	// A mail of unknown fate may have left, and is never sent again by itself.
	default:
		e.Event = lifecycle.Lost
	}
	return e, f
}

// delay keeps a request queued that did not get as far as its claim.
func (q *Queue) delay(tx *store.Tx, r store.Request, cause error) error {
	if cause == nil {
		cause = errors.New("the relay was not reached")
	}
	q.log.Warn("request not sent", "request", r.ID, "object", r.Object, "err", cause)
	// Nothing was claimed, so no attempt is counted and the pause does not grow.
	err := tx.Requests.Postpone(r, q.now().Add(backOff[0]), cause.Error())
	if err != nil && !errors.Is(err, store.ErrMoved) { // that is withdrawn meanwhile
		return err
	}
	return q.alarms.Raise(tx, relayAlarm, "", "mail can't be sent: "+cause.Error())
}

// tellRelay keeps the alarm in step with what the relay said about a mail that was handed to it.
func (q *Queue) tellRelay(tx *store.Tx, result smtpout.Result) error {
	// A permanent refusal that was deferred concerns us and not this mail: a person must act.
	if result.Outcome == smtpout.Deferred && strings.HasPrefix(result.Response, "5") {
		return q.alarms.Raise(tx, relayAlarm, "", "mail can't be sent, the relay refuses it whatever it is: "+result.Err.Error()+": look at its limits and permissions")
	}
	return q.alarms.Clear(tx, relayAlarm, "")
}

const relayAlarm = "relay"
