package orders

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Delivery is how far the Action Log has been delivered to a webhook.
type Delivery struct {
	Name         string
	Told         int64     // the last entry that was delivered, or given up
	Attempts     int       // that failed, for the next entry
	FailingSince time.Time // the first of them; zero = none failed
	NextAt       time.Time // of the next attempt
	Error        string    // of the last attempt
	Dead         int       // entries that were given up and not sent again yet
}

// DeadLetter is an entry that a webhook did not take, and that was given up.
type DeadLetter struct {
	Entry    Entry
	At       time.Time
	Attempts int
	Error    string
}

// Webhooks keeps in the book what was delivered to webhooks.
type Webhooks struct{ *ledger }

// Webhooks returns what the book knows of deliveries.
func (l *ledger) Webhooks() Webhooks { return Webhooks{l} }

// More returns a channel that closes when the log may have grown.
func (w Webhooks) More() <-chan struct{} { return w.logged.Next() }

// Claim makes this panel, of several, the one that delivers, until an instant. A new webhook gets
// what happens from now on.
func (w Webhooks) Claim(ctx context.Context, name, holder string, until time.Time) (d Delivery, held bool, err error) {
	err = w.db.Write(ctx, func(tx *sql.Tx) error {
		// Otherwise a new webhook would get years of the log.
		if err := exec(ctx, tx, "insert into webhooks (name, told) values ($1, (select coalesce(max(id), 0) from log)) on conflict do nothing", name); err != nil {
			return err
		}
		n, err := sqldb.Changed(ctx, tx, "update webhooks set holder = $1, held_until = $2 where name = $3 and (holder = $1 or held_until is null or held_until < $4)",
			holder, sqldb.Millis(until), name, sqldb.Millis(w.now()))
		if held = n == 1; err != nil || !held {
			return fault(err, "claim webhook")
		}
		d, err = selectDelivery(ctx, tx, name)
		return err
	})
	return d, held, err
}

const deliveryColumns = "name, told, attempts, failing_since, next_at, error, (select count(*) from dead_letters where webhook = name)"

func selectDelivery(ctx context.Context, q sqldb.Querier, name string) (Delivery, error) {
	d, err := scanDelivery(q.QueryRowContext(ctx, "select "+deliveryColumns+" from webhooks where name = $1", name))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{Name: name}, nil
	}
	return d, fault(err, "read webhook")
}

func scanDelivery(row sqldb.Scanner) (d Delivery, err error) {
	return d, row.Scan(&d.Name, &d.Told, &d.Attempts, sqldb.At(&d.FailingSince), sqldb.At(&d.NextAt), &d.Error, &d.Dead)
}

// Next lists the entries that were not delivered to a webhook yet, the oldest first.
func (w Webhooks) Next(ctx context.Context, after int64, limit int) (entries []Entry, err error) {
	err = w.db.Read(ctx, func(tx *sql.Tx) (err error) {
		entries, err = selectLog(ctx, tx, LogQuery{After: after, Limit: limit, First: true})
		return err
	})
	return entries, err
}

// Told records that entries up to this one were delivered, or do not concern the webhook.
func (w Webhooks) Told(ctx context.Context, name string, entry int64) error {
	return w.db.Write(ctx, func(tx *sql.Tx) error {
		// Never backwards: another panel may have delivered more since.
		return exec(ctx, tx, "update webhooks set told = $1, attempts = 0, failing_since = null, next_at = null, error = '' where name = $2 and told < $1", entry, name)
	})
}

// Failed records an attempt that failed.
func (w Webhooks) Failed(ctx context.Context, d Delivery) error {
	return w.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "update webhooks set attempts = $1, failing_since = $2, next_at = $3, error = $4 where name = $5",
			d.Attempts, sqldb.Millis(d.FailingSince), sqldb.Millis(d.NextAt), d.Error, d.Name)
	})
}

// Bury gives an entry up, so that those after it can be delivered. The Action Log says so.
func (w Webhooks) Bury(ctx context.Context, d Delivery, e Entry) error {
	return w.write(ctx, func(tx *sql.Tx) error {
		// Together with the cursor: an entry is either still to be delivered or a dead letter.
		if err := exec(ctx, tx, "insert into dead_letters (webhook, entry, at, attempts, error) values ($1, $2, $3, $4, $5) on conflict do nothing",
			d.Name, e.ID, sqldb.Millis(w.now()), d.Attempts, d.Error); err != nil {
			return err
		}
		if err := exec(ctx, tx, "update webhooks set told = $1, attempts = 0, failing_since = null, next_at = null where name = $2", e.ID, d.Name); err != nil {
			return err
		}
		return insertEntry(ctx, tx, Entry{At: w.now(), Registrar: e.Registrar, Domain: e.Domain, Actor: byPanel, Level: registrar.LevelError, Event: registrar.EventNotice,
			Message: "webhook " + d.Name + " did not take an entry, which was given up: " + d.Error, Order: e.Order, Operation: e.Operation})
	})
}

// Deliveries lists the known webhooks, by name.
func (w Webhooks) Deliveries(ctx context.Context) (list []Delivery, err error) {
	err = w.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanDelivery, "select "+deliveryColumns+" from webhooks order by name")
		return err
	})
	return list, fault(err, "read webhooks")
}

const deadColumns = `select id, log.at, registrar, domain, actor, level, event, message, "order", operation, mail, d.at, d.attempts, d.error
	from dead_letters d join log on log.id = d.entry`

func scanDead(row sqldb.Scanner) (l DeadLetter, err error) {
	e := &l.Entry
	return l, row.Scan(&e.ID, sqldb.At(&e.At), &e.Registrar, &e.Domain, &e.Actor, &e.Level, &e.Event, &e.Message, &e.Order, &e.Operation, &e.Mail,
		sqldb.At(&l.At), &l.Attempts, &l.Error)
}

// Dead lists the entries that a webhook did not take, the oldest first.
func (w Webhooks) Dead(ctx context.Context, name string, after int64, limit int) (list []DeadLetter, err error) {
	err = w.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanDead, deadColumns+" where d.webhook = $1 and d.entry > $2 order by d.entry limit $3", name, after, limit)
		return err
	})
	return list, fault(err, "read dead letters")
}

// Revived records that an entry was taken after all.
func (w Webhooks) Revived(ctx context.Context, name string, entry int64) error {
	return w.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "delete from dead_letters where webhook = $1 and entry = $2", name, entry)
	})
}
