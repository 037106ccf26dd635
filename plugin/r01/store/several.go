package store

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/internal/sqldb"
)

// Changes of several rows take few statements, because running a statement costs more than changing a row.

// chunks cuts a list into pieces, one for each statement. The pieces have few sizes, because a
// statement is kept for each size.
func chunks[T any](all []T) (pieces [][]T) {
	for _, n := range []int{64, 8, 2, 1} {
		for len(all) >= n {
			pieces, all = append(pieces, all[:n]), all[n:]
		}
	}
	return pieces
}

// placeholders returns n placeholders from a number on: $3, $4.
func placeholders(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("$", from+i))
	}
	return strings.Join(all, ", ")
}

// anys returns values as the arguments of a query.
func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// among collects what a query that ends in "in" finds for keys.
func among[K, T any](tx *Tx, scan func(sqldb.Scanner) (T, error), query string, keys []K) (all []T, err error) {
	for _, some := range chunks(keys) {
		found, err := collect(tx, scan, query+" ("+placeholders(1, len(some))+")", anys(some)...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// insert inserts rows: columns is the table with its columns, and row returns the values of a row.
func insert[T any](tx *Tx, columns string, all []T, row func(T) ([]any, error)) error {
	for _, some := range chunks(all) {
		var rows []string
		var args []any
		for _, v := range some {
			values, err := row(v)
			if err != nil {
				return err
			}
			rows = append(rows, "("+placeholders(len(args)+1, len(values))+")")
			args = append(args, values...)
		}
		if err := tx.exec("insert into "+columns+" values "+strings.Join(rows, ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

// assignments are the columns of an update and their values, which are its first arguments.
type assignments struct {
	columns []string
	args    []any
}

func (a *assignments) add(column string, value any) {
	a.args = append(a.args, value)
	a.columns = append(a.columns, fmt.Sprint(column, " = $", len(a.args)))
}

// String is the list that follows SET.
func (a assignments) String() string { return strings.Join(a.columns, ", ") }

// groups are the indexes of a list, grouped by the assignments to their elements.
type groups struct {
	list []*group
	at   map[string]*group
}

// group shares a statement: its assignments, whose arguments come first, and its further conditions.
type group struct {
	set     assignments
	where   string // a condition without arguments
	args    []any
	members []int
}

func newGroups() *groups { return &groups{at: map[string]*group{}} }

func (gs *groups) add(member int, set assignments, where string, asked ...any) {
	args := append(slices.Clone(set.args), asked...)
	key := fmt.Sprintf("%s %s %q", set, where, args)
	if gs.at[key] == nil {
		gs.at[key] = &group{set: set, where: where, args: args}
		gs.list = append(gs.list, gs.at[key])
	}
	gs.at[key].members = append(gs.at[key].members, member)
}

// place is the number of the nth argument of the conditions.
func (g *group) place(n int) string { return fmt.Sprint(len(g.set.args) + 1 + n) }
