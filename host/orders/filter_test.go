package orders

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/sqldb/sqldbtest"
)

func TestFilter(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		status, customer string
		after            int64
		where            string
		args             []any
	}{
		{"", "", 0, "", nil},
		{"", "c1", 0, "where customer = $1", []any{"c1"}},
		{"Error", "c1", 0, "where status = $1 and customer = $2", []any{"Error", "c1"}},
		{"Error", "", 7, "where status = $1 and id > $2", []any{"Error", int64(7)}},
	} {
		var f filter
		f.by("status", c.status)
		f.by("customer", c.customer)
		if c.after > 0 {
			f.add("id > ", c.after)
		}
		if got := f.where(); got != c.where || !slices.Equal(f.args, c.args) {
			t.Errorf("%q %q %d: %q %v, want %q %v", c.status, c.customer, c.after, got, f.args, c.where, c.args)
		}
	}
}

// What is asked of one domain or customer looks at no other's.
func TestQuestionsAreAnsweredByIndexes(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for query, index := range map[string]string{
		concludeStatement: "orders_open",
		"select * from log where domain = $1 and id > $2 order by id desc limit $3": "log_domain",
		"select * from orders where customer = $1 order by id":                      "orders_customer",
		"select * from domains where status = $1 and customer = $2 order by name":   "domains_",
	} {
		var plan string
		err := b.db.Read(t.Context(), func(tx *sql.Tx) error { plan = sqldbtest.Plan(t, tx, query); return nil })
		if err != nil || !strings.Contains(plan, "SEARCH ") || !strings.Contains(plan, "USING INDEX "+index) {
			t.Errorf("%s\n%s %v", query, plan, err)
		}
	}
}
