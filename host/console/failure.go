package console

import (
	"errors"
	"net/http"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// trouble is why something was refused, as a page shows it.
type trouble struct {
	Status   int
	Code     string // of the catalogue: the headline
	Message  string // in the words of the panel, or of a registrar
	Problems []problem
}

// problem is one mistake in what was entered.
type problem struct{ Path, Text string }

// refusals are the codes of the API that have a headline of their own, with their status.
var refusals = map[string]int{
	string(registrar.Invalid):      http.StatusUnprocessableEntity,
	string(registrar.NotFound):     http.StatusNotFound,
	string(registrar.Conflict):     http.StatusConflict,
	string(registrar.Precondition): http.StatusConflict,
	string(registrar.Unsupported):  http.StatusNotImplemented,
	string(registrar.Unavailable):  http.StatusServiceUnavailable,
	string(registrar.NotReady):     http.StatusServiceUnavailable,
	string(registrar.Locked):       http.StatusServiceUnavailable,
	string(registrar.Draining):     http.StatusServiceUnavailable,
	"FORBIDDEN":                    http.StatusForbidden,
	"BAD_REQUEST":                  http.StatusBadRequest,
}

// troubleOf returns what a page shows of an error. A fault without a code goes to the log instead.
func (v *visit) troubleOf(err error) *trouble {
	var refused *api.Error
	if !errors.As(err, &refused) {
		v.console.log.Error("a page failed", "method", v.Method, "page", v.Pattern, "err", err)
		return &trouble{Status: http.StatusInternalServerError, Code: "failure.INTERNAL"}
	}

	t := &trouble{Status: http.StatusInternalServerError, Code: "failure.INTERNAL", Message: refused.Message}
	if status, known := refusals[refused.Code]; known {
		t.Status, t.Code = status, "failure."+refused.Code
	}
	if refused.Message == api.RequestMistakes {
		t.Message = "" // the headline says it
	}
	for _, p := range refused.Problems {
		t.Problems = append(t.Problems, problem{p.Path, v.lang.Of(p.Texts, p.Message)})
	}
	return t
}

// fail answers with a page that shows an error.
func (c *Console) fail(w http.ResponseWriter, v *visit, err error) {
	if v.Context().Err() != nil {
		return // the reader has gone
	}
	t := v.troubleOf(err)
	v.trouble = nil
	c.write(w, v, t.Status, "failure.html", t)
}

func forbidden(rights []access.Right) error {
	return &api.Error{Code: "FORBIDDEN", Message: string(rights[0])}
}

// foreign refuses requests that another site made a browser send.
func (c *Console) foreign(w http.ResponseWriter, r *http.Request) {
	v := c.visit(r)
	c.fail(w, v, &api.Error{Code: "FORBIDDEN", Message: v.lang.Text("failure.foreign")})
}

// missing answers for pages that do not exist.
func (c *Console) missing(w http.ResponseWriter, r *http.Request) {
	v := c.visit(r)
	c.fail(w, v, &api.Error{Code: string(registrar.NotFound), Message: r.URL.Path})
}
