package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Form tells what an order for a TLD must say. The TLD may be typed in any form.
func (s *Service) Form(ctx context.Context, q registrar.FormQuery) (registrar.Form, error) {
	ace, err := names.ToASCII(strings.Trim(strings.TrimSpace(q.TLD), "."))
	if err != nil {
		return registrar.Form{}, Mistake("tld", fmt.Sprintf("%q is not a TLD", q.TLD))
	}
	name, ok := s.route(ace)
	if !ok {
		return registrar.Form{}, Mistake("tld", "no registrar serves ."+q.TLD)
	}
	r, err := s.registrar(name)
	if err != nil {
		return registrar.Form{}, err
	}
	q.TLD = ace
	return r.Form(ctx, q)
}

// Preview shows what an order would send first, or has sent, masked.
func (s *Service) Preview(ctx context.Context, id registrar.OrderID) (string, error) {
	o, err := s.Order(ctx, id)
	if err != nil {
		return "", err
	}
	r, err := s.registrar(o.Registrar)
	if err != nil {
		return "", err
	}
	order, err := s.reveal(ctx, o)
	if err != nil {
		return "", err
	}
	v, err := r.Validate(ctx, order)
	if err != nil {
		return "", fmt.Errorf("preview order %s: %w", id, err)
	}
	return v.Preview, registrar.InvalidOrder(v.Problems)
}

// Operation returns an operation from the registrar that has it.
func (s *Service) Operation(ctx context.Context, id registrar.OperationID) (op registrar.Operation, err error) {
	err = s.withOperation(ctx, id, func(r registrar.Registrar) error {
		op, err = r.Operation(ctx, id)
		return err
	})
	return op, err
}

// Resolve passes a person's verdict on. On whose behalf that person decides is free text, and a
// note in the Action Log.
func (s *Service) Resolve(ctx context.Context, d registrar.Decision, forWhom string) (op registrar.Operation, err error) {
	if err := decision(d.By, forWhom, d.Note, d.Verdict, registrar.Verdicts()); err != nil {
		return op, err
	}
	err = s.withOperation(ctx, d.Operation, func(r registrar.Registrar) error {
		if err := s.passing(ctx, nameOf(r), d.By); err != nil {
			return err
		}
		if op, err = r.Resolve(ctx, d); err != nil || forWhom == "" {
			return err
		}
		return s.write(ctx, func(tx *sql.Tx) error {
			return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: nameOf(r), Domain: op.Domain, Actor: d.By, Level: registrar.LevelInfo, Event: registrar.EventDecision,
				Message: fmt.Sprintf("%s: decided as %s", d.Verdict, d.By) + onBehalf(forWhom), Operation: op.ID})
		})
	})
	return op, err
}

func decision[T ~string](by, forWhom, note string, outcome T, allowed []T) error {
	problems := append(person(by), behalf(forWhom)...)
	if wrong := lines(note, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "note", Message: wrong})
	}
	if !slices.Contains(allowed, outcome) {
		problems = append(problems, registrar.Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v", allowed)})
	}
	return mistakes(problems)
}

// withOperation calls the registrar that is recorded with an operation, and where none is,
// whichever knows it.
func (s *Service) withOperation(ctx context.Context, id registrar.OperationID, call func(registrar.Registrar) error) error {
	var keepers []string
	err := s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		keepers, err = sqldb.Collect(ctx, tx, scanName, "select registrar from operations where id = $1", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("read operation %s: %w", id, err)
	}
	if len(keepers) == 0 {
		keepers = s.names
	}
	return s.withOwner(ctx, "operation "+string(id), keepers, func(ctx context.Context, r registrar.Registrar) error {
		_, err := r.Operation(ctx, id)
		return err
	}, call)
}

func scanName(row sqldb.Scanner) (name string, err error) { return name, row.Scan(&name) }

// withOwner calls the one registrar that knows a thing. IDs are the registrars' own, so two
// may know one; then neither is called, because a decision must not reach the wrong one.
func (s *Service) withOwner(ctx context.Context, what string, candidates []string, knows func(context.Context, registrar.Registrar) error, call func(registrar.Registrar) error) error {
	var owners []registrar.Registrar
	var down error
	for _, a := range askAll(ctx, s, candidates, func(ctx context.Context, r registrar.Registrar) (registrar.Registrar, error) { return r, knows(ctx, r) }) {
		switch registrar.CodeOf(a.err) {
		case "":
			owners = append(owners, a.value)
		case registrar.NotFound, registrar.Unsupported:
		default:
			down = errors.Join(down, a.err)
		}
	}
	switch {
	case len(owners) == 1:
		return call(owners[0])
	case len(owners) > 1:
		return registrar.Errorf(registrar.Precondition, "more than one registrar knows a %s", what)
	case down != nil:
		return explained(down, what+": ", "")
	}
	return registrar.Errorf(registrar.NotFound, "there is no %s", what)
}

// keeper returns the registrar of a domain.
func (s *Service) keeper(ctx context.Context, name string) (registrar.Registrar, Domain, error) {
	d, err := s.Domain(ctx, name)
	if err != nil {
		return nil, d, err
	}
	r, err := s.registrar(d.Registrar)
	return r, d, err
}

// SetRenewal chooses how a domain is renewed from now on.
func (s *Service) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (Domain, error) {
	if !slices.Contains(registrar.RenewalModes(), mode) {
		return Domain{}, Mistake("mode", fmt.Sprintf("must be one of %v", registrar.RenewalModes()))
	}
	r, d, err := s.keeper(ctx, name)
	if err != nil {
		return d, err
	}
	if err := s.forget(ctx, d.Name); err != nil {
		return d, err
	}
	said, err := r.SetRenewal(ctx, d.Name, mode)
	return Domain{Registrar: d.Registrar, Domain: said}, err
}

// Import takes over a domain that a registrar already holds for us; "" is the registrar
// that serves its TLD.
func (s *Service) Import(ctx context.Context, i registrar.Import, name string) (Domain, error) {
	ace, err := ACE(i.Domain)
	if err != nil {
		return Domain{}, err
	}
	i.Domain = ace
	if i.Customer, err = customerID(i.Customer); err != nil {
		return Domain{}, err
	}
	if wrong := line(i.Handle, longestHandle); wrong != "" {
		return Domain{}, Mistake("handle", wrong)
	}
	known, err := s.find(ctx, ace)
	if err != nil {
		return known, err
	}
	if name == "" {
		if name, err = s.routed(ace); err != nil {
			return Domain{}, err
		}
	}
	if known.Name != "" && !gone(known.Status) && (known.Registrar != name || known.Status != registrar.StatusRegistered) {
		return Domain{}, registrar.Errorf(registrar.Precondition, "%s is %s here already, with registrar %s", Unicode(ace), known.Status, known.Registrar)
	}
	return s.takeOver(ctx, i, name)
}

func (s *Service) takeOver(ctx context.Context, i registrar.Import, name string) (Domain, error) {
	r, err := s.registrar(name)
	if err != nil {
		return Domain{}, err
	}
	said, err := r.ImportDomain(ctx, i)
	if err != nil {
		return Domain{}, err
	}
	taken := Domain{Registrar: name, Domain: said}
	err = s.write(ctx, func(tx *sql.Tx) error {
		shown, err := selectDomain(ctx, tx, i.Domain)
		if err != nil || shown.Name != "" && !gone(shown.Status) {
			return err // its event was faster
		}
		return putDomain(ctx, tx, taken)
	})
	return taken, err
}
