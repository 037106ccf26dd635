// Package openapi describes an HTTP API in OpenAPI 3.1, by a table of methods and by the Go types of
// their requests and answers. The descriptions of types and fields are their comments, so that they are as
// true as the code.
//
// Types with a JSON form of their own are described by [Schemer].
package openapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
)

// Info describes the API as a whole.
type Info struct {
	Title, Version, Description string
	Failure                     reflect.Type // every answer that reports a failure
}

// Method is what a verb does to a path.
type Method struct {
	Verb, Path string // the path with {parameters}, as in [http.ServeMux]
	Summary    string
	Query      []Parameter
	In, Out    reflect.Type // nil = nothing, or no JSON
	Media      string       // of the answer; "" = JSON
	Headers    map[string]string
}

// Parameter is a parameter of a query.
type Parameter struct {
	Name, Does string
	Type       string   // of JSON; "" = string
	OneOf      []string // "" in it is never sent
	Repeated   bool
}

// Schemer is a type whose JSON differs from its fields.
type Schemer interface{ JSONSchema() map[string]any }

// object is a part of the description.
type object = map[string]any

// Document describes the methods.
func Document(info Info, comments Comments, methods []Method) ([]byte, error) {
	d := describer{comments: comments, schemas: object{}}
	paths := object{}
	for _, o := range methods {
		at, ok := paths[o.Path].(object)
		if !ok {
			at = object{}
			paths[o.Path] = at
		}
		at[strings.ToLower(o.Verb)] = d.operation(o, info.Failure)
	}

	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": info.Title, "version": info.Version, "description": info.Description},
		"paths":   paths,
		"components": object{
			"schemas":         d.schemas,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []any{object{"token": []any{}}},
	}, "", " ")
}

// describer collects the schemas of the types that it meets.
type describer struct {
	comments Comments
	schemas  object
}

func (d describer) operation(o Method, failure reflect.Type) object {
	good := object{"description": "It is done."}
	switch {
	case o.Out != nil:
		good["content"] = content("application/json", d.schema(o.Out))
	case o.Media != "":
		good["content"] = content(o.Media, object{})
	}
	if len(o.Headers) > 0 {
		good["headers"] = headers(o.Headers)
	}

	// One description serves all refusals, which have the same shape whatever their status.
	described := object{
		"operationId": operationID(o),
		"summary":     o.Summary,
		"parameters":  parameters(o),
		"responses": object{
			"200":     good,
			"default": object{"description": "It is refused, or failed.", "content": content("application/json", d.schema(failure))},
		},
	}

	if o.In != nil {
		described["requestBody"] = object{"required": true, "content": content("application/json", d.schema(o.In))}
	}
	return described
}

func content(media string, schema object) object {
	return object{media: object{"schema": schema}}
}

func headers(all map[string]string) object {
	described := object{}
	for name, does := range all {
		described[name] = object{"description": does, "schema": object{"type": "string"}}
	}
	return described
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// operationID names an operation for generated clients: its method and the words of its path.
func operationID(o Method) string {
	words := strings.Split(strings.Trim(o.Path, "/"), "/")
	if len(words) > 2 {
		words = words[2:] // without /api/v1
	}
	name := strings.ToLower(o.Verb)
	for _, w := range words {
		if inPath.MatchString(w) {
			w = "by_" + strings.Trim(w, "{}")
		}
		name += "_" + strings.NewReplacer(".", "_", "-", "_").Replace(w)
	}
	return name
}

func parameters(o Method) []any {
	all := []any{}
	for _, found := range inPath.FindAllStringSubmatch(o.Path, -1) {
		all = append(all, object{"name": found[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range o.Query {
		all = append(all, object{"name": p.Name, "in": "query", "required": false, "description": p.Does, "schema": p.schema()})
	}
	return all
}

func (p Parameter) schema() object {
	schema := object{"type": "string"}
	if p.Type != "" {
		schema["type"] = p.Type
	}
	if len(p.OneOf) > 0 {
		schema["enum"] = p.OneOf
	}
	if p.Repeated {
		return object{"type": "array", "items": schema}
	}
	return schema
}

// Mounted splits a pattern of [http.ServeMux] into the method and the path.
func Mounted(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		return http.MethodGet, pattern
	}
	return method, path
}

// named returns a reference to a type's schema, which it makes the first time.
func (d describer) named(t reflect.Type) object {
	name := t.Name()
	if _, known := d.schemas[name]; !known {
		d.schemas[name] = object{} // a type may contain itself
		d.schemas[name] = d.structure(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}
