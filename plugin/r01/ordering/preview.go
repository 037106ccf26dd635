package ordering

import (
	"errors"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// foreseen is a mail that an order will cause.
type foreseen struct {
	kind      lifecycle.Kind
	templates []mailform.Template
	when      string
}

// preview shows every mail that an order causes, in their order, with the fields of its
// envelope; the password and personal data are masked.
func (ord *Orders) preview(tx *store.Tx, o registrar.Order, p plan) (string, error) {
	mails, err := ord.foresee(tx, o, p)
	if err != nil {
		return "", err
	}

	var parts []string
	for i, m := range mails {
		text, err := ord.show(m)
		if err != nil {
			return "", err
		}
		parts = append(parts, fmt.Sprintf("mail %d of %d, %s\n\n%s", i+1, len(mails), m.when, text))
	}

	if _, ok := lifecycle.Assisted(o.Kind); ok {
		list, err := ord.foreseeSteps(tx, o)
		if err != nil {
			return "", err
		}
		when := "then no mail is sent: "
		if len(mails) == 0 {
			when = "no mail is sent: "
		}
		parts = append(parts, when+strings.Join(list, "\n"))
	}

	return strings.Join(parts, "\n"), nil
}

// foresee lists the mails. A handle that is yet to be made is replaced by a placeholder.
func (ord *Orders) foresee(tx *store.Tx, o registrar.Order, p plan) ([]foreseen, error) {
	switch p.kind {
	case lifecycle.Prolong:
		return []foreseen{{p.kind, p.templates, "at once"}}, nil
	case lifecycle.NewClient:
		return ord.foreseeClient(tx, o, p)
	case lifecycle.AuthCode, lifecycle.Delete:
		return nil, nil
	}

	d, err := tx.Domains.Get(o.Domain)
	if err != nil {
		return nil, err
	}
	t, problems := p.about(d.Handle)
	return []foreseen{{p.kind, []mailform.Template{t}, "at once"}}, registrar.InvalidOrder(problems)
}

func (ord *Orders) foreseeClient(tx *store.Tx, o registrar.Order, p plan) (mails []foreseen, err error) {
	c, err := ord.findClient(tx, o)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}

	// The request about the client decides when the domain is asked for.
	handle, when := c.Handle, "at once"
	switch {
	case err != nil:
		handle, when = ord.placeholder(o), "when R01 has registered the client, under the handle that it gets then"
		mails = append(mails, foreseen{lifecycle.NewClient, []mailform.Template{ord.planner.clientTemplate(handle, *o.Registrant)}, "at once"})
	case c.State != registrar.HandleRegistered:
		when = "when R01 has registered client " + handle + ", for which it was asked already"
	default:
		changed, err := changes(tx, c, o.Registrant)
		if err != nil {
			return nil, err
		}
		if len(changed.Fields) > 0 {
			t, problems := mailform.UpdateClient(handle, changed)
			if err := registrar.InvalidOrder(problems); err != nil {
				return nil, err
			}
			mails, when = append(mails, foreseen{lifecycle.UpdateClient, []mailform.Template{t}, "at once"}), "when R01 has changed the client"
		}
	}

	if _, ok := lifecycle.Assisted(o.Kind); ok {
		return mails, nil
	}

	t, problems := p.about(handle)
	return append(mails, foreseen{lifecycle.NewDomain, []mailform.Template{t}, when}), registrar.InvalidOrder(problems)
}

// placeholder stands for a handle whose number and random part are made only when the order is carried out.
func (ord *Orders) placeholder(o registrar.Order) string {
	h := ord.settings.Handles
	return mailform.Handle(h.Prefix, 0, "XXXXXX", o.Registrant.Kind, h.Suffix)
}

// foreseeSteps lists what a person will do. For a transfer nothing is known about the domain yet.
func (ord *Orders) foreseeSteps(tx *store.Tx, o registrar.Order) ([]string, error) {
	d := registrar.Domain{Name: o.Domain}
	if !o.Kind.Acquires() {
		var err error
		if d, err = tx.Domains.Get(o.Domain); err != nil {
			return nil, err
		}
	}
	if !o.Kind.NeedsRegistrant() {
		return steps(o.Kind, d, d.Handle), nil
	}

	c, err := ord.findClient(tx, o)
	if errors.Is(err, store.ErrNotFound) {
		return steps(o.Kind, d, ord.placeholder(o)), nil
	}
	return steps(o.Kind, d, c.Handle), err
}

// show returns a mail with the fields of its envelope.
func (ord *Orders) show(m foreseen) (string, error) {
	request := ord.engine.Compose(m.kind, "", m.templates)
	body, err := mailform.Format(request, secret.Mask, ord.settings.Charset)
	if err != nil {
		return "", fmt.Errorf("preview request: %w", err)
	}
	head := "From: " + ord.settings.Callback + "\nTo: " + ord.settings.Robot
	if ord.settings.BCC != "" {
		head += "\nBcc: " + ord.settings.BCC
	}
	return fmt.Sprintf("%s\nSubject: %s [a token of its own]\nContent-Type: text/plain; charset=%s\nContent-Transfer-Encoding: 8bit\n\n%s",
		head, ord.settings.Subjects[m.kind], body.Charset, request.Preview()), nil
}
