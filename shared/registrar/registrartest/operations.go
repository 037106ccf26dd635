package registrartest

import (
	"fmt"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

var operationChecks = []check{
	{Rule{ID: "unknown/not-found", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An operation or domain that is not known is NotFound.", Place: "Orders.Operation, Orders.Resolve, Domains.Domain, NotFound",
		Remedy: "Turn \"no such row\" into NotFound, and nothing else."}, findsNothing},
	{Rule{ID: "operations/state", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An operation that waits for a person says for what, one that is final waits for nothing, and exactly the final ones have an end.", Place: "Operation.WaitsFor, Operation.FinishedAt",
		Remedy: "Derive WaitsFor and FinishedAt from the state, in one place."}, hasStates},
	{Rule{ID: "operations/history", Level: Must, Needs: []Need{NeedSettings},
		Demand: "The history runs from the oldest step to the present state, in order of time, and each step names its actor.", Place: "Operation.History, Step",
		Remedy: "Append a step in the transaction that changes the state."}, hasHistory},
	{Rule{ID: "operations/evidence", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An operation that succeeded has a step with the evidence that justified it.", Place: "Succeeded, Step.Evidence",
		Remedy: "Record what proved it: a reply, the registry, a person's decision."}, hasEvidence},
	{Rule{ID: "operations/concluded", Level: Must, Needs: []Need{NeedSettings},
		Demand: "When a registration has succeeded, its domain is Registered, with nameservers and expiry, and has no open operation; before that it is neither.", Place: "Domain.Status, Domain.Operation",
		Remedy: "Change the domain in the transaction that ends the operation, and not before."}, concludes},
	{Rule{ID: "operations/times", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Instants are UTC, and none of an operation's lies before its creation.", Place: "package registrar: names, dates, times",
		Remedy: "Use time.Now().UTC(), and set UpdatedAt with every change."}, hasTimes},
}

func findsNothing(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	if _, _, err := e.submitted(l); err != nil {
		return err
	}
	for _, id := range []registrar.OperationID{"", "conformance-no-such", "0", "-1"} {
		_, err := l.Operation(e.ctx, id)
		e.mustBe(fmt.Sprintf("Operation(%q)", id), err, registrar.NotFound)
	}
	_, err = l.Resolve(e.ctx, registrar.Decision{Operation: "conformance-no-such", Version: "conformance", Verdict: registrar.VerdictDone, By: "conformance"})
	e.mustBe("Resolve of no operation", err, registrar.NotFound)
	_, err = l.Domain(e.ctx, e.domain())
	e.mustBe("Domain", err, registrar.NotFound)
	return nil
}

// stages returns an operation as Submit returned it, as it is read after that, and at its end.
func (e *exam) stages(l *life) ([]registrar.Operation, error) {
	_, op, err := e.submitted(l)
	if err != nil {
		return nil, err
	}
	read, err := l.Operation(e.ctx, op.ID)
	if err != nil {
		return nil, err
	}
	ended, err := e.conclude(l, op.ID)
	return []registrar.Operation{op, read, ended}, err
}

func hasStates(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	stages, err := e.stages(l)
	for _, op := range stages {
		switch {
		case !slices.Contains(registrar.OperationStates(), op.State):
			e.broken("the state %q is none of the contract", op.State)
		case op.State.WaitsForPerson() && op.WaitsFor == "":
			e.broken("an operation is %s and does not say what it waits for", op.State)
		case op.State.Final() && op.WaitsFor != "":
			e.broken("an operation is %s and waits for %q", op.State, op.WaitsFor)
		case op.State.Final() == op.FinishedAt.IsZero():
			e.broken("an operation is %s and has the end %s", op.State, op.FinishedAt)
		}
	}

	return err
}

func hasHistory(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	stages, err := e.stages(l)
	if err != nil {
		return err
	}

	// The first stage is Submit's answer, which need not have a history. See Operation.History.
	for _, op := range stages[1:] {
		if len(op.History) == 0 {
			e.broken("an operation that is %s has no history", op.State)
			continue
		}

		if last := op.History[len(op.History)-1]; last.State != op.State {
			e.broken("the history of an operation that is %s ends with %s", op.State, last.State)
		}

		for i, step := range op.History {
			if step.Actor == "" || !slices.Contains(registrar.OperationStates(), step.State) {
				e.broken("a step has the actor %q and the state %q", step.Actor, step.State)
			}
			if i > 0 && step.At.Before(op.History[i-1].At) {
				e.broken("a step at %s stands after one at %s", step.At, op.History[i-1].At)
			}
		}
	}

	return nil
}

func hasEvidence(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	_, op, err := e.concluded(l)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(op.History, func(s registrar.Step) bool { return s.Evidence != "" }) {
		e.broken("no step of an operation that succeeded has evidence")
	}
	return nil
}

func concludes(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	before, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return fmt.Errorf("read the domain of an order: %w", err)
	}

	// The operation may have ended by itself since Submit, so the domain must fit one of the two moments.
	if before.Operation != nil && (before.Operation.ID != op.ID || before.Status == registrar.StatusRegistered) {
		e.broken("while operation %s is open the domain is %s, with the operation %s", op.ID, before.Status, before.Operation.ID)
	}
	if before.Operation == nil && before.Status != registrar.StatusRegistered {
		e.broken("the domain is %s and has no open operation", before.Status)
	}
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}

	after, err := l.Domain(e.ctx, o.Domain)
	if err != nil {
		return err
	}

	if after.Status != registrar.StatusRegistered || after.Operation != nil || after.PaidTill.IsZero() || after.Customer != o.Customer {
		e.broken("the domain is %s for customer %q, paid till %q, with an open operation: %v", after.Status, after.Customer, after.PaidTill, after.Operation != nil)
	}
	if o.Kind == registrar.KindRegister && len(after.Nameservers) != len(o.Nameservers) {
		e.broken("the domain has %d nameservers, and was ordered with %d", len(after.Nameservers), len(o.Nameservers))
	}

	return nil
}

// inUTC reports whether an instant is in UTC, or zero.
func inUTC(t time.Time) bool { return t.IsZero() || t.Location() == time.UTC }

func hasTimes(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	stages, err := e.stages(l)
	if err != nil {
		return err
	}

	for _, op := range stages {
		if op.CreatedAt.IsZero() || op.UpdatedAt.Before(op.CreatedAt) || !op.FinishedAt.IsZero() && op.FinishedAt.Before(op.CreatedAt) {
			e.broken("an operation was created %s, changed %s and finished %s", op.CreatedAt, op.UpdatedAt, op.FinishedAt)
		}

		all := []time.Time{op.CreatedAt, op.UpdatedAt, op.Deadline, op.FinishedAt}
		for _, s := range op.History {
			all = append(all, s.At)
		}

		for _, t := range all {
			if !inUTC(t) {
				e.broken("an instant of an operation is %s, which is not UTC", t)
			}
		}
	}

	return nil
}
