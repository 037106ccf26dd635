package console

import (
	"slices"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeCustomers() {
	one := screen{"customer.html", look, showCustomer}
	c.page("GET /customers", screen{"customers.html", look, showCustomers})
	c.page("GET /customers/{id}", one)
	c.act("POST /customers/{id}/handles", order, adoptHandle, one)
	c.reveal("POST /customers/{id}/erase", "erased.html", one, erase)
}

func showCustomers(v *visit) (any, error) {
	return listOf[api.CustomerSummary](v, api.Path("customers"), []string{"q"}, nil)
}

// customer is what the panel knows of a customer.
type customer struct {
	api.Customer
	Missing []api.Missing
	More    int // domains that are not shown
}

func showCustomer(v *visit) (any, error) {
	known, missing, err := api.GetPartial[api.Customer](v.Context(), v.console.client, api.Path("customers", v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 && len(known.Handles)+len(known.Domains)+len(known.Orders) == 0 {
		return nil, &api.Error{Code: string(registrar.NotFound), Message: v.lang.Text("customer.unknown", "Customer", known.ID)}
	}
	c := customer{Customer: known, Missing: missing}
	slices.Reverse(c.Orders)
	c.Orders = c.Orders[:min(len(c.Orders), rowsOnPage)]
	if n := len(c.Domains); n > rowsOnPage {
		c.Domains, c.More = c.Domains[:rowsOnPage], n-rowsOnPage
	}
	return c, nil
}

func adoptHandle(v *visit) (done, error) {
	h, err := post[api.Handle](v, api.Path("customers", v.PathValue("id"), "handles"), api.NewHandle{Handle: strings.TrimSpace(v.PostFormValue("handle")),
		Registrar: v.PostFormValue("registrar")})
	return done{address("customers", v.PathValue("id")), told("done.adopted", "Handle", h.Handle)}, err
}

// erased reports what became of a customer's personal data.
type erased struct {
	api.Erasure
	Missing []api.Missing
}

// erase asks for the customer's ID once more, because an erasure can't be taken back.
func erase(v *visit) (any, error) {
	id := v.PathValue("id")
	if strings.TrimSpace(v.PostFormValue("confirm")) != id {
		return nil, &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.confirm", "Customer", id)}
	}
	done, missing, err := api.PostPartial[api.Erasure](v.Context(), v.console.client, api.Path("customers", id, "erase"), api.Reader{})
	return erased{done, missing}, err
}
