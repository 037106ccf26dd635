package ordering

import (
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// beginning is the status of a domain whose order has just come.
func beginning(k registrar.OperationKind) registrar.DomainStatus {
	status, _ := lifecycle.DomainStatus(k, registrar.Queued)
	return status
}

// goOn continues an operation whose client R01 knows.
func (ord *Orders) goOn(tx *store.Tx, op store.Operation, handle string, t mailform.Template) (store.Request, error) {
	if by, ok := lifecycle.Assisted(op.Kind); ok {
		return ord.leaveToPerson(tx, op, by, handle)
	}
	return ord.newDomain(tx, op, handle, t)
}

// leaveToPerson stores a request that waits for a person from the start. handle is the client
// that the domain is acquired for; "" when the domain is ours already.
func (ord *Orders) leaveToPerson(tx *store.Tx, op store.Operation, by lifecycle.Kind, handle string) (store.Request, error) {
	// In a trade the domain stays with its present client until a person says that the trade is done. r01-mail 2.9
	if op.Kind.Acquires() {
		if err := ord.setHandle(tx, op.Domain, handle); err != nil {
			return store.Request{}, err
		}
	}

	r, err := ord.addRequest(tx, store.Request{Kind: by, Object: op.Domain, Client: op.Client}, nil)
	if err != nil {
		return r, err
	}
	decision, ok := lifecycle.Weigh(r.Lifecycle(), engine.QueueSays(lifecycle.ByHand)).Decision()
	if !ok {
		return r, fmt.Errorf("%s %s: it can't be left to a person", by, op.Domain)
	}

	d, err := tx.Domains.Record(op.Domain)
	if err != nil {
		return r, err
	}
	// No operation has this request yet: the caller reports its own operation.
	_, err = tx.Requests.Advance(&r, decision, store.Change{At: ord.now(), Deadline: ord.engine.RemindAt(by, d.PaidTill)})
	return r, err
}

// goOnByPerson leaves an operation to a person once its client is registered.
func (ord *Orders) goOnByPerson(tx *store.Tx, op *store.Operation, by lifecycle.Kind, handle string) error {
	r, err := ord.leaveToPerson(tx, *op, by, handle)
	if err != nil {
		return err
	}
	op.Request, op.State, op.Error, op.Deadline = r.ID, r.State, "", r.Deadline
	op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle())

	c := store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: engine.Describe(r, engine.Fact{Event: lifecycle.ByHand})}
	if err := tx.Operations.Set(op, c); err != nil {
		return err
	}
	if err := ord.instruct(tx, *op); err != nil {
		return err
	}
	return ord.engine.Alarm(tx, r.Lifecycle(), engine.Fact{}, []store.Operation{*op})
}

// instruct writes the steps into the history and the event record.
func (ord *Orders) instruct(tx *store.Tx, op store.Operation) error {
	d, err := tx.Domains.Get(op.Domain)
	if err != nil {
		return err
	}

	// In a trade the domain goes to another client than the one that holds it.
	gets := d.Handle
	if op.Client != 0 {
		c, err := tx.Clients.Get(op.Client)
		if err != nil {
			return err
		}
		gets = c.Handle
	}

	for _, step := range steps(op.Kind, d, gets) {
		c := store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: step}
		if _, err := tx.Operations.Note(op.Request, c); err != nil {
			return err
		}
		if err := ord.timeline.Tell(tx, op, registrar.EventOperation, c); err != nil {
			return err
		}
	}
	return nil
}
