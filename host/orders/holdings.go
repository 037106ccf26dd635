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

// Holdings lists what a book has of registrars that are not accounted for. The book may be in use
// elsewhere; Holdings changes nothing in it. A book that does not exist yet has nothing.
func Holdings(ctx context.Context, dir string, server secret.String, accounted func(registrar string) bool) (list []Holding, err error) {
	err = sqldb.Look(ctx, sqldb.Options{Path: filepath.Join(dir, database), Server: server}, func(tx *sql.Tx) error {
		list, err = holdings(ctx, tx, accounted)
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
		list, err = holdings(ctx, tx, s.board.Accounted)
		return err
	})
	return list, err
}

// holdings counts only the domains of registrars that are not accounted for: a panel asks at its
// start, and the others may have a million.
func holdings(ctx context.Context, q sqldb.Querier, accounted func(registrar string) bool) (list []Holding, err error) {
	all, err := sqldb.Collect(ctx, q, scanName, registrarsOfBook)
	for _, name := range all {
		if accounted(name) {
			continue
		}
		had, fails := sqldb.Collect(ctx, q, scanHolding, holdingOf, name)
		list, err = append(list, had...), errors.Join(err, fails)
	}
	list = slices.DeleteFunc(list, func(h Holding) bool { return h.Domains == 0 && h.Open == 0 })
	return list, fault(err, "count what each registrar has")
}

// registrarsOfBook finds each registrar that has a domain by one step in the index.
const registrarsOfBook = `with recursive found (name) as (
		select min(registrar) from domains
		union all
		select (select min(registrar) from domains where registrar > found.name) from found where found.name is not null
	)
	select name from found where name is not null
	union select registrar from orders where closed_at is null
	order by 1`

var holdingOf = `select $1, (select count(*) from domains where registrar = $1 and status not in (` + sqldb.Words(registrar.GoneStatuses()) + `)),
	(select count(*) from orders where registrar = $1 and closed_at is null)`

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
