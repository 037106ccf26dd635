package store

import (
	"strings"
	"testing"

	"registrar.panel/internal/sqldb"
)

// What is asked again and again about the few requests that are open does not look at all the
// others that ever were, and neither does a question about one domain.
func TestQuestionsAreAnsweredByIndexes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, c := range []struct{ query, index string }{
		{inStateQuery, "requests_state"},
		{heldQuery, "requests_state"},
		{countQuery, "requests_state"},
		{witnessQuery, "requests_state"},
		{renewalQuery, "operations_request"},
		{lastOperationQuery, "operations_domain"},
		{taskQuery, "requests_task"},
		{clientQuery, "requests_client"},
		{adoptedQuery, "clients_customer"},
		{clientsQuery, "clients_customer"},
	} {
		plan := planOf(t, s, c.query)
		if !strings.Contains(plan, "USING INDEX "+c.index) && !strings.Contains(plan, "USING COVERING INDEX "+c.index) {
			t.Errorf("%s\n%s", c.query, plan)
		}
	}
}

// planOf tells how SQLite goes about a query.
func planOf(t *testing.T, s *Store, query string) string {
	t.Helper()
	var steps []string
	write(t, s, func(tx *Tx) (err error) {
		steps, err = collect(tx, func(s sqldb.Scanner) (text string, err error) {
			var ignored int
			err = s.Scan(&ignored, &ignored, &ignored, &text)
			return text, err
		}, "explain query plan "+query, make([]any, strings.Count(query, "$"))...)
		return err
	})
	return strings.Join(steps, "; ")
}
