package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"registrar.panel/host/orders"
)

// described is the description of the API, read once for all tests.
var described = sync.OnceValues(func() (*description, error) {
	text, err := newRoutes().description()
	if err != nil {
		return nil, err
	}
	d := &description{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, &d.document); err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return d, d.compiler.AddResource(place, whole)
})

const place = "https://panel.example/openapi.json"

// newRoutes is a server that is good for nothing but to be described.
func newRoutes() *Server {
	s := &Server{orders: new(orders.Service)}
	s.routeAPI(http.NewServeMux())
	return s
}

type description struct {
	document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Parameters  []struct{ Name, In, Description string }
			Responses   map[string]struct {
				Content map[string]struct{ Schema json.RawMessage }
			}
		}
		Components struct {
			Schemas map[string]struct {
				Description string
				Properties  map[string]json.RawMessage
			}
		}
	}
	compiling sync.Mutex
	compiler  *jsonschema.Compiler
}

var pathParameter = regexp.MustCompile(`\\\{\w+\\\}`)

// path finds the path of the description that a request was for; "" = there is none.
func (d *description) path(asked string) string {
	best := ""
	for path := range d.document.Paths {
		form := "^" + pathParameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"
		if regexp.MustCompile(form).MatchString(asked) && (best == "" || strings.Contains(best, "{")) {
			best = path
		}
	}
	return best
}

// check holds an answer against what the description says of it.
func (d *description) check(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	path, method := d.path(r.URL.EscapedPath()), strings.ToLower(r.Method)
	status := "200"
	if w.Code != http.StatusOK {
		status = "default"
	}
	if path == "" || w.Header().Get("Content-Type") != "application/json" {
		return
	}
	if len(d.document.Paths[path][method].Responses[status].Content["application/json"].Schema) == 0 {
		return // another method of the path, which is refused
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1").Replace(path)
	d.compiling.Lock()
	schema, err := d.compiler.Compile(place + "#/paths/" + pointer + "/" + method + "/responses/" + status + "/content/application~1json/schema")
	d.compiling.Unlock()
	if err != nil {
		t.Fatalf("the description of %s %s can't be used: %v", method, path, err)
	}
	answer, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(answer); err != nil {
		t.Errorf("%s %s answers otherwise than described: %v", method, r.URL, err)
	}
}

// Every method, parameter and type of the API is described in words.
func TestDescription(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	w := b.call("GET", "/api/v1/openapi.json", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
		t.Fatalf("status %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if d.document.OpenAPI != "3.1.0" || len(d.document.Paths) < 20 {
		t.Errorf("OpenAPI %s with %d paths", d.document.OpenAPI, len(d.document.Paths))
	}
	seen := map[string]string{}
	for path, methods := range d.document.Paths {
		for method, o := range methods {
			if o.Summary == "" {
				t.Errorf("%s %s is not described", method, path)
			}
			if other := seen[o.OperationID]; other != "" {
				t.Errorf("%s is %s %s and %s", o.OperationID, method, path, other)
			}
			seen[o.OperationID] = method + " " + path
			for _, p := range o.Parameters {
				if p.In == "query" && p.Description == "" {
					t.Errorf("%s %s: the parameter %s is not described", method, path, p.Name)
				}
			}
		}
	}
	for name, schema := range d.document.Components.Schemas {
		if schema.Description == "" || len(schema.Properties) == 0 {
			t.Errorf("the type %s is not described", name)
		}
	}
}

// An answer that is not as described is found: by the check that all tests of this package make.
func TestDescriptionIsStrict(t *testing.T) {
	t.Parallel()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := func() (*jsonschema.Schema, error) {
		d.compiling.Lock()
		defer d.compiling.Unlock()
		return d.compiler.Compile(place + "#/components/schemas/Order")
	}()
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{`{}`, `[]`, `{"id":1}`, strings.Replace(orderJSON, `"own":false`, `"own":"no"`, 1), strings.Replace(orderJSON, `"state":"unpaid",`, ``, 1)} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(v) == nil {
			t.Errorf("%s passes for an order", wrong)
		}
	}
}
