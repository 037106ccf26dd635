package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Again asks for another attempt at an order that has failed. An empty field stays as it was.
type Again struct {
	Order       registrar.OrderID
	Attempt     int // the attempt that failed, as the person saw it; 0 = the present one
	Registrant  *registrar.Registrant
	Contacts    registrar.Contacts // of some roles besides the registrant
	Nameservers []registrar.Nameserver
	AuthCode    registrar.AuthCode
	By          string // who decides; required
	For         string // on whose behalf, in their own words; a note
}

// Retry tries an order again that was paid and has failed: with the same payment, and a new operation
// that the registrar knows under another ID. The registrar judges it first, as when it was placed; so
// the registrar must be at work. Retry reports whether that changed anything: of several calls about
// one attempt the first does, and the others find it done.
//
// Errors: Invalid with problems by field path; Precondition while the order, or another one for its
// domain, is under way, if it has succeeded, and if a call asks for something else than the attempt
// under way; Unavailable while the registrar is down, and then nothing is changed.
func (s *Service) Retry(ctx context.Context, q Again) (o Order, changed bool, err error) {
	if o, err = s.Order(ctx, q.Order); err != nil {
		return o, false, err
	}
	if err := q.wrong(o); err != nil {
		return o, false, err
	}
	r := retrier{s}
	asked, err := r.changed(ctx, o, q)
	if err != nil {
		return o, false, err
	}

	// A second click, or a call whose answer was lost: what it asks for has been begun.
	if done, err := r.triedAgain(ctx, o, q, asked); done || err != nil {
		return o, false, err
	}

	notes, err := r.admitAgain(ctx, o, asked)
	if err != nil {
		if now, failed := s.Order(ctx, o.ID); failed == nil && now.Attempt > o.Attempt { // another call was faster
			return now, false, nil
		}
		return o, false, err
	}
	sealed, err := s.seal(o.ID, asked)
	if err != nil {
		return o, false, err
	}

	// The registrar was asked outside of the transaction. Of several calls that were, the first one to write counts.
	seen := o.Attempt
	err = s.write(ctx, func(tx *sql.Tx) error {
		if o, err = selectOrder(ctx, tx, q.Order); err != nil || o.Attempt != seen { // another call was faster
			return err
		}
		o, err = r.again(ctx, tx, o, asked, sealed, q)
		changed = err == nil
		return err
	})
	if err != nil || !changed {
		return o, false, err
	}
	o.Notes = notes
	s.log.Info("order is tried again", "order", o.ID, "attempt", o.Attempt, "domain", o.Domain, "registrar", o.Registrar)
	s.toSubmit[o.Registrar].Wake()
	return s.waits().shown(o), true, nil
}

// wrong returns the mistakes in a request, without asking a registrar.
func (q Again) wrong(o Order) error {
	problems := append(input.Person(q.By), input.Behalf(q.For)...)
	problems = append(problems, oversized(NewOrder{Registrant: q.Registrant, Contacts: q.Contacts, Nameservers: q.Nameservers, AuthCode: q.AuthCode})...)
	if q.Attempt < 0 || q.Attempt > o.Attempt {
		problems = append(problems, registrar.Problem{Path: "attempt", Message: fmt.Sprintf("must be 1 to %d: there was no other", o.Attempt)})
	}
	return input.Mistakes(problems)
}

// retrier makes another attempt at an order.
type retrier struct{ *Service }

// changed returns the order of the next attempt, under an ID of its own.
func (r retrier) changed(ctx context.Context, o Order, q Again) (registrar.Order, error) {
	asked, err := r.contents(ctx, o)
	if err != nil {
		return asked, err
	}

	if q.Registrant != nil {
		asked.Registrant = normalRegistrant(q.Registrant)
	}
	for role, r := range normalContacts(q.Contacts) {
		if asked.Contacts == nil {
			asked.Contacts = registrar.Contacts{}
		}
		asked.Contacts[role] = r
	}
	if len(q.Nameservers) > 0 {
		asked.Nameservers = normalHosts(q.Nameservers)
	}
	if q.AuthCode != "" {
		asked.AuthCode = normalCode(q.AuthCode)
	}

	// Under the former ID the registrar would answer with the operation that has failed.
	asked.ID, err = r.newID()
	return asked, err
}

// triedAgain reports whether the requested attempt has been begun already.
func (r retrier) triedAgain(ctx context.Context, o Order, q Again, asked registrar.Order) (bool, error) {
	if q.Attempt != 0 && q.Attempt < o.Attempt {
		return true, nil
	}
	if _, ok := o.after(retry); ok {
		return false, nil
	}
	if o.stage() != (stage{Paid, open}) || o.Attempt == 1 {
		return false, o.refusedTo(retry)
	}
	now, err := r.contents(ctx, o)
	if err != nil {
		return false, err
	}

	// Another call has begun it. If that asked for the same, this one finds it done.
	if asked.ID = now.ID; !slices.Equal(now.Canonical(), asked.Canonical()) {
		return false, registrar.Errorf(registrar.Precondition, "order %s is being tried again already, with other contents; wait for its end", o.ID)
	}
	return true, nil
}

// admitAgain judges the next attempt as if it were placed now.
func (r retrier) admitAgain(ctx context.Context, o Order, asked registrar.Order) ([]registrar.Problem, error) {
	known, err := r.find(ctx, o.Domain)
	if err != nil {
		return nil, err
	}
	if err := retriable(o, known); err != nil {
		return nil, err
	}
	notes, err := r.admit(ctx, o.Registrar, asked)
	if err != nil {
		return nil, switchboard.Explained(err, fmt.Sprintf("order %s is not tried again: ", o.ID), "")
	}
	return notes, nil
}

// retriable refuses another attempt that the domain list forbids.
func retriable(o Order, d Domain) error {
	if err := admissible(o.Kind, d); err != nil {
		return err
	}
	switch {
	case o.Kind.Acquires():
		return nil
	case d.Registrar != o.Registrar:
		return registrar.Errorf(registrar.Precondition, "%s has been moved to registrar %s: order again", input.Unicode(d.Name), d.Registrar)
	case o.Kind == registrar.KindRenew && d.PaidTill != o.PaidTill:
		return registrar.Errorf(registrar.Precondition, "%s", otherExpiry(d, o.PaidTill))
	}
	return nil
}

// again begins the next attempt, within the writer's lock.
func (r retrier) again(ctx context.Context, tx *sql.Tx, o Order, asked registrar.Order, sealed []byte, q Again) (Order, error) {
	next, ok := o.after(retry)
	if !ok {
		return o, o.refusedTo(retry)
	}
	// What admitAgain found is checked again: the domain may have been ordered or moved while the registrar was asked.
	d, err := selectDomain(ctx, tx, o.Domain)
	if err != nil {
		return o, err
	}
	if err := retriable(o, d); err != nil {
		return o, err
	}
	if err := refuseOpen(ctx, tx, o.Domain); err != nil {
		return o, err
	}
	if !r.board.Runs(o.Registrar) {
		return o, r.board.NotRun(o.Registrar)
	}

	// With this row, the registrar's late reports about the former attempt are still known to belong to this order.
	err = exec(ctx, tx, `insert into attempts (submission, "order", number, operation, outcome, reason, ended_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		o.Submission, o.ID, o.Attempt, o.Operation, o.Outcome, o.Reason, sqldb.Millis(o.ClosedAt))
	if err != nil {
		return o, err
	}

	// The new attempt keeps nothing of the former one's outcome.
	o = Order{ID: o.ID, Kind: o.Kind, Domain: o.Domain, Customer: o.Customer, Registrar: o.Registrar, State: next.State, Own: o.Own,
		Nameservers: asked.Nameservers, PaidTill: o.PaidTill, Years: o.Years, DS: o.DS, Roles: asked.Contacts.Roles(), Attempt: o.Attempt + 1, Submission: asked.ID, BegunAt: r.time(),
		CreatedAt: o.CreatedAt, PaidAt: o.PaidAt, ExpiresAt: o.ExpiresAt, Reference: o.Reference, Digest: o.Digest}
	if err := updateAttempt(ctx, tx, o, sealed); err != nil {
		return o, err
	}
	if status, ok := begun[o.Kind]; ok {
		d := Domain{Registrar: o.Registrar, Domain: registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: status, Nameservers: o.Nameservers}}
		if err := putDomain(ctx, tx, d); err != nil {
			return o, err
		}
	}

	// The retry is the answer to the alarm about the former operation.
	if err := settleDomain(ctx, tx, o.Domain); err != nil {
		return o, err
	}
	return o, insertEntry(ctx, tx, Entry{At: r.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: q.By, Level: registrar.LevelInfo, Event: OrderRetried,
		Message: fmt.Sprintf("order %s is tried again, attempt %d", o.ID, o.Attempt) + input.OnBehalf(q.For), Order: o.ID})
}

// updateAttempt stores an order in its state at the beginning of an attempt.
func updateAttempt(ctx context.Context, tx *sql.Tx, o Order, sealed []byte) error {
	nameservers, err := nameserverJSON(o.Nameservers)
	if err != nil {
		return err
	}
	brought, err := broughtJSON(o)
	if err != nil {
		return err
	}
	return exec(ctx, tx, `update orders set state = $1, nameservers = $2, sealed_private = $3, attempt = $4, submission = $5, begun_at = $6,
			operation = '', refusal = '', operation_state = '', outcome = '', reason = '', waits_for = '', waits_until = null, closed_at = null, dismissed_at = null, brought = $7
		where id = $8`, o.State, nameservers, sealed, o.Attempt, o.Submission, sqldb.Millis(o.BegunAt), brought, o.ID)
}
