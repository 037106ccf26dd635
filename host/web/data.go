package web

import (
	"net/http"

	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// dataCalls answers calls about personal data and the keys that they are sealed with.
type dataCalls struct{ orders *orders.Service }

func routeData(t *routes, s *Server) {
	c := dataCalls{s.orders}
	t.handle("POST /api/v1/customers/{id}/erase", secrets, atLeisure(action(s, c.erase)), says("Erase the personal data of a customer that is over."))
	t.handle("POST /api/v1/keys/rotate", admin, atLeisure(action(s, c.rotateKeys)), says("Exchange the keys that personal data are sealed with."))
}

// atLeisure gives an answer as much time as the copy of a store may take.
func atLeisure(m method) method {
	next := m.Handler
	m.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		within(w, 5*readWithin)
		next.ServeHTTP(w, r)
	})
	return m
}

func (c dataCalls) erase(r *http.Request, in api.Reader) (incomplete[api.Erasure], error) {
	if err := checkFor(in.By); err != nil {
		return incomplete[api.Erasure]{}, err
	}
	done, err := c.orders.Data().Erase(r.Context(), r.PathValue("id"), caller(r).Name, forWhom(r, in.By))
	v := api.Erasure{Customer: done.Customer, Removed: []api.Removed{}, Kept: []api.Kept{}, Beyond: []api.Beyond{}}
	for _, part := range done.Parts {
		for _, one := range part.Value.Removed {
			v.Removed = append(v.Removed, api.Removed{By: part.Registrar, What: one.What, Count: one.Count})
		}
		for _, one := range part.Value.Kept {
			v.Kept = append(v.Kept, api.Kept{By: part.Registrar, What: one.What, Why: one.Why})
		}
		for _, place := range part.Value.Beyond {
			v.Beyond = append(v.Beyond, api.Beyond{By: part.Registrar, Where: place})
		}
	}
	return incomplete[api.Erasure]{v, done.Absent}, err
}

func (c dataCalls) rotateKeys(r *http.Request, _ none) (incomplete[[]api.Key], error) {
	done, absent, err := c.orders.Data().RotateKeys(r.Context(), caller(r).Name)
	return incomplete[[]api.Key]{list(done, func(o switchboard.Item[registrar.Rotation]) api.Key {
		return api.Key{Of: o.Registrar, Key: o.Value.Key, Sealed: o.Value.Sealed}
	}), absent}, err
}
