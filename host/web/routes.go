package web

import (
	"net/http"

	"registrar.panel/host/access"
	"registrar.panel/host/web/openapi"
)

// routes are the methods of the API, for the router and for the description.
type routes struct {
	mux       *http.ServeMux
	described []openapi.Method
}

// detail adds to the description of a method.
type detail func(*openapi.Method)

// says describes a method in one sentence.
func says(text string) detail { return func(o *openapi.Method) { o.Summary = text } }

// takes names the parameters of a method's query; there are no others.
func takes(parameters ...openapi.Parameter) detail {
	return func(o *openapi.Method) { o.Query = append(o.Query, parameters...) }
}

// handle mounts a method for callers with one of these rights.
func (t *routes) handle(pattern string, rights []access.Right, m method, details ...detail) {
	o := openapi.Method{In: m.in, Out: m.out, Media: m.media, Headers: map[string]string{}}
	o.Verb, o.Path = openapi.Mounted(pattern)
	for _, add := range details {
		add(&o)
	}
	for _, p := range o.Query {
		if p.Name == afterParameter.Name {
			o.Headers["Link"] = `The next part of the list: <...>; rel="next". It is missing with the last one.`
		}
	}
	t.described = append(t.described, o)
	t.mux.Handle(pattern, requires(accepts(o.Query, m), rights...))
}
