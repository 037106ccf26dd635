package orders

import (
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// Customers are those of domains and of orders, each once, page by page, with what the book has of them.
func TestCustomers(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	gone := held("gone.ru", "zoe", inDays(10))
	gone.Status = registrar.StatusDeleted
	b.shelve(held("a.ru", "anna", inDays(10)), held("b.ru", "anna", inDays(20)), held("c.ru", "bob", inDays(10)), gone)
	q := request("new.ru")
	q.Customer = "anton"
	b.place(q)
	q = request("more.ru")
	q.Customer = "anna"
	if _, _, err := b.Cancel(t.Context(), b.place(q).ID); err != nil {
		t.Fatal(err)
	}

	all := []Customer{{"anna", 2, 1, 0}, {"anton", 0, 1, 1}, {"bob", 1, 0, 0}, {"zoe", 0, 0, 0}}
	for _, c := range []struct {
		query string
		want  []Customer
	}{{"", all}, {"an", all[:2]}, {" bob", all[2:3]}, {"bobby", nil}, {"c", nil}} {
		for _, size := range []int{1, 2, 4, 100} {
			var got []Customer
			for mark, first := "", true; first || mark != ""; first = false {
				page, next, err := b.Lists().Customers(t.Context(), CustomerList{Page{size, mark}, c.query})
				if err != nil {
					t.Fatal(err)
				}
				got, mark = append(got, page...), next
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q in pages of %d: %v, want %v", c.query, size, got, c.want)
			}
		}
	}
	if _, _, err := b.Lists().Customers(t.Context(), CustomerList{Page: Page{After: "x"}}); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("%v", err)
	}
}
