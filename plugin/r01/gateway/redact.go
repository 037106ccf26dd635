package gateway

import (
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// redact hides what others' words repeat of the registrants of requests: words end in the
// Action Log and before people who need not know.
func (g *Gateway) redact(tx *store.Tx, words string, requests ...store.Request) (string, error) {
	if words == "" {
		return "", nil
	}
	var templates []mailform.Template
	for _, r := range requests {
		sent, err := templatesOf(tx, r.ID)
		if err != nil {
			return "", err
		}
		known, err := g.clientOf(tx, r)
		if err != nil {
			return "", err
		}
		templates = append(append(templates, sent...), known...)
	}
	return mailform.Redact(words, templates...), nil
}

// redactNotice does the same for a word about a domain that may answer no request.
func (g *Gateway) redactNotice(tx *store.Tx, words, domain string, thread []store.Request) (string, error) {
	if len(thread) > 0 {
		for _, r := range thread {
			var err error
			if words, err = g.redact(tx, words, r); err != nil {
				return "", err
			}
		}
		return words, nil
	}
	holder, err := g.holder(tx, domain)
	if err != nil {
		return "", err
	}
	return mailform.Redact(words, holder...), nil
}

func templatesOf(tx *store.Tx, request string) (templates []mailform.Template, err error) {
	body, err := tx.RequestBody(request)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if err := json.Unmarshal(body, &templates); err != nil {
		return nil, fmt.Errorf("read body of request %s: %w", request, err)
	}
	return templates, nil
}

// clientOf is the client that a request is about, or whose domain it is about, as we
// registered it; none for a handle that was taken over.
func (g *Gateway) clientOf(tx *store.Tx, r store.Request) ([]mailform.Template, error) {
	if r.Client != 0 {
		return g.contact(tx, r.Client)
	}
	if r.Kind.AboutClient() {
		return g.clientByHandle(tx, r.Object)
	}
	return g.holder(tx, r.Object)
}

// holder is the client that holds a domain.
func (g *Gateway) holder(tx *store.Tx, domain string) ([]mailform.Template, error) {
	d, err := tx.Domain(domain)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.clientByHandle(tx, d.Handle)
}

func (g *Gateway) clientByHandle(tx *store.Tx, handle string) ([]mailform.Template, error) {
	c, err := tx.ClientByHandle(handle)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.contact(tx, c.ID)
}

func (g *Gateway) contact(tx *store.Tx, client int64) ([]mailform.Template, error) {
	contact, err := tx.Contact(client)
	if err != nil || contact == nil {
		return nil, err
	}
	var registrant registrar.Registrant
	if err := json.Unmarshal(contact, &registrant); err != nil {
		return nil, fmt.Errorf("read contact of client %d: %w", client, err)
	}
	// It was checked when it was ordered.
	t, _ := mailform.Client("", registrant, registrar.DateOf(g.now()))
	return []mailform.Template{t}, nil
}

// requestsOf are the present requests of operations.
func requestsOf(tx *store.Tx, ids []registrar.OperationID) (requests []store.Request, err error) {
	for _, id := range ids {
		op, err := tx.Operation(id)
		if err != nil {
			return nil, err
		}
		r, err := tx.Request(op.Request)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, nil
}

// requestsNamed are those that a stored mail was matched to, or may belong to.
func requestsNamed(tx *store.Tx, id registrar.MailID) (requests []store.Request, err error) {
	m, err := tx.Mail(id)
	if err != nil {
		return nil, err
	}
	if m.Request != "" {
		r, err := tx.Request(m.Request)
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	e, err := tx.Review(reviewOf(id))
	if errors.Is(err, store.ErrNotFound) {
		return requests, nil
	}
	if err != nil {
		return nil, err
	}
	possible, err := requestsOf(tx, e.Candidates)
	return append(requests, possible...), err
}

// answered names the request that a mail answers or returns, however it stands by now; "" =
// none.
func (g *Gateway) answered(tx *store.Tx, l letter) (string, error) {
	b, err := g.bind(tx, l)
	if err != nil || len(b.requests) > 0 {
		return alone(b.requests), err
	}
	returned, err := g.bounced(tx, l)
	return alone(returned), err
}

// readable is the subject and the text of a mail, as people may read them.
func (g *Gateway) readable(tx *store.Tx, msg message.Message, requests []store.Request) (subject, text string, err error) {
	subject, err = g.redact(tx, mailform.Mask(msg.Subject), requests...)
	if err != nil {
		return "", "", err
	}
	text, err = g.redact(tx, mailform.Mask(msg.Shown), requests...)
	return subject, text, err
}
