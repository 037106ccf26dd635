package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// longestReference is the most characters of a caller's own name for an order.
const longestReference = 128

// wrongNames checks the caller's own names for an order.
func wrongNames(q NewOrder) (problems []registrar.Problem) {
	if q.ID != "" && !q.ID.Valid() {
		problems = append(problems, registrar.Problem{Path: "id", Message: "must have 1 to 64 of the characters A-Z a-z 0-9 . _ -"})
	}
	if wrong := input.CheckLine(entry.Line(q.Reference), longestReference); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "reference", Message: wrong})
	}
	return problems
}

// repeated finds the order that a request repeats: the one under the same ID, if the request asks
// for the same. If it asks for something else, that is a [registrar.Conflict] that names the order.
// So a caller who has heard no answer can ask again under the same ID, and there is one order.
func (l *ledger) repeated(ctx context.Context, q NewOrder) (o Order, known bool, err error) {
	if q.ID == "" || !q.ID.Valid() {
		return Order{}, false, nil
	}

	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		o, err = selectOrder(ctx, tx, q.ID)
		return err
	})

	switch {
	case errors.Is(err, registrar.NotFound):
		return Order{}, false, nil
	case err != nil:
		return o, false, err
	case o.Digest == "" && o.asks(q): // its contact was erased: the remaining data are compared
	case o.Digest != l.digest(q):
		return o, true, standsInTheWay(registrar.Conflict, "id", o, fmt.Sprintf("order %s is known with other contents: %s %s for customer %s", o.ID, o.Kind, input.Unicode(o.Domain), o.Customer))
	}

	o.Again = true
	return o, true, nil
}

// asks reports whether a request matches the open data of an order.
func (o Order) asks(q NewOrder) bool {
	ace, err := input.ACE(q.Domain)
	return err == nil && o.Kind == q.Kind && o.Domain == ace && o.Customer == entry.Line(q.Customer)
}

// standsInTheWay refuses because of another order, which it names for programs, too.
func standsInTheWay(code registrar.Code, path string, o Order, message string) error {
	return &registrar.Error{Code: code, Detail: message, Problems: []registrar.Problem{
		{Path: path, Code: "order", Params: map[string]string{"order": string(o.ID), "state": string(o.State)}, Message: message}}}
}

// digest is made of what was asked for, in its normal form. It does not include what the panel has
// filled in, which may differ the next time.
func (l *ledger) digest(q NewOrder) string {
	domain, err := input.ACE(q.Domain)
	if err != nil {
		domain = q.Domain // the request is refused in any case
	}
	asked := registrar.Order{Kind: q.Kind, Domain: domain, Customer: entry.Line(q.Customer), Registrant: normalRegistrant(q.Registrant),
		Nameservers: normalHosts(q.Nameservers), AuthCode: normalCode(q.AuthCode), PaidTill: q.PaidTill, Years: q.Years, AcceptPrice: q.AcceptPrice, DS: q.DS,
		Contacts: normalContacts(q.Contacts)}
	return l.box.Fingerprint("order", string(asked.Canonical()), fmt.Sprint(q.Own), entry.Line(q.Reference))
}

// Judged is the result of judging an order that was not placed.
type Judged struct {
	Registrar string
	Problems  []registrar.Problem // none = the order would be taken
	Notes     []registrar.Problem
	Preview   string // what would be sent first, masked
}

// Judge asks everything that [Service.Place] asks, and stores nothing. Mistakes in an order are
// problems; if the order is forbidden whatever it contains, that is an error.
func (s *Service) Judge(ctx context.Context, q NewOrder) (Judged, error) {
	asked, name, err := s.prepare(ctx, q)
	if err != nil {
		return judgedBy("", err)
	}
	if asked, err = termed(ctx, s.board, name, asked); err != nil {
		return judgedBy(name, err)
	}

	notes, err := s.admit(ctx, name, asked)
	if err != nil {
		return judgedBy(name, err)
	}

	// Asked in the same order as in Place, so that both say the same about a request.
	if err := s.standing(ctx, asked); err != nil {
		return Judged{}, err
	}

	r, err := s.board.Registrar(name)
	if err != nil {
		return Judged{}, err
	}

	// The order was judged above; this call is only for the preview.
	v, err := r.Validate(ctx, asked)
	if err != nil {
		return Judged{}, fmt.Errorf("validate order: %w", err)
	}
	return Judged{Registrar: name, Notes: notes, Preview: v.Preview}, nil
}

func judgedBy(name string, err error) (Judged, error) {
	var e *registrar.Error
	if errors.Is(err, registrar.Invalid) && errors.As(err, &e) && len(e.Problems) > 0 {
		return Judged{Registrar: name, Problems: e.Problems}, nil
	}
	return Judged{}, err
}

// standing refuses because of an order that is under way, as placing would.
func (l *ledger) standing(ctx context.Context, asked registrar.Order) error {
	return l.db.Read(ctx, func(tx *sql.Tx) error { return refuseOpen(ctx, tx, asked.Domain) })
}

// naming adds to a refusal the order that is under way for the same domain, so that a caller who
// has lost an answer finds it.
func (l *ledger) naming(ctx context.Context, q NewOrder, refusal error) error {
	var e *registrar.Error
	ace, err := input.ACE(q.Domain)
	if err != nil || !errors.Is(refusal, registrar.Precondition) || !errors.As(refusal, &e) || len(e.Problems) > 0 {
		return refusal
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		o, found, err := openOrder(ctx, tx, ace)
		if found {
			refusal = standsInTheWay(e.Code, "domain", o, e.Detail)
		}
		return err
	})
	if err != nil {
		l.log.Warn("the order in the way can't be named", "domain", ace, "err", err)
	}
	return refusal
}

// openOrder returns the order for a domain that is not concluded.
func openOrder(ctx context.Context, tx *sql.Tx, domain string) (o Order, found bool, err error) {
	open, err := selectOrders(ctx, tx, "where domain = $1 and closed_at is null", domain)
	if err != nil || len(open) == 0 {
		return Order{}, false, err
	}
	return open[0], true, nil
}

// attention grades how urgently a domain needs people: see migration 10.
func (d Domain) attention() int {
	switch {
	case d.Operation != nil && d.Operation.State.WaitsForPerson():
		return 2
	case len(d.Alarms) > 0:
		return 1
	}
	return 0
}
