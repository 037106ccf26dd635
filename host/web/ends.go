package web

import (
	"context"
	"net/http"

	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// ends has the methods about orders that have failed, and about the sealed contacts of orders.
type ends struct {
	orders *orders.Service
	board  *switchboard.Board
}

func (s *Server) routeEnds(t *routes) {
	e := ends{s.orders, s.board}
	t.handle("POST /api/v1/orders/{id}/retry", money, action(s, e.retryOrder), says("Try an order again that was paid and has failed: the same payment, another operation."))
	t.handle("POST /api/v1/orders/{id}/refund", money, action(s, e.refundOrder), says("The payment for an order that has failed was given back."))
	t.handle("POST /api/v1/orders/{id}/dismiss", order, action(s, e.dismissOrder), says("An order that has failed needs no person any more."))
	t.handle("POST /api/v1/orders/{id}/contact", secrets, action(s, e.orderContact), says("The contact data of an order, as they were given; the Action Log records who reads them."))
}

func standingOf(s orders.Standing) api.Standing {
	return api.Standing{Outcome: known(s.Outcome), Reason: known(s.Reason), OperationState: known(s.OperationState)}
}

func orderStandingOf(o orders.Order) api.OrderStanding {
	return api.OrderStanding{Standing: standingOf(o.Standing), WaitsFor: known(o.WaitsFor), WaitsUntil: knownTime(o.WaitsUntil), Attempt: o.Attempt,
		ExpiresAt: knownTime(o.ExpiresAt), RefundedAt: knownTime(o.RefundedAt), DismissedAt: knownTime(o.DismissedAt)}
}

// whyFailed returns why an order has failed; "" = it has not.
func whyFailed(o orders.Order) string {
	if o.Outcome == registrar.OutcomeFailed {
		return o.Reason
	}
	return ""
}

func (e ends) retryOrder(r *http.Request, in api.Retry) (api.Changed, error) {
	if err := checkFor(in.By); err != nil {
		return api.Changed{}, err
	}
	o, changed, err := e.orders.Retry(r.Context(), orders.Again{Order: orderIn(r), Attempt: in.Attempt, Registrant: registrantOf(in.Contact), Contacts: contactsOf(in.Contacts),
		Nameservers: nameservers(in.Nameservers), AuthCode: registrar.AuthCode(in.AuthCode), By: caller(r).Name, For: forWhom(r, in.By)})
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}

func orderIn(r *http.Request) registrar.OrderID { return registrar.OrderID(r.PathValue("id")) }

func (e ends) refundOrder(r *http.Request, in api.GiveUp) (api.Changed, error) {
	return givenUp(r, in, e.orders.Refund)
}

func (e ends) dismissOrder(r *http.Request, in api.GiveUp) (api.Changed, error) {
	return givenUp(r, in, e.orders.Dismiss)
}

func (e ends) orderContact(r *http.Request, in api.ContactReader) (api.OrderContact, error) {
	if err := checkFor(in.By); err != nil {
		return nil, err
	}
	o, contacts, err := e.orders.Contact(r.Context(), orders.Look{Order: orderIn(r), By: caller(r).Name, For: forWhom(r, in.By), Reason: in.Reason})
	if err != nil {
		return nil, err
	}

	out, others := api.OrderContact{}, map[string]api.OrderContact{}
	for _, role := range contacts.Roles() {
		contact := contacts[role]
		form, _, err := e.board.Form(r.Context(), registrar.FormQuery{TLD: e.board.Zone(o.Domain), Kind: o.Kind, Registrant: contact.Kind, Role: role})
		if err != nil {
			form = registrar.Form{} // every field is a list then
		}
		if role == registrar.RoleRegistrant {
			out = contactOf(contact, form)
			continue
		}
		others[string(role)] = contactOf(contact, form)
	}
	if len(others) > 0 {
		out["contacts"] = others
	}
	return out, nil
}

// contactOf writes a contact as a contact file does: a field with one value is no list.
func contactOf(contact registrar.Registrant, form registrar.Form) api.OrderContact {
	out := api.OrderContact{"kind": string(contact.Kind)}
	for key, values := range contact.Fields {
		out[key] = append([]string{}, values...)
	}
	for _, f := range form.Fields {
		switch values := contact.Fields[f.Key]; {
		case f.Multiple || len(values) != 1:
		case f.Type == registrar.FieldYesNo, f.Type == registrar.FieldAgreement:
			out[f.Key] = values[0] == "true"
		default:
			out[f.Key] = values[0]
		}
	}
	return out
}

// givenUp passes on what a person decides about an order that has failed.
func givenUp(r *http.Request, in api.GiveUp, how func(context.Context, orders.Verdict) (orders.Order, bool, error)) (api.Changed, error) {
	if err := checkFor(in.By); err != nil {
		return api.Changed{}, err
	}
	o, changed, err := how(r.Context(), orders.Verdict{Order: orderIn(r), By: caller(r).Name, For: forWhom(r, in.By), Note: in.Note})
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}
