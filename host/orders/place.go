package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// Place stores an order after its registrar has found no mistake in it. An order that needs no
// payment is paid at once. Nothing is stored if there is a problem. A request under a known ID
// returns the order that it repeats, in its present state; see repeated.
func (s *Service) Place(ctx context.Context, q NewOrder) (Order, error) {
	// Before anything is judged: by now this very order makes the domain unavailable.
	if o, known, err := s.repeated(ctx, q); known || err != nil {
		return s.waits().shown(o), err
	}
	o, err := placeNew(ctx, s, q)
	if err != nil && q.ID != "" {
		if first, known, again := s.repeated(ctx, q); known && again == nil { // the repetition came at the same time
			return s.waits().shown(first), nil
		}
	}
	return o, s.naming(ctx, q, err)
}

func placeNew(ctx context.Context, s *Service, q NewOrder) (Order, error) {
	asked, name, err := s.prepare(ctx, q)
	if err != nil {
		return Order{}, err
	}
	if asked, err = termed(ctx, s.board, name, asked); err != nil {
		return Order{}, err
	}

	// Before the transaction, because a registrar may take long. What may change meanwhile is checked again within it.
	notes, err := s.admit(ctx, name, asked)
	if err != nil {
		return Order{}, err
	}

	o := Order{ID: asked.ID, Kind: asked.Kind, Domain: asked.Domain, Customer: asked.Customer, Registrar: name, State: Unpaid,
		Own: q.Own, Nameservers: asked.Nameservers, PaidTill: asked.PaidTill, Years: asked.Years, DS: asked.DS, Roles: asked.Contacts.Roles(), CreatedAt: s.time(), Notes: notes,
		Reference: entry.Line(q.Reference), Digest: s.digest(q), Attempt: 1, Submission: asked.ID}

	if !o.Own {
		o.ExpiresAt = o.CreatedAt.Add(s.unpaid)
	}

	sealed, err := s.seal(o.ID, asked)
	if err != nil {
		return Order{}, err
	}

	err = s.write(ctx, func(tx *sql.Tx) error {
		// An order that was not paid in time stands in no other's way, even if the rounds have not ended it yet.
		if err := s.gate().expireOn(ctx, tx, o.Domain); err != nil {
			return err
		}
		if err := s.store(ctx, tx, o, sealed); err != nil || !q.Own {
			return err
		}

		// In the same transaction, so that an order which needs no payment is never found waiting for one.
		o, err = s.gate().settle(ctx, tx, o, pay)
		return err
	})

	if err != nil {
		return Order{}, err
	}

	s.log.Info("order placed", "order", o.ID, "kind", o.Kind, "domain", o.Domain, "registrar", o.Registrar, "state", o.State)
	s.toSubmit[o.Registrar].Wake()
	return s.waits().shown(o), nil
}

// prepare turns a request into the registrar's order, and finds the registrar that gets it.
func (s *Service) prepare(ctx context.Context, q NewOrder) (o registrar.Order, name string, err error) {
	if o, err = s.order(q); err != nil {
		return o, "", err
	}

	known, err := s.gate().findFree(ctx, o.Domain)
	if err != nil {
		return o, "", err
	}
	if err := admissible(o.Kind, known); err != nil {
		return o, "", err
	}

	if o.Kind.Acquires() {
		name, err = s.board.Route(o.Domain)
		return o, name, err
	}

	if o.Customer != "" && o.Customer != known.Customer {
		return o, "", input.Mistake("customer", input.Unicode(o.Domain)+" belongs to another customer")
	}

	o.Customer = known.Customer
	if o.Kind == registrar.KindRenew && o.PaidTill.IsZero() {
		o.PaidTill = known.PaidTill
	}

	// The caller has an outdated record, and may be asking for the year that the domain was renewed for already.
	if o.Kind == registrar.KindRenew && o.PaidTill != known.PaidTill {
		return o, "", registrar.Errorf(registrar.Precondition, "%s", otherExpiry(known, o.PaidTill))
	}
	return o, known.Registrar, nil
}

func (s *Service) order(q NewOrder) (registrar.Order, error) {
	domain, err := input.ACE(q.Domain)
	if err != nil {
		return registrar.Order{}, err
	}
	if !slices.Contains(registrar.OperationKinds(), q.Kind) {
		return registrar.Order{}, input.Mistake("kind", fmt.Sprintf("must be one of %v", registrar.OperationKinds()))
	}
	if err := input.Mistakes(oversized(q)); err != nil {
		return registrar.Order{}, err
	}
	if err := input.Mistakes(append(wrongNames(q), wrongPrice(q)...)); err != nil {
		return registrar.Order{}, err
	}
	if err := input.Mistakes(wrongSigners(q)); err != nil {
		return registrar.Order{}, err
	}

	customer, err := input.Customer(q.Customer)
	// A domain that is here has its customer in the list.
	if err != nil && (q.Kind.Acquires() || strings.TrimSpace(q.Customer) != "") {
		return registrar.Order{}, err
	}

	o := registrar.Order{Kind: q.Kind, Domain: domain, Customer: customer, Registrant: normalRegistrant(q.Registrant),
		Nameservers: normalHosts(q.Nameservers), AuthCode: normalCode(q.AuthCode), PaidTill: q.PaidTill, Years: q.Years, AcceptPrice: q.AcceptPrice, DS: q.DS,
		Contacts: normalContacts(q.Contacts)}
	if o.ID = q.ID; o.ID != "" {
		return o, nil
	}

	o.ID, err = s.newID()
	return o, err
}

// wrongSigners lists what is wrong with the DS records of a request.
func wrongSigners(q NewOrder) []registrar.Problem {
	if len(q.DS) > 0 && q.Kind != registrar.KindRegister && q.Kind != registrar.KindUpdate {
		return []registrar.Problem{{Path: "ds", Code: "kind", Message: "belongs to registrations and updates"}}
	}
	return registrar.DelegationProblems(q.DS)
}

// expected lists the statuses of a domain that has been ordered and is not ours yet.
func expected() []registrar.DomainStatus {
	return []registrar.DomainStatus{registrar.StatusPending, registrar.StatusRegistering, registrar.StatusTransferring}
}

// admissible refuses orders that the state of a domain forbids. An unknown domain has no status.
func admissible(k registrar.OperationKind, d Domain) error {
	name := input.Unicode(d.Name)
	switch {
	case slices.Contains(expected(), d.Status):
		return registrar.Errorf(registrar.Precondition, "%s has been ordered already and is %s", name, d.Status)
	case !k.Suits(d.Status) && (k.Acquires() || d.Status.Held()):
		return registrar.Errorf(registrar.Precondition, "%s is %s here already", name, d.Status)
	case !k.Suits(d.Status):
		return registrar.Errorf(registrar.Precondition, "the domain is not registered here, so there is nothing to %s", verb(k))
	case !k.Acquires() && d.Operation != nil:
		return registrar.Errorf(registrar.Precondition, "%s has an open operation, %s (%s); wait for it", name, d.Operation.ID, d.Operation.Kind)
	}
	return nil
}

// verb says what an order of a kind does with a domain.
func verb(k registrar.OperationKind) string {
	if k == registrar.KindAuthCode {
		return "get a transfer code of"
	}
	return string(k)
}

// store inserts an unpaid order, and the domain it is to acquire.
func (s *Service) store(ctx context.Context, tx *sql.Tx, o Order, sealed []byte) error {
	if err := refuseSecond(ctx, tx, o); err != nil {
		return err
	}
	if err := insertOrder(ctx, tx, o, sealed); err != nil {
		return err
	}
	if o.Kind.Acquires() {
		d := Domain{Registrar: o.Registrar, Domain: registrar.Domain{Name: o.Domain, Customer: o.Customer,
			Status: registrar.StatusPending, Nameservers: o.Nameservers}}
		if err := putDomain(ctx, tx, d); err != nil {
			return err
		}
	}
	return s.record(ctx, tx, o, OrderPlaced, registrar.LevelInfo, describe(o))
}

// refuseSecond reads the domain's orders again, now that it holds the writer's lock.
func refuseSecond(ctx context.Context, tx *sql.Tx, o Order) error {
	d, err := selectDomain(ctx, tx, o.Domain)
	if err != nil {
		return err
	}
	if err := admissible(o.Kind, d); err != nil {
		return err
	}
	if !o.Kind.Acquires() && d.Registrar != o.Registrar {
		return registrar.Errorf(registrar.Precondition, "%s has been moved to registrar %s meanwhile; order again", input.Unicode(d.Name), d.Registrar)
	}
	return refuseOpen(ctx, tx, o.Domain)
}

func describe(o Order) string {
	text := fmt.Sprintf("order %s: %s %s for customer %s", o.ID, o.Kind, input.Unicode(o.Domain), o.Customer)
	if o.Own {
		text += ", the provider's own"
	}
	return text
}
