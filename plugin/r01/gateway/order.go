package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// storedOrder is what later steps of an operation need of its order.
type storedOrder struct {
	Nameservers []registrar.Nameserver `json:"nameservers,omitempty"`
}

// Kinds lists what this gateway can be asked for.
func Kinds() []registrar.OperationKind {
	return []registrar.OperationKind{registrar.KindRegister, registrar.KindTransfer, registrar.KindRenew, registrar.KindUpdate}
}

// Validate finds every mistake of an order, and shows the first mail it would cause, masked.
func (g *Gateway) Validate(ctx context.Context, o registrar.Order) (v registrar.Validation, err error) {
	p, problems := g.vet(o)
	if len(problems) > 0 {
		return registrar.Validation{Problems: problems}, nil
	}
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		var refusal *registrar.Error
		err := g.acceptable(tx, o)
		if errors.As(err, &refusal) {
			v.Problems = []registrar.Problem{{Path: "domain", Message: refusal.Detail}}
			return nil
		}
		if err == nil {
			v.Preview, err = g.preview(tx, o, p)
		}
		return err
	})
	return v, err
}

// vet is plan for an order from outside, whose ID is somebody else's.
func (g *Gateway) vet(o registrar.Order) (plan, []registrar.Problem) {
	p, problems := g.plan(o)
	if !o.ID.Valid() {
		problems = append(problems, registrar.Problem{Path: "id", Message: "must be 1 to 64 of A-Z a-z 0-9 . _ -"})
	}
	return p, problems
}

// acceptable is admissible, or true of an order that was accepted before or has begun without
// being asked for.
func (g *Gateway) acceptable(tx *store.Tx, o registrar.Order) error {
	_, err := tx.OperationByOrder(o.ID)
	if errors.Is(err, store.ErrNotFound) {
		_, err = g.scheduled(tx, o)
	}
	if errors.Is(err, store.ErrNotFound) {
		return g.admissible(tx, o)
	}
	return err
}

// scheduled finds the renewal that the schedule has begun from the very expiry that an order
// starts from: it is what was ordered, and no second one is sent. It serves one order.
func (g *Gateway) scheduled(tx *store.Tx, o registrar.Order) (store.Operation, error) {
	if o.Kind != registrar.KindRenew {
		return store.Operation{}, store.ErrNotFound
	}
	op, err := tx.Renewal(g.settings.Agreement, o.Domain, o.PaidTill)
	if err == nil && o.Customer != "" && o.Customer != op.Customer {
		return store.Operation{}, store.ErrNotFound
	}
	return op, err
}

// join lets an order have the operation that does what it asks for.
func (g *Gateway) join(tx *store.Tx, op store.Operation, o registrar.Order, digest string) error {
	c := store.Change{At: g.now(), Actor: byPlugin, Message: nouns[op.Kind] + " of " + mailform.Unicode(op.Domain) +
		": order " + string(o.ID) + " asks for what the schedule began"}
	if err := tx.JoinOrder(&op, o.ID, digest, c); err != nil {
		return err
	}
	g.log.Info("order joins operation", "operation", op.ID, "order", o.ID, "domain", op.Domain)
	return g.tell(tx, op, registrar.EventOperation, c)
}

func (g *Gateway) preview(tx *store.Tx, o registrar.Order, p plan) (string, error) {
	templates := p.templates
	handle, err := g.handleFor(tx, o, p)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return "", err
	case handle != "" && o.Kind == registrar.KindTransfer:
		return "no mail is sent: " + strings.Join(transferSteps(o.Domain, handle, registrar.Date{}), "\n"), nil
	case handle != "":
		t, problems := p.about(handle)
		if len(problems) > 0 {
			return "", registrar.InvalidOrder(problems)
		}
		templates = []mailform.Template{t}
	}
	return g.compose(p.kind, "", templates).Preview(), nil
}

// handleFor is the handle that the first mail of an order refers to; "" = it refers to none,
// or registers it.
func (g *Gateway) handleFor(tx *store.Tx, o registrar.Order, p plan) (string, error) {
	switch p.kind {
	case lifecycle.NewClient:
		c, err := g.findClient(tx, o, p)
		if err != nil || c.State != registrar.HandleRegistered {
			return "", err
		}
		return c.Handle, nil
	case lifecycle.UpdateDomain, lifecycle.UpdateClient:
		d, err := tx.Domain(o.Domain)
		return d.Handle, err
	}
	return "", nil
}

// Submit stores an order as an operation with its first request.
func (g *Gateway) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	p, problems := g.vet(o)
	if err := registrar.InvalidOrder(problems); err != nil {
		return registrar.Operation{}, err
	}
	var op store.Operation
	err := g.write(ctx, func(tx *store.Tx) (err error) {
		op, err = g.submit(tx, o, p)
		return err
	})
	return op.Operation, err
}

func (g *Gateway) submit(tx *store.Tx, o registrar.Order, p plan) (store.Operation, error) {
	digest := g.digest(o)
	known, err := tx.OperationByOrder(o.ID)
	switch {
	case err == nil:
		return g.repeated(tx, known, o, digest)
	case !errors.Is(err, store.ErrNotFound):
		return store.Operation{}, err
	}

	switch begun, err := g.scheduled(tx, o); {
	case err == nil:
		if err := g.join(tx, begun, o, digest); err != nil {
			return store.Operation{}, err
		}
		return tx.Operation(begun.ID)
	case !errors.Is(err, store.ErrNotFound):
		return store.Operation{}, err
	}
	if err := g.admissible(tx, o); err != nil {
		return store.Operation{}, err
	}
	op := store.Operation{Operation: registrar.Operation{ID: g.operationID(), Order: o.ID, Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, Digest: digest, Customer: o.Customer}
	if err := g.begin(tx, &op, o, p); err != nil {
		return store.Operation{}, err
	}
	return tx.Operation(op.ID)
}

// admissible refuses what our own record of the domain forbids.
func (g *Gateway) admissible(tx *store.Tx, o registrar.Order) error {
	d, err := tx.Domain(o.Domain)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if open := d.Operation; open != nil && (o.Kind != registrar.KindRenew || open.Kind != registrar.KindUpdate) { // an update holds no renewal
		return registrar.Errorf(registrar.Precondition, "%s has an open operation (%s, %s); wait for it", o.Domain, open.Kind, open.State)
	}
	live := slices.Contains([]registrar.DomainStatus{registrar.StatusRegistered, registrar.StatusExpired}, d.Status)
	switch {
	case acquires(o.Kind) && live:
		return registrar.Errorf(registrar.Precondition, "%s is registered here already", o.Domain)
	case !acquires(o.Kind) && !live:
		return registrar.Errorf(registrar.Precondition, "%s is not registered here", o.Domain)
	case live && o.Customer != "" && o.Customer != d.Customer:
		return registrar.Errorf(registrar.Precondition, "%s belongs to another customer", o.Domain)
	case o.Kind == registrar.KindRenew:
		return g.renewable(d, o.PaidTill)
	}
	return nil
}

// renewable refuses what R01 would. r01-mail 4.1
func (g *Gateway) renewable(d registrar.Domain, believed registrar.Date) error {
	if d.PaidTill != believed {
		return registrar.Errorf(registrar.Precondition, "%s is paid till %s, not %s: read it again", d.Name, d.PaidTill, believed)
	}
	open := policy.Open(policy.Today(g.now()))
	switch {
	case open.To.Before(d.PaidTill):
		return registrar.Errorf(registrar.Precondition, "R01 renews %s from %s on, not earlier", d.Name, d.PaidTill.AddDays(-policy.Opens))
	case d.PaidTill.Before(open.From):
		return registrar.Errorf(registrar.Precondition, "R01 renewed %s until %s at the latest", d.Name, d.PaidTill.AddDays(policy.Closes))
	}
	return nil
}

// begin stores the operation with its first request.
func (g *Gateway) begin(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) error {
	if err := g.prepareDomain(tx, o); err != nil {
		return err
	}
	first, err := g.firstRequest(tx, op, o, p)
	if err != nil {
		return err
	}
	op.Request, op.State = first.ID, first.State
	op.WaitsFor = lifecycle.WaitsFor(first.Lifecycle())
	order, err := json.Marshal(storedOrder{Nameservers: o.Nameservers})
	if err != nil {
		return fmt.Errorf("store order: %w", err)
	}
	c := store.Change{At: g.now(), Actor: byPlugin, Message: firstStep(*op, first)}
	if err := tx.AddOperation(*op, order, c); err != nil {
		return err
	}
	if first.State.WaitsForPerson() { // it joins a client request that stands
		if err := g.alarm(tx, first.Lifecycle(), fact{reason: first.Error}, []store.Operation{*op}); err != nil {
			return err
		}
	}
	if first.Kind == lifecycle.Transfer {
		if err := errors.Join(tx.SetDeadline(first, first.Deadline), g.instruct(tx, *op, first.Object)); err != nil {
			return err
		}
	}
	g.log.Info("operation begun", "operation", op.ID, "order", op.Order, "kind", op.Kind, "domain", op.Domain, "request", first.ID)
	return g.tell(tx, *op, registrar.EventOperation, c)
}

func firstStep(op store.Operation, first store.Request) string {
	text := nouns[op.Kind] + " of " + mailform.Unicode(op.Domain) + ": begun"
	if first.Kind == lifecycle.NewClient {
		text += "; R01 must register client " + first.Object + " first"
	}
	return text
}

var nouns = map[registrar.OperationKind]string{
	registrar.KindRegister: "registration", registrar.KindTransfer: "transfer",
	registrar.KindRenew: "renewal", registrar.KindUpdate: "update",
}

// prepareDomain makes the domain's record, and clears what an earlier attempt left on it.
func (g *Gateway) prepareDomain(tx *store.Tx, o registrar.Order) error {
	if !acquires(o.Kind) {
		return nil
	}
	d, err := tx.Domain(o.Domain)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, a := range d.Alarms {
		if err := g.clear(tx, a.Key, o.Domain); err != nil {
			return err
		}
	}
	return tx.PutDomain(registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: beginning(o.Kind),
		Renewal: g.settings.Renewal, Nameservers: o.Nameservers}, g.now())
}

func (g *Gateway) firstRequest(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) (store.Request, error) {
	switch p.kind {
	case lifecycle.NewClient:
		return g.registerFirst(tx, op, o, p)
	case lifecycle.Prolong:
		return g.addRequest(tx, store.Request{Kind: p.kind, Object: o.Domain, Base: o.PaidTill}, p.templates)
	}
	return g.updateFirst(tx, o, p)
}

func (g *Gateway) updateFirst(tx *store.Tx, o registrar.Order, p plan) (store.Request, error) {
	d, err := tx.Domain(o.Domain)
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
	return g.addRequest(tx, r, []mailform.Template{t})
}

// registerFirst registers a client before its domain: a client that R01 knows gets its domain
// request at once, a new one is registered first, and one that is being registered is
// waited for.
func (g *Gateway) registerFirst(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) (store.Request, error) {
	c, err := g.findClient(tx, o, p)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return g.newClient(tx, op, o, p)
	case err != nil:
		return store.Request{}, err
	}
	op.Client = c.ID
	if c.State == registrar.HandleRegistered {
		t, problems := p.about(c.Handle)
		if err := registrar.InvalidOrder(problems); err != nil {
			return store.Request{}, err
		}
		return g.acquire(tx, *op, c.Handle, t)
	}
	return tx.ClientRequest(c.ID)
}

func (g *Gateway) findClient(tx *store.Tx, o registrar.Order, p plan) (store.Client, error) {
	c, err := tx.ClientByIdentity(o.Customer, g.identity(*o.Registrant))
	if errors.Is(err, store.ErrNotFound) {
		return tx.AdoptedClient(o.Customer, o.Registrant.Kind)
	}
	return c, err
}

// identity tells whether two registrants are one: who they are, not how to reach them.
func (g *Gateway) identity(r registrar.Registrant) string {
	parts := []string{"identity", string(r.Kind)}
	for _, key := range mailform.IdentityKeys(r.Kind) {
		parts = append(parts, key, strings.ToLower(strings.Join(r.Fields[key], "\n")))
	}
	return g.store.Fingerprint(parts...)
}

func (g *Gateway) newClient(tx *store.Tx, op *store.Operation, o registrar.Order, p plan) (store.Request, error) {
	number, err := tx.Count("handle", int64(g.settings.Handles.Counter))
	if err != nil {
		return store.Request{}, err
	}
	h := g.settings.Handles
	handle := mailform.Handle(h.Prefix, uint64(number), g.random()[:6], o.Registrant.Kind, h.Suffix)
	contact, err := json.Marshal(o.Registrant)
	if err != nil {
		return store.Request{}, fmt.Errorf("store contact: %w", err)
	}
	c, err := tx.AddClient(store.Client{Customer: o.Customer, Kind: o.Registrant.Kind, Identity: g.identity(*o.Registrant),
		Handle: handle, State: registrar.HandlePending, CreatedAt: g.now()}, contact)
	if err != nil {
		return store.Request{}, err
	}
	op.Client = c.ID
	return g.addRequest(tx, store.Request{Kind: lifecycle.NewClient, Object: handle, Client: c.ID}, []mailform.Template{g.clientTemplate(handle, *o.Registrant)})
}

// ClientRegistered goes on with an operation whose client is registered now.
func (g *Gateway) ClientRegistered(tx *store.Tx, op *store.Operation, handle string) error {
	if op.Kind == registrar.KindTransfer {
		return g.requestTransfer(tx, op, handle)
	}
	order, err := orderOf(tx, op.ID)
	if err != nil {
		return err
	}
	t, problems := mailform.NewDomain(op.Domain, handle, order.Nameservers)
	if len(problems) > 0 {
		return fmt.Errorf("request %s: %w", op.Domain, registrar.InvalidOrder(problems))
	}
	r, err := g.newDomain(tx, *op, handle, t)
	if err != nil {
		return err
	}
	op.Request, op.State, op.Error = r.ID, r.State, ""
	op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle())
	return tx.SetOperation(op, store.Change{At: g.now(), Actor: byPlugin, Message: "registration of " + mailform.Unicode(op.Domain) + ": request prepared"})
}

func (g *Gateway) newDomain(tx *store.Tx, op store.Operation, handle string, t mailform.Template) (store.Request, error) {
	d, err := tx.Domain(op.Domain)
	if err != nil {
		return store.Request{}, err
	}
	d.Handle = handle
	if err := tx.PutDomain(d, g.now()); err != nil {
		return store.Request{}, err
	}
	return g.addRequest(tx, store.Request{Kind: lifecycle.NewDomain, Object: op.Domain, Client: op.Client}, []mailform.Template{t})
}

// addRequest stores a request with an identity that all its transmissions share.
// r01-mail 1.2
func (g *Gateway) addRequest(tx *store.Tx, r store.Request, templates []mailform.Template) (store.Request, error) {
	body, err := json.Marshal(templates)
	if err != nil {
		return store.Request{}, fmt.Errorf("store request: %w", err)
	}
	m := g.newMark("rq-")
	r.ID, r.Agreement, r.Token, r.MessageID = m.id, g.settings.Agreement, m.token, m.messageID
	r.CreatedAt, r.DueAt = m.createdAt, m.createdAt
	r, err = tx.AddRequest(r, body)
	if errors.Is(err, store.ErrExists) {
		return r, registrar.Errorf(registrar.Precondition, "a request for %s exists already and is never sent twice", r.Object)
	}
	return r, err
}
