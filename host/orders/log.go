package orders

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// The panel's own entries in the Action Log, besides those of registrars' events.
const (
	OrderPlaced    registrar.EventType = "order-placed"
	OrderPaid      registrar.EventType = "order-paid"
	OrderCancelled registrar.EventType = "order-cancelled"
	OrderSubmitted registrar.EventType = "order-submitted" // the registrar took it
	OrderRefused   registrar.EventType = "order-refused"   // the registrar will not take it; the message says why
	OrderExpired   registrar.EventType = "order-expired"   // it was not paid in time
	OrderRetried   registrar.EventType = "order-retried"   // it had failed; the same payment, another operation
	OrderRefunded  registrar.EventType = "order-refunded"  // it had failed; the payment was given back
	OrderDismissed registrar.EventType = "order-dismissed" // it had failed, and needs no person any more
)

// EntryTypes lists every type of entry.
func EntryTypes() []registrar.EventType {
	return append(registrar.EventTypes(), OrderPlaced, OrderPaid, OrderCancelled, OrderSubmitted, OrderRefused,
		OrderExpired, OrderRetried, OrderRefunded, OrderDismissed)
}

// Entry is one line of the Action Log. Empty fields are unknown or do not apply.
type Entry struct {
	ID        int64 // grows with time
	At        time.Time
	Registrar string
	Domain    string
	Actor     string // "panel", or as the registrar's event has it
	Level     registrar.Level
	Event     registrar.EventType
	Message   string
	Order     registrar.OrderID
	Operation registrar.OperationID
	Mail      registrar.MailID
	Standing  // of the operation, or the order, right after the entry
}

// LogQuery selects entries.
type LogQuery struct {
	Domain    string // Unicode or ACE; "" = all
	Registrar string
	Actor     string
	Event     registrar.EventType
	Outcome   registrar.Outcome        // entries that report such an end
	State     registrar.OperationState // entries that report an operation in this state
	Level     registrar.Level          // this and worse; "" = all
	Since     time.Time                // zero = from the beginning
	After     int64                    // entries with a greater ID
	Before    int64                    // entries with a smaller ID; 0 = all
	Limit     int                      // the most entries; 0 = all
	First     bool                     // with a limit: the first entries, not the last
}

const byPanel = "panel"

// lookAtOthers is how soon entries of another panel are seen.
const lookAtOthers = 5 * time.Second

// record writes an entry about an order.
func (l *ledger) record(ctx context.Context, tx *sql.Tx, o Order, event registrar.EventType, level registrar.Level, message string) error {
	return insertEntry(ctx, tx, Entry{At: l.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: byPanel, Level: level,
		Event: event, Message: message, Order: o.ID, Operation: o.Operation, Standing: o.Standing})
}

// decided writes an entry about a person's decision.
func (l *ledger) decided(ctx context.Context, e Entry) error {
	e.At, e.Level, e.Event = l.now(), registrar.LevelInfo, registrar.EventDecision
	return l.write(ctx, func(tx *sql.Tx) error { return insertEntry(ctx, tx, e) })
}

// Note writes into the Action Log what a person did with a registrar's plugin.
func (s *Service) Note(ctx context.Context, name, by string, level registrar.Level, message string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: name, Actor: by, Level: level, Event: registrar.EventDecision, Message: message})
	})
}

// Log lists entries, oldest first.
func (l *ledger) Log(ctx context.Context, q LogQuery) (entries []Entry, err error) {
	if q, err = q.normal(); err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		entries, err = selectLog(ctx, tx, q)
		return err
	})
	return entries, err
}

// FollowLog yields entries, and continues with new ones until ctx ends.
func (s *Service) FollowLog(ctx context.Context, q LogQuery) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for ctx.Err() == nil {
			more := s.logged.Next() // before reading, so that no entry slips in between
			entries, err := s.Log(ctx, q)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}

				// The limit counts for the first entries; all new ones are yielded.
				q.After, q.Limit = e.ID, 0
			}
			select {
			case <-more:
			case <-time.After(lookAtOthers):
			case <-ctx.Done():
			}
		}
	}
}

func insertEntry(ctx context.Context, q sqldb.Querier, e Entry) error {
	// PostgreSQL refuses text that is not UTF-8, and with it the whole transaction.
	return exec(ctx, q, `insert into log (at, registrar, domain, actor, level, event, message, "order", operation, mail, operation_state, outcome, reason)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, sqldb.Millis(e.At), e.Registrar, e.Domain, e.Actor,
		e.Level, e.Event, strings.ToValidUTF8(e.Message, "\uFFFD"), e.Order, e.Operation, e.Mail,
		e.OperationState, e.Outcome, e.Reason)
}

func selectLog(ctx context.Context, q sqldb.Querier, want LogQuery) ([]Entry, error) {
	limit := want.Limit
	if limit <= 0 {
		limit = math.MaxInt32
	}
	f, order := want.filter(), " order by id desc"
	if want.First {
		order = " order by id"
	}
	where, args := f.where(), append(f.args, limit)
	entries, err := sqldb.Collect(ctx, q, scanEntry, `select id, at, registrar, domain, actor, level, event, message, "order", operation, mail, operation_state, outcome, reason
		from log `+where+order+fmt.Sprint(" limit $", len(args)), args...)
	// The last entries were read from the end, and are returned in the order in which they came.
	if !want.First {
		slices.Reverse(entries)
	}
	return entries, fault(err, "read log")
}

func scanEntry(row sqldb.Scanner) (e Entry, err error) {
	return e, row.Scan(&e.ID, sqldb.At(&e.At), &e.Registrar, &e.Domain, &e.Actor, &e.Level, &e.Event, &e.Message, &e.Order, &e.Operation, &e.Mail,
		&e.OperationState, &e.Outcome, &e.Reason)
}
