package orders

import (
	"context"
	"database/sql"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// Customer is how much the book has of a customer.
type Customer struct {
	ID      string
	Domains int // that are ours
	Orders  int
	Open    int // those of them that are not concluded
}

// CustomerList selects customers by the beginning of their ID, in the order of their IDs.
type CustomerList struct {
	Page
	Query string // "" = all
}

// customersQuery goes from one customer to the next by the indexes, so that the cost of a page
// depends only on its rows. $1 = after this customer, $2 and $3 = from and before.
var customersQuery = `with recursive list (customer) as (
		select min(customer) from (
			select min(customer) as customer from domains where customer > $1 and customer >= $2 and customer < $3
			union all select min(customer) from orders where customer > $1 and customer >= $2 and customer < $3) as first
		union all
		select (select min(customer) from (
			select min(d.customer) as customer from domains d where d.customer > list.customer and d.customer < $3
			union all select min(o.customer) from orders o where o.customer > list.customer and o.customer < $3) as next)
		from list where list.customer is not null)
	select customer,
		(select count(*) from domains d where d.customer = list.customer and d.status in (` + sqldb.Words(registrar.HeldStatuses()) + `)),
		(select count(*) from orders o where o.customer = list.customer),
		(select count(*) from orders o where o.customer = list.customer and o.closed_at is null)
	from list where customer is not null limit $4`

// Customers returns a page of customers, and the mark of the next page; "" = there is none.
func (l Lists) Customers(ctx context.Context, q CustomerList) (list []Customer, next string, err error) {
	after := any("")
	if q.After != "" {
		values, err := (key{columns: []string{"customer"}}).read(q.After)
		if err != nil {
			return nil, "", err
		}
		after = values[0]
	}

	from := entry.Line(q.Query)

	// One extra row shows if there is a next page.
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanCustomer, customersQuery, after, from, from+"\U0010FFFF", q.size()+1)
		return fault(err, "read customers")
	})
	if len(list) > q.size() {
		list = list[:q.size()]
		next = markOf([]string{list[len(list)-1].ID})
	}
	return list, next, err
}

func scanCustomer(row sqldb.Scanner) (c Customer, err error) {
	return c, row.Scan(&c.ID, &c.Domains, &c.Orders, &c.Open)
}
