package engine

import (
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// MoveOperation advances the current request of an operation by a person's word.
func (en *Engine) MoveOperation(tx *store.Tx, op store.Operation, e lifecycle.Evidence, f Fact) error {
	if op.State.Final() {
		return registrar.Errorf(registrar.Precondition, "operation %s is %s", op.ID, op.State)
	}

	r, err := tx.Requests.Get(op.Request)
	if err != nil {
		return err
	}

	known := en.known(r)
	// The person has looked at the operation, not at its request.
	known.Version = string(op.Version)
	v := lifecycle.Weigh(known, e)
	switch {
	case v.Action() == lifecycle.Apply:
		return en.advance(tx, &r, v, f)
	case v.Reason() == lifecycle.MovedOn:
		return op.CheckVersion(registrar.Version(e.Saw))
	case v.Reason() == lifecycle.Premature:
		return registrar.Errorf(registrar.Precondition, "the request may still be carried out until %s: wait, or say in a note what shows that it was not (--note)",
			en.settledAt(r).UTC().Format(time.RFC3339))
	case v.Reason() == lifecycle.NoCode:
		return registrar.InvalidDecision([]registrar.Problem{{Path: "auth_code", Code: "required", Message: "is required: the transfer code that was got"}})
	}

	return registrar.Errorf(registrar.Precondition, "operation %s: %s", op.ID, v.Err())
}
