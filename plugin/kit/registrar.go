package kit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/turn"
	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// remoteComponent is the name of the registrar at the other end in Health and Probe.
const remoteComponent = "registrar"

// Registrar is the registrar at work.
type Registrar struct {
	store  *store.Store
	worker *worker
	turn   turn.Turn // the right to carry operations out; every instance answers, takes orders and records decisions

	stop    context.CancelFunc // stops beginning new operations
	abandon context.CancelFunc // cancels the calls in progress
	done    chan struct{}      // closed when nothing is in progress
}

// lookAgain bounds how late this instance sees what another one on the same server has stored.
const lookAgain = time.Second

// begin runs the worker until Drain, whenever it is this instance's turn.
func begin(s *store.Store, w *worker, timing sqldb.LeaseTiming) *Registrar {
	// The loop ends first and the calls later: Drain gives an order that is being sent time for its answer.
	calls, abandon := context.WithCancel(context.Background())
	loop, stop := context.WithCancel(calls)

	r := &Registrar{store: s, worker: w, stop: stop, abandon: abandon, done: make(chan struct{})}

	run := w.Run
	if s.Shared() {
		w.lookAgain = lookAgain
		r.turn.Lease, r.turn.Every, r.turn.Follow, r.turn.Log = s.Turn(timing), turn.Every(timing.RenewEvery), s.Follow, w.log
		// A lost lease ends the loop and not the calls: their answers still count, unless the next holder has
		// moved the operation.
		work := turn.Func(func(ctx context.Context) { w.Run(ctx, calls) })
		r.turn.TakeOver = func(context.Context) (turn.Work, error) { return work, nil }
		run = r.takeTurns
	}

	go func() { // ends in Drain
		defer close(r.done)
		run(loop, calls)
	}()
	return r
}

// takeTurns works whenever it is this instance's turn, until ctx ends.
func (r *Registrar) takeTurns(ctx, _ context.Context) {
	work, _ := r.turn.Try(ctx) // Health says why not
	r.turn.Run(ctx, work)
	if err := r.turn.Release(ctx); err != nil {
		r.worker.log.Warn("the lease can't be given back, and lasts on", "err", err)
	}
}

// Validate implements registrar.Orders. If names at the registrar can have their own price, it asks for that
// of the name.
func (r *Registrar) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	v := registrar.Validation{Problems: judge(r.worker.adapter, o)}
	if len(v.Problems) == 0 && o.Kind == registrar.KindRegister && slices.Contains(r.worker.adapter.Describe().OrderFields, "accept_price") {
		v.Problems = r.worker.available(ctx, []string{o.Domain})[o.Domain].PriceProblems(o)
	}
	if len(v.Problems) == 0 {
		v.Preview = instruction(o)
	}
	return v, nil
}

// Submit implements registrar.Orders.
func (r *Registrar) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	if err := registrar.InvalidOrder(judge(r.worker.adapter, o)); err != nil {
		return registrar.Operation{}, err
	}
	return r.store.Submit(ctx, o, instruction(o), r.worker.byHand(o))
}

// Operation implements registrar.Orders.
func (r *Registrar) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return r.store.Operation(ctx, id)
}

// Resolve implements registrar.Orders. If a person says that an operation was done, the domain is read, so
// that the record has the registrar's expiry.
func (r *Registrar) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Operation{}, err
	}

	var change store.Change
	if d.Verdict == registrar.VerdictDone {
		t, err := r.store.Task(ctx, d.Operation)
		if err != nil {
			return registrar.Operation{}, err
		}
		// In any other state Decide refuses the decision, and the registrar need not be asked. It is asked
		// before the transaction, which a slow answer would keep open; the decision's version shows what
		// moves meanwhile.
		if t.State.WaitsForPerson() {
			if err := wantsCode(t, d); err != nil {
				return registrar.Operation{}, err
			}
			change = r.worker.found(ctx, t, d.AuthCode)
		}
	}
	return r.store.Decide(ctx, d, change)
}

// wantsCode refuses the verdict that a code was obtained if the code is missing.
func wantsCode(t store.Task, d registrar.Decision) error {
	if (t.Kind == registrar.KindAuthCode) == (d.AuthCode != "") {
		return nil
	}
	message := "is required: the transfer code that was got"
	if d.AuthCode != "" {
		message = "belongs to no order of this kind: leave it out"
	}
	return registrar.InvalidDecision([]registrar.Problem{{Path: "auth_code", Message: message}})
}

// Check implements registrar.Domains. A name that is held here is taken in any case, and a registrar that is
// not certain makes no name available.
func (r *Registrar) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, len(names))
	var ask []string
	for i, name := range names {
		answers[i] = registrar.Availability{Name: name, Status: registrar.AvailabilityUnknown, Detail: "the registrar does not say"}
		if !isName(name) || tldOf(name, r.worker.adapter.Describe().TLDs) == "" {
			answers[i].Status, answers[i].Reason, answers[i].Detail = registrar.NameInvalid, registrar.ReasonInvalid, "is no name that the registrar serves, in ACE"
			continue
		}

		d, err := r.store.Domain(ctx, name)
		switch {
		case err != nil && !errors.Is(err, registrar.NotFound):
			return nil, err
		case d.Status.Held():
			answers[i].Status, answers[i].Reason, answers[i].Detail = registrar.Taken, registrar.ReasonTaken, "it is registered here"
		default:
			ask = append(ask, name)
		}
	}

	known := r.worker.available(ctx, ask)
	for i, a := range answers {
		// Only answers about names that were asked about count: a name that is held here stays taken.
		if said, ok := known[a.Name]; ok && slices.Contains(ask, a.Name) {
			answers[i] = said
		}
	}
	return answers, ctx.Err()
}

// Domain implements registrar.Domains.
func (r *Registrar) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return r.store.Domain(ctx, name)
}

// Domains implements registrar.Domains.
func (r *Registrar) Domains(ctx context.Context, page registrar.Page) (registrar.DomainPage, error) {
	return r.store.Domains(ctx, page)
}

// Events implements registrar.Events.
func (r *Registrar) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return registrarkit.Follow(ctx, r.store, after, r.worker.lookAgain)
}

// Health implements registrar.Registrar.
func (r *Registrar) Health(ctx context.Context) ([]registrar.Component, error) {
	open, waiting, err := r.store.Count(ctx)
	if err != nil {
		return nil, err
	}
	restored, err := r.store.Restored(ctx)
	if err != nil {
		return nil, err
	}

	kept := registrar.Component{Name: "store", OK: true, Detail: "in its place"}
	if restored != "" {
		kept.Detail = "restored, as was found " + restored + ": every order is asked about before it is sent"
	}

	list := []registrar.Component{r.worker.report(), kept,
		{Name: "operations", OK: true, Detail: fmt.Sprintf("%d are open, %d of them wait for a person", open, waiting)}}
	if r.store.Shared() {
		list = append(list, r.turn.Component())
	}
	return list, nil
}

// Drain implements registrar.Registrar. Calls in progress may use the context's time to end. An operation
// whose call is cut off is Uncertain.
func (r *Registrar) Drain(ctx context.Context) error {
	r.stop()
	select {
	case <-r.done:
	case <-ctx.Done():
		// The store stays open, because the outcomes of the calls that are cut off are still recorded.
		r.abandon()
		return fmt.Errorf("wait for the registrar's answers: %w", ctx.Err())
	}
	r.abandon()
	return r.store.Close()
}
