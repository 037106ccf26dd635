package views

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// Store is what views read; package store has the real one.
type Store interface {
	Read(ctx context.Context, fn func(tx *store.Tx) error) error
}

// Whois asks the registry about one name; package registry has the real one.
type Whois interface {
	// Recall accepts an answer of a moment ago, too.
	Recall(ctx context.Context, name string) registry.Answer
	// RecallSparingly is Recall for a question that can wait: it leaves a share of the pace to questions that can't.
	RecallSparingly(ctx context.Context, name string) registry.Answer
}

// Witness is the registry's part in the answers; package witness has the real one.
type Witness interface {
	// IsWanted reports whether other questions wait for whois.
	IsWanted() bool
	// Health reports how the registry does; no component when none is configured.
	Health() []registrar.Component
}

// Sender is the queue of mails to R01; package outbox has the real one.
type Sender interface {
	// Stopped reports until when nothing is handed to the relay; zero = sending is not stopped.
	Stopped() time.Time
}

// Parts are what views need, beside the engine.
type Parts struct {
	Store     Store
	Whois     Whois // nil = none
	Witness   Witness
	Sender    Sender
	LookAgain time.Duration // bounds how long what others store goes unseen
}

// Views answers questions about operations, domains and handles.
type Views struct {
	engine    *engine.Engine
	store     Store
	whois     Whois
	witness   Witness
	sender    Sender
	lookAgain time.Duration
}

// New composes views.
func New(en *engine.Engine, p Parts) *Views {
	return &Views{engine: en, store: p.Store, whois: p.Whois, witness: p.Witness, sender: p.Sender, lookAgain: p.LookAgain}
}

// Operation returns an operation with its history and with advice. For an operation in the
// queue it says what the operation waits for now.
func (vs *Views) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	op, err := engine.Look(ctx, vs.store, func(tx *store.Tx) (store.Operation, error) {
		op, err := engine.OperationOf(tx, id)
		if err != nil || op.State.Final() || op.Request == "" {
			return op, err
		}

		r, err := tx.Requests.Get(op.Request)
		if err != nil {
			return op, err
		}
		d, err := tx.Domains.Record(op.Domain)
		if op.Advice = lifecycle.Advice(r.Lifecycle(), op.Operation, engine.LastDay(r.Kind, d.PaidTill)); err != nil || op.State != registrar.Queued {
			return op, err
		}

		// The reason for waiting changes with time, without an event.
		waits, err := vs.engine.Limits.Holds(tx, r, vs.sender.Stopped())
		if op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle()); waits.For != "" {
			op.WaitsFor = waits.String()
		}
		return op, err
	})
	return op.Operation, engine.Fault(err, "operation "+string(id))
}

// TransferCode returns the transfer code that an operation has brought.
func (vs *Views) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	code, err := engine.Look(ctx, vs.store, func(tx *store.Tx) (registrar.AuthCode, error) {
		if _, err := tx.Operations.Get(id); err != nil {
			return "", err
		}

		code, err := tx.Operations.Code(id)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRemoved) {
			return "", registrar.Errorf(registrar.Precondition, "operation %s has brought no transfer code, or it was erased", id)
		}
		return code, err
	})
	if errors.Is(err, registrar.Precondition) {
		return "", err
	}
	return code, engine.Fault(err, "operation "+string(id))
}

// Domain returns a domain.
func (vs *Views) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return engine.ReadDomain(ctx, vs.store, name)
}

// Domains lists domains in name order.
func (vs *Views) Domains(ctx context.Context, p registrar.Page) (page registrar.DomainPage, err error) {
	size := p.Size
	if size <= 0 || size > registrar.MaxPage {
		size = registrar.MaxPage
	}
	err = vs.store.Read(ctx, func(tx *store.Tx) (err error) {
		page.Domains, err = tx.Domains.List(p.After, size)
		return err
	})
	if len(page.Domains) == size {
		page.Next = page.Domains[size-1].Name
	}
	return page, err
}

// Handles lists the handles of a customer.
func (vs *Views) Handles(ctx context.Context, customer string) (handles []registrar.Handle, err error) {
	err = vs.store.Read(ctx, func(tx *store.Tx) error {
		clients, err := tx.Clients.Of(customer)
		for _, c := range clients {
			handles = append(handles, engine.HandleOf(c))
		}
		return err
	})
	return handles, err
}

// Events yields the event record after a cursor, and waits for more until ctx ends.
func (vs *Views) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return registrarkit.Follow(ctx, record{vs}, after, vs.lookAgain)
}

// record is the event record in the store.
type record struct{ *Views }

// Changed implements registrarkit.Record.
func (r record) Changed() <-chan struct{} { return r.engine.Changed.Next() }

// EventsAfter implements registrarkit.Record.
func (r record) EventsAfter(ctx context.Context, after registrar.Cursor) (batch []registrar.Event, err error) {
	const atOnce = 500
	err = r.store.Read(ctx, func(tx *store.Tx) (err error) {
		batch, err = tx.Events(after, atOnce)
		return err
	})
	return batch, err
}

// Health reports how the queue, the waiting mails, the renewals and the registry do.
func (vs *Views) Health(ctx context.Context) ([]registrar.Component, error) {
	queue := registrar.Component{Name: "queue", OK: true}
	review := registrar.Component{Name: "review", OK: true, Detail: "no mail waits"}
	strangers := registrar.Component{Name: "strangers", OK: true, Detail: "no more of their mail comes than the day's quota"}
	renewals := registrar.Component{Name: "renewals", OK: true, Detail: "no pass has completed yet"}
	err := vs.store.Read(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms()
		if err != nil {
			return err
		}

		for _, a := range alarms {
			switch a.Key {
			case engine.ReviewAlarm:
				review = registrar.Component{Name: "review", Detail: a.Message, Advice: []registrar.Advice{{Action: registrar.AdviseReadMails}}}
			case engine.QuotaAlarm:
				strangers = registrar.Component{Name: "strangers", Detail: a.Message, Advice: []registrar.Advice{{Action: registrar.AdviseReadStrangers}}}
			case engine.PassAlarm:
				renewals = registrar.Component{Name: "renewals", Detail: a.Message}
			default:
				// The alarm of an operation that has ended stands with its domain; the queue does not suffer from it.
				over, err := engine.IsOver(tx, a)
				if err != nil {
					return err
				}
				if !over {
					queue.OK, queue.Detail, queue.Advice = false, a.Message, adviceOn(a.Key)
				}
			}
		}

		counts, err := tx.Requests.CountInStates()
		if queue.OK {
			queue.Detail = describeCounts(counts)
		}
		if err != nil {
			return err
		}

		last, err := tx.Time(engine.PassCompleted)
		if renewals.OK && !last.IsZero() {
			renewals.Detail = "last pass completed " + last.UTC().Format(time.RFC3339)
		}

		if err != nil {
			return err
		}
		return vs.measure(tx, last, &queue, &review, &renewals)
	})

	return append([]registrar.Component{queue, review, strangers, renewals}, vs.witness.Health()...), err
}

// adviceOn is what to do about an alarm, beside what the alarm says.
func adviceOn(alarm string) []registrar.Advice {
	if alarm != engine.RestoredAlarm {
		return nil
	}
	return []registrar.Advice{{Action: registrar.AdviseCompare}, {Action: registrar.AdviseReadMails}, {Action: registrar.AdviseSettings, Parameters: map[string]string{"settings": "reconciled"}}}
}

// measure adds the figures of components.
func (vs *Views) measure(tx *store.Tx, passed time.Time, queue, review, renewals *registrar.Component) error {
	may, err := vs.engine.Limits.Allowance(tx)
	if err != nil {
		return err
	}
	waiting, err := tx.Reviews.CountWaiting()
	if err != nil {
		return err
	}

	queued, err := paidQueued(tx)
	if err != nil {
		return err
	}

	day, err := vs.engine.Lately(tx)
	if err != nil {
		return err
	}
	oldest, err := tx.Requests.LongestUnanswered()
	if err != nil {
		return err
	}

	most := vs.engine.Limits.PerHour()
	if may.Ordered.May == 0 && may.Ordered.Until.IsZero() {
		most = 0 // until a person, or an answer, has settled it
	}

	queue.Figures = map[registrar.Figure]float64{registrar.FigureLeft: float64(may.Ordered.May), registrar.FigureMost: float64(most), registrar.FigureQueued: float64(queued),
		registrar.FigureSent: float64(day.Sent)}
	// The operation comes as advice, because a figure is a number.
	if !oldest.Since.IsZero() {
		queue.Figures[registrar.FigureUnansweredAt] = float64(oldest.Since.Unix())
		queue.Advice = append(queue.Advice, registrar.Advice{Action: registrar.AdviseSeeOperation, Parameters: map[string]string{"operation": string(oldest.Operation), "domain": oldest.Domain}})
	}
	review.Figures = map[registrar.Figure]float64{registrar.FigureWaiting: float64(waiting), registrar.FigureRead: float64(day.Read),
		registrar.FigureApplied: float64(day.Applied), registrar.FigureForReview: float64(day.Review)}
	if !passed.IsZero() {
		renewals.Figures = map[registrar.Figure]float64{registrar.FigurePassedAt: float64(passed.Unix())}
	}
	return nil
}

// paidQueued counts the requests that cost money and wait to be sent: in the queue, and planned by a pass.
func paidQueued(tx *store.Tx) (int, error) {
	ordered, scheduled, err := tx.Requests.PaidWaiting()
	if err != nil {
		return 0, err
	}
	planned, err := tx.Renewals.CountPlanned()
	return ordered + scheduled + planned, err
}

func describeCounts(counts map[lifecycle.State]int) string {
	text := ""
	for _, s := range registrar.OperationStates() {
		if n := counts[s]; n > 0 {
			text += ", " + strconv.Itoa(n) + " " + string(s)
		}
	}
	if text == "" {
		return "nothing under way"
	}
	return text[2:]
}
