package registrartest

import (
	"errors"
	"fmt"
	"sync"

	"registrar.panel/shared/registrar"
)

var resolveChecks = []check{
	{Rule{ID: "resolve/by", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A decision without an author is Invalid.", Place: "Decision.By",
		Remedy: "Require By: the timeline names who decided."}, demandsAuthor},
	{Rule{ID: "resolve/verdict", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A verdict that the contract does not know is Invalid.", Place: "Decision.Verdict",
		Remedy: "Compare with registrar.Verdicts()."}, knowsVerdicts},
	{Rule{ID: "resolve/version", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An operation has a version, which is another one once it has moved; a decision that names none is Invalid, and changes nothing.", Place: "Version, Decision.Version",
		Remedy: "Count the steps of the history, and require Version: it says what the person saw."}, demandsVersion},
	{Rule{ID: "resolve/outdated", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A decision on a version that is not the present one is refused with Conflict, whatever the state, and changes nothing; so is one that is repeated after it took effect.", Place: "Decision.Version, Orders.Resolve",
		Remedy: "Compare the versions before anything else, with Operation.CheckVersion."}, refusesOutdated},
	{Rule{ID: "resolve/once", Level: Must, Needs: []Need{NeedSettings},
		Demand: "If equal decisions come at once, at most one takes effect, and the others are refused.", Place: "Orders.Resolve",
		Remedy: "Compare the versions in the transaction that moves the operation."}, decidesOnce},
	{Rule{ID: "resolve/state", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A decision on an operation that waits for no person is refused with Precondition, and changes nothing.", Place: "Orders.Resolve",
		Remedy: "Check the state in the transaction that would change it."}, refusesDecision},
	{Rule{ID: "resolve/cancel", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Only a Queued operation can be cancelled; another answers Precondition.", Place: "VerdictCancel, Orders.Resolve",
		Remedy: "Once something may have been sent, it is failed or done, not cancelled."}, cancelsQueued},
}

// decide makes a decision about the operation as it was read right before, and tries again if the operation
// has moved by itself in between.
func (e *exam) decide(l *life, id registrar.OperationID, verdict registrar.Verdict) (before, after registrar.Operation, err error) {
	for range 10 {
		if before, err = l.Operation(e.ctx, id); err != nil {
			return before, after, fmt.Errorf("read operation: %w", err)
		}
		d := registrar.Decision{Operation: id, Version: before.Version, Verdict: verdict, By: "conformance"}
		if after, err = l.Resolve(e.ctx, d); !errors.Is(err, registrar.Conflict) {
			break
		}
	}
	return before, after, err
}

func demandsAuthor(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}
	_, err = l.Resolve(e.ctx, registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone})
	e.mustBe("a decision without an author", err, registrar.Invalid)
	return nil
}

func knowsVerdicts(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}
	for _, verdict := range []registrar.Verdict{"", "conformance"} {
		_, err = l.Resolve(e.ctx, registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: verdict, By: "conformance"})
		e.mustBe(fmt.Sprintf("the verdict %q", verdict), err, registrar.Invalid)
	}
	return nil
}

func demandsVersion(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	if op.Version == "" {
		e.broken("an operation that is %s has no version", op.State)
	}

	for _, verdict := range registrar.Verdicts() {
		_, err = l.Resolve(e.ctx, registrar.Decision{Operation: op.ID, Verdict: verdict, By: "conformance"})
		e.mustBe(fmt.Sprintf("the verdict %s without a version", verdict), err, registrar.Invalid)
	}

	read, err := l.Operation(e.ctx, op.ID)
	if err != nil {
		return err
	}

	// A refused decision may still have been carried out; the history shows that.
	for _, step := range read.History {
		if step.Actor == "conformance" {
			e.broken("a decision without a version took effect: %s", step.Message)
		}
	}

	ended, err := e.conclude(l, op.ID)
	if err == nil && ended.Version == op.Version && ended.State != op.State {
		e.broken("an operation has the version %q while it is %s and when it is %s", op.Version, op.State, ended.State)
	}

	return err
}

func refusesOutdated(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	refused := func(version registrar.Version, now registrar.OperationState) {
		for _, verdict := range registrar.Verdicts() {
			d := registrar.Decision{Operation: op.ID, Version: version, Verdict: verdict, By: "conformance"}
			_, err := l.Resolve(e.ctx, d)
			e.mustBe(fmt.Sprintf("the verdict %s about another version than that of an operation that is %s", verdict, now), err, registrar.Conflict)
		}
	}

	refused("conformance-"+op.Version, op.State)
	ended, err := e.conclude(l, op.ID)
	if err != nil {
		return err
	}

	// The version that was read at the beginning is outdated at the end, as in a decision that comes twice.
	refused(op.Version, ended.State)
	if after, err := l.Operation(e.ctx, op.ID); err != nil || after.State != ended.State {
		e.broken("after decisions about other versions the operation is %s, and was %s: %v", after.State, ended.State, err)
	}

	return nil
}

func decidesOnce(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	if op, err = l.Operation(e.ctx, op.ID); err != nil {
		return err
	}

	const several = 8
	answers := make([]error, several)
	d := registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictFailed, By: "conformance"}
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { _, answers[i] = l.Resolve(e.ctx, d) })
	}

	all.Wait()
	accepted := 0
	for _, err := range answers {
		if err == nil {
			accepted++
		} else if !errors.Is(err, registrar.Conflict) && !errors.Is(err, registrar.Precondition) {
			e.broken("one of %d equal decisions: %s, want CONFLICT", several, told(err))
		}
	}

	// It is right, too, if none takes effect: the operation may have moved by itself first.
	if accepted > 1 {
		e.broken("of %d equal decisions at once %d took effect", several, accepted)
	}

	return nil
}

func refusesDecision(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, op, err := e.concluded(l)
	if err != nil {
		return err
	}
	for _, verdict := range registrar.Verdicts() {
		before, _, err := e.decide(l, op.ID, verdict)
		e.mustBe(fmt.Sprintf("the verdict %s on an operation that is %s", verdict, before.State), err, registrar.Precondition)
	}
	if after, err := l.Operation(e.ctx, op.ID); err != nil || after.State != op.State {
		e.broken("after decisions that were refused the operation is %s, and was %s: %v", after.State, op.State, err)
	}
	return nil
}

func cancelsQueued(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	// The plugin may send the operation at the same moment: either answer is right if it fits what the
	// operation was then.
	op, cancelled, err := e.decide(l, op.ID, registrar.VerdictCancel)
	switch now, failed := l.Operation(e.ctx, op.ID); {
	case failed != nil:
		return failed
	case err == nil && (cancelled.State != registrar.Cancelled || op.State != registrar.Queued):
		e.broken("cancelling an operation that is %s made it %s", op.State, cancelled.State)
	case err != nil && !errors.Is(err, registrar.Precondition):
		e.broken("cancelling an operation that is %s: %s, want PRECONDITION", op.State, told(err))
	case err != nil && op.State == registrar.Queued && now.State == registrar.Queued:
		e.broken("an operation that is Queued can't be cancelled: %s", told(err))
	}

	return nil
}
