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

// Records is what the book has of domains, for corrections by a person.
type Records struct{ *Service }

// Records returns the records of domains.
func (s *Service) Records() Records { return Records{s} }

// Reasoned is a person's decision about a domain, with its reason.
type Reasoned struct {
	By     string // who decides; required
	For    string // on whose behalf, in their own words; a note
	Reason string // required
}

func (r Reasoned) problems() []registrar.Problem {
	problems := append(input.Person(r.By), input.Behalf(r.For)...)
	if r.Reason = entry.Line(r.Reason); r.Reason == "" {
		problems = append(problems, registrar.Problem{Path: "reason", Message: "is required: how it is known"})
	} else if wrong := input.CheckText(r.Reason, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "reason", Message: wrong})
	}
	return problems
}

// why returns the reason as the Action Log has it.
func (r Reasoned) why() string {
	return " (" + input.OneLine(r.Reason, longestNote) + ")" + input.OnBehalf(r.For)
}

// Correction is what a person knows better about a domain than the record. An empty field stays as it is.
type Correction struct {
	Domain   string // Unicode or ACE
	Handle   string
	PaidTill registrar.Date
	Reasoned
}

// Correct corrects the record of a domain, here and with its registrar, which judges the day. It reports
// whether that changed anything.
//
// Errors: Invalid with problems by field path; Precondition while an order or operation on the domain is
// open, or if the domain is not registered; Conflict or Unsupported if its registrar takes no correction;
// Unavailable while the registrar is down.
func (s Records) Correct(ctx context.Context, c Correction) (d Domain, changed bool, err error) {
	r, d, err := s.keeper(ctx, c.Domain)
	if err != nil {
		return d, false, err
	}
	problems := c.problems()
	if c.Handle = entry.Line(c.Handle); c.Handle == "" && c.PaidTill.IsZero() {
		problems = append(problems, registrar.Problem{Path: "paid_till", Message: "or handle is required: what is to be corrected"})
	} else if wrong := input.CheckLine(c.Handle, input.LongestHandle); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "handle", Message: wrong})
	}
	if err := input.Mistakes(problems); err != nil {
		return d, false, err
	}

	// Before the registrar is asked, because what it makes of its record can't be taken back.
	if err := s.db.Read(ctx, func(tx *sql.Tx) error { return quiet(ctx, tx, d) }); err != nil {
		return d, false, err
	}

	said, err := r.ImportDomain(ctx, c.imported(d))
	if err != nil {
		return d, false, switchboard.Explained(err, "correct "+input.Unicode(d.Name)+": ", "")
	}
	return s.corrected(ctx, c, d, Domain{Registrar: d.Registrar, Domain: said})
}

func (c Correction) imported(d Domain) registrar.Import {
	// An import has the whole record, so values that are not corrected are copied.
	i := registrar.Import{Domain: d.Name, Customer: d.Customer, Handle: d.Handle, PaidTill: d.PaidTill}
	if c.Handle != "" {
		i.Handle = c.Handle
	}
	if !c.PaidTill.IsZero() {
		i.PaidTill = c.PaidTill
	}
	return i
}

// corrected records what the registrar has made of a correction.
func (s Records) corrected(ctx context.Context, c Correction, was, now Domain) (Domain, bool, error) {
	text := ""
	if now.PaidTill != was.PaidTill {
		text += fmt.Sprintf(", paid till %s instead of %s", now.PaidTill, was.PaidTill)
	}
	if now.Handle != was.Handle {
		text += fmt.Sprintf(", handle %s instead of %s", now.Handle, was.Handle)
	}
	if text == "" {
		return was, false, nil
	}

	err := s.write(ctx, func(tx *sql.Tx) error {
		// The domain may have been moved or forgotten while the registrar was asked.
		shown, err := selectDomain(ctx, tx, was.Name)
		if err != nil || shown.Registrar != was.Registrar {
			return errors.Join(err, quiet(ctx, tx, was))
		}
		now.Standing = shown.Standing
		if err := putDomain(ctx, tx, now); err != nil {
			return err
		}
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: now.Registrar, Domain: now.Name, Actor: c.By, Level: registrar.LevelWarning,
			Event: registrar.EventDecision, Message: "corrected" + text + c.why()})
	})
	return now, err == nil, err
}

// quiet refuses a domain that is not registered, or on which something is under way.
func quiet(ctx context.Context, tx *sql.Tx, d Domain) error {
	now, err := selectDomain(ctx, tx, d.Name)
	switch {
	case err != nil:
		return err
	case now.Registrar != d.Registrar:
		return registrar.Errorf(registrar.Precondition, "%s is with registrar %q meanwhile", input.Unicode(d.Name), now.Registrar)
	case !now.Status.Held():
		return registrar.Errorf(registrar.Precondition, "%s is %s; only the record of a domain that is registered can be corrected", input.Unicode(d.Name), now.Status)
	}
	return idle(ctx, tx, now)
}

// idle refuses a domain on which an operation or an order is open.
func idle(ctx context.Context, tx *sql.Tx, d Domain) error {
	if op := d.Operation; op != nil {
		return underWay(d.Name, d.Registrar, op)
	}
	return refuseOpen(ctx, tx, d.Name)
}

// Forgetting removes a domain from the list that is not ours any more, or never was.
type Forgetting struct {
	Domain string // Unicode or ACE
	Reasoned
}

// Forget removes a domain from the list. It tells the domain's registrar to stop renewing it. The registrar's
// record and events of the domain stay, and do not bring it back: only an order or an import does.
//
// Errors: Precondition while an order or operation on the domain is open; Unavailable while its registrar
// is down, because a registrar that was not told could still pay.
func (s Records) Forget(ctx context.Context, f Forgetting) (d Domain, err error) {
	if d, err = s.Domain(ctx, f.Domain); err != nil {
		return d, err
	}
	if err := input.Mistakes(f.problems()); err != nil {
		return d, err
	}
	if err := s.db.Read(ctx, func(tx *sql.Tx) error { return idle(ctx, tx, d) }); err != nil {
		return d, err
	}

	// Before the list changes: a registrar that is not told could still pay. One that plugin.hcl no longer names has no
	// process that could.
	if d.Status.Held() && s.board.Runs(d.Registrar) {
		if _, err := (mover{s.ledger, s.board}).release(ctx, d); err != nil {
			return d, err
		}
	}

	err = s.write(ctx, func(tx *sql.Tx) error {
		now, err := selectDomain(ctx, tx, d.Name)
		if err != nil || now.Name == "" {
			return err
		}

		// An order may have come while the registrar was told.
		if err := idle(ctx, tx, now); err != nil {
			return err
		}
		if err := exec(ctx, tx, "delete from domains where name = $1", d.Name); err != nil {
			return err
		}

		// This row keeps the events that its registrar still sends from bringing the domain back. A domain that had to be
		// released has it already.
		if err := exec(ctx, tx, "insert into moves (domain, source, renewal) values ($1, $2, $3) on conflict do nothing", d.Name, d.Registrar, now.Renewal); err != nil {
			return err
		}
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: d.Registrar, Domain: d.Name, Actor: f.By, Level: registrar.LevelWarning, Event: registrar.EventDecision,
			Message: fmt.Sprintf("taken off the list: it was %s, of customer %s, paid till %s", d.Status, d.Customer, d.PaidTill) + f.why()})
	})
	return d, err
}

// forgotten reports whether a person has removed a domain that is not on the list. Then there is
// the row that a move begins with, and no move ends without the domain.
func forgotten(ctx context.Context, tx *sql.Tx, name string) (bool, error) {
	found, err := sqldb.Collect(ctx, tx, scanName, "select domain from moves where domain = $1", name)
	return len(found) > 0, fault(err, "look for a domain that was forgotten")
}

// remember ends that a domain is forgotten, because it is ours again.
func remember(ctx context.Context, tx *sql.Tx, name string) error {
	return exec(ctx, tx, "delete from moves where domain = $1", name)
}
