package store

import (
	"strings"
	"testing"

	"registrar.panel/internal/sqldb/sqldbtest"
)

// What is asked again and again about the few requests that are open does not look at all the
// others that ever were, and neither does a question about one domain.
func TestQuestionsAreAnsweredByIndexes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, c := range []struct{ query, index string }{
		{inStateQuery, "requests_state"},
		{heldQuery, "requests_state"},
		{queuedQuery, "requests_state"},
		{scheduledQuery, "requests_state"},
		{queuedOperation, "requests_state"},
		{queuedOperation, "operations_request"},
		{countQuery, "requests_state"},
		{witnessQuery, "requests_state"},
		{unansweredQuery, "requests_state"},
		{unansweredQuery, "operations_request"},
		{takenQuery, "attempts_claimed"},
		{cameQuery, "mails_at"},
		{renewalQuery, "operations_request"},
		{lastOperationQuery, "operations_domain"},
		{taskQuery, "requests_task"},
		{clientQuery, "requests_client"},
		{lastRequestQuery, "requests_object"},
		{twinQuery, "mails_same"},
		{againQuery, "mails_due"},
		{reviewsOfQuery, "reviews_request"},
		{adoptedQuery, "clients_customer"},
		{clientsQuery, "clients_customer"},
		{customersClients, "clients_customer"},
		{customersClients, "domains_handle"},
		{customersRequests, "operations_customer"},
		{customersRequests, "mails_request"},
		{customersRequests, "reviews_about"},
	} {
		var plan string
		write(t, s, func(tx *Tx) error { plan = sqldbtest.Plan(t, tx.sql, c.query); return nil })
		if !strings.Contains(plan, "USING INDEX "+c.index) && !strings.Contains(plan, "USING COVERING INDEX "+c.index) {
			t.Errorf("%s\n%s", c.query, plan)
		}
	}
}
