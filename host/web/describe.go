package web

import (
	"net/http"
	"reflect"
	"sync"

	"registrar.panel/host/web/api"
	"registrar.panel/host/web/openapi"
)

// about is the introduction of the API's description.
const about = "Everything the panel can do, for other panels, shops and billing systems. docs/http-api.md has examples. " +
	"Times are RFC 3339 in UTC, dates YYYY-MM-DD, what is not known is null. New keys may appear in answers; keys and parameters that a request has and the panel does not know are refused."

// describing returns a function that makes the description of the API once, when it is first asked for.
func describing(t *routes, version string) func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) {
		comments, err := openapi.ReadComments(api.Source())
		if err != nil {
			return nil, err
		}
		return openapi.Document(openapi.Info{Title: "panel", Version: version, Description: about, Failure: reflect.TypeFor[api.Failure]()},
			comments, t.described)
	})
}

// describe answers with the description of the API.
func (s *Server) describe(w http.ResponseWriter, r *http.Request) {
	text, err := s.description()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // an error means that the caller has gone
}
