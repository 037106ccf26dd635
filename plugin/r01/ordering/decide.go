package ordering

import (
	"context"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// verdicts are what a person's decision is to a request.
var verdicts = map[registrar.Verdict]lifecycle.Event{
	registrar.VerdictDone:   lifecycle.SaidDone,
	registrar.VerdictFailed: lifecycle.SaidNot,
	registrar.VerdictResend: lifecycle.Resend,
	registrar.VerdictCancel: lifecycle.Withdrawn,
}

// Resolve records a person's verdict on an operation.
func (ord *Orders) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Operation{}, err
	}

	reason := d.Note
	if reason == "" {
		reason = "decided by " + d.By
	}

	f := engine.Fact{Actor: d.By, Evidence: registrar.EvidencePerson, Reason: reason, Note: d.Note, DueAt: ord.now()}
	err := ord.engine.Write(ctx, func(tx *store.Tx) error {
		op, err := engine.OperationOf(tx, d.Operation)
		if err != nil {
			return err
		}
		if err := op.CheckVersion(d.Version); err != nil {
			return err
		}
		return ord.resolve(tx, op, engine.PersonSays(verdicts[d.Verdict], d.Version, d.Note), f)
	})
	if err != nil {
		return registrar.Operation{}, engine.Fault(err, "operation "+string(d.Operation))
	}

	return engine.ReadOperation(ctx, ord.store, d.Operation)
}

// resolve withdraws just one operation when others share its request; every other verdict
// is on the request itself.
func (ord *Orders) resolve(tx *store.Tx, op store.Operation, e lifecycle.Evidence, f engine.Fact) error {
	sharing, err := tx.Operations.OpenOf(op.Request)
	if err != nil {
		return err
	}
	if e.Event != lifecycle.Withdrawn || len(sharing) < 2 {
		return ord.engine.MoveOperation(tx, op, e, f)
	}
	if op.State != registrar.Queued {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be withdrawn", op.ID, op.State)
	}
	op.State, op.Error = registrar.Cancelled, f.Reason
	c := store.Change{At: ord.now(), Message: "withdrawn before it was sent", Actor: f.Actor, Evidence: f.Evidence}
	if err := tx.Operations.Set(&op, c); err != nil {
		return err
	}
	return ord.timeline.Tell(tx, op, registrar.EventDecision, c)
}
