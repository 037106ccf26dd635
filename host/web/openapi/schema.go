package openapi

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// schema describes a type as encoding/json writes it.
func (d describer) schema(t reflect.Type) object {
	if own, ok := reflect.Zero(t).Interface().(Schemer); ok {
		return own.JSONSchema()
	}
	if t == reflect.TypeFor[time.Time]() {
		return object{"type": "string", "format": "date-time"}
	}

	switch t.Kind() {
	case reflect.Pointer:
		return orNull(d.schema(t.Elem()))
	case reflect.Struct:
		return d.named(t)
	case reflect.Slice:
		// This is how encoding/json writes bytes.
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.String:
		return object{"type": "string"}
	}
	return object{}
}

func orNull(schema object) object {
	if name, ok := schema["type"].(string); ok {
		schema = maps.Clone(schema)
		schema["type"] = []any{name, "null"}
		return schema
	}
	return object{"anyOf": []any{schema, object{"type": "null"}}}
}

// structure describes the fields of a struct; a field that may be left out is not required.
func (d describer) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	d.fields(t, true, properties, &required)
	slices.Sort(required)
	schema := object{"type": "object", "properties": properties, "required": required}
	if text := d.comments[t.Name()]; text != "" {
		schema["description"] = text
	}
	return schema
}

func (d describer) fields(t reflect.Type, always bool, properties object, required *[]string) {
	for _, f := range reflect.VisibleFields(t) {
		if len(f.Index) > 1 || !f.IsExported() {
			continue // those of an embedded struct come with it
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			inner, pointer := f.Type, f.Type.Kind() == reflect.Pointer
			if pointer {
				inner = inner.Elem()
			}
			// The fields of an embedded pointer are missing if it is nil, so they are never required.
			d.fields(inner, always && !pointer, properties, required)
			continue
		}

		properties[name] = d.field(t, f)
		if always && !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

func (d describer) field(of reflect.Type, f reflect.StructField) object {
	schema := d.schema(f.Type)
	if text := d.comments[of.Name()+"."+f.Name]; text != "" {
		schema = maps.Clone(schema)
		schema["description"] = text
	}
	return schema
}
