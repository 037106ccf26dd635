package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// UnderWay is how many operations are in one state.
type UnderWay struct {
	State  registrar.OperationState
	Count  int
	Oldest time.Time // when the oldest was begun; zero = not known
}

// operationsUnderWay uses the partial index of domains that have an operation, and reads no other domains.
const operationsUnderWay = "select operation from domains where " + hasOperation

// CountOperations counts the operations that are under way, by state.
func (l Lists) CountOperations(ctx context.Context) (all []UnderWay, err error) {
	states := map[registrar.OperationState]UnderWay{}
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		_, err := sqldb.Collect(ctx, tx, func(row sqldb.Scanner) (none struct{}, err error) {
			var text string
			var open storedOperation
			if err := row.Scan(&text); err != nil {
				return none, err
			}
			err = json.Unmarshal([]byte(text), &open)
			states[open.State] = states[open.State].with(open)
			return none, err
		}, operationsUnderWay)
		return err
	})

	for _, u := range states {
		all = append(all, u)
	}

	slices.SortFunc(all, func(a, b UnderWay) int { return strings.Compare(string(a.State), string(b.State)) })
	return all, fault(err, "count operations")
}

func (u UnderWay) with(o storedOperation) UnderWay {
	u.State = o.State
	if u.Count++; !o.CreatedAt.IsZero() && (u.Oldest.IsZero() || o.CreatedAt.Before(u.Oldest)) {
		u.Oldest = o.CreatedAt
	}
	return u
}

// Alive returns why the book can't be read; nil = it can.
func (l Lists) Alive(ctx context.Context) error {
	_, err := l.number(ctx, "select count(*) from followed")
	return err
}
