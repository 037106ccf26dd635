package web

import (
	"net/http"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (s *Server) showOrder(r *http.Request) (api.Order, error) {
	o, err := s.orders.Order(r.Context(), registrar.OrderID(r.PathValue("id")))
	return orderOf(o), err
}

func (s *Server) preview(r *http.Request) (api.Preview, error) {
	text, err := s.orders.Preview(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Preview{Preview: text}, err
}

func (s *Server) payOrder(r *http.Request, _ none) (api.Changed, error) {
	o, changed, err := s.orders.Pay(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}

func (s *Server) cancelOrder(r *http.Request, _ none) (api.Changed, error) {
	o, changed, err := s.orders.Cancel(r.Context(), registrar.OrderID(r.PathValue("id")))
	return api.Changed{Order: orderOf(o), Changed: changed}, err
}

func (s *Server) transferCode(r *http.Request, in api.Reader) (api.TransferCode, error) {
	if err := checkFor(in.By); err != nil {
		return api.TransferCode{}, err
	}
	code, err := s.orders.TransferCode(r.Context(), registrar.OrderID(r.PathValue("id")), caller(r).Name, forWhom(r, in.By))
	return api.TransferCode{Code: code}, err
}
