package web

import (
	"net/http"

	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
)

func (s *Server) showCustomer(r *http.Request) (api.Customer, []switchboard.Absent, error) {
	id := r.PathValue("id")
	handles, err := s.board.Handles(r.Context(), id)
	if err != nil {
		return api.Customer{}, nil, err
	}
	domains, err := everyPage(func(p orders.Page) ([]orders.Domain, string, error) {
		return s.orders.Lists().Domains(r.Context(), orders.DomainList{Page: p, Customer: id})
	})
	if err != nil {
		return api.Customer{}, nil, err
	}
	placed, err := everyPage(func(p orders.Page) ([]orders.Order, string, error) {
		return s.orders.Lists().Orders(r.Context(), orders.OrderList{Page: p, Customer: id})
	})
	return api.Customer{ID: id, Handles: list(handles.List, handleOf), Domains: list(domains, domainOf), Orders: list(placed, orderOf)}, handles.Absent, err
}

// everyPage returns a whole list.
func everyPage[T any](page func(orders.Page) ([]T, string, error)) (all []T, err error) {
	for mark, first := "", true; first || mark != ""; first = false {
		var some []T
		if some, mark, err = page(orders.Page{After: mark}); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s *Server) adoptHandle(r *http.Request, in api.NewHandle) (api.Handle, error) {
	h, err := s.board.AdoptHandle(r.Context(), in.Registrar, r.PathValue("id"), in.Handle)
	return handleOf(h), err
}
