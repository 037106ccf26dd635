package orders

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb/sqldbtest"
	"registrar.panel/shared/registrar"
)

// shelve puts domains into the list as registrars' events would.
func (b *book) shelve(list ...Domain) {
	b.t.Helper()
	err := b.write(b.t.Context(), func(tx *sql.Tx) error {
		for _, d := range list {
			if err := putDomain(b.t.Context(), tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func held(name, customer string, paidTill registrar.Date) Domain {
	return Domain{Registrar: "r01", Domain: registrar.Domain{Name: name, Customer: customer, Status: registrar.StatusRegistered, Handle: "H-" + customer, PaidTill: paidTill}}
}

func inDays(n int) registrar.Date { return registrar.DateOf(start).AddDays(n) }

// library is a list with names of both alphabets, of which some have the same day.
func library(b *book) []string {
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("name%02d.ru", i))
		ace, err := input.ACE(fmt.Sprintf("имя%02d.рф", i))
		if err != nil {
			b.t.Fatal(err)
		}
		names = append(names, ace)
	}
	for i, name := range names {
		b.shelve(held(name, fmt.Sprint("c", i%3), inDays(i%5)))
	}
	return names
}

func unicodes(list []Domain) (names []string) {
	for _, d := range list {
		names = append(names, input.Unicode(d.Name))
	}
	return names
}

// A list that is read page by page is the list: in its order, nothing twice, nothing left out,
// whatever the pages' size.
func TestPagesAreTheList(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	library(b)
	for _, sorted := range bothWays(ByName, ByPaidTill) {
		for _, q := range []string{"", "name", "имя", "c1", "H-c2", "xn--"} {
			whole, next, err := b.Lists().Domains(t.Context(), DomainList{Sort: sorted, Query: q})
			if err != nil || next != "" || len(whole) == 0 {
				t.Fatalf("%s %q: %d domains, then %q, %v", sorted, q, len(whole), next, err)
			}
			if names := unicodes(whole); sorted == ByName && q != "xn--" && !slices.IsSorted(names) {
				t.Errorf("%q: %v", q, names)
			}
			for _, size := range []int{1, 3, 7, len(whole), len(whole) + 1} {
				var read []Domain
				for mark, again := "", true; again; again = mark != "" {
					page, next, err := b.Lists().Domains(t.Context(), DomainList{Sort: sorted, Query: q, Page: Page{Limit: size, After: mark}})
					if err != nil || len(page) > size || len(page) == 0 {
						t.Fatalf("%s %q by %d: %d domains, %v", sorted, q, size, len(page), err)
					}
					read, mark = append(read, page...), next
				}
				if !slices.Equal(unicodes(read), unicodes(whole)) {
					t.Errorf("%s %q by %d: %v, want %v", sorted, q, size, unicodes(read), unicodes(whole))
				}
			}
		}
	}
}

func TestDomainsAreFound(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	library(b)
	waiting := held("waits.ru", "w", inDays(100))
	waiting.Operation = &registrar.Operation{ID: "op-9", Kind: registrar.KindRenew, State: registrar.Uncertain}
	sick := held("sick.ru", "w", inDays(100))
	sick.Alarms = []registrar.Alarm{{Key: "k", Since: start, Message: "m"}}
	broken, busy := held("broken.ru", "w", inDays(100)), held("busy.ru", "w", inDays(100))
	broken.Status = registrar.StatusError
	busy.Operation = &registrar.Operation{ID: "op-8", Kind: registrar.KindUpdate, State: registrar.Sent}
	b.shelve(waiting, sick, broken, busy)
	ace, err := input.ACE("имя10.рф")
	if err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct {
		q    DomainList
		want []string
	}{
		"a beginning":                      {DomainList{Query: "NAME0"}, []string{"name00.ru", "name01.ru", "name02.ru", "name03.ru", "name04.ru", "name05.ru", "name06.ru", "name07.ru", "name08.ru", "name09.ru"}},
		"a beginning in Cyrillic":          {DomainList{Query: "имя1"}, []string{"имя10.рф", "имя11.рф"}},
		"a whole name with its dot":        {DomainList{Query: " имя10.рф. "}, []string{"имя10.рф"}},
		"a whole name in ACE":              {DomainList{Query: ace}, []string{"имя10.рф"}},
		"a customer":                       {DomainList{Query: "w", Status: registrar.StatusError}, []string{"broken.ru"}},
		"a handle":                         {DomainList{Query: "H-w"}, []string{"broken.ru", "busy.ru", "sick.ru", "waits.ru"}},
		"no pattern of SQL":                {DomainList{Query: "%"}, nil},
		"what needs a look":                {DomainList{Attention: true}, []string{"broken.ru", "sick.ru", "waits.ru"}},
		"what is under way":                {DomainList{Open: true}, []string{"busy.ru", "waits.ru"}},
		"what is under way and uncertain":  {DomainList{State: registrar.Uncertain}, []string{"waits.ru"}},
		"what is due, the first day first": {DomainList{Due: inDays(0)}, []string{"name00.ru", "name05.ru", "name10.ru", "имя02.рф", "имя07.рф"}},
		"nothing is due of others":         {DomainList{Due: inDays(0), Customer: "w"}, nil},
		"a registrar":                      {DomainList{Registrar: "m"}, nil},
	} {
		got, next, err := b.Lists().Domains(t.Context(), c.q)
		if err != nil || next != "" || !slices.Equal(unicodes(got), c.want) {
			t.Errorf("%s: %v %q %v, want %v", why, unicodes(got), next, err, c.want)
		}
	}
}

// Orders are found by the beginning of a name in either alphabet, and by whole words of the caller's.
func TestOrdersAreFound(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for i, name := range []string{"one.ru", "пример.рф", "прибор.рф"} {
		q := request(name)
		q.Reference = fmt.Sprint("bill ", i)
		b.place(q)
	}
	gone := b.place(request("привет.рф"))
	if _, _, err := b.Cancel(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"on": "one.ru", "при": "прибор.рф пример.рф", "ПРИМЕР.рф": "пример.рф", "привет.рф": "привет.рф", "bill 2": "прибор.рф",
		string(gone.ID): "привет.рф", "bill": "", "%": ""} {
		list, _, err := b.Lists().Orders(t.Context(), OrderList{Query: query})
		var names []string
		for _, o := range list {
			names = append(names, input.Unicode(o.Domain))
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", query, got, err, want)
		}
	}
}

// queriesOf are the statements that answer a page of a list.
func queriesOf[T any](t *testing.T, l listing[T], p Page, err error) (queries []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range l.filters {
		query, _, err := l.query(f, p)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, query)
	}
	return queries
}

// A page of a list, and a search in it, look at few more rows than they show: those of a customer,
// a handle or a reference that is sought may be sorted, and are few.
func TestListsAreAnsweredByIndexes(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	domains := func(q DomainList) []string {
		l, err := q.listing()
		return queriesOf(t, l, q.Page, err)
	}
	orders := func(q OrderList) []string {
		l, err := q.listing()
		return queriesOf(t, l, q.Page, err)
	}
	mark := Page{After: markOf([]string{"x"})}
	dated := Page{After: markOf([]string{"1", "x"})}
	logged := func(q LogQuery) []string {
		f := q.filter()
		return []string{"select * from log " + f.where() + fmt.Sprint(" order by id desc limit $", len(f.args)+1)}
	}
	for why, c := range map[string]struct {
		queries []string
		indexes []string
		few     bool // what is found is little, and may be sorted
	}{
		"all domains":        {domains(DomainList{}), []string{"domains_unicode"}, false},
		"the second page":    {domains(DomainList{Page: mark}), []string{"domains_unicode"}, false},
		"a search":           {domains(DomainList{Query: "ex", Page: mark}), []string{"domains_unicode", "domains_customer", "domains_handle"}, false},
		"a search in ACE":    {domains(DomainList{Query: "xn--ex"}), []string{"sqlite_autoindex_domains_1", "domains_customer", "domains_handle"}, false},
		"a status":           {domains(DomainList{Status: registrar.StatusError, Page: mark}), []string{"domains_status"}, false},
		"a customer":         {domains(DomainList{Customer: "c"}), []string{"domains_customer"}, false},
		"a registrar":        {domains(DomainList{Registrar: "m"}), []string{"domains_registrar"}, false},
		"attention":          {domains(DomainList{Attention: true, Page: mark}), []string{"domains_attention"}, false},
		"under way":          {domains(DomainList{Open: true}), []string{"domains_operation"}, false},
		"due":                {domains(DomainList{Due: inDays(30)}), []string{"domains_paid_till"}, false},
		"by day, the last":   {domains(DomainList{Sort: "-paid_till", Page: dated}), []string{"domains_paid_till"}, false},
		"all orders":         {orders(OrderList{Page: dated}), []string{"orders_created"}, false},
		"unpaid orders":      {orders(OrderList{State: Unpaid, Page: dated}), []string{"orders_state"}, false},
		"a customer's":       {orders(OrderList{Customer: "c"}), []string{"orders_customer"}, false},
		"a reference":        {orders(OrderList{Reference: "r"}), []string{"orders_reference"}, false},
		"a domain's":         {orders(OrderList{Domain: "a.ru"}), []string{"orders_domain"}, false},
		"orders sought":      {orders(OrderList{Query: "ex"}), []string{"orders_domain", "sqlite_autoindex_orders_1", "orders_customer", "orders_reference"}, false},
		"a domain's log":     {logged(LogQuery{Domain: "a.ru"}), []string{"log_domain"}, false},
		"errors":             {logged(LogQuery{Level: registrar.LevelError}), []string{"log_level"}, false},
		"paid and not taken": {[]string{"select * from orders where " + untaken + " order by created_at, id"}, []string{"orders_open"}, true},
		"failed":             {[]string{"select * from orders where domain in ($1, $2) and " + isFailed + " order by created_at, id"}, []string{"orders_domain"}, true},
		"failed in all":      {[]string{countFailed}, []string{"orders_outcome"}, true},
		"not seen":           {domains(DomainList{Attention: true, Page: mark, Without: []string{"a.ru", "b.ru"}}), []string{"domains_attention"}, false},
		"not heard yet":      {[]string{"select * from orders where " + unheard + " order by created_at, id"}, []string{"orders_outcome"}, false},
		"an event's":         {[]string{standsStatement}, []string{"orders_operation"}, true},
	} {
		err := b.db.Read(t.Context(), func(tx *sql.Tx) error {
			for i, query := range c.queries {
				if plan := sqldbtest.Plan(t, tx, query); !strings.Contains(plan, "USING INDEX "+c.indexes[i]) ||
					i == 0 && strings.Contains(plan, "TEMP B-TREE") && !c.few {
					t.Errorf("%s: %s\n%s, want %s", why, query, plan, c.indexes[i])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A name that a migration could not write for people is written when the book is opened.
func TestNamesAreFilledIn(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	names := library(b)
	err := b.write(t.Context(), func(tx *sql.Tx) error { return exec(t.Context(), tx, "update domains set unicode = ''") })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.open(false)
	list, _, err := b.Lists().Domains(t.Context(), DomainList{})
	if err != nil || len(list) != len(names) || !slices.IsSorted(unicodes(list)) {
		t.Errorf("%v, %v", unicodes(list), err)
	}
}
