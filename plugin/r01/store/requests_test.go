package store

import (
	"strings"
	"testing"

	"registrar.panel/internal/sqldb"
)

// What is asked again and again about the few requests that are open does not look at all the
// others that ever were.
func TestOpenRequestsAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, query := range []string{inStateQuery, heldQuery, countQuery, witnessQuery} {
		var steps []string
		write(t, s, func(tx *Tx) (err error) {
			steps, err = collect(tx, func(s sqldb.Scanner) (text string, err error) {
				var ignored int
				err = s.Scan(&ignored, &ignored, &ignored, &text)
				return text, err
			}, "explain query plan "+query, make([]any, strings.Count(query, "$"))...)
			return err
		})
		if plan := strings.Join(steps, "; "); !strings.Contains(plan, "USING INDEX requests_state") && !strings.Contains(plan, "USING COVERING INDEX requests_state") {
			t.Errorf("%s\n%s", query, plan)
		}
	}
}
