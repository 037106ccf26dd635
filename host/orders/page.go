package orders

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
)

// MostRows is the most rows of a page, and the number if the caller gives none.
const MostRows = 1000

// Page is a part of a list: a number of rows after the one that a mark names.
type Page struct {
	Limit int    // 0 = MostRows
	After string // the mark that the page before gave; "" = from the beginning
}

func (p Page) size() int {
	if p.Limit <= 0 || p.Limit > MostRows {
		return MostRows
	}
	return p.Limit
}

// key is the columns that a list is sorted by, which are unique together, each as the row stores it.
type key struct {
	columns    []string
	descending bool
}

func (k key) direction() string {
	if k.descending {
		return " desc"
	}
	return ""
}

// order returns the clause that sorts by the key.
func (k key) order() string {
	terms := make([]string, len(k.columns))
	for i, c := range k.columns {
		terms[i] = c + k.direction()
	}
	return " order by " + strings.Join(terms, ", ")
}

// after narrows a filter to the rows after a mark.
func (k key) after(f *filter, mark string) error {
	if mark == "" {
		return nil
	}

	values, err := k.read(mark)
	if err != nil {
		return err
	}

	places := make([]string, len(values))
	for i, v := range values {
		f.args = append(f.args, v)
		places[i] = fmt.Sprint("$", len(f.args))
	}

	// Rows are compared in the columns of the order by: an index finds the place, and no row is repeated or left
	// out while the list changes.
	comparison := ">"
	if k.descending {
		comparison = "<"
	}

	f.conditions = append(f.conditions, "("+strings.Join(k.columns, ", ")+") "+comparison+" ("+strings.Join(places, ", ")+")")
	return nil
}

const markSeparator = "\n"

// markOf makes the mark of a row from the row's values of the key.
func markOf(values []string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(values, markSeparator)))
}

// read returns the values in a mark.
func (k key) read(mark string) ([]any, error) {
	text, err := base64.RawURLEncoding.DecodeString(mark)
	values := strings.Split(string(text), markSeparator)
	if err != nil || len(values) != len(k.columns) {
		return nil, errMark
	}
	all := make([]any, len(values))
	for i, v := range values {
		// Times are numbers in the database, and the other columns are texts: a time is not compared with a text.
		if all[i] = v; k.columns[i] != created {
			continue
		}
		if all[i], err = strconv.ParseInt(v, 10, 64); err != nil {
			return nil, errMark
		}
	}
	return all, nil
}

var errMark = input.Mistake("after", "is no mark of this list: take it from the Link header of the page before")

// created is the only column of keys that contains a number.
const created = "created_at"

// listing is a list of one table that can be read page by page.
type listing[T any] struct {
	columns, table string
	scan           func(sqldb.Scanner) (T, error)
	key            key
	values         func(T) []string // of the key
	filters        []filter         // a row is in the list if it passes one of them
}

// page returns a part of the list, and the mark of its last row if there are more. Each filter is a
// query of its own, so that an index answers it, and the results are merged.
func (l listing[T]) page(ctx context.Context, tx *sql.Tx, p Page) (rows []T, next string, err error) {
	for _, f := range l.filters {
		found, err := l.some(ctx, tx, f, p)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, found...)
	}
	if len(l.filters) > 1 {
		slices.SortFunc(rows, l.compare)
		// A row that passes several filters was found by each.
		rows = slices.CompactFunc(rows, func(a, b T) bool { return l.compare(a, b) == 0 })
	}
	if len(rows) > p.size() {
		rows = rows[:p.size()]
		next = markOf(l.values(rows[len(rows)-1]))
	}
	return rows, next, nil
}

func (l listing[T]) some(ctx context.Context, tx *sql.Tx, f filter, p Page) ([]T, error) {
	query, args, err := l.query(f, p)
	if err != nil {
		return nil, err
	}
	rows, err := sqldb.Collect(ctx, tx, l.scan, query, args...)
	return rows, fault(err, "read "+l.table)
}

// query returns the query for one filter, with one row more than the page has.
func (l listing[T]) query(f filter, p Page) (string, []any, error) {
	f = filter{slices.Clone(f.conditions), slices.Clone(f.args)}
	if err := l.key.after(&f, p.After); err != nil {
		return "", nil, err
	}
	args := append(f.args, p.size()+1)
	return "select " + l.columns + " from " + l.table + " " + f.where() + l.key.order() + fmt.Sprint(" limit $", len(args)), args, nil
}

func (l listing[T]) compare(a, b T) int {
	order := slices.Compare(l.values(a), l.values(b))
	if l.key.descending {
		return -order
	}
	return order
}

// between narrows a filter to the texts that begin with a prefix.
func (f *filter) between(column, prefix string) {
	f.add(column+" >= ", prefix)
	f.add(column+" < ", prefix+"\U0010FFFF")
}
