package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// JSON scans a row of one column that holds a value as JSON.
func JSON[T any](row Scanner) (v T, err error) {
	var text string
	if err := row.Scan(&text); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(text), &v)
}

// Collect runs a query and scans every row.
func Collect[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Scanner is one row, of a *sql.Row or *sql.Rows.
type Scanner interface {
	Scan(dest ...any) error
}

// Changed runs a statement and returns the number of rows that it changed: the answer of a compare-and-swap.
func Changed(ctx context.Context, q Querier, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Millis converts an instant to what is stored: Unix milliseconds, and NULL for the zero time.
func Millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// At scans what Millis stored.
func At(t *time.Time) sql.Scanner { return (*instant)(t) }

type instant time.Time

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("scan instant: %T is not integer milliseconds", src)
	}
	return nil
}

// Words returns the inside of an SQL list, as in status in (…), made of constants.
// Values from outside are arguments of a query and never part of its text.
func Words[T ~string](list []T) string {
	quoted := make([]string, len(list))
	for i, word := range list {
		quoted[i] = "'" + strings.ReplaceAll(string(word), "'", "''") + "'"
	}
	return strings.Join(quoted, ", ")
}
