package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/backoff"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/registrar"
)

// Limits of the dispatcher.
const (
	longestPause = time.Minute
	lookAgain    = time.Minute // without being woken
)

// Run submits paid orders and makes the rounds until ctx ends. Each registrar has its own loop, so
// that one that is down delays no other. Run returns when all submissions have ended.
func (s *Service) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, name := range s.board.Names() {
		d := dispatcher{s.ledger, s.board, name, s.toSubmit[name], s.random, s.pause}
		loops.Go(func() { d.run(ctx) })
	}
	loops.Go(func() { s.rounds(ctx) })
	loops.Go(func() { s.data.eraseLoop(ctx) })
	loops.Go(func() { s.data.retainLoop(ctx) })
	loops.Wait()
	return nil
}

// dispatcher submits the paid orders of one registrar.
type dispatcher struct {
	*ledger
	board     *switchboard.Board
	registrar string
	paid      wake.Signal
	random    io.Reader
	pause     time.Duration
}

func (d dispatcher) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		// An order that is paid at this panel wakes the loop. One that was paid at another panel on the same database, which
		// died before it sent the order, is found by looking.
		wait := lookAgain
		if err := d.submitAll(ctx); err == nil {
			failures = 0
		} else {
			wait = d.pauseAfter(failures, err)
			failures++
			d.log.Warn("orders wait", "registrar", d.registrar, "err", err, "pause", wait)
		}
		select {
		case <-ctx.Done():
		case <-d.paid:
		case <-time.After(wait):
		}
	}
}

// pauseAfter doubles the pause with each failure. Half of it is random, so that restarted panels
// don't ask at the same time.
func (d dispatcher) pauseAfter(failures int, err error) time.Duration {
	var drawn [1]byte // stays 0 without a source of randomness
	_, _ = io.ReadFull(d.random, drawn[:])
	pause := backoff.Pause(d.pause, longestPause, failures, float64(drawn[0])/255)

	// A registrar may say when to come back, but not put its orders off for longer than any other fault would.
	var e *registrar.Error
	if errors.As(err, &e) {
		pause = max(pause, min(e.RetryAfter, longestPause))
	}
	return pause
}

// Conditions on paid orders, in words that lead SQLite to the index of the few: there may be a million paid ones.
const (
	isPaid   = "state not in ('unpaid', 'cancelled')"
	untaken  = "domain > '' and closed_at is null and " + isPaid + " and operation || '' = '' and refusal || '' = ''" // by no registrar yet
	unheard  = "closed_at is not null and outcome = '' and " + isPaid                                                 // of their end
	isFailed = isPaid + " and outcome not in ('', 'succeeded') and dismissed_at is null"
)

// submitAll makes one pass over the paid orders that a registrar has not taken. The error joins
// those of orders that have to be tried again.
func (d dispatcher) submitAll(ctx context.Context) error {
	var waiting []Order
	err := d.db.Read(ctx, func(tx *sql.Tx) (err error) {
		waiting, err = selectOrders(ctx, tx, "where "+untaken+" and registrar || '' = $1", d.registrar)
		return err
	})

	if err != nil || len(waiting) == 0 {
		return err
	}

	// Outside of any transaction: a registrar may take a minute, and writers wait for one another.
	r, err := d.board.Registrar(d.registrar)
	if err != nil {
		return err
	}

	// One order that fails keeps no other waiting.
	var failed error
	for _, o := range waiting {
		if err := d.submit(ctx, r, o); err != nil {
			failed = errors.Join(failed, fmt.Errorf("submit order %s: %w", o.ID, err))
		}
	}

	return failed
}

func (d dispatcher) submit(ctx context.Context, r registrar.Orders, o Order) error {
	order, err := d.contents(ctx, o)
	if err != nil {
		return err
	}
	op, err := r.Submit(ctx, order)
	// These four are answers, which would be the same the next time. Anything else, such as a lost connection, leaves open
	// whether the order was taken: it is submitted again under its ID, which by contract never sends anything twice.
	switch registrar.CodeOf(err) {
	case "":
		return d.taken(ctx, o, op)
	case registrar.Invalid, registrar.Precondition, registrar.Conflict, registrar.Unsupported:
		return d.refused(ctx, o, err)
	}
	return err
}

// contents opens the registrar's order for the present attempt at a stored order.
func (l *ledger) contents(ctx context.Context, o Order) (registrar.Order, error) {
	var sealed []byte
	err := l.db.Read(ctx, func(tx *sql.Tx) error {
		return fault(tx.QueryRowContext(ctx, "select sealed_private from orders where id = $1", o.ID).Scan(&sealed), "read order "+string(o.ID))
	})
	if err != nil {
		return registrar.Order{}, err
	}
	// Erasure removes the sealed part and leaves the row, which is the record of the money.
	if len(sealed) == 0 {
		return registrar.Order{}, registrar.Errorf(registrar.Precondition, "the contact and code of order %s were erased", o.ID)
	}
	p, err := l.unseal(o.ID, sealed)
	return registrar.Order{ID: o.Submission, Kind: o.Kind, Domain: o.Domain, Customer: o.Customer, Registrant: p.Registrant,
		Nameservers: o.Nameservers, AuthCode: registrar.AuthCode(p.AuthCode), PaidTill: o.PaidTill, Years: o.Years, AcceptPrice: p.AcceptPrice, DS: p.DS,
		Contacts: p.Contacts}, err
}

// taken records the operation. An event may have reported it already; another panel may have
// submitted the order, too, and got the same operation.
func (d dispatcher) taken(ctx context.Context, o Order, op registrar.Operation) error {
	err := d.write(ctx, func(tx *sql.Tx) error {
		if told, err := submitted(ctx, tx, o, op.ID); err != nil || told {
			return err
		}
		if err := link(ctx, tx, o.Registrar, o.Submission, op.ID); err != nil {
			return err
		}

		// After the link, since the order is found by its operation.
		if err := d.stands(ctx, tx, o.Registrar, op); err != nil {
			return err
		}
		if o.Operation = op.ID; !op.State.Final() {
			o.Standing = of(op)
		}
		return d.record(ctx, tx, o, OrderSubmitted, registrar.LevelInfo, fmt.Sprintf("registrar %s has taken order %s", o.Registrar, o.ID))
	})

	if err == nil {
		d.log.Info("order submitted", "order", o.ID, "domain", o.Domain, "registrar", o.Registrar, "operation", op.ID)
	}
	return err
}

// submitted reports whether the log has an entry that the registrar took an order with this operation.
func submitted(ctx context.Context, tx *sql.Tx, o Order, op registrar.OperationID) (told bool, err error) {
	err = tx.QueryRowContext(ctx, `select exists (select 1 from log where domain = $1 and "order" = $2 and event = $3 and operation = $4)`,
		o.Domain, o.ID, OrderSubmitted, op).Scan(&told)
	return told, fault(err, "read log")
}

// refused concludes an order that the registrar will never take.
func (d dispatcher) refused(ctx context.Context, o Order, reason error) error {
	o.Refusal, o.Standing = reason.Error(), Standing{Outcome: failed, Reason: reason.Error()}
	err := d.write(ctx, func(tx *sql.Tx) error {
		// An order that another panel has had taken meanwhile, or that is at another attempt by now, stays as it is.
		n, err := sqldb.Changed(ctx, tx, `update orders set refusal = $1, outcome = $2, reason = $1, closed_at = $3
			where id = $4 and submission = $5 and operation = '' and refusal = ''`, o.Refusal, o.Outcome, sqldb.Millis(d.now()), o.ID, o.Submission)
		if err != nil || n == 0 {
			return fault(err, "close order")
		}

		// The name stays in the list, where staff see it, until the order is tried again or given up.
		if o.Kind.Acquires() {
			if err := exec(ctx, tx, "update domains set status = $1 where name = $2", registrar.StatusError, o.Domain); err != nil {
				return err
			}
		}

		// An operation under way for the domain has a standing of its own, which this order does not change.
		if err := exec(ctx, tx, "update domains set operation_state = '', outcome = $1, reason = $2 where name = $3 and operation = 'null'", o.Outcome, o.Reason, o.Domain); err != nil {
			return err
		}
		return d.record(ctx, tx, o, OrderRefused, registrar.LevelError, fmt.Sprintf("registrar %s refused order %s: %s", o.Registrar, o.ID, reason))
	})

	if err == nil {
		d.log.Warn("order refused", "order", o.ID, "domain", o.Domain, "registrar", o.Registrar, "code", registrar.CodeOf(reason))
	}
	return err
}
