package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Preview shows what an order would send first, or has sent, masked.
func (s *Service) Preview(ctx context.Context, id registrar.OrderID) (string, error) {
	o, err := s.Order(ctx, id)
	if err != nil {
		return "", err
	}

	r, err := s.board.Registrar(o.Registrar)
	if err != nil {
		return "", err
	}

	order, err := s.contents(ctx, o)
	// An erased contact is no fault: the preview says so in place of the text.
	if errors.Is(err, registrar.Precondition) {
		return "(" + switchboard.Reason(err) + ")", nil
	}
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
func (s *Service) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	r, err := s.operator(ctx, id)
	if err != nil {
		return registrar.Operation{}, err
	}
	return r.Operation(ctx, id)
}

// Resolve passes a person's verdict on. On whose behalf that person decides is free text, and
// becomes a note in the Action Log.
func (s *Service) Resolve(ctx context.Context, d registrar.Decision, forWhom string) (op registrar.Operation, err error) {
	if err := decision(d.By, forWhom, d.Note, d.Verdict, registrar.Verdicts()); err != nil {
		return op, err
	}
	r, err := s.operator(ctx, d.Operation)
	if err != nil {
		return op, err
	}

	// Recorded before it is passed on: the event of the decision may come sooner than the answer, and would not be believed
	// to be this person's.
	if err := s.passing(ctx, r.Name, d.By); err != nil {
		return op, err
	}

	// The registrar's event reports the decision itself, but does not know on whose behalf it was made.
	if op, err = r.Resolve(ctx, d); err != nil || forWhom == "" {
		return op, err
	}
	return op, s.decided(ctx, Entry{Registrar: r.Name, Domain: op.Domain, Actor: d.By,
		Message: fmt.Sprintf("%s: decided as %s", d.Verdict, d.By) + input.OnBehalf(forWhom), Operation: op.ID})
}

// ResolveReview passes a person's reading of a mail on; see [Service.Resolve].
func (s *Service) ResolveReview(ctx context.Context, d registrar.ReviewDecision, forWhom string) (entry registrar.Review, err error) {
	if err := decision(d.By, forWhom, d.Note, d.Outcome, registrar.ReplyOutcomes()); err != nil {
		return entry, err
	}
	r, err := s.board.ReviewOwner(ctx, d.Review)
	if err != nil {
		return entry, err
	}
	// As in Resolve: the event of the decision may come before the answer.
	if err := s.passing(ctx, r.Name, d.By); err != nil {
		return entry, err
	}
	if entry, err = r.ResolveReview(ctx, d); err != nil || forWhom == "" {
		return entry, err
	}
	return entry, s.decided(ctx, Entry{Registrar: r.Name, Domain: domainOf(ctx, r, d, entry), Actor: d.By,
		Message: fmt.Sprintf("review entry %s is %s: decided as %s", d.Review, d.Outcome, d.By) + input.OnBehalf(forWhom), Operation: d.Operation})
}

// domainOf returns the domain that a reading of a mail is about; "" = it is not known.
func domainOf(ctx context.Context, r registrar.Service, d registrar.ReviewDecision, entry registrar.Review) string {
	about := d.Operation
	if about == "" && len(entry.Candidates) == 1 {
		about = entry.Candidates[0]
	}
	if about == "" {
		return ""
	}

	// The decision is taken. If the registrar is gone by now, the entry is in no domain's timeline, and that is all.
	op, err := r.Operation(ctx, about)
	if err != nil {
		return ""
	}
	return op.Domain
}

func decision[T ~string](by, forWhom, note string, outcome T, allowed []T) error {
	problems := append(input.Person(by), input.Behalf(forWhom)...)
	if wrong := input.CheckText(note, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "note", Message: wrong})
	}
	if !slices.Contains(allowed, outcome) {
		problems = append(problems, registrar.Problem{Path: "outcome", Message: fmt.Sprintf("must be one of %v", allowed)})
	}
	return input.Mistakes(problems)
}

// operator finds the registrar that is recorded with an operation, or if none is, the one that knows it.
func (s *Service) operator(ctx context.Context, id registrar.OperationID) (switchboard.Owner, error) {
	var recorded []string
	err := s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		recorded, err = sqldb.Collect(ctx, tx, scanName, "select registrar from operations where id = $1", id)
		return err
	})
	if err != nil {
		return switchboard.Owner{}, fmt.Errorf("read operation %s: %w", id, err)
	}
	return s.board.Owner(ctx, "operation "+string(id), recorded, func(ctx context.Context, r registrar.Service) error {
		_, err := r.Operation(ctx, id)
		return err
	})
}

func scanName(row sqldb.Scanner) (name string, err error) { return name, row.Scan(&name) }

// keeper returns the registrar of a domain.
func (s *Service) keeper(ctx context.Context, name string) (registrar.Service, Domain, error) {
	d, err := s.Domain(ctx, name)
	if err != nil {
		return nil, d, err
	}
	r, err := s.board.Registrar(d.Registrar)
	return r, d, err
}

// SetRenewal chooses how a domain is renewed from now on.
func (s *Service) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (Domain, error) {
	if !slices.Contains(registrar.RenewalModes(), mode) {
		return Domain{}, input.Mistake("mode", fmt.Sprintf("must be one of %v", registrar.RenewalModes()))
	}
	r, d, err := s.keeper(ctx, name)
	if err != nil {
		return d, err
	}

	// A move that broke off remembers how the domain was renewed before, and would put that in the place of this choice
	// when it is repeated.
	if err := s.forget(ctx, d.Name); err != nil {
		return d, err
	}
	said, err := r.SetRenewal(ctx, d.Name, mode)
	return Domain{Registrar: d.Registrar, Domain: said}, err
}

// Import takes over a domain that a registrar already holds for us; "" = the registrar that serves its TLD.
func (s *Service) Import(ctx context.Context, i registrar.Import, name string) (Domain, error) {
	i, err := normalImport(i)
	if err != nil {
		return Domain{}, err
	}

	ace := i.Domain
	known, err := s.find(ctx, ace)
	if err != nil {
		return known, err
	}

	if name == "" {
		if name, err = s.board.Route(ace); err != nil {
			return Domain{}, err
		}
	}

	// A domain that this same registrar holds may pass: an import whose answer was lost is repeated and changes nothing.
	if known.Name != "" && !known.Status.Gone() && (known.Registrar != name || !known.Status.Held()) {
		return Domain{}, registrar.Errorf(registrar.Precondition, "%s is %s here already, with registrar %s", input.Unicode(ace), known.Status, known.Registrar)
	}

	// A registrar takes an import of a domain that it has as a correction; an outdated list must not correct by accident.
	if known.Status.Held() && differs(known, i) {
		return Domain{}, registrar.Errorf(registrar.Conflict, "%s is known here already, of customer %s, with handle %s, paid till %s: panel domain correct changes that",
			input.Unicode(ace), known.Customer, known.Handle, known.PaidTill)
	}

	if err := serves(s.board, name, ace); err != nil {
		return Domain{}, err
	}

	return s.takeOver(ctx, i, name)
}

// serves refuses a registrar that may not have a domain, because of the domain's zone.
func serves(board *switchboard.Board, name, domain string) error {
	switch {
	case !board.Runs(name):
		return board.NotRun(name)
	case !board.Serves(name, domain):
		return input.Mistake("registrar", fmt.Sprintf("%q does not serve .%s by plugin.hcl", name, input.Unicode(board.Zone(domain))))
	}
	return nil
}

// differs reports whether an import contradicts what is known. Sources may differ by a day about the same expiry.
func differs(known Domain, i registrar.Import) bool {
	near := !known.PaidTill.Before(i.PaidTill.AddDays(-1)) && !i.PaidTill.Before(known.PaidTill.AddDays(-1))
	return known.Customer != i.Customer || known.Handle != i.Handle || !near
}

func normalImport(i registrar.Import) (n registrar.Import, err error) {
	n = i
	if n.Domain, err = input.ACE(i.Domain); err != nil {
		return n, err
	}
	if n.Customer, err = input.Customer(i.Customer); err != nil {
		return n, err
	}
	n.Handle, err = input.Handle(i.Handle)
	return n, err
}

func (s *Service) takeOver(ctx context.Context, i registrar.Import, name string) (Domain, error) {
	d, err := s.taken(ctx, i, name)
	if err != nil {
		return d, err
	}
	return d, s.write(ctx, func(tx *sql.Tx) error { return relist(ctx, tx, d) })
}

// taken has a registrar take over a domain.
func (s *Service) taken(ctx context.Context, i registrar.Import, name string) (Domain, error) {
	r, err := s.board.Registrar(name)
	if err != nil {
		return Domain{}, err
	}
	said, err := r.ImportDomain(ctx, i)
	if err != nil {
		return Domain{}, err
	}
	return Domain{Registrar: name, Domain: said}, nil
}

// relist puts a domain that was taken over on the list, unless its event was faster.
func relist(ctx context.Context, tx *sql.Tx, d Domain) error {
	var status registrar.DomainStatus
	err := tx.QueryRowContext(ctx, "select status from domains where name = $1", d.Name).Scan(&status)
	if err == nil && !status.Gone() {
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for a domain: %w", err)
	}

	// A domain that a person had taken off the list comes back by this; until then its registrar's events are ignored.
	if err := remember(ctx, tx, d.Name); err != nil {
		return err
	}
	return putDomain(ctx, tx, d)
}
