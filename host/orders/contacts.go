package orders

import (
	"context"

	"registrar.panel/shared/registrar"
)

// Contacts asks the registrar of a domain which contacts it has for the domain, by role. Values are
// masked. Unsupported means that the registrar does not show them.
func Contacts(ctx context.Context, book *Service, name string) (registrar.Contacts, error) {
	r, d, err := book.keeper(ctx, name)
	if err != nil {
		return nil, err
	}
	return r.Contacts(ctx, d.Name)
}
