package orders

import (
	"context"
	"database/sql"
	"fmt"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Verdict is what a person decides about an order that has failed.
type Verdict struct {
	Order registrar.OrderID
	By    string // who decides; required
	For   string // on whose behalf, in their own words; a note
	Note  string
}

// Refund records that the payment for an order which failed, or was withdrawn, was given back: the
// order is cancelled, and a domain that came to nothing leaves the list. It reports whether that
// changed anything.
//
// Errors: Precondition while the order is under way, if it has succeeded, and if nothing was
// paid for it.
func (s *Service) Refund(ctx context.Context, v Verdict) (Order, bool, error) {
	o, changed, err := s.gate().giveUp(ctx, v, refund)
	return s.waits().shown(o), changed, err
}

// Dismiss records that a failed order needs no person any more. It is Refund without money.
func (s *Service) Dismiss(ctx context.Context, v Verdict) (Order, bool, error) {
	o, changed, err := s.gate().giveUp(ctx, v, dismiss)
	return s.waits().shown(o), changed, err
}

// givenUp is how the log reports that an order was given up.
var givenUp = map[action]struct {
	event registrar.EventType
	text  string
}{
	refund:  {OrderRefunded, "order %s: the payment was given back"},
	dismiss: {OrderDismissed, "order %s is dismissed: it %s"},
}

func (g gate) giveUp(ctx context.Context, v Verdict, a action) (o Order, changed bool, err error) {
	if err := v.wrong(); err != nil {
		return o, false, err
	}
	err = g.write(ctx, func(tx *sql.Tx) error {
		if o, err = selectOrder(ctx, tx, v.Order); err != nil {
			return err
		}
		// Checked in the writer's transaction, so that the second of a retry and a refund at the same time is refused.
		next, ok := o.after(a)
		if !ok {
			return o.refusedTo(a)
		}
		if a == refund && (o.Own || o.PaidAt.IsZero()) {
			return registrar.Errorf(registrar.Precondition, "nothing was paid for order %s: dismiss it instead, if it is to be out of the way", o.ID)
		}

		// A repetition changes nothing and makes no second entry.
		if a == refund && !o.RefundedAt.IsZero() || a == dismiss && !o.DismissedAt.IsZero() {
			return nil
		}

		changed, o.State = true, next.State
		o.DismissedAt = g.time()
		if a == refund {
			o.RefundedAt = o.DismissedAt
		}
		return g.clear(ctx, tx, o, v, a)
	})
	if err != nil || !changed {
		return o, false, err
	}
	g.log.Info("order is given up", "order", o.ID, "domain", o.Domain, "how", a)
	return o, true, nil
}

func (v Verdict) wrong() error {
	problems := append(input.Person(v.By), input.Behalf(v.For)...)
	if wrong := input.CheckText(v.Note, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "note", Message: wrong})
	}
	return input.Mistakes(problems)
}

// clear stores the verdict, and removes a domain from the list that came to nothing.
func (g gate) clear(ctx context.Context, tx *sql.Tx, o Order, v Verdict, a action) error {
	err := exec(ctx, tx, "update orders set state = $1, refunded_at = $2, dismissed_at = $3 where id = $4",
		o.State, sqldb.Millis(o.RefundedAt), sqldb.Millis(o.DismissedAt), o.ID)
	if err != nil {
		return err
	}
	if o.Kind.Acquires() {
		// Unless it has been ordered again since: then the row is that order's.
		err := exec(ctx, tx, `delete from domains where name = $1 and registrar = $2 and status = $3
			and not exists (select 1 from orders where domain = $1 and closed_at is null)`, o.Domain, o.Registrar, registrar.StatusError)
		if err != nil {
			return err
		}
	}

	// The settled alarms are found by what was just stored of the order.
	if err := settleDomain(ctx, tx, o.Domain); err != nil {
		return err
	}

	text := fmt.Sprintf(givenUp[a].text, o.ID)
	if a == dismiss {
		text = fmt.Sprintf(givenUp[a].text, o.ID, "has "+ended[o.Outcome])
	}
	if v.Note != "" {
		text += " (" + input.OneLine(v.Note, longestNote) + ")"
	}
	return insertEntry(ctx, tx, Entry{At: g.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: v.By, Level: registrar.LevelInfo, Event: givenUp[a].event,
		Message: text + input.OnBehalf(v.For), Order: o.ID, Operation: o.Operation, Standing: o.Standing})
}
