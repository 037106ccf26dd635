package ordering

import (
	"context"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// verdicts are the events that a person's verdicts cause.
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

	f := engine.Fact{Actor: d.By, Evidence: registrar.EvidencePerson, Reason: masked(reason, d.AuthCode), Note: masked(d.Note, d.AuthCode), DueAt: ord.now()}
	err := ord.engine.Write(ctx, func(tx *store.Tx) error {
		op, err := engine.OperationOf(tx, d.Operation)
		if err != nil {
			return err
		}
		// Compared in the transaction that moves the operation, so that nine of ten equal
		// decisions find another version.
		if err := op.CheckVersion(d.Version); err != nil {
			return err
		}
		if err := wrongCode(op, d); err != nil {
			return err
		}

		e := engine.PersonSays(verdicts[d.Verdict], d.Version, d.Note)
		e.Code = d.AuthCode != ""
		if err := ord.resolve(tx, op, e, f); err != nil || !e.Code {
			return err
		}
		// In the commit of the decision, so that a code that is reported as there can be read.
		return tx.Operations.KeepCode(op.ID, d.AuthCode)
	})
	if err != nil {
		return registrar.Operation{}, engine.Fault(err, "operation "+string(d.Operation))
	}

	return engine.ReadOperation(ctx, ord.store, d.Operation)
}

// wrongCode refuses a text that can't be a transfer code, and a code that does not belong to the verdict.
func wrongCode(op store.Operation, d registrar.Decision) error {
	if d.AuthCode == "" || op.State.Final() { // what has ended takes no decision at all
		return nil
	}
	p := registrar.Problem{Path: "auth_code", Code: "superfluous", Message: "belongs to no decision but that a transfer code was got: leave it out"}
	if op.Kind == registrar.KindAuthCode && d.Verdict == registrar.VerdictDone {
		if isCode(d.AuthCode) {
			return nil
		}
		p.Code, p.Message = "code", fmt.Sprintf("must be one line of at most %d printable characters", longestCode)
	}
	return registrar.InvalidDecision([]registrar.Problem{p})
}

// masked replaces a transfer code in what a person writes beside it.
func masked(text string, code registrar.AuthCode) string {
	if code == "" {
		return text
	}
	return strings.ReplaceAll(text, string(code), code.String())
}

// resolve withdraws only one operation when others share its request; every other verdict is about the request itself.
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
