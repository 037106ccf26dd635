package web

import (
	"net/http"
	"strconv"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// webhookCalls answers about webhooks.
type webhookCalls struct {
	book   orders.Webhooks
	teller Teller
}

func (c webhookCalls) listWebhooks(r *http.Request) (paged[api.Webhook], error) {
	all, err := c.book.Deliveries(r.Context())
	if err != nil {
		return paged[api.Webhook]{}, err
	}
	return cut(r, list(all, deliveryOf), func(w api.Webhook) string { return w.Name })
}

func (c webhookCalls) listDead(r *http.Request) (paged[api.DeadLetter], error) {
	a := query(r)
	after, limit := a.number("after", "the ID of an entry"), a.limit()
	if err := a.err(); err != nil {
		return paged[api.DeadLetter]{}, err
	}
	if limit == 0 {
		limit = orders.MostRows
	}
	found, err := c.book.Dead(r.Context(), r.PathValue("name"), after, limit+1)
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = strconv.FormatInt(found[limit-1].Entry.ID, 10)
	}
	return pageOf(r, found, deadOf, next), err
}

// retryDead sends a dead letter again, and reports the outcome.
func (c webhookCalls) retryDead(r *http.Request, _ none) (api.DeadLetter, error) {
	name := r.PathValue("name")
	id, err := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	if err != nil || id < 1 {
		return api.DeadLetter{}, mistake("entry", "must be the ID of an entry")
	}
	found, err := c.book.Dead(r.Context(), name, id-1, 1)
	if err != nil {
		return api.DeadLetter{}, err
	}
	if len(found) == 0 || found[0].Entry.ID != id {
		return api.DeadLetter{}, registrar.Errorf(registrar.NotFound, "webhook %s has no dead letter %d", name, id)
	}
	// A refusal by the receiver is an answer and no fault: the letter stays, to be sent again.
	if err := c.teller.Again(r.Context(), name, found[0].Entry); err != nil {
		return api.DeadLetter{}, err
	}
	return deadOf(found[0]), nil
}
