package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Data is the personal data in the book: they are removed when a customer demands it, or when they
// were kept long enough, and the key that they are sealed with is exchanged. Registrars follow.
type Data struct {
	*ledger
	board *switchboard.Board

	keep     Keep
	retained map[string]time.Time // when a registrar last removed what was kept long enough; only eraseLoop uses it
}

// Data returns the personal data in the book.
func (s *Service) Data() *Data { return s.data }

// An erasure is demanded once and carried out until it is complete. The transaction that records the demand
// also removes what the book has, and adds a row for each registrar that has yet to follow. A registrar that
// is down follows when it is back, and a panel that dies continues after its start.

// Erasure is what became of a customer's personal data, by holder: a registrar, or "panel".
type Erasure struct {
	Customer string
	Parts    []switchboard.Item[registrar.Erasure]
	Absent   []switchboard.Absent // holders whose data are still to be removed, or can't be
}

// Erase removes the personal data of a customer's finished business, here and with every registrar.
// Data of open orders and held domains stay, and the answer says why; so does the record of what
// was ordered and paid. Repeating it removes what has finished since.
func (d *Data) Erase(ctx context.Context, typed, by, forWhom string) (Erasure, error) {
	customer, err := input.Customer(typed)
	if err != nil {
		return Erasure{}, err
	}
	if err := input.Mistakes(append(input.Person(by), input.Behalf(forWhom)...)); err != nil {
		return Erasure{}, err
	}

	// Once it is recorded, the erasure goes on by itself, whatever becomes of this call.
	own, names, err := d.demandErasure(ctx, customer, by, forWhom)
	if err != nil {
		return Erasure{}, fmt.Errorf("erase the data of customer %s: %w", customer, err)
	}

	done := Erasure{Customer: customer, Parts: []switchboard.Item[registrar.Erasure]{{Registrar: byPanel, Value: own}}}
	if err := d.purge(ctx, customer); err != nil {
		done.Absent = append(done.Absent, switchboard.Absent{Registrar: byPanel, Reason: "the data were removed and may still lie in the files; the panel tries again"})
	}

	// A registrar that can't follow now is asked again later; the answer names it, or its part would seem to be gone.
	for _, a := range d.board.Erase(ctx, names, registrar.ErasureQuery{Customer: customer}) {
		if err := d.erased(ctx, customer, a); err != nil {
			return done, err
		}
		if a.Err != nil {
			done.Absent = append(done.Absent, switchboard.Absent{Registrar: a.Registrar, Reason: stillThere(a.Err)})
			continue
		}
		done.Parts = append(done.Parts, switchboard.Item[registrar.Erasure]{Registrar: a.Registrar, Value: a.Value})
	}

	return done, ctx.Err()
}

// stillThere says what becomes of data that a registrar has not removed.
func stillThere(err error) string {
	if errors.Is(err, registrar.Unsupported) {
		return "it can't erase; its data of the customer are to be removed by hand: " + switchboard.Reason(err)
	}
	return "not yet, and it is asked again: " + switchboard.Reason(err)
}

// demandErasure removes what the book has, and records who has yet to follow.
func (d *Data) demandErasure(ctx context.Context, customer, by, forWhom string) (own registrar.Erasure, names []string, err error) {
	err = d.write(ctx, func(tx *sql.Tx) (err error) {
		if names, err = d.holders(ctx, tx, customer); err != nil {
			return err
		}

		// "" is the book itself: its rows are emptied below, but its files have yet to be purged.
		for _, name := range append([]string{""}, names...) {
			if err := exec(ctx, tx, `insert into erasures (customer, registrar, actor, asked_at) values ($1, $2, $3, $4)
				on conflict (customer, registrar) do nothing`, customer, name, by, sqldb.Millis(d.time())); err != nil {
				return err
			}
		}
		if own, err = d.eraseOrders(ctx, tx, customer); err != nil {
			return err
		}
		return insertEntry(ctx, tx, Entry{At: d.now(), Actor: by, Level: registrar.LevelWarning, Event: registrar.EventDecision,
			Message: fmt.Sprintf("the personal data of customer %s are erased", customer) + input.OnBehalf(forWhom)})
	})
	return own, names, err
}

// holders lists the registrars that may have data of a customer: those that are run, and those that the record names.
func (d *Data) holders(ctx context.Context, tx *sql.Tx, customer string) ([]string, error) {
	// The record may name a registrar that is not run any more: the answer then says that it has not followed.
	recorded, err := sqldb.Collect(ctx, tx, scanName, `select distinct registrar from orders where customer = $1
		union select distinct registrar from domains where customer = $1`, customer)
	if err != nil {
		return nil, fault(err, "read who has the customer's data")
	}
	names := append(slices.Clone(d.board.Names()), recorded...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// eraseOrders removes contacts and codes of a customer's concluded orders.
func (d *Data) eraseOrders(ctx context.Context, tx *sql.Tx, customer string) (done registrar.Erasure, err error) {
	all, err := selectOrders(ctx, tx, "where customer = $1 and length(sealed_private) > 0", customer)
	if err != nil {
		return done, err
	}

	var contacts, codes int64
	for _, o := range all {
		what := fmt.Sprintf("contact and code of order %s (%s %s)", o.ID, o.Kind, input.Unicode(o.Domain))
		if o.ClosedAt.IsZero() {
			done.Kept = append(done.Kept, registrar.Kept{What: what, Why: "it is " + string(o.State) + " and not concluded"})
			continue
		}
		domain, err := selectDomain(ctx, tx, o.Domain)
		if err != nil {
			return done, err
		}

		// A domain that is still the customer's needs the contact, but no transfer code once the order has ended.
		if domain.Customer != customer || !domain.Status.Held() {
			contacts++
			if err := d.eraseOrder(ctx, tx, o.ID); err != nil {
				return done, err
			}
			continue
		}
		personal, code, err := d.eraseCode(ctx, tx, o.ID)
		if err != nil {
			return done, err
		}
		if codes += code; personal {
			done.Kept = append(done.Kept, registrar.Kept{What: fmt.Sprintf("contact of order %s (%s %s)", o.ID, o.Kind, input.Unicode(o.Domain)), Why: "the domain is " + string(domain.Status)})
		}
	}

	for _, r := range []registrar.Removed{{What: "orders' contacts and codes", Count: contacts}, {What: "transfer codes", Count: codes}} {
		if r.Count > 0 {
			done.Removed = append(done.Removed, r)
		}
	}

	done.Beyond = []string{"backups that were made before: remove them, or let them expire"}
	return done, nil
}

// eraseOrder removes everything sealed of an order, and the digest of what was asked for: although
// keyed, it is a digest of personal data.
func (d *Data) eraseOrder(ctx context.Context, q *sql.Tx, id registrar.OrderID) error {
	return exec(ctx, q, "update orders set sealed_private = $1, digest = '' where id = $2", []byte{}, id)
}

// eraseCode removes the transfer code of an order, and reports whether a contact is left.
func (d *Data) eraseCode(ctx context.Context, q sqldb.Querier, id registrar.OrderID) (contact bool, codes int64, err error) {
	var sealed []byte
	if err := q.QueryRowContext(ctx, "select sealed_private from orders where id = $1", id).Scan(&sealed); err != nil {
		return false, 0, fault(err, "read order "+string(id))
	}
	p, err := d.unseal(id, sealed)
	if err != nil || p.AuthCode == "" {
		return p.personal(), 0, err
	}
	// Everything but the code is sealed again, because a contact is kept longer: as long as its domain is held.
	if sealed, err = d.seal(id, registrar.Order{Registrant: p.Registrant, AcceptPrice: p.AcceptPrice, DS: p.DS, Contacts: p.Contacts}); err != nil {
		return false, 0, err
	}
	return p.personal(), 1, exec(ctx, q, "update orders set sealed_private = $1 where id = $2", sealed, id)
}

// purge takes removed data out of the book's files.
func (d *Data) purge(ctx context.Context, customer string) error {
	if err := d.db.Purge(ctx); err != nil {
		d.log.Warn("what was erased may still lie in the files, and will be tried again", "err", err)
		return err
	}

	// The row goes last: a panel that dies before that finds it and purges again.
	return d.write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "delete from erasures where customer = $1 and registrar = ''", customer)
	})
}

// erased records that a registrar has followed, or never will by itself.
func (d *Data) erased(ctx context.Context, customer string, a switchboard.Told[registrar.Erasure]) error {
	// Its row stays, so that it is asked again.
	if a.Err != nil && !errors.Is(a.Err, registrar.Unsupported) {
		return nil
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		// If there is no row, another panel or call has reported it already.
		n, err := sqldb.Changed(ctx, tx, "delete from erasures where customer = $1 and registrar = $2", customer, a.Registrar)
		if err != nil || n == 0 {
			return fault(err, "record an erasure")
		}
		level, text := registrar.LevelInfo, fmt.Sprintf("registrar %s has erased the personal data of customer %s", a.Registrar, customer)
		if a.Err != nil {
			level, text = registrar.LevelWarning, fmt.Sprintf("registrar %s can't erase the personal data of customer %s: %s", a.Registrar, customer, switchboard.Reason(a.Err))
		}
		return insertEntry(ctx, tx, Entry{At: d.now(), Registrar: a.Registrar, Actor: byPanel, Level: level, Event: registrar.EventNotice, Message: text})
	})
}

// eraseAgain is how soon a registrar is asked again.
const eraseAgain = time.Minute

// eraseLoop continues erasures that are not complete, and has registrars remove old data.
func (d *Data) eraseLoop(ctx context.Context) {
	tick := time.NewTicker(eraseAgain)
	defer tick.Stop()
	for {
		if err := d.finishErasures(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("erasures wait", "err", err)
		}
		d.retainElsewhere(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pendingErasure is an erasure that a registrar, or "" for the book, has yet to carry out.
type pendingErasure struct{ customer, registrar string }

func scanErasure(row sqldb.Scanner) (p pendingErasure, err error) {
	return p, row.Scan(&p.customer, &p.registrar)
}

func (d *Data) finishErasures(ctx context.Context) error {
	var waiting []pendingErasure
	err := d.db.Read(ctx, func(tx *sql.Tx) (err error) {
		waiting, err = sqldb.Collect(ctx, tx, scanErasure, "select customer, registrar from erasures order by asked_at, customer, registrar")
		return err
	})

	if err != nil {
		return fault(err, "read erasures")
	}

	for _, p := range waiting {
		// This row is the book's own: its orders were emptied with the demand, but its files have yet to be purged.
		if p.registrar == "" {
			_ = d.purge(ctx, p.customer) // which logs its error
			continue
		}
		if _, err := d.board.Registrar(p.registrar); err != nil {
			continue // it is down, or not run any more
		}
		for _, a := range d.board.Erase(ctx, []string{p.registrar}, registrar.ErasureQuery{Customer: p.customer}) {
			if err := d.erased(ctx, p.customer, a); err != nil {
				return err
			}
		}
	}

	return nil
}
