package orders

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// Holding is what the book has of one registrar.
type Holding struct {
	Registrar string
	Domains   int // that are ours
	Open      int // orders that are not concluded
}

func (h Holding) String() string {
	return fmt.Sprintf("%d domains and %d open orders are with registrar %s", h.Domains, h.Open, h.Registrar)
}

// Holdings looks into a book that may be at work elsewhere, and changes nothing there. A book
// that is not there yet holds nothing.
func Holdings(ctx context.Context, dir string, server secret.String) (list []Holding, err error) {
	err = sqldb.Look(ctx, sqldb.Options{Path: filepath.Join(dir, database), Server: server}, func(tx *sql.Tx) error {
		list, err = holdings(ctx, tx)
		return err
	})
	if errors.Is(err, sqldb.ErrMissing) {
		return nil, nil
	}
	return list, fault(err, "look into the book")
}

// Forgotten lists what the book has of registrars that are neither run nor retired.
func (s *Service) Forgotten(ctx context.Context) (list []Holding, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = holdings(ctx, tx)
		return err
	})
	list = slices.DeleteFunc(list, func(h Holding) bool {
		return s.board.Accounted(h.Registrar)
	})
	return list, err
}

func holdings(ctx context.Context, q sqldb.Querier) ([]Holding, error) {
	list, err := sqldb.Collect(ctx, q, scanHolding, `select registrar, sum(domains), sum(orders) from (
			select registrar, count(*) as domains, 0 as orders from domains where status not in (`+sqldb.Words(registrar.GoneStatuses())+`) group by registrar
			union all
			select registrar, 0, count(*) from orders where closed_at is null group by registrar
		) as held group by registrar order by registrar`)
	return list, fault(err, "count what each registrar has")
}

func scanHolding(row sqldb.Scanner) (h Holding, err error) {
	return h, row.Scan(&h.Registrar, &h.Domains, &h.Open)
}

// Alarm writes into the Action Log that something is wrong with a registrar, or is well again.
func (s *Service) Alarm(ctx context.Context, name string, event registrar.EventType, message string) error {
	level := registrar.LevelError
	if event != registrar.EventAlarm {
		level = registrar.LevelInfo
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: name, Actor: byPanel, Level: level, Event: event, Message: strings.TrimSpace(message)})
	})
}
