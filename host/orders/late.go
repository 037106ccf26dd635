package orders

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// A paid order that no registrar has taken after a while raises an alarm: on its domain as long as
// that lasts, and once in the Action Log.
const (
	lateAfter = 30 * time.Second
	lookLate  = 15 * time.Second
)

// AlarmLate is the key of the panel's own alarm about an order that waits.
const AlarmLate = "order-waits"

// lateness finds the paid orders that wait too long, and says why.
type lateness struct {
	*ledger
	board *switchboard.Board
}

func (s *Service) lateness() lateness { return lateness{s.ledger, s.board} }

// tellLate writes an entry for each order that has become late.
func (l lateness) tellLate(ctx context.Context) error {
	// Only reads at first: most rounds find none, and then no writer has to wait.
	var waiting []Order
	err := l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		waiting, err = l.late(ctx, tx)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	return l.write(ctx, func(tx *sql.Tx) error {
		for _, o := range waiting {
			if err := l.tellOne(ctx, tx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l lateness) tellOne(ctx context.Context, tx *sql.Tx, o Order) error {
	// Each round finds the order again, and so does another panel, but the alarm is raised only once.
	if told, err := toldLate(ctx, tx, o); err != nil || told {
		return err
	}
	return l.record(ctx, tx, o, registrar.EventAlarm, registrar.LevelError, l.whyLate(o))
}

// toldLate reports whether the log has an alarm about the present attempt at an order. Earlier attempts have their own.
func toldLate(ctx context.Context, tx *sql.Tx, o Order) (told bool, err error) {
	err = tx.QueryRowContext(ctx, `select exists (select 1 from log where domain = $1 and "order" = $2 and event = $3 and at >= $4)`,
		o.Domain, o.ID, registrar.EventAlarm, sqldb.Millis(o.BegunAt)).Scan(&told)
	return told, fault(err, "read log")
}

// late lists the paid orders that have waited too long.
func (l lateness) late(ctx context.Context, q sqldb.Querier) ([]Order, error) {
	return selectOrders(ctx, q, "where "+untaken+" and begun_at <= $1", sqldb.Millis(l.now().Add(-lateAfter)))
}

func (l lateness) whyLate(o Order) string {
	return fmt.Sprintf("order %s is paid and waits: %s", o.ID, l.whyNot(o))
}

// whyNot says why a registrar has not taken an order, and what to do.
func (l lateness) whyNot(o Order) string {
	text := "registrar " + o.Registrar + " has not taken it"
	if _, err := l.board.Registrar(o.Registrar); err != nil {
		text = switchboard.Reason(err)
	}
	if stranded(o, l.board) {
		text += "; name it in plugin.hcl again, or withdraw the order: panel order cancel " + string(o.ID)
	}
	return text
}

// warn adds the panel's own alarms to domains.
func (l lateness) warn(ctx context.Context, q sqldb.Querier, list []Domain) error {
	waiting, err := l.late(ctx, q)
	if err != nil || len(waiting) == 0 {
		return err
	}
	late := map[string]Order{}
	for _, o := range waiting {
		late[o.Domain] = o
	}
	for i, d := range list {
		if o, ok := late[d.Name]; ok {
			list[i].Alarms = append(list[i].Alarms, registrar.Alarm{Key: AlarmLate, Since: o.BegunAt.Add(lateAfter), Message: l.whyLate(o)})
		}
	}
	return nil
}
