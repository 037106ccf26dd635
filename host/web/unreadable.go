package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"registrar.panel/host/web/api"
)

// unreadable says what is wrong with a request's JSON in the words of the API, because callers do
// not know the types of this program.
func unreadable(err error) string {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return strings.TrimPrefix(wrong.Field+": ", ": ") + "must be " + wanted(wrong.Type) + ", and is " + given(wrong.Value)
	case errors.As(err, &syntax):
		return fmt.Sprintf("it is not JSON: mistake at byte %d", syntax.Offset)
	}
	if found := unknownField.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Sprintf("there is no key %s here", found[1])
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

var unknownField = regexp.MustCompile(`unknown field ("(?:[^"\\]|\\.)*")`)

// given returns the kind of a JSON value: encoding/json reports numbers with their digits.
func given(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	switch kind {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}

// wanted describes the JSON of an API's type.
func wanted(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[api.Nameserver]():
		return `an object: {"host": "ns1.example.ru", "ips": []}`
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "a string"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "an object"
	}
	return "a number"
}
