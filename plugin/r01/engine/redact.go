package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Redactor hides personal data in what others write.
type Redactor struct {
	now func() time.Time
}

// Redact hides what the words of others repeat of the registrants of requests: words end up in
// the Action Log and before people who need not know.
func (rd *Redactor) Redact(tx *store.Tx, words string, requests ...store.Request) (string, error) {
	if words == "" {
		return "", nil
	}

	var templates []mailform.Template
	for _, r := range requests {
		sent, err := templatesOf(tx, r.ID)
		// It is no longer known what would have to be hidden, so nothing is shown.
		if errors.Is(err, store.ErrRemoved) {
			return erasedWords, nil
		}

		if err != nil {
			return "", err
		}

		known, err := rd.clientOf(tx, r)
		if err != nil {
			return "", err
		}

		templates = append(append(templates, sent...), known...)
	}

	return mailform.Redact(words, templates...), nil
}

func templatesOf(tx *store.Tx, request string) (templates []mailform.Template, err error) {
	body, err := tx.Requests.Body(request)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if err := json.Unmarshal(body, &templates); err != nil {
		return nil, fmt.Errorf("read body of request %s: %w", request, err)
	}
	return templates, nil
}

// clientOf returns, as we registered it, the client that a request is about, or whose domain it
// is about; none for a handle that was taken over.
func (rd *Redactor) clientOf(tx *store.Tx, r store.Request) ([]mailform.Template, error) {
	if r.Kind == lifecycle.Trade { // of whom has it and of who gets it
		holder, err := rd.Holder(tx, r.Object)
		gets, also := rd.contact(tx, r.Client)
		return append(holder, gets...), errors.Join(err, also)
	}
	if r.Client != 0 {
		return rd.contact(tx, r.Client)
	}
	if r.Kind.AboutClient() {
		return rd.clientByHandle(tx, r.Object)
	}
	return rd.Holder(tx, r.Object)
}

// Holder returns the client that holds a domain.
func (rd *Redactor) Holder(tx *store.Tx, domain string) ([]mailform.Template, error) {
	d, err := tx.Domains.Get(domain)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return rd.clientByHandle(tx, d.Handle)
}

func (rd *Redactor) clientByHandle(tx *store.Tx, handle string) ([]mailform.Template, error) {
	c, err := tx.Clients.ByHandle(handle)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return rd.contact(tx, c.ID)
}

func (rd *Redactor) contact(tx *store.Tx, client int64) ([]mailform.Template, error) {
	contact, err := tx.Clients.Contact(client)
	if err != nil || contact == nil {
		return nil, err
	}
	var registrant registrar.Registrant
	if err := json.Unmarshal(contact, &registrant); err != nil {
		return nil, fmt.Errorf("read contact of client %d: %w", client, err)
	}
	// The contact was checked when it was ordered.
	t, _ := mailform.Client("", registrant, registrar.DateOf(rd.now()))
	return []mailform.Template{t}, nil
}
