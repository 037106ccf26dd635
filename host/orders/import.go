package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// MostImports is the most domains that one call imports.
const MostImports = 1000

// What becomes of a domain that is to be imported.
const (
	ImportTake    = "import"  // it is taken over
	ImportKnown   = "known"   // it is here already, as the row says
	ImportRefused = "refused" // the reason says why
)

// Imported is what becomes of one row.
type Imported struct {
	Domain string // ACE; as typed if it is no name
	Action string
	Reason string
}

// Intake takes over many domains at once.
type Intake struct {
	book *Service
	at   string // the registrar that has the domains; "" = the one that serves the zone of each
}

// Intake returns an intake for domains of one registrar; "" = each domain goes to the registrar that serves its zone.
func (s *Service) Intake(registrar string) Intake { return Intake{s, registrar} }

// route returns the registrar that takes a domain over.
func (t Intake) route(domain string) (string, error) {
	if t.at == "" {
		return t.book.board.Route(domain)
	}
	return t.at, serves(t.book.board, t.at, domain)
}

// atATime is how many imports are under way at once: they share the flushes of a disk.
const atATime = 64

// Take takes over the domains of these rows, and reports what became of each. With dryRun it
// changes nothing, and does not report what only the registrar knows. Repeating it is harmless.
func (t Intake) Take(ctx context.Context, rows []registrar.Import, dryRun bool) ([]Imported, error) {
	if len(rows) > MostImports {
		return nil, input.Mistake("rows", fmt.Sprintf("must be %d at most", MostImports))
	}
	known, err := t.known(ctx, rows)
	if err != nil {
		return nil, err
	}
	all, seen := make([]Imported, len(rows)), map[string]bool{}
	for i, row := range rows {
		all[i] = t.plan(row, known, seen)
	}
	if dryRun {
		return all, ctx.Err()
	}

	// One transaction for all domains that were taken: one for each would cost a flush of the disk a thousand times.
	taken := t.ask(ctx, rows, all)
	err = t.book.write(ctx, func(tx *sql.Tx) error {
		for _, d := range taken {
			if err := relist(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	return all, errors.Join(err, ctx.Err())
}

// ask has the registrars take over the rows with the action ImportTake, side by side, and returns what they took.
func (t Intake) ask(ctx context.Context, rows []registrar.Import, all []Imported) []Domain {
	// Each import writes the place of its own row alone, so there is nothing to lock.
	answers := make([]Domain, len(rows))
	free := make(chan struct{}, atATime)
	var under sync.WaitGroup
	for i := range rows {
		if all[i].Action != ImportTake {
			continue
		}
		free <- struct{}{}
		under.Go(func() {
			defer func() { <-free }()
			d, err := t.takeOne(ctx, rows[i], all[i].Domain)
			if err != nil {
				all[i].Action, all[i].Reason = ImportRefused, t.refusal(all[i].Domain, err)
			}
			answers[i] = d
		})
	}

	under.Wait()
	return slices.DeleteFunc(answers, func(d Domain) bool { return d.Name == "" })
}

func (t Intake) takeOne(ctx context.Context, row registrar.Import, ace string) (Domain, error) {
	i, err := normalImport(row)
	if err != nil {
		return Domain{}, err
	}
	name, err := t.route(ace)
	if err != nil {
		return Domain{}, err
	}
	return t.book.taken(ctx, i, name)
}

// known finds the rows whose domains are on the list, all at once.
func (t Intake) known(ctx context.Context, rows []registrar.Import) (map[string]Domain, error) {
	var names filter
	for _, row := range rows {
		if ace, err := input.ACE(row.Domain); err == nil {
			names.args = append(names.args, ace)
		}
	}
	found := map[string]Domain{}
	err := t.book.db.Read(ctx, func(tx *sql.Tx) error {
		list, err := selectDomains(ctx, tx, "where name in ("+names.places()+")", names.args...)
		for _, d := range list {
			found[d.Name] = d
		}
		return err
	})
	return found, err
}

// plan returns what can be said of a row without asking its registrar.
func (t Intake) plan(row registrar.Import, known map[string]Domain, seen map[string]bool) Imported {
	ace, err := input.ACE(row.Domain)
	if err != nil {
		return Imported{row.Domain, ImportRefused, t.refusal(row.Domain, err)}
	}

	refuse := func(reason string) Imported { return Imported{ace, ImportRefused, reason} }
	// Rows are asked side by side, so chance would decide which of two rows for one domain counts.
	if seen[ace] {
		return refuse("it is listed twice")
	}

	seen[ace] = true
	if _, err := input.Customer(row.Customer); err != nil {
		return refuse(t.refusal(ace, err))
	}
	if row.Handle == "" || row.PaidTill.IsZero() {
		return refuse("handle and paid-till are required")
	}

	d, here := known[ace]
	switch {
	case here && d.Status.Held() && d.Customer == row.Customer && d.Handle == row.Handle && d.PaidTill == row.PaidTill:
		return Imported{ace, ImportKnown, ""}
	case here && !d.Status.Gone():
		return refuse(fmt.Sprintf("it is %s here already, for customer %s", d.Status, d.Customer))
	}

	if _, err := t.route(ace); err != nil {
		return refuse(t.refusal(ace, err))
	}
	return Imported{ace, ImportTake, ""}
}

// refusal returns an error as a line that a caller may read. What a caller may not read is logged.
func (t Intake) refusal(domain string, err error) string {
	var e *registrar.Error
	if !errors.As(err, &e) {
		t.book.log.Error("a domain was not imported", "domain", domain, "err", err)
		return "it failed; the panel's log says why"
	}

	if len(e.Problems) == 0 {
		return e.Error()
	}
	text := ""
	for i, p := range e.Problems {
		if i > 0 {
			text += "; "
		}
		text += p.String()
	}
	return text
}
