package registrar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Problems returns where settings do not fit the schema: a value of another type or that is
// none of the choices, what is required and absent, and what the schema does not know. No
// problem repeats a value. A plugin's Configure begins with it; what a value means is the
// plugin's to judge.
func (s Schema) Problems(config json.RawMessage) []Problem {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil || values == nil || d.More() {
		return []Problem{{Message: "the settings are not a JSON object"}}
	}
	return s.problems("", values, nil)
}

// problems judges one block; labels are names that stand beside its attributes.
func (s Schema) problems(path string, values map[string]any, labels []string) []Problem {
	var list []Problem
	known := slices.Clone(labels)
	for _, a := range s.Attributes {
		known = append(known, a.Name)
		if wrong := a.wrong(values[a.Name]); wrong != "" {
			list = append(list, Problem{Path: path + a.Name, Message: wrong})
		}
	}

	for _, b := range s.Blocks {
		known = append(known, b.Name)
		list = append(list, b.problems(path+b.Name, values[b.Name])...)
	}

	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			list = append(list, Problem{Path: path + name, Message: "is not a setting"})
		}
	}

	return list
}

func (b Block) problems(path string, value any) []Problem {
	if !b.Repeated {
		inner, ok := value.(map[string]any)
		if !ok && value != nil {
			return []Problem{{Path: path, Message: "must be a block"}}
		}
		return b.Schema.problems(path+".", inner, nil)
	}

	entries, ok := value.([]any)
	if !ok && value != nil {
		return []Problem{{Path: path, Message: "must be a list of blocks"}}
	}

	var list []Problem
	for i, entry := range entries {
		inner, ok := entry.(map[string]any)
		if !ok {
			list = append(list, Problem{Path: path + "[" + strconv.Itoa(i) + "]", Message: "must be a block"})
			continue
		}
		list = append(list, b.Schema.problems(path+b.index(i, inner)+".", inner, b.Labels)...)
	}

	return list
}

// index names an entry by its labels, or by its place where it has none.
func (b Block) index(i int, entry map[string]any) string {
	if len(b.Labels) == 0 {
		return "[" + strconv.Itoa(i) + "]"
	}
	var text strings.Builder
	for _, label := range b.Labels {
		name, _ := entry[label].(string)
		text.WriteString("[" + strconv.Quote(name) + "]")
	}
	return text.String()
}

// wrong says what is wrong with an attribute's value; "" = nothing.
func (a Attribute) wrong(value any) string {
	if value == nil {
		if a.Required {
			return "is required"
		}
		return ""
	}

	switch a.Type {
	case TypeInt:
		if n, ok := value.(json.Number); ok {
			if _, err := n.Int64(); err == nil {
				return ""
			}
		}
		return "must be a whole number"
	case TypeBool:
		if _, ok := value.(bool); !ok {
			return "must be true or false"
		}
		return ""
	case TypeStrings:
		list, ok := value.([]any)
		if !ok || slices.ContainsFunc(list, func(v any) bool { return a.wrongText(v) != "" }) {
			return "must be a list of strings" + a.choices()
		}
		return ""
	}

	if wrong := a.wrongText(value); wrong != "" {
		return wrong
	}
	if text := value.(string); a.Type == TypeDuration && text != "" { // "" is none, and the plugin's to judge
		if _, err := ParseDuration(text); err != nil {
			return "must be a duration such as \"90s\", \"24h\" or \"55d\""
		}
	}
	return ""
}

func (a Attribute) wrongText(value any) string {
	text, ok := value.(string)
	switch {
	case !ok:
		return "must be a string"
	case len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text):
		return "must be one of" + strings.TrimPrefix(a.choices(), ":")
	}
	return ""
}

func (a Attribute) choices() string {
	if len(a.OneOf) == 0 {
		return ""
	}
	return fmt.Sprintf(": %s", strings.Join(a.OneOf, ", "))
}
