package web

import (
	"net/http"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// contactReader answers with the contacts that registrars have.
type contactReader struct{ orders *orders.Service }

func (c contactReader) contacts(r *http.Request) ([]api.MaskedContact, error) {
	have, err := orders.Contacts(r.Context(), c.orders, r.PathValue("name"))
	return list(have.Roles(), func(role registrar.ContactRole) api.MaskedContact {
		return api.MaskedContact{Role: string(role), Kind: string(have[role].Kind), Fields: have[role].Fields}
	}), err
}
