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

// Acknowledgement is a person's word that something which needs a person was seen. It moves nothing
// and hides nothing for good: it holds for what was seen, until that changes.
type Acknowledgement struct {
	Item  string // identifies it as long as it stands
	Seen  string // what was seen of it; a later state that differs is not acknowledged
	What  string // in a few words
	By    string
	For   string // on whose behalf, in their own words; a note
	Note  string
	At    time.Time
	Until time.Time // zero = until it changes

	Registrar, Domain string // what it is about, for the Action Log
}

// Acknowledgements keeps what people have seen.
type Acknowledgements struct {
	*ledger
	board *switchboard.Board
}

// Acknowledgements returns what the book keeps of what people have seen.
func (l Lists) Acknowledgements() Acknowledgements { return Acknowledgements(l) }

// The most that people can have acknowledged at once, and the longest time for which an acknowledgement can hold.
const (
	MostAcknowledged    = 1000
	LongestAcknowledged = 366 * 24 * time.Hour
)

func (a Acknowledgement) problems(now time.Time) []registrar.Problem {
	problems := append(input.Person(a.By), input.Behalf(a.For)...)
	if wrong := input.CheckText(a.Note, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "reason", Message: wrong})
	}
	if !a.Until.IsZero() && (!a.Until.After(now) || a.Until.Sub(now) > LongestAcknowledged) {
		problems = append(problems, registrar.Problem{Path: "until", Message: "must be in the future, and within a year"})
	}
	return problems
}

// Keep records that things were seen: all of them or none. A thing that was acknowledged before is acknowledged anew.
func (k Acknowledgements) Keep(ctx context.Context, all []Acknowledgement) error {
	for _, a := range all {
		if err := input.Mistakes(a.problems(k.now())); err != nil {
			return err
		}
	}
	return k.write(ctx, func(tx *sql.Tx) error {
		for _, a := range all {
			if err := k.keep(ctx, tx, a); err != nil {
				return err
			}
		}

		// Counted after all are stored, so that a thing that is acknowledged again counts once.
		var count int
		if err := tx.QueryRowContext(ctx, "select count(*) from acknowledged").Scan(&count); err != nil {
			return fault(err, "count what is acknowledged")
		}
		if count > MostAcknowledged {
			return registrar.Errorf(registrar.Precondition, "more than %d things would be acknowledged at once: see to some of them first", MostAcknowledged)
		}
		return nil
	})
}

func (k Acknowledgements) keep(ctx context.Context, tx *sql.Tx, a Acknowledgement) error {
	err := exec(ctx, tx, `insert into acknowledged (item, seen, what, actor, behalf, note, at, until_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (item) do update set seen = excluded.seen, what = excluded.what, actor = excluded.actor, behalf = excluded.behalf, note = excluded.note,
			at = excluded.at, until_at = excluded.until_at`,
		a.Item, a.Seen, a.What, a.By, a.For, a.Note, sqldb.Millis(k.now()), sqldb.Millis(a.Until))
	if err != nil {
		return err
	}

	message := fmt.Sprintf("%s: seen and shown apart until it changes", a.What)
	if !a.Until.IsZero() {
		message = fmt.Sprintf("%s: seen and shown apart until %s or until it changes", a.What, a.Until.UTC().Format(time.RFC3339))
	}
	if a.Note != "" {
		message += ": " + input.OneLine(a.Note, longestNote)
	}
	return k.told(ctx, tx, a, message)
}

func (k Acknowledgements) told(ctx context.Context, tx *sql.Tx, a Acknowledgement, message string) error {
	return insertEntry(ctx, tx, Entry{At: k.now(), Registrar: a.Registrar, Domain: a.Domain, Actor: a.By, Level: registrar.LevelInfo,
		Event: registrar.EventDecision, Message: message + input.OnBehalf(a.For)})
}

// TakeBack has acknowledged things shown again, and returns how many of them were acknowledged. It
// reads only [Acknowledgement.Item] and who takes it back.
func (k Acknowledgements) TakeBack(ctx context.Context, all []Acknowledgement) (changed int, err error) {
	for _, a := range all {
		if err := input.Mistakes(append(input.Person(a.By), input.Behalf(a.For)...)); err != nil {
			return 0, err
		}
	}

	err = k.write(ctx, func(tx *sql.Tx) error {
		for _, a := range all {
			err := tx.QueryRowContext(ctx, "delete from acknowledged where item = $1 returning what", a.Item).Scan(&a.What)
			// Another person was faster, or the item has changed and was dropped. It is shown again anyway:
			// there is nothing to record.
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return fault(err, "take back what was acknowledged")
			}
			if err := k.told(ctx, tx, a, a.What+": shown again"); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	return changed, err
}

// All lists what is acknowledged now, by item.
func (k Acknowledgements) All(ctx context.Context) (all []Acknowledgement, err error) {
	err = k.db.Read(ctx, func(tx *sql.Tx) (err error) {
		all, err = sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (a Acknowledgement, err error) {
			return a, row.Scan(&a.Item, &a.Seen, &a.What, &a.By, &a.For, &a.Note, sqldb.At(&a.At), sqldb.At(&a.Until))
		}, "select item, seen, what, actor, behalf, note, at, until_at from acknowledged where until_at is null or until_at > $1 order by item", sqldb.Millis(k.now()))
		return fault(err, "read what is acknowledged")
	})
	return all, err
}

// Forget drops acknowledgements of these items, which are over or have changed, and all that have expired.
func (k Acknowledgements) Forget(ctx context.Context, items []string) error {
	return k.db.Write(ctx, func(tx *sql.Tx) error {
		for _, item := range items {
			if err := exec(ctx, tx, "delete from acknowledged where item = $1", item); err != nil {
				return err
			}
		}
		return exec(ctx, tx, "delete from acknowledged where until_at is not null and until_at <= $1", sqldb.Millis(k.now()))
	})
}

// Needing reads which of some domains need a person or have an alarm, as a list shows them.
func (k Acknowledgements) Needing(ctx context.Context, names []string) (list []Domain, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	var of filter
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		of.args = append(of.args, name)
	}
	err = k.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if list, err = selectDomains(ctx, tx, "where name in ("+of.places()+") and "+needsLook, of.args...); err != nil {
			return err
		}
		return lateness(k).warn(ctx, tx, list)
	})
	return list, err
}
