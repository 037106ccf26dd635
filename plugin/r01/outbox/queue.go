package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
)

// Submitter hands mails to a relay; package smtpout has the real one. As many senders as the
// settings say call it at a time.
type Submitter interface {
	Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result
	// Rest announces that no more mail follows for now.
	Rest()
}

// Store keeps the requests to be sent; package store has the real one.
type Store interface {
	Write(ctx context.Context, fn func(tx *store.Tx) error) error
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
	// InPlace reports whether the store is still where it was opened.
	InPlace() error
	// AdvanceWatermark records, outside the store, how far it has come.
	AdvanceWatermark(ctx context.Context) error
}

// Renewals begins renewals that are planned; package ordering has the real one.
type Renewals interface {
	// BeginPlanned begins as many as may be sent now.
	BeginPlanned(ctx context.Context) error
}

const (
	// recordWithin bounds how long the outcome of a transmission may take to be recorded
	// after we were told to stop.
	recordWithin = 10 * time.Second
	// finishWithin bounds how long a claimed transmission may go on after we were told to stop.
	finishWithin = 8 * time.Second
)

// Parts are what a queue needs, beside its engine.
type Parts struct {
	Recovery  *engine.Recovery
	Planned   Renewals
	Store     Store
	Submitter Submitter
	Logger    *slog.Logger
	Now       func() time.Time
	LookAgain time.Duration // bounds how long what others store goes unseen
}

// Queue sends the requests that wait to be sent.
type Queue struct {
	engine    *engine.Engine
	alarms    *engine.Alarms
	limits    *engine.Limits
	recovery  *engine.Recovery
	planned   Renewals
	settings  *engine.Settings
	store     Store
	submitter Submitter
	log       *slog.Logger
	now       func() time.Time
	lookAgain time.Duration

	fence      int64       // set by Open before anything is sent
	displaced  atomic.Bool // the store is not where it was opened
	unrecorded unrecorded
	halt       *halt
}

// New composes a queue. It sends nothing until Run.
func New(s *engine.Settings, en *engine.Engine, p Parts) *Queue {
	return &Queue{
		engine: en, alarms: en.Alarms, limits: en.Limits, recovery: p.Recovery, planned: p.Planned, settings: s,
		store: p.Store, submitter: p.Submitter, log: p.Logger, now: p.Now, lookAgain: p.LookAgain, halt: newHalt(p.Now),
	}
}

// Open gives the queue the fence that it claims with. If the store is older than the one
// before, outcomes for that one are forgotten.
func (q *Queue) Open(fence int64, older bool) {
	q.fence = fence
	if older { // they are not in it
		q.unrecorded.take()
	}
}

// Interrupted concludes what an earlier instance was sending when it ended: the fate is unknown.
func (q *Queue) Interrupted(ctx context.Context, sending []store.Request) error {
	for _, r := range sending {
		// Each request by itself, also those that went out in one mail, because people resolve each by itself.
		lost := smtpout.Result{Outcome: smtpout.Unknown, Err: errInterrupted}
		if err := q.Conclude(ctx, []store.Request{r}, lost); err != nil {
			return err
		}
	}
	return nil
}

var errInterrupted = errors.New("the plugin was stopped while sending")

// Run sends what is due until ctx ends.
func (q *Queue) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := q.SendDue(ctx)
		if err != nil && ctx.Err() == nil {
			q.log.Error("sending stopped, will be tried again", "err", err)
			wait = backOff[0]
		}
		engine.Sleep(ctx, q.engine.Queued, wait)
	}
}

// SendDue sends everything that is due and returns how long to sleep. A round sends no more than the
// brake allows, and ends when all of it is concluded, so the next round counts exactly what was sent.
func (q *Queue) SendDue(ctx context.Context) (time.Duration, error) {
	// First the outcomes that could not be recorded: if the process dies with one in memory, it becomes unknown.
	if err := q.recordLate(ctx); err != nil {
		return 0, err
	}

	// Connections are kept for one round.
	defer q.submitter.Rest()
	for {
		// Planned renewals are begun first, so that a store that is not reconciled holds them like the rest.
		if err := errors.Join(q.planned.BeginPlanned(ctx), q.recovery.HoldAfterRestore(ctx)); err != nil {
			return 0, err
		}
		due, next, err := q.nextToSend(ctx)
		if err != nil || len(due) == 0 {
			return sleepUntil(next, q.now(), q.lookAgain), err
		}
		mails, err := q.group(ctx, due)
		if err != nil {
			return 0, err
		}
		switch err := q.sendAll(ctx, mails); {
		case errors.Is(err, errPaused): // by what R01 or the relay answered
			return q.lookAgain, nil
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

// nextToSend lists what is due, and returns when the next request will be if none is.
func (q *Queue) nextToSend(ctx context.Context) (due []store.Request, next time.Time, err error) {
	if until := q.halt.stopped(); !until.IsZero() {
		return nil, until, nil
	}

	atOnce := q.senders() * max(20, 5*q.settings.Batch)
	if q.halt.probing() {
		// One request tries whether the relay takes mail again.
		atOnce = 1
	}

	err = q.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Setting(engine.PauseAll)
		if err != nil || all != "" {
			return err
		}
		if due, err = q.allowed(tx, atOnce); err != nil || len(due) > 0 {
			return err
		}
		next, err = tx.Requests.NextDue()
		if next.Before(q.now()) {
			next = time.Time{} // it is due, and paused
		}
		return err
	})

	return due, next, err
}

// senders is how many mails are sent at a time.
func (q *Queue) senders() int { return max(1, q.settings.Senders) }

// sendAll sends mails, several at a time, and returns when each that was begun is concluded.
// After an error no further mail is begun.
func (q *Queue) sendAll(ctx context.Context, mails []delivery) error {
	lines := independentQueues(mails)
	waiting := make(chan []delivery, len(lines))
	for _, line := range lines {
		waiting <- line
	}

	close(waiting)
	// One place for each sender, so that none blocks to report its error.
	failed := make(chan error, q.senders())
	work := func() {
		for line := range waiting {
			for _, m := range line {
				// Mails that are under way are concluded; after a fault, a stop or a halt no other is begun.
				if len(failed) > 0 || ctx.Err() != nil || !q.halt.stopped().IsZero() {
					return
				}
				if err := q.send(ctx, m); err != nil {
					failed <- err
					return
				}
			}
		}
	}

	var others sync.WaitGroup
	// This goroutine is one of the senders.
	for range min(q.senders(), len(lines)) - 1 {
		others.Go(work)
	}

	work()
	others.Wait()
	close(failed)
	// The channel is closed, so without a failure this receives nil.
	return <-failed
}

// independentQueues groups mails so that the groups may be sent at the same time. A renewal
// depends on nothing else. All other mails keep their order, because one may build on another: a
// domain request needs the client registered before it.
func independentQueues(mails []delivery) [][]delivery {
	var sequential []delivery
	var queues [][]delivery
	for _, m := range mails {
		if m.kind() == lifecycle.Prolong {
			queues = append(queues, []delivery{m})
			continue
		}
		sequential = append(sequential, m)
	}

	// The longest queue starts first.
	if len(sequential) > 0 {
		queues = slices.Insert(queues, 0, sequential)
	}
	return queues
}

// allowed lists what is due, as far as the limits allow: what customers have paid for comes
// before renewals that our own schedule began, and among these the most urgent come first.
func (q *Queue) allowed(tx *store.Tx, atOnce int) ([]store.Request, error) {
	a, err := q.limits.AtLeast(tx, atOnce)
	if err != nil {
		return nil, err
	}
	// While paid requests are held, free ones get all the places.
	due, err := tx.Requests.Due(q.now(), a.Ordered.May > 0, atOnce)
	if err != nil {
		return nil, err
	}
	due, paid := within(due, a.Ordered.May)
	more := min(atOnce-len(due), a.Scheduled.May, a.Ordered.May-paid)
	if more <= 0 {
		return due, nil
	}
	scheduled, err := tx.Requests.DueScheduled(q.now(), more)
	return append(due, scheduled...), err
}

// within leaves out paid requests beyond the number that may be sent, and counts the paid ones that are left.
func within(due []store.Request, may int) (kept []store.Request, paid int) {
	for _, r := range due {
		if r.Kind.Paid() {
			if paid == may {
				continue
			}
			paid++
		}
		kept = append(kept, r)
	}
	return kept, paid
}
