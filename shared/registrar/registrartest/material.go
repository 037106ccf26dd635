package registrartest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"registrar.panel/shared/registrar"
)

const (
	// authCode is part of every transfer; no answer may contain it.
	authCode = "auth-CANARY-4711"
	// codeGot is the code that a person has obtained for an order of a code; only TransferCode may return it.
	codeGot = "auth-CANARY-4713"
)

// domain makes up a name.
func (e *exam) domain() string {
	e.names++
	return fmt.Sprintf("conformance-%s-%d.%s", e.tag, e.names, e.tld())
}

func (r *run) tld() string {
	if r.subject.TLD != "" {
		return r.subject.TLD
	}
	// The exam makes up Latin names, which a zone in another script does not accept.
	for _, tld := range r.description.TLDs {
		if !strings.HasPrefix(tld, "xn--") {
			return tld
		}
	}
	if len(r.description.TLDs) > 0 {
		return r.description.TLDs[0]
	}
	return "example"
}

func (e *exam) orderID() registrar.OrderID {
	e.names++
	return registrar.OrderID(fmt.Sprintf("conformance.%s_%d", e.tag, e.names))
}

func (e *exam) registrantKind() registrar.RegistrantKind {
	switch {
	case e.subject.Registrant != nil:
		return e.subject.Registrant.Kind
	case len(e.description.Registrants) > 0:
		return e.description.Registrants[0]
	}
	return registrar.Person
}

func (e *exam) query(kind registrar.OperationKind) registrar.FormQuery {
	return registrar.FormQuery{TLD: e.tld(), Kind: kind, Registrant: e.registrantKind()}
}

// registrant fills the form with its own examples.
func (e *exam) registrant(p registrar.Catalogue, kind registrar.OperationKind) (*registrar.Registrant, error) {
	r := &registrar.Registrant{Kind: e.registrantKind(), Fields: map[string][]string{}}
	if e.subject.Registrant != nil {
		for key, values := range e.subject.Registrant.Fields {
			r.Fields[key] = slices.Clone(values)
		}
		return r, nil
	}
	form, err := p.Form(e.ctx, e.query(kind))
	if err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}
	return exampleOf(form, r.Kind), nil
}

// exampleOf answers a form with its own examples.
func exampleOf(form registrar.Form, kind registrar.RegistrantKind) *registrar.Registrant {
	// Which fields are asked depends on answers to others. So all are answered first, and then only the
	// fields that are asked stay: an answer that is not asked for is a mistake of the order.
	all := registrar.Registrant{Kind: kind, Fields: map[string][]string{}}
	for _, f := range form.Fields {
		switch {
		case f.Example == "" && f.Type == registrar.FieldAgreement && f.Required:
			all.Fields[f.Key] = []string{"true"}
		case f.Required || f.Example != "": // some fields are required of some registrants only
			all.Fields[f.Key] = []string{f.Example}
		}
	}

	r := &registrar.Registrant{Kind: kind, Fields: map[string][]string{}}
	for _, f := range form.Asked(all) {
		if values := all.Fields[f.Key]; len(values) > 0 {
			r.Fields[f.Key] = values
		}
	}
	return r
}

// order returns a valid order for a new name.
func (e *exam) order(p registrar.Catalogue) (registrar.Order, error) {
	return e.orderOf(p, firstKind(e.run))
}

// firstKind returns the kind of order by which the exams get a domain.
func firstKind(r *run) registrar.OperationKind {
	if slices.Contains(r.description.Kinds, registrar.KindRegister) {
		return registrar.KindRegister
	}
	return registrar.KindTransfer
}

func (e *exam) orderOf(p registrar.Catalogue, kind registrar.OperationKind) (registrar.Order, error) {
	o := registrar.Order{ID: e.orderID(), Kind: kind, Domain: e.domain(), Customer: "conformance-" + e.tag}
	switch {
	case kind == registrar.KindTransfer:
		o.AuthCode = authCode
	case e.subject.Nameservers != nil:
		o.Nameservers = e.subject.Nameservers
	default:
		o.Nameservers = []registrar.Nameserver{{Host: "ns1.example.net"}, {Host: "ns2.example.net"}}
	}
	var err error
	if o.Registrant, err = e.registrant(p, kind); err != nil {
		return o, err
	}
	return withContacts(e, p, o, func(c registrar.ContactOffer) bool { return c.Required })
}

// due returns a domain that can be renewed now: one that the subject has, or the one that is held.
func (e *exam) due(l *life, held registrar.Order) (registrar.Domain, error) {
	if e.subject.Due == nil {
		return l.Domain(e.ctx, held.Domain)
	}
	i, err := e.subject.Due(e.ctx)
	if err != nil {
		return registrar.Domain{}, fmt.Errorf("find a domain to renew: %w", err)
	}
	i.Customer = held.Customer
	return l.ImportDomain(e.ctx, i)
}

// submitted returns a valid order that was accepted.
func (e *exam) submitted(l *life) (registrar.Order, registrar.Operation, error) {
	o, err := e.order(l)
	if err != nil {
		return o, registrar.Operation{}, err
	}
	op, err := l.Submit(e.ctx, o)
	if err != nil {
		return o, op, fmt.Errorf("submit a good order: %w", err)
	}
	return o, op, nil
}

// conclude brings an operation to Succeeded.
func (e *exam) conclude(l *life, id registrar.OperationID) (registrar.Operation, error) {
	if e.subject.Conclude != nil {
		if err := e.subject.Conclude(e.ctx, l, id); err != nil {
			return registrar.Operation{}, fmt.Errorf("conclude operation: %w", err)
		}
	}

	var op registrar.Operation
	var uncertain time.Time // since when it is uncertain
	err := e.soon("the end of the operation", func() (bool, error) {
		var err error
		if op, err = l.Operation(e.ctx, id); err != nil || op.State.Final() {
			return true, err
		}
		if op.State != registrar.Uncertain {
			uncertain = time.Time{}
		} else if uncertain.IsZero() {
			uncertain = time.Now()
		}

		// If the subject has people of its own, they decide, and the suite only waits.
		if !op.State.WaitsForPerson() || e.subject.Conclude != nil {
			return false, nil
		}

		d, err := decisionOn(e, op, uncertain)
		if err != nil || d.Verdict == "" {
			return err != nil, err
		}
		if _, err = l.Resolve(e.ctx, d); errors.Is(err, registrar.Conflict) {
			return false, nil // the operation has moved by itself
		}

		if err == nil {
			op, err = l.Operation(e.ctx, id)
		}

		return op.State.Final(), err
	})
	if err == nil && op.State != registrar.Succeeded {
		err = fmt.Errorf("the operation is %s: %s", op.State, op.Error)
	}

	if err != nil {
		return op, fmt.Errorf("conclude operation: %w", err)
	}

	return op, nil
}

// decisionOn returns the decision of a person who tells the truth, as far as a witness knows it. If it is
// uncertain whether an order has reached the registrar, the person looks for it there, once its answer would
// have come; before that there is no verdict.
func decisionOn(e *exam, op registrar.Operation, uncertain time.Time) (registrar.Decision, error) {
	d := registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone, By: "conformance"}
	if op.Kind == registrar.KindAuthCode {
		d.AuthCode = codeGot
	}
	if op.State != registrar.Uncertain || e.subject.Witness == "" {
		return d, nil
	}
	if time.Since(uncertain) < e.subject.Patience/10 {
		d.Verdict = ""
		return d, nil
	}

	// To resend an order that has arrived would be the person's mistake, and not the plugin's.
	n, err := witnessOf(e).reached(e.ctx, op.Domain, op.Kind)
	if err == nil && n == 0 {
		d.AuthCode = ""
		d.Verdict, d.Note = registrar.VerdictResend, "the registrar's own list has no such order"
	}
	return d, err
}

// concluded returns an order that was accepted and carried out.
func (e *exam) concluded(l *life) (registrar.Order, registrar.Operation, error) {
	o, op, err := e.submitted(l)
	if err == nil {
		op, err = e.conclude(l, op.ID)
	}
	return o, op, err
}

// events reads until there are n events, within the subject's patience.
func (e *exam) events(r registrar.Events, after registrar.Cursor, n int) ([]registrar.Event, error) {
	return e.eventsUntil(r, after, func(got []registrar.Event) bool { return len(got) >= n })
}

func (e *exam) eventsUntil(r registrar.Events, after registrar.Cursor, enough func([]registrar.Event) bool) ([]registrar.Event, error) {
	ctx, cancel := context.WithTimeout(e.ctx, e.subject.Patience)
	defer cancel()

	var got []registrar.Event
	if enough(got) {
		return got, nil
	}

	for event, err := range r.Events(ctx, after) {
		if err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("within %s there were only %d events after cursor %d", e.subject.Patience, len(got), after)
			}
			return got, err
		}
		if got = append(got, event); enough(got) {
			return got, nil
		}
	}

	return got, errors.New("the sequence of events ended by itself")
}

// about reads until there are n events of an operation, and returns all that were read.
func (e *exam) about(l *life, id registrar.OperationID, n int) ([]registrar.Event, error) {
	return e.eventsUntil(l, 0, func(got []registrar.Event) bool { return len(ofOperation(got, id)) >= n })
}

func ofOperation(events []registrar.Event, id registrar.OperationID) []registrar.Event {
	return slices.DeleteFunc(slices.Clone(events), func(v registrar.Event) bool {
		return v.Operation != id
	})
}

// problemsOf returns the problems of an Invalid error.
func problemsOf(err error) []registrar.Problem {
	var refusal *registrar.Error
	if errors.As(err, &refusal) && refusal.Code == registrar.Invalid {
		return refusal.Problems
	}
	return nil
}

// names reports whether a problem is about a path, or about something within it.
func names(problems []registrar.Problem, path string) bool {
	return slices.ContainsFunc(problems, func(p registrar.Problem) bool {
		rest, ok := strings.CutPrefix(p.Path, path)
		return ok && (rest == "" || rest[0] == '[' || rest[0] == '.')
	})
}

func pathsOf(problems []registrar.Problem) string {
	if len(problems) == 0 {
		return "no problem"
	}
	paths := make([]string, len(problems))
	for i, p := range problems {
		paths[i] = fmt.Sprintf("%q", p.Path)
	}
	return "problems at " + strings.Join(paths, ", ")
}

// aceOf returns a name in ACE.
func aceOf(name string) (string, error) {
	ace, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", fmt.Errorf("write Subject.IDN in ACE: %w", err)
	}
	return ace, nil
}
