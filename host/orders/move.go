package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// Move moves a domain of the list from one registrar's plugin to another's. It changes nothing at a
// registry: the target must hold the domain already.
type Move struct {
	Domain   string // Unicode or ACE
	To       string
	By       string         // who decides; required
	For      string         // on whose behalf, in their own words; a note
	Handle   string         // for a target that has to take the domain over; "" = as the list has it
	PaidTill registrar.Date // likewise; zero = as the list has it
}

// MoveDomain makes a move, and reports whether that changed anything: a domain that is with the
// target already stays as it is. At no instant do both registrars renew the domain by themselves:
// the source is told to stop first, then the target has to know the domain, then the list changes.
// A move that fails on the way leaves the domain with its source, with renewal switched off there,
// and is completed by repeating it.
//
// Errors: Precondition while an order or operation on the domain is open, or if the target does
// not know the domain and can't take it over; Unavailable while either registrar is down, because
// a source that was not told could still pay.
func (s *Service) MoveDomain(ctx context.Context, m Move) (d Domain, changed bool, err error) {
	if d, err = s.Domain(ctx, m.Domain); err != nil {
		return d, false, err
	}

	m.Handle = entry.Line(m.Handle)
	v := mover{s.ledger, s.board}
	if err := v.check(m, d); err != nil || d.Registrar == m.To {
		return d, false, err
	}

	if err := s.db.Read(ctx, func(tx *sql.Tx) error { return movable(ctx, tx, d) }); err != nil {
		return d, false, err
	}

	// Whatever may be refused is refused before the first step that changes something.
	target, err := s.board.Registrar(m.To)
	if err != nil {
		return d, false, err
	}

	if err := mayTake(ctx, target, m, d); err != nil {
		return d, false, err
	}

	// From here on the source renews no more. A move that fails below leaves a domain that staff must move again, or renew;
	// the other way round two registrars could renew it, and be paid.
	mode, err := v.release(ctx, d)
	if err != nil {
		return d, false, err
	}

	taken, err := takeOverAt(ctx, target, m, d, mode)
	if err != nil {
		return d, false, switchboard.Explained(err, "", "; the domain stays with "+d.Registrar+", where its renewal is manual now: repeat the move")
	}

	return v.record(ctx, m, d, Domain{Registrar: m.To, Domain: taken}, mode)
}

// mover moves one domain.
type mover struct {
	*ledger
	board *switchboard.Board
}

// check checks what was asked for.
func (v mover) check(m Move, d Domain) error {
	problems := append(input.Person(m.By), input.Behalf(m.For)...)
	if wrong := input.CheckLine(m.Handle, input.LongestHandle); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "handle", Message: wrong})
	}
	if !v.board.Serves(m.To, d.Name) {
		problems = append(problems, registrar.Problem{Path: "to", Message: fmt.Sprintf("%q is no registrar that serves .%s by plugin.hcl", m.To, input.Unicode(v.board.Zone(d.Name)))})
	}
	return input.Mistakes(problems)
}

// movable refuses a domain on which something is under way.
func movable(ctx context.Context, tx *sql.Tx, d Domain) error {
	now, err := selectDomain(ctx, tx, d.Name)
	if err != nil {
		return err
	}
	if now.Registrar != d.Registrar {
		return registrar.Errorf(registrar.Precondition, "%s has been moved to registrar %s meanwhile", input.Unicode(d.Name), now.Registrar)
	}
	if !now.Status.Held() {
		return registrar.Errorf(registrar.Precondition, "%s is %s; only a domain that is registered can be moved", input.Unicode(d.Name), now.Status)
	}
	return idle(ctx, tx, now)
}

func underWay(name, at string, op *registrar.Operation) error {
	return registrar.Errorf(registrar.Precondition, "%s has an open operation with registrar %s, %s (%s, %s); wait for it", input.Unicode(name), at, op.ID, op.Kind, op.State)
}

// mayTake asks, before anything is changed, whether the target can hold the domain.
func mayTake(ctx context.Context, target registrar.Service, m Move, d Domain) error {
	known, err := target.Domain(ctx, d.Name)
	if err == nil {
		return agrees(known, m.To, d)
	}

	if !errors.Is(err, registrar.NotFound) {
		return err
	}

	about, err := target.Describe(ctx)
	if err != nil {
		return err
	}

	// A registrar without this capability can't take over a domain that it does not know.
	if !about.Has(registrar.CapHandles) {
		return registrar.Errorf(registrar.Precondition, "registrar %s does not know %s and can't take over a domain: it must hold the domain first", m.To, input.Unicode(d.Name))
	}
	if i := m.imported(d); i.Handle == "" || i.PaidTill.IsZero() {
		return registrar.Errorf(registrar.Precondition, "registrar %s does not know %s: give the handle and the paid-till date that it has there", m.To, input.Unicode(d.Name))
	}

	return nil
}

// agrees refuses a target whose record contradicts the list.
func agrees(known registrar.Domain, at string, d Domain) error {
	switch {
	case !known.Status.Held():
		return registrar.Errorf(registrar.Precondition, "%s is %s with registrar %s, not registered", input.Unicode(d.Name), known.Status, at)
	case known.Operation != nil:
		return underWay(d.Name, at, known.Operation)
	case known.Customer != "" && known.Customer != d.Customer:
		return registrar.Errorf(registrar.Precondition, "registrar %s has %s for another customer, %s", at, input.Unicode(d.Name), known.Customer)
	}
	return nil
}

// imported returns the domain as the target takes it over. A value that is not given is copied from
// the source, whose handle another plugin for the same account understands.
func (m Move) imported(d Domain) registrar.Import {
	i := registrar.Import{Domain: d.Name, Customer: d.Customer, Handle: m.Handle, PaidTill: m.PaidTill}
	if i.Handle == "" {
		i.Handle = d.Handle
	}
	if i.PaidTill.IsZero() {
		i.PaidTill = d.PaidTill
	}
	return i
}

// release makes sure that the source begins nothing by itself any more, and returns how it renewed the domain before.
func (v mover) release(ctx context.Context, d Domain) (before registrar.RenewalMode, err error) {
	source, err := v.board.Registrar(d.Registrar)
	if err != nil {
		return "", switchboard.Explained(err, "", "; it must be at work to be told that it renews the domain no longer, or two registrars might be paid")
	}

	about, err := source.Describe(ctx)
	if err != nil {
		return "", switchboard.Explained(err, "ask registrar "+d.Registrar+": ", "")
	}

	said, err := source.Domain(ctx, d.Name)
	if errors.Is(err, registrar.NotFound) {
		return d.Renewal, nil // it does not renew a domain that it does not know
	}

	// Stored first: a panel that dies after telling the source would find "manual" when the move is repeated, and the target
	// would never renew.
	if err == nil && about.Has(registrar.CapRenewals) {
		if before, err = v.begin(ctx, d, said.Renewal); err == nil {
			said, err = source.SetRenewal(ctx, d.Name, registrar.RenewManual)
		}
	}

	switch {
	case err != nil:
		return "", switchboard.Explained(err, "tell registrar "+d.Registrar+" to renew the domain no longer: ", "")
	case about.Has(registrar.CapRenewals) && said.Renewal != registrar.RenewManual:
		return "", registrar.Errorf(registrar.Precondition, "registrar %s was told to renew %s no longer and still says %q", d.Registrar, input.Unicode(d.Name), said.Renewal)
	// It may have begun a renewal just before it was told.
	case said.Operation != nil:
		return "", underWay(d.Name, d.Registrar, said.Operation)
	}

	return before, nil
}

// begin stores the mode that a move finds; a repeated move gets the mode that the first one found.
func (v mover) begin(ctx context.Context, d Domain, found registrar.RenewalMode) (before registrar.RenewalMode, err error) {
	err = v.db.Write(ctx, func(tx *sql.Tx) error {
		// The row of a move from another registrar says nothing about this one.
		if err := exec(ctx, tx, "delete from moves where domain = $1 and source <> $2", d.Name, d.Registrar); err != nil {
			return err
		}
		if err := exec(ctx, tx, "insert into moves (domain, source, renewal) values ($1, $2, $3) on conflict do nothing", d.Name, d.Registrar, found); err != nil {
			return err
		}
		return fault(tx.QueryRowContext(ctx, "select renewal from moves where domain = $1", d.Name).Scan(&before), "read move")
	})
	return before, err
}

// forget makes the next move find the mode that was chosen since.
func (l *ledger) forget(ctx context.Context, name string) error {
	return l.db.Write(ctx, func(tx *sql.Tx) error { return exec(ctx, tx, "delete from moves where domain = $1", name) })
}

// takeOverAt makes the target know the domain and renew it as the source did.
func takeOverAt(ctx context.Context, target registrar.Service, m Move, d Domain, mode registrar.RenewalMode) (registrar.Domain, error) {
	about, err := target.Describe(ctx)
	if err != nil {
		return registrar.Domain{}, err
	}

	taken, err := target.Domain(ctx, d.Name)
	if errors.Is(err, registrar.NotFound) {
		// A move that is repeated finds the domain there already.
		taken, err = target.ImportDomain(ctx, m.imported(d))
	}

	if err != nil {
		return taken, err
	}
	if err := agrees(taken, m.To, d); err != nil {
		return taken, err
	}
	if mode != "" && mode != taken.Renewal && about.Has(registrar.CapRenewals) {
		taken, err = target.SetRenewal(ctx, d.Name, mode)
	}

	// A registrar that keeps no customers takes none from the list.
	if taken.Customer == "" {
		taken.Customer = d.Customer
	}

	return taken, err
}

// record changes the list, if still nothing is under way.
func (v mover) record(ctx context.Context, m Move, from, to Domain, mode registrar.RenewalMode) (d Domain, changed bool, err error) {
	text, level := fmt.Sprintf("moved from registrar %s to %s", from.Registrar, to.Registrar), registrar.LevelInfo
	if mode == registrar.RenewAuto && to.Renewal != registrar.RenewAuto {
		text, level = text+", which does not renew it by itself", registrar.LevelWarning
	}

	err = v.write(ctx, func(tx *sql.Tx) error {
		// An order may have come since the registrars were asked. Then it wins, and the move is to be repeated.
		if err := movable(ctx, tx, from); err != nil {
			return err
		}
		if err := putDomain(ctx, tx, to); err != nil {
			return err
		}
		if err := exec(ctx, tx, "delete from moves where domain = $1", from.Name); err != nil {
			return err
		}

		return insertEntry(ctx, tx, Entry{At: v.now(), Registrar: to.Registrar, Domain: to.Name, Actor: m.By, Level: level,
			Event: registrar.EventDecision, Message: text + input.OnBehalf(m.For)})
	})
	if err != nil {
		return from, false, err
	}

	v.log.Info("domain changes its registrar", "domain", to.Name, "from", from.Registrar, "to", to.Registrar, "renewal", to.Renewal)
	return to, true, nil
}

// refuseOpen refuses while an order on a domain is not concluded.
func refuseOpen(ctx context.Context, q sqldb.Querier, domain string) error {
	open, err := selectOrders(ctx, q, "where domain = $1 and closed_at is null", domain)
	if err != nil || len(open) == 0 {
		return err
	}
	return registrar.Errorf(registrar.Precondition, "%s has an open order, %s (%s, %s); wait for it or cancel it",
		input.Unicode(domain), open[0].ID, open[0].Kind, open[0].State)
}
