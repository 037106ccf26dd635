package ordering

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// begin stores the operation with its first request.
func (ord *Orders) begin(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) error {
	// The record first: the requests write into it which client the domain is for.
	if err := ord.prepareDomain(tx, o); err != nil {
		return err
	}

	first, err := ord.firstRequest(tx, op, o, p)
	if err != nil {
		return err
	}

	op.Request, op.State = first.ID, first.State
	op.WaitsFor = lifecycle.WaitsFor(first.Lifecycle())

	// Only what later steps need of the order is kept; its contact is stored with the client.
	order, err := json.Marshal(engine.StoredOrder{Nameservers: o.Nameservers})
	if err != nil {
		return fmt.Errorf("store order: %w", err)
	}

	c := store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: firstStep(*op, first)}
	if err := tx.Operations.Add(*op, order, c); err != nil {
		return err
	}

	if first.State.WaitsForPerson() { // it joins a client request that stands
		if err := ord.engine.Alarm(tx, first.Lifecycle(), engine.Fact{Reason: first.Error}, []store.Operation{*op}); err != nil {
			return err
		}
	}

	if first.Kind.ByPerson() {
		// The request moved to a person before there was an operation to take its deadline.
		if err := errors.Join(tx.Requests.SetDeadline(first, first.Deadline), ord.instruct(tx, *op)); err != nil {
			return err
		}
	}

	ord.log.Info("operation begun", "operation", op.ID, "order", op.Order, "kind", op.Kind, "domain", op.Domain, "request", first.ID)
	return ord.timeline.Tell(tx, *op, registrar.EventOperation, c)
}

func firstStep(op store.Operation, first store.Request) string {
	text := engine.Nouns[op.Kind] + " of " + mailform.Unicode(op.Domain) + ": begun"
	switch first.Kind {
	case lifecycle.NewClient:
		text += "; R01 must register client " + first.Object + " first"
	case lifecycle.UpdateClient:
		if op.Kind.NeedsRegistrant() {
			text += "; R01 must change client " + first.Object + " first"
		}
	}
	return text
}

// prepareDomain makes the domain's record, and clears what an earlier attempt left on it.
func (ord *Orders) prepareDomain(tx *store.Tx, o registrar.Order) error {
	if !o.Kind.Acquires() {
		return nil
	}
	d, err := tx.Domains.Get(o.Domain)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, a := range d.Alarms {
		if err := ord.alarms.Clear(tx, a.Key, o.Domain); err != nil {
			return err
		}
	}
	return tx.Domains.Put(registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: beginning(o.Kind),
		Renewal: ord.settings.Renewal, Nameservers: o.Nameservers}, ord.now())
}

func (ord *Orders) firstRequest(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) (store.Request, error) {
	switch p.kind {
	case lifecycle.NewClient:
		return ord.registerFirst(tx, op, o, p)
	case lifecycle.Prolong:
		return ord.addRequest(tx, store.Request{Kind: p.kind, Object: o.Domain, Base: o.PaidTill}, p.templates)
	case lifecycle.AuthCode, lifecycle.Delete:
		return ord.leaveToPerson(tx, *op, p.kind, "")
	}
	return ord.updateFirst(tx, o, p)
}

func (ord *Orders) updateFirst(tx *store.Tx, o registrar.Order, p plan) (store.Request, error) {
	d, err := tx.Domains.Get(o.Domain)
	if err != nil {
		return store.Request{}, err
	}
	t, problems := p.about(d.Handle)
	if err := registrar.InvalidOrder(problems); err != nil {
		return store.Request{}, err
	}
	r := store.Request{Kind: p.kind, Object: o.Domain}
	if p.kind.AboutClient() {
		r.Object = d.Handle
	}
	return ord.addRequest(tx, r, []mailform.Template{t})
}

// registerFirst registers a client before its domain. If R01 knows the client, its domain is
// requested at once, or after a change of the client; a new client is registered first; a
// registration that is under way is waited for.
func (ord *Orders) registerFirst(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) (store.Request, error) {
	c, err := ord.findClient(tx, o)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ord.newClient(tx, op, o)
	case err != nil:
		return store.Request{}, err
	}

	op.Client = c.ID
	if r, ok, err := ord.change(tx, c, o.Registrant); ok || err != nil {
		return r, err
	}

	if c.State == registrar.HandleRegistered {
		t, problems := p.about(c.Handle)
		if err := registrar.InvalidOrder(problems); err != nil {
			return store.Request{}, err
		}
		return ord.goOn(tx, *op, c.Handle, t)
	}

	// One request serves all orders that wait for this client. r01-mail 4.3
	return tx.Requests.OfClient(c.ID)
}

func (ord *Orders) findClient(tx *store.Tx, o registrar.Order) (store.Client, error) {
	for _, identity := range ord.identities(*o.Registrant) {
		c, err := tx.Clients.ByIdentity(o.Customer, identity)
		if !errors.Is(err, store.ErrNotFound) {
			return c, err
		}
	}
	if o.Kind == registrar.KindTrade { // what was adopted is the present registrant, as far as we know
		return store.Client{}, store.ErrNotFound
	}
	return tx.Clients.Adopted(o.Customer, o.Registrant.Kind)
}

func (ord *Orders) newClient(tx *store.Tx, op *store.Operation, o registrar.Order) (store.Request, error) {
	number, err := tx.Count("handle", int64(ord.settings.Handles.Counter))
	if err != nil {
		return store.Request{}, err
	}
	h := ord.settings.Handles
	handle := mailform.Handle(h.Prefix, uint64(number), ord.random()[:6], o.Registrant.Kind, h.Suffix)
	contact, err := json.Marshal(mailform.Normal(*o.Registrant))
	if err != nil {
		return store.Request{}, fmt.Errorf("store contact: %w", err)
	}

	// Only the first mark: the others are those of earlier versions.
	c, err := tx.Clients.Add(store.Client{Customer: o.Customer, Kind: o.Registrant.Kind, Identity: ord.identities(*o.Registrant)[0],
		Handle: handle, State: registrar.HandlePending, CreatedAt: ord.now()}, contact)
	if err != nil {
		return store.Request{}, err
	}
	op.Client = c.ID
	return ord.addRequest(tx, store.Request{Kind: lifecycle.NewClient, Object: handle, Client: c.ID}, []mailform.Template{ord.planner.clientTemplate(handle, *o.Registrant)})
}

// ClientRegistered continues an operation whose client has just been registered.
func (ord *Orders) ClientRegistered(tx *store.Tx, op *store.Operation, handle string) error {
	if by, ok := lifecycle.Assisted(op.Kind); ok {
		return ord.goOnByPerson(tx, op, by, handle)
	}

	order, err := engine.OrderOf(tx, op.ID)
	if err != nil {
		return err
	}

	t, problems := mailform.NewDomain(op.Domain, handle, order.Nameservers)
	if len(problems) > 0 {
		return fmt.Errorf("request %s: %w", op.Domain, registrar.InvalidOrder(problems))
	}

	r, err := ord.newDomain(tx, *op, handle, t)
	if err != nil {
		return err
	}

	// The reason why the client's request stood still is gone.
	op.Request, op.State, op.Error = r.ID, r.State, ""
	op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle())
	return tx.Operations.Set(op, store.Change{At: ord.now(), Actor: engine.ByPlugin, Message: "registration of " + mailform.Unicode(op.Domain) + ": request prepared"})
}

func (ord *Orders) newDomain(tx *store.Tx, op store.Operation, handle string, t mailform.Template) (store.Request, error) {
	if err := ord.setHandle(tx, op.Domain, handle); err != nil {
		return store.Request{}, err
	}
	return ord.addRequest(tx, store.Request{Kind: lifecycle.NewDomain, Object: op.Domain, Client: op.Client}, []mailform.Template{t})
}

// setHandle records which client a domain is acquired for.
func (ord *Orders) setHandle(tx *store.Tx, domain, handle string) error {
	d, err := tx.Domains.Get(domain)
	if err != nil {
		return err
	}
	d.Handle = handle
	return tx.Domains.Put(d, ord.now())
}

// addRequest stores a request.
func (ord *Orders) addRequest(tx *store.Tx, r store.Request, templates []mailform.Template) (store.Request, error) {
	fresh, err := ord.newRequest(r, templates)
	if err != nil {
		return store.Request{}, err
	}
	added, err := tx.Requests.Add(fresh.Request, fresh.Body)
	if errors.Is(err, store.ErrExists) && r.Kind == lifecycle.UpdateClient {
		return r, registrar.Errorf(registrar.Precondition, "client %s is being changed already, for another domain or by another order: wait for its end, and order again", r.Object)
	}
	if errors.Is(err, store.ErrExists) {
		return r, registrar.Errorf(registrar.Precondition, "a request for %s exists already and is never sent twice", r.Object)
	}
	return added, err
}

// newRequest makes a request with an identity that all its transmissions share. r01-mail 1.2
func (ord *Orders) newRequest(r store.Request, templates []mailform.Template) (store.Fresh, error) {
	body, err := json.Marshal(templates)
	if err != nil {
		return store.Fresh{}, fmt.Errorf("store request: %w", err)
	}
	m := ord.engine.NewIdentity("rq-")
	r.ID, r.Agreement, r.Token, r.MessageID = m.ID, ord.settings.Agreement, m.Token, m.MessageID
	r.CreatedAt, r.DueAt = m.CreatedAt, m.CreatedAt
	return store.Fresh{Request: r, Body: body}, nil
}

func (ord *Orders) operationID() registrar.OperationID {
	return registrar.OperationID("op-" + strings.ToLower(ord.random()[:16]))
}
