package web

import (
	"net/http"
	"strings"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (l lists) countOperations(r *http.Request) ([]api.UnderWay, error) {
	all, err := l.book.Lists().CountOperations(r.Context())
	return list(all, func(u orders.UnderWay) api.UnderWay {
		return api.UnderWay{State: string(u.State), Count: u.Count, Oldest: knownTime(u.Oldest)}
	}), err
}

func (s *Server) showOperation(r *http.Request) (api.Operation, error) {
	op, err := s.orders.Operation(r.Context(), registrar.OperationID(r.PathValue("id")))
	return operationOf(op), err
}

func (s *Server) resolveOperation(r *http.Request, in api.Decision) (api.Operation, error) {
	if err := checkFor(in.By); err != nil {
		return api.Operation{}, err
	}
	op, err := s.orders.Resolve(r.Context(), registrar.Decision{Operation: registrar.OperationID(r.PathValue("id")), Version: registrar.Version(in.Version),
		Verdict: registrar.Verdict(in.Outcome), By: caller(r).Name, Note: in.Note, AuthCode: registrar.AuthCode(strings.TrimSpace(in.AuthCode))}, forWhom(r, in.By))
	return operationOf(op), err
}
