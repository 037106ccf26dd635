package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const (
	// mostSearched bounds how many mails that are tied to no request one erasure opens.
	mostSearched = 20_000
	searchAtOnce = 50
	// mostSearchedOf is how many bytes of one mail are read; a stranger's mail is cut to fewer.
	mostSearchedOf = 1 << 20
)

// search finds the mails that are tied to no request and are about a customer whose contacts may go.
type search struct {
	*Eraser
	traces  mailform.Traces
	removed int64
	waiting []registrar.Kept // what a person has yet to look at
	more    bool             // it ended before the last mail
}

// unbound removes the mails of no request that are about a customer. It opens them, the newest
// first, without keeping writers waiting.
func (er *Eraser) unbound(ctx context.Context, f store.Finished) (*search, error) {
	s := &search{Eraser: er}
	if f.Customer == "" { // by their age keep.mails removes them
		return s, nil
	}

	templates, err := er.goingContacts(ctx, f)
	if err != nil || len(templates) == 0 {
		return s, err
	}
	s.traces = mailform.TracesOf(templates...)

	var last store.Unbound
	for opened := 0; ; opened += searchAtOnce {
		if s.more = opened >= mostSearched; s.more {
			return s, nil
		}

		page, err := Look(ctx, er.store, func(tx *store.Tx) ([]store.Unbound, error) {
			return tx.Erasures.Unbound(last, searchAtOnce, mostSearchedOf)
		})
		if err != nil || len(page) == 0 {
			return s, err
		}
		if err := s.through(ctx, page); err != nil {
			return s, err
		}
		last = page[len(page)-1]
	}
}

// goingContacts lists what is known of the registrants of a customer whose contacts may go.
func (er *Eraser) goingContacts(ctx context.Context, f store.Finished) ([]mailform.Template, error) {
	return Look(ctx, er.store, func(tx *store.Tx) (templates []mailform.Template, err error) {
		for last := int64(0); ; {
			ids, err := tx.Erasures.FindClients(f, last, eraseAtOnce)
			if err != nil || len(ids) == 0 {
				return templates, err
			}
			for _, id := range ids {
				contact, err := tx.Clients.Contact(id)
				if err != nil {
					return nil, err
				}
				var r registrar.Registrant
				if err := json.Unmarshal(contact, &r); err != nil {
					return nil, fmt.Errorf("read contact of client %d: %w", id, err)
				}
				t, _ := mailform.Client("", r, registrar.DateOf(er.now())) // it was checked when it was ordered
				templates = append(templates, t)
			}
			last = ids[len(ids)-1]
		}
	})
}

// through removes from a page of mails those that are about the customer.
func (s *search) through(ctx context.Context, page []store.Unbound) error {
	var going []registrar.MailID
	for _, m := range page {
		switch {
		case !s.traces.In(readable(m)):
		case m.Settled:
			going = append(going, m.ID)
		// A person has to read it first. The answer to the erasure names it.
		default:
			s.waiting = append(s.waiting, registrar.Kept{What: "mail " + string(m.ID), Why: "it waits for a person to read it"})
		}
	}
	if len(going) == 0 {
		return nil
	}

	var n int64
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		n = 0
		for _, id := range going {
			one, err := tx.Erasures.Mail(id)
			if err != nil {
				return err
			}
			n += one
		}
		return nil
	})
	s.removed += n
	return err
}

// readable is everything that a mail says, and to whom.
func readable(m store.Unbound) string {
	said := []string{m.Heading.From, m.Heading.To, m.Heading.Subject}
	if msg, err := message.Parse(m.Raw); err == nil {
		said = append(append(said, msg.From...), msg.Subject, msg.Text, msg.Quoted, msg.Shown)
	}
	return strings.Join(append(said, string(m.Raw)), "\n")
}
