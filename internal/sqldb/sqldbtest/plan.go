// Package sqldbtest supports tests: it shows the plan by which
// SQLite runs a query, and gives tests stores to begin with.
package sqldbtest

import (
	"strings"
	"testing"

	"registrar.panel/internal/sqldb"
)

// Plan returns the plan of a query, its steps on one line.
func Plan(t testing.TB, q sqldb.Querier, query string) string {
	t.Helper()
	steps, err := sqldb.Collect(t.Context(), q, func(s sqldb.Scanner) (step string, err error) {
		var ignored int
		err = s.Scan(&ignored, &ignored, &ignored, &step)
		return step, err
	}, "explain query plan "+query, make([]any, strings.Count(query, "$"))...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}
