package ordering

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// If a customer whom R01 knows gives other contact data than before, a request of its own
// changes them at R01 first, and then the domain is asked for. r01-mail 2.7

// changes returns what an order gives differently from what R01 knows of its client, as far as mail can change it.
func changes(tx *store.Tx, c store.Client, given *registrar.Registrant) (registrar.Registrant, error) {
	known, err := engine.ContactOf(tx, c)
	if err != nil || known == nil || given == nil {
		return registrar.Registrant{}, err
	}
	return mailform.OtherContact(*known, *given), nil
}

// change returns the request that changes a client before a domain of an order; ok is false
// when there is nothing to change. Orders with the same contact share the request.
func (ord *Orders) change(tx *store.Tx, c store.Client, given *registrar.Registrant) (r store.Request, ok bool, err error) {
	changed, err := changes(tx, c, given)
	if err != nil || len(changed.Fields) == 0 {
		return r, false, err
	}
	t, problems := mailform.UpdateClient(c.Handle, changed)
	if err := registrar.InvalidOrder(problems); err != nil {
		return r, true, err
	}
	r, found, err := underWay(tx, c, t)
	if found || err != nil {
		return r, true, err
	}
	r, err = ord.addRequest(tx, store.Request{Kind: lifecycle.UpdateClient, Object: c.Handle, Client: c.ID}, []mailform.Template{t})
	return r, true, err
}

// underWay finds the same change of a client under way. A different change, or a registration of
// the client with other data, must end first: no order waits because of what another order says.
func underWay(tx *store.Tx, c store.Client, t mailform.Template) (r store.Request, found bool, err error) {
	if c.State != registrar.HandleRegistered {
		return r, false, registrar.Errorf(registrar.Precondition, "client %s is being registered with another contact: wait until R01 has it, and order again", c.Handle)
	}

	r, err = tx.Requests.Change(c.Handle)
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}

	body, err := tx.Requests.Body(r.ID)
	if err != nil {
		return r, false, err
	}

	// A change that was ordered by itself leads to no domain, so nothing would continue after it.
	same, err := json.Marshal([]mailform.Template{t})
	if err != nil || !r.Lifecycle().Leads || !bytes.Equal(body, same) {
		return r, false, cmp.Or(err, error(registrar.Errorf(registrar.Precondition, "client %s is being changed already, to another contact: wait for its end, and order again", c.Handle)))
	}
	return r, true, nil
}

// notes says, before an order is paid, what becomes of contact data that R01 knows differently.
func (ord *Orders) notes(tx *store.Tx, o registrar.Order, p plan) ([]registrar.Problem, error) {
	if o.Registrant == nil || !o.Kind.NeedsRegistrant() {
		return nil, nil
	}

	c, err := ord.findClient(tx, o)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}

	// The domain was taken over, and it is not known what R01 has recorded about its client.
	if c.Identity == "" {
		return []registrar.Problem{mailform.NoteUnknown(c.Handle)}, nil
	}
	changed, err := changes(tx, c, o.Registrant)
	if err != nil || len(changed.Fields) == 0 {
		return nil, err
	}

	t, problems := mailform.UpdateClient(c.Handle, changed)
	if err := registrar.InvalidOrder(problems); err != nil {
		return nil, err
	}
	// Checked before the payment: after it the order would be refused.
	if _, _, err := underWay(tx, c, t); err != nil {
		return nil, err
	}
	return mailform.NoteChanges(c.Handle, changed), nil
}
