package ordering

import (
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// What a customer whom R01 knows gives otherwise than before is changed at R01 first, by a request of
// its own, and then the domain is asked for. r01-mail 2.7

// changes is what an order gives otherwise than R01 knows of its client, and may be told by mail.
func changes(tx *store.Tx, c store.Client, given *registrar.Registrant) (registrar.Registrant, error) {
	known, err := engine.ContactOf(tx, c)
	if err != nil || known == nil || given == nil {
		return registrar.Registrant{}, err
	}
	return mailform.OtherContact(*known, *given), nil
}

// change is the request that changes a client before a domain of an order; ok is false when there is
// nothing to change. Where another change of the client is under way the order waits for that, and is
// compared again.
func (ord *Orders) change(tx *store.Tx, c store.Client, given *registrar.Registrant) (r store.Request, ok bool, err error) {
	changed, err := changes(tx, c, given)
	if err != nil || len(changed.Fields) == 0 {
		return r, false, err
	}
	r, err = tx.Requests.Change(c.Handle)
	switch {
	case err == nil && r.Lifecycle().Leads:
		return r, true, nil
	case err == nil:
		return r, true, registrar.Errorf(registrar.Precondition, "client %s is being changed by an order of its own: wait for its end, and order again", c.Handle)
	case !errors.Is(err, store.ErrNotFound):
		return r, false, err
	}

	t, problems := mailform.UpdateClient(c.Handle, changed)
	if err := registrar.InvalidOrder(problems); err != nil {
		return r, true, err
	}
	r, err = ord.addRequest(tx, store.Request{Kind: lifecycle.UpdateClient, Object: c.Handle, Client: c.ID}, []mailform.Template{t})
	return r, true, err
}

// changeNext lets an operation go on with a change of its client, whose registration or change has
// just ended, if its order still gives something else.
func (ord *Orders) changeNext(tx *store.Tx, op *store.Operation, given *registrar.Registrant) (bool, error) {
	if op.Client == 0 || given == nil {
		return false, nil
	}
	c, err := tx.Clients.Get(op.Client)
	if err != nil {
		return false, err
	}
	r, ok, err := ord.change(tx, c, given)
	if !ok || err != nil {
		return ok, err
	}

	op.Request, op.State, op.Error, op.WaitsFor = r.ID, r.State, "", lifecycle.WaitsFor(r.Lifecycle())
	return true, tx.Operations.Set(op, store.Change{At: ord.now(), Actor: engine.ByPlugin,
		Message: fmt.Sprintf("%s of %s: R01 must change client %s first", engine.Nouns[op.Kind], mailform.Unicode(op.Domain), c.Handle)})
}

// notes says before an order is paid what becomes of contact data that R01 has otherwise.
func (ord *Orders) notes(tx *store.Tx, o registrar.Order, p plan) ([]registrar.Problem, error) {
	if o.Registrant == nil || !o.Kind.Acquires() {
		return nil, nil
	}
	c, err := ord.findClient(tx, o, p)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Identity == "" {
		return []registrar.Problem{mailform.NoteUnknown(c.Handle)}, nil
	}
	changed, err := changes(tx, c, o.Registrant)
	return mailform.NoteChanges(c.Handle, changed), err
}
