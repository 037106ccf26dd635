package api

import (
	"embed"
	"io/fs"
)

//go:embed *.go
var source embed.FS

// Source returns the sources of this package, whose comments describe the API.
func Source() fs.FS { return source }

// JSONSchema describes a contact: a value may be given as a list or alone.
func (Contact) JSONSchema() map[string]any {
	value := []any{map[string]any{"type": "string"}, map[string]any{"type": "boolean"}, map[string]any{"type": "null"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}}}
	return map[string]any{"type": "object", "description": "The registrant: kind, and the fields that GET /api/v1/form/{tld} lists.",
		"additionalProperties": map[string]any{"anyOf": value}}
}
