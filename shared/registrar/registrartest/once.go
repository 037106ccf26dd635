package registrartest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

var onceChecks = []check{
	{Rule{ID: "once/kinds", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order of each kind that is declared reaches the registrar once; one that is left to a person reaches it once at most.", Place: "package registrar: exactly one effect for one order; NeedsAction",
		Remedy: "Send only when the store says so."}, reachesOnce},
	{Rule{ID: "once/lost", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order whose answer is lost is not sent again.", Place: "package registrar: exactly one effect for one order; Uncertain",
		Remedy: "Without an answer the outcome is not known: ask the registrar by your reference, or wait for a person."}, survivesLoss},
	{Rule{ID: "once/crash", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order is sent once, whenever the plugin crashes: after each of its steps, and while the registrar's answer is awaited.", Place: "Orders.Submit; Sending, Uncertain",
		Remedy: "Store that you are about to send before you do; an order that a start finds in this state is Uncertain: ask about it."}, survivesCrashes},
	{Rule{ID: "once/late", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order that the registrar takes long to carry out is not sent again, is open meanwhile, and succeeds by the answer that comes late.", Place: "Accepted",
		Remedy: "Ask, and don't send, while the registrar has it."}, hearsLate},
	{Rule{ID: "once/double", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An answer that comes twice moves the operation once; a step that reports the second says that it moved nothing.", Place: "Operation.History, Version",
		Remedy: "Compare the state in the transaction that applies an answer."}, hearsOnce},
	{Rule{ID: "once/down", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order that the registrar does not take because it is down stays open, and is sent once when it is up again.", Place: "Queued, Failed",
		Remedy: "An order that was not taken has not ended: try again, with growing pauses."}, outlastsDown},
	{Rule{ID: "once/refused", Level: Must, Needs: []Need{NeedSettings, NeedWitness},
		Demand: "An order that the registrar refuses is Failed, with its words; the domain is in Error, and may be ordered again.", Place: "Failed, Operation.Error, StatusError",
		Remedy: "Record the refusal as the operation's end, and let go of the domain."}, tellsRefusals},
}

// witnessOf returns the client of the subject's witness.
func witnessOf(e *exam) bystander { return bystander{e.subject.Witness} }

// wary returns an order that the registrar will treat in the given way.
func (e *exam) wary(l *life, how Behaviour) (registrar.Order, error) {
	o, err := e.order(l)
	if err != nil {
		return o, err
	}
	return o, witnessOf(e).behave(e.ctx, o.Domain, how)
}

// sentTo submits an order that the registrar will treat in the given way.
func sentTo(e *exam, how Behaviour) (l *life, o registrar.Order, op registrar.Operation, err error) {
	if l, err = e.working(); err != nil {
		return l, o, op, err
	}
	if o, err = e.wary(l, how); err != nil {
		return l, o, op, err
	}
	if op, err = l.Submit(e.ctx, o); err != nil {
		err = fmt.Errorf("submit a good order: %w", err)
	}
	return l, o, op, err
}

// endsOnce brings an operation to its end, and demands that its order has reached the registrar once.
func endsOnce(e *exam, l *life, o registrar.Order, op registrar.Operation, when string) error {
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}
	return e.cameOnce(o, when)
}

// cameOnce demands that an order has reached the registrar once.
func (e *exam) cameOnce(o registrar.Order, when string) error { return e.cameAsOftenAs(o, false, when) }

// cameAsOftenAs demands that an order has reached the registrar once, or, with maybeNot, never.
func (e *exam) cameAsOftenAs(o registrar.Order, maybeNot bool, when string) error {
	n, err := witnessOf(e).reached(e.ctx, o.Domain, o.Kind)
	if err == nil && n != 1 && !(n == 0 && maybeNot) {
		e.broken("the order to %s %s reached the registrar %d times%s", o.Kind, o.Domain, n, when)
	}
	return err
}

func reachesOnce(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	first, _, err := e.concluded(l)
	if err != nil {
		return err
	}
	if err := e.cameOnce(first, ""); err != nil {
		return err
	}

	var refused []string
	// One after the other, because a second order for the domain would be refused while one is open.
	for _, kind := range onceHeld(e) {
		o, err := following(e, l, first, kind)
		if err != nil {
			return err
		}
		op, err := l.Submit(e.ctx, o)
		if err != nil {
			refused = append(refused, string(kind))
			continue
		}
		ended, err := e.conclude(l, op.ID)
		if err != nil {
			return err
		}
		if err := e.cameAsOftenAs(o, leftToPerson(ended), ""); err != nil {
			return err
		}
	}

	// The rule is not passed, because nothing shows that a refused kind is sent only once.
	if len(refused) > 0 {
		return notTried("these were refused, and not brought to their end: " + strings.Join(refused, ", "))
	}
	return nil
}

// leftToPerson reports whether the plugin had a person carry the order to the registrar.
func leftToPerson(op registrar.Operation) bool {
	return slices.ContainsFunc(op.History, func(s registrar.Step) bool { return s.State == registrar.NeedsAction })
}

// arrives waits until an order has reached the registrar.
func (e *exam) arrives(o registrar.Order) error {
	return e.soon("the order's arrival at the registrar", func() (bool, error) {
		n, err := witnessOf(e).reached(e.ctx, o.Domain, o.Kind)
		return n > 0, err
	})
}

func survivesLoss(e *exam) error {
	l, o, op, err := sentTo(e, LosesAnswers)
	if err != nil {
		return err
	}
	if err := e.arrives(o); err != nil {
		return err
	}
	if _, err := reacts(e, l, op.ID, isBeyondSending); err != nil {
		return err
	}
	return endsOnce(e, l, o, op, " when its answer was lost")
}

// mostSteps bounds the steps of an operation after which it is crashed.
const mostSteps = 8

func survivesCrashes(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	// After the first step, after the second, and so on, until the operation ends earlier.
	for step := 1; step <= mostSteps; step++ {
		o, op, err := e.submitted(l)
		if err != nil {
			return err
		}
		err = e.soon(fmt.Sprintf("step %d of an operation", step), func() (bool, error) {
			op, err = l.Operation(e.ctx, op.ID)
			return err != nil || len(op.History) >= step || op.State.Final() || op.State.WaitsForPerson(), err
		})
		if err != nil {
			return err
		}

		if l, err = e.again(l); err != nil {
			return err
		}
		over := op.State.Final() || op.State.WaitsForPerson()
		if err := endsOnce(e, l, o, op, fmt.Sprintf(" when the plugin crashed after step %d", step)); err != nil {
			return err
		}
		if over && len(op.History) < step {
			break
		}
	}

	return survivesSilence(e, l)
}

// survivesSilence crashes the plugin while it waits for the registrar's answer.
func survivesSilence(e *exam, l *life) error {
	o, err := e.wary(l, HoldsAnswers)
	if err != nil {
		return err
	}
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		return fmt.Errorf("submit a good order: %w", err)
	}
	if err := e.arrives(o); err != nil {
		return err
	}

	// In this process a crash is a drain, which may wait for the answer; the broken connection ends that.
	crashed := make(chan struct{})
	go func() { defer close(crashed); l.Crash(); l.over = true }()
	select {
	case <-crashed:
	case <-time.After(min(time.Second, e.subject.Patience/4)):
	}
	if err := witnessOf(e).behave(e.ctx, o.Domain, BehavesWell); err != nil {
		return err
	}
	<-crashed

	next, err := e.begin(false)
	if err != nil {
		return err
	}
	if _, err := reacts(e, next, op.ID, isBeyondSending); err != nil {
		return err
	}
	return endsOnce(e, next, o, op, " when the plugin crashed while it waited for the answer")
}

func hearsLate(e *exam) error {
	l, o, op, err := sentTo(e, TakesLong)
	if err != nil {
		return err
	}
	if err := e.arrives(o); err != nil {
		return err
	}

	now, err := reacts(e, l, op.ID, isBeyondSending)
	if err != nil {
		return err
	}

	// A queued operation would be sent again; a final one would have an end that no answer justifies.
	if now.State.Final() || now.State == registrar.Queued {
		e.broken("while the registrar has the order, the operation is %s: %s", now.State, now.Error)
	}
	if err := witnessOf(e).behave(e.ctx, o.Domain, BehavesWell); err != nil {
		return err
	}
	return endsOnce(e, l, o, op, " when the registrar took long")
}

// reacts waits until something holds of an operation, or until patience ends, and then a little longer,
// because a plugin's mistakes happen then. It returns the operation after that.
func reacts(e *exam, l *life, id registrar.OperationID, holds func(op registrar.Operation) bool) (registrar.Operation, error) {
	_ = e.soon("a reaction", func() (bool, error) {
		op, err := l.Operation(e.ctx, id)
		return err != nil || holds(op) || op.State.Final(), nil
	})

	select {
	case <-e.ctx.Done():
	case <-time.After(min(time.Second, e.subject.Patience/8)):
	}
	return l.Operation(e.ctx, id)
}

// isBeyondSending reports whether the plugin has drawn its conclusion from what it heard, or did not hear.
func isBeyondSending(op registrar.Operation) bool {
	return op.State != registrar.Queued && op.State != registrar.Sending
}

// wasTried reports whether the plugin has tried to send an order: it was stored, sent, and has an outcome.
func wasTried(op registrar.Operation) bool { return len(op.History) > 2 }

func hearsOnce(e *exam) error {
	l, o, op, err := sentTo(e, AnswersTwice)
	if err != nil {
		return err
	}
	ended, err := e.conclude(l, op.ID)
	if err != nil {
		return err
	}

	// The history may report a late answer that moved nothing, in words of its own.
	ends := map[string]int{}
	for _, s := range ended.History {
		if s.State.Final() {
			ends[string(s.State)+": "+s.Message]++
		}
	}
	for end, n := range ends {
		if n > 1 {
			e.broken("an operation whose answer came twice has %d steps that end it: %s", n, end)
		}
	}
	return e.cameOnce(o, " when its answer came twice")
}

func outlastsDown(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	o, err := e.wary(l, IsDown)
	if err != nil {
		return err
	}
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		e.broken("Submit while the registrar is down: %s", told(err))
		return nil
	}

	// Only a failed try shows whether the plugin takes that for the end.
	now, err := reacts(e, l, op.ID, wasTried)
	if err != nil {
		return err
	}

	if now.State.Final() {
		e.broken("while the registrar is down the operation is %s: %s", now.State, now.Error)
		return nil
	}
	if err := witnessOf(e).behave(e.ctx, o.Domain, BehavesWell); err != nil {
		return err
	}
	if err := e.arrives(o); err != nil {
		return err
	}
	return endsOnce(e, l, o, op, " when the registrar was down at first")
}

func tellsRefusals(e *exam) error {
	l, o, op, err := sentTo(e, Refuses)
	if err != nil {
		return err
	}

	err = e.soon("the end of an order that is refused", func() (bool, error) {
		op, err = l.Operation(e.ctx, op.ID)
		return err != nil || op.State.Final(), err
	})
	if err != nil {
		e.broken("an order that the registrar refuses is %s: %s", op.State, err)
		return nil
	}

	d, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}
	if op.State != registrar.Failed || strings.TrimSpace(op.Error) == "" || d.Status != registrar.StatusError || d.Operation != nil {
		e.broken("an order that the registrar refuses is %s with the words %q, and the domain %s", op.State, op.Error, d.Status)
	}

	if err := witnessOf(e).behave(e.ctx, o.Domain, BehavesWell); err != nil {
		return err
	}
	// The same contents under a new ID: a refusal must not leave the domain occupied.
	again, err := l.Submit(e.ctx, e.spoil(o, func(*registrar.Order) {}))
	if err != nil {
		e.broken("the same ordered again after it was refused: %s", told(err))
		return nil
	}
	_, err = e.conclude(l, again.ID)
	return err
}
