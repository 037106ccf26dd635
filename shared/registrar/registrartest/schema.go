package registrartest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/shared/registrar"
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// eachAttribute visits every attribute of a schema outside repeated blocks, with its path.
func eachAttribute(s registrar.Schema, path string, visit func(path string, a registrar.Attribute)) {
	for _, a := range s.Attributes {
		visit(path+a.Name, a)
	}
	for _, b := range s.Blocks {
		if !b.Repeated {
			eachAttribute(b.Schema, path+b.Name+".", visit)
		}
	}
}

func hasSecret(s registrar.Schema) bool {
	found := false
	eachAttribute(s, "", func(_ string, a registrar.Attribute) { found = found || a.Sensitive })
	return found
}

// mistakesOf lists the mistakes in a schema.
func mistakesOf(s registrar.Schema, path string) []string {
	var wrong []string
	add := func(when bool, format string, args ...any) {
		if when {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}

	seen := map[string]bool{}
	for _, a := range s.Attributes {
		at := path + a.Name
		add(!identifier.MatchString(a.Name), "%q is no name for an attribute", at)
		add(seen[a.Name], "%s stands there twice", at)
		add(!slices.Contains(attributeTypes, a.Type), "%s has the unknown type %q", at, a.Type)
		// An attribute with a default is never missing, and all who see the schema see the default.
		add(a.Required && a.Default != "", "%s is required and has a default", at)
		add(a.Sensitive && a.Default != "", "%s is a secret and has a default", at)
		add(a.Default != "" && !fits(a, a.Default), "the default of %s, %q, is not of its type or not allowed", at, a.Default)
		seen[a.Name] = true
	}

	for _, b := range s.Blocks {
		at := path + b.Name
		add(!identifier.MatchString(b.Name), "%q is no name for a block", at)
		add(seen[b.Name], "%s stands there twice", at)
		add(len(b.Labels) > 0 && !b.Repeated, "%s has labels and stands only once", at)

		// A label appears in the settings under its name, among the attributes. See Settings.Config.
		for _, label := range b.Labels {
			taken := slices.ContainsFunc(b.Schema.Attributes, func(a registrar.Attribute) bool { return a.Name == label })
			add(taken, "the label %s of %s is an attribute, too", label, at)
		}

		wrong = append(wrong, mistakesOf(b.Schema, at+".")...)
		seen[b.Name] = true
	}

	return wrong
}

var attributeTypes = []registrar.AttributeType{registrar.TypeString, registrar.TypeInt, registrar.TypeBool, registrar.TypeDuration, registrar.TypeStrings}

// fits reports whether a default, as text, suits its attribute.
func fits(a registrar.Attribute, text string) bool {
	switch a.Type {
	case registrar.TypeInt:
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case registrar.TypeBool:
		return text == "true" || text == "false"
	case registrar.TypeDuration:
		return isDuration(text)
	case registrar.TypeStrings:
		var list []string
		return json.Unmarshal([]byte(text), &list) == nil
	}
	return len(a.OneOf) == 0 || slices.Contains(a.OneOf, text)
}

func isDuration(text string) bool {
	_, err := registrar.ParseDuration(text)
	return err == nil
}

// undescribed lists the attributes and blocks without a description.
func undescribed(s registrar.Schema, path string) []string {
	var silent []string
	for _, a := range s.Attributes {
		if a.Description == "" {
			silent = append(silent, path+a.Name)
		}
	}
	for _, b := range s.Blocks {
		if b.Description == "" {
			silent = append(silent, path+b.Name)
		}
		silent = append(silent, undescribed(b.Schema, path+b.Name+".")...)
	}
	return silent
}

// lies reports whether a path, without its indexes, is in a schema.
func lies(s registrar.Schema, path string) bool {
	name, rest, more := strings.Cut(path, ".")
	for _, a := range s.Attributes {
		if a.Name == name {
			return !more
		}
	}
	for _, b := range s.Blocks {
		if b.Name == name {
			return !more || lies(b.Schema, rest) || slices.Contains(b.Labels, rest)
		}
	}
	return false
}

var index = regexp.MustCompile(`\[(\d+|"(\\.|[^"\\])*")\]`)

// inSchema reports whether a problem's path names something of a schema.
func inSchema(s registrar.Schema, path string) bool { return lies(s, index.ReplaceAllString(path, "")) }

// changed returns settings with one value replaced; the path runs through single blocks.
func changed(config json.RawMessage, path string, value any) (json.RawMessage, error) {
	var whole map[string]any
	if err := json.Unmarshal(config, &whole); err != nil {
		return nil, fmt.Errorf("read Subject.Config: %w", err)
	}

	at := whole
	parts := strings.Split(path, ".")
	for _, block := range parts[:len(parts)-1] {
		inner, ok := at[block].(map[string]any)
		if !ok {
			inner = map[string]any{}
		}
		inner = maps.Clone(inner)
		at[block], at = inner, inner
	}
	at[parts[len(parts)-1]] = value
	return json.Marshal(whole)
}

// secretsOf returns the values of the sensitive attributes of settings.
func secretsOf(s registrar.Schema, config json.RawMessage) []string {
	var values map[string]any
	if json.Unmarshal(config, &values) != nil {
		return nil
	}
	var found []string
	eachAttribute(s, "", func(path string, a registrar.Attribute) {
		if text, ok := valueAt(values, path).(string); a.Sensitive && ok && len(text) >= shortestCanary {
			found = append(found, text)
		}
	})
	return found
}

func valueAt(values map[string]any, path string) any {
	name, rest, more := strings.Cut(path, ".")
	if !more {
		return values[name]
	}
	inner, _ := values[name].(map[string]any)
	return valueAt(inner, rest)
}
