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

// acquire goes on with an operation whose client R01 knows.
func (ord *Orders) acquire(tx *store.Tx, op store.Operation, handle string, t mailform.Template) (store.Request, error) {
	if op.Kind == registrar.KindTransfer {
		return ord.newTransfer(tx, op, handle)
	}
	return ord.newDomain(tx, op, handle, t)
}

// newTransfer stores a request that waits for a person from the start.
func (ord *Orders) newTransfer(tx *store.Tx, op store.Operation, handle string) (store.Request, error) {
	if err := ord.setHandle(tx, op.Domain, handle); err != nil {
		return store.Request{}, err
	}
	r, err := ord.addRequest(tx, store.Request{Kind: lifecycle.Transfer, Object: op.Domain, Client: op.Client}, nil)
	if err != nil {
		return r, err
	}
	decision, ok := lifecycle.Weigh(r.Lifecycle(), engine.QueueSays(lifecycle.ByHand)).Decision()
	if !ok {
		return r, fmt.Errorf("transfer %s: it can't be left to a person", op.Domain)
	}
	// No operation is carried by it yet: the caller tells its own.
	_, err = tx.Requests.Advance(&r, decision, store.Change{At: ord.now(), Deadline: ord.now().Add(engine.TransferWithin)})
	return r, err
}

// requestTransfer goes on with a transfer whose client is registered now.
func (ord *Orders) requestTransfer(tx *store.Tx, op *store.Operation, handle string) error {
	r, err := ord.newTransfer(tx, *op, handle)
	if err != nil {
		return err
	}
	op.Request, op.State, op.Error, op.Deadline = r.ID, r.State, "", r.Deadline
	op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle())
	c := store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: engine.Describe(r, engine.Fact{Event: lifecycle.ByHand})}
	if err := tx.Operations.Set(op, c); err != nil {
		return err
	}
	if err := ord.instruct(tx, *op, op.Domain); err != nil {
		return err
	}
	return ord.engine.Alarm(tx, r.Lifecycle(), engine.Fact{}, []store.Operation{*op})
}

// instruct writes the steps into the history and the event record.
func (ord *Orders) instruct(tx *store.Tx, op store.Operation, domain string) error {
	d, err := tx.Domains.Get(domain)
	if err != nil {
		return err
	}
	for _, step := range transferSteps(domain, d.Handle, d.PaidTill) {
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

// transferSteps are what a person does. field-notes 3.4
func transferSteps(domain, handle string, paidTill registrar.Date) []string {
	until := fmt.Sprintf("not later than %d days before it expires", -engine.TransferCloses)
	if !paidTill.IsZero() {
		until = "by " + paidTill.AddDays(engine.TransferCloses).String() + ", " + until
	}
	return []string{
		"step 1 of 4: have money on the R01 account, and read the transfer code of the order",
		"step 2 of 4: in R01's web interface apply for the transfer of " + mailform.Unicode(domain) + " to client " + handle + " with the code, " + until,
		"step 3 of 4: R01 sends a key to the e-mail address or phone that the registry has of the registrant, within 3 business days; it must be confirmed within 5 days of that",
		"step 4 of 4: when the registry shows R01 the transfer is done here by itself; without whois and zone list resolve it with done",
	}
}
