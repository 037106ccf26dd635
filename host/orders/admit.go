package orders

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/shared/registrar"
)

// admit asks, before money is taken, the registrar for every mistake of an order and the registry
// whether a name is still free. If that is not known it is a note, not a mistake.
func (s *Service) admit(ctx context.Context, name string, o registrar.Order) (notes []registrar.Problem, err error) {
	r, err := s.board.Registrar(name)
	if err != nil {
		return nil, err
	}
	v, err := r.Validate(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("validate order: %w", err)
	}

	// A plugin that forgets a rule of its own form would let an agreement pass that was not accepted.
	if len(v.Problems) == 0 {
		v.Problems, err = forbidden(ctx, r, s.board.Zone(o.Domain), o)
	}
	if err != nil || len(v.Problems) > 0 || o.Kind != registrar.KindRegister {
		return v.Notes, cmp.Or(err, registrar.InvalidOrder(v.Problems))
	}

	// A name that was taken since, or has a price that the customer did not accept, is found before the payment and not after it.
	a := registrar.Availability{Name: o.Domain}
	s.board.Check(ctx, map[string][]*registrar.Availability{name: {&a}})
	v.Problems = a.PriceProblems(o)
	switch {
	case len(v.Problems) > 0:
		return nil, registrar.InvalidOrder(v.Problems)
	case a.Status == registrar.Taken:
		return nil, registrar.InvalidOrder([]registrar.Problem{taken(a)})
	case a.Status == registrar.AvailabilityUnknown:
		return append(v.Notes, unknownYet(a)), nil
	}
	return v.Notes, nil
}

// forbidden returns what the registrar's form forbids in an order that its plugin let pass: an
// agreement that was not accepted, a choice that is none, a field that is not asked. The plugin
// judges how a value may be spelt, because it reads more spellings than a form can say.
func forbidden(ctx context.Context, r registrar.Service, zone string, o registrar.Order) ([]registrar.Problem, error) {
	var problems []registrar.Problem
	everyone := o.Everyone()
	for _, role := range everyone.Roles() {
		contact := everyone[role]
		q := registrar.FormQuery{TLD: zone, Kind: o.Kind, Registrant: contact.Kind, Role: role}
		// Every plugin takes a form without a role for the registrant's.
		if role == registrar.RoleRegistrant {
			q.Role = ""
		}
		form, err := r.Form(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}

		// The problems are at the path of this role, even if the plugin's form names another one.
		form.Role = q.Role
		problems = append(problems, form.Problems(contact)...)
	}
	return slices.DeleteFunc(problems, func(p registrar.Problem) bool {
		return !slices.Contains([]string{registrar.ProblemAgreement, registrar.ProblemChoice, registrar.ProblemNotAskedHere}, p.Code)
	}), nil
}

// wrongPrice returns the mistakes of a price that is malformed; what a name costs is asked later.
func wrongPrice(q NewOrder) []registrar.Problem {
	return registrar.Availability{}.PriceProblems(registrar.Order{Kind: q.Kind, AcceptPrice: q.AcceptPrice})
}

// termed removes the term from an order if it is the shortest that the registrar offers: every
// plugin understands an order without one.
func termed(ctx context.Context, board *switchboard.Board, name string, o registrar.Order) (registrar.Order, error) {
	if o.Years == 0 {
		return o, nil
	}
	r, err := board.Registrar(name)
	if err != nil {
		return o, err
	}

	d, err := r.Describe(ctx)
	if err != nil {
		return o, fmt.Errorf("ask which terms are offered: %w", err)
	}
	if offer, ok := d.Offered(o.Domain, o.Kind); ok && offer.Years.Min == o.Years {
		o.Years = 0
	}
	return o, nil
}

// readmit is admit for an order that is about to be paid. It takes no money for an order that would
// be refused now, or that can't be carried out because its registrar is not at work.
func (s *Service) readmit(ctx context.Context, id registrar.OrderID) (notes []registrar.Problem, err error) {
	var o Order
	var d Domain
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if o, err = selectOrder(ctx, tx, id); err != nil {
			return err
		}
		d, err = selectDomain(ctx, tx, o.Domain)
		return err
	})

	// Nothing is asked about what is paid already, because paying again changes nothing. A registrar that is not run can't
	// be asked: the gate refuses its orders, and says what to do.
	if err != nil || o.State != Unpaid || !s.board.Runs(o.Registrar) {
		return nil, err
	}

	// The list is asked before the registrar, which may take long; the gate asks it again when nothing can come in between.
	if err := payable(o, d); err != nil {
		return nil, err
	}

	asked, err := s.contents(ctx, o)
	if err != nil {
		return nil, err
	}

	notes, err = s.admit(ctx, o.Registrar, asked)
	return notes, notPaid(id, err)
}

// notPaid adds to a refusal that no money was taken, and what to do.
func notPaid(id registrar.OrderID, refusal error) error {
	var e *registrar.Error
	switch {
	case errors.Is(refusal, registrar.Invalid) && errors.As(refusal, &e):
		return &registrar.Error{Code: registrar.Invalid, Problems: e.Problems,
			Detail: fmt.Sprintf("order %s is not paid, for it would be refused now; cancel it", id)}
	case refusal != nil:
		return switchboard.Explained(refusal, fmt.Sprintf("order %s is not paid: ", id), "; pay again when its registrar is at work")
	}
	return nil
}

// payable refuses money for an order that the domain list has ruled out by now.
func payable(o Order, d Domain) error {
	cancelIt := func(format string, args ...any) error {
		return registrar.Errorf(registrar.Precondition, "order %s is not paid: %s; cancel it", o.ID, fmt.Sprintf(format, args...))
	}

	name := input.Unicode(o.Domain)
	switch {
	case o.Kind.Acquires():
		if d.Status != registrar.StatusPending {
			return cancelIt("%s is %s here", name, orNothing(d.Status))
		}
	case !o.Kind.Suits(d.Status):
		return cancelIt("%s is %s here, so there is nothing to %s", name, orNothing(d.Status), verb(o.Kind))
	case d.Registrar != o.Registrar:
		return cancelIt("%s has been moved to registrar %s", name, d.Registrar)
	// The bill is outdated: the domain was renewed since, and this payment would buy another year than the customer saw.
	case o.Kind == registrar.KindRenew && d.PaidTill != o.PaidTill:
		return cancelIt("%s", otherExpiry(d, o.PaidTill))
	}
	return nil
}

func orNothing(s registrar.DomainStatus) string {
	if s == "" {
		return "not known"
	}
	return string(s)
}

// otherExpiry says that a renewal starts from another day than the list has.
func otherExpiry(d Domain, believed registrar.Date) string {
	return fmt.Sprintf("%s is paid till %s, not %s: read it again", input.Unicode(d.Name), d.PaidTill, believed)
}

func taken(a registrar.Availability) registrar.Problem {
	name := input.Unicode(a.Name)
	return told("domain", "taken", params(a, name), name+" is taken"+because(a, "en"), name+" уже занято"+because(a, "ru"))
}

func unknownYet(a registrar.Availability) registrar.Problem {
	name := input.Unicode(a.Name)
	return told("domain", "availability_unknown", params(a, name),
		"the registry was not heard on whether "+name+" is free"+because(a, "en"), "реестр не ответил, свободно ли "+name+because(a, "ru"))
}

func params(a registrar.Availability, name string) map[string]string {
	p := map[string]string{"domain": name, "detail": a.Detail}
	maps.DeleteFunc(p, func(_, v string) bool { return v == "" })
	return p
}

// because returns a registrar's detail in a language, if the registrar has it; in English, its own words.
func because(a registrar.Availability, language string) string {
	detail := a.Texts[language]
	if detail == "" && language == "en" {
		detail = a.Detail
	}
	if detail == "" {
		return ""
	}
	return ": " + detail
}

func told(path, code string, params map[string]string, en, ru string) registrar.Problem {
	return registrar.Problem{Path: path, Code: code, Params: params, Message: en, Texts: map[string]string{"en": en, "ru": ru}}
}
