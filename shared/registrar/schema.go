package registrar

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Problems reports where settings do not fit the schema: a value of another type or not among the choices,
// a required setting that is missing, and a setting that the schema does not know. No problem repeats a
// value; each has a code, and its message in English and Russian. A plugin's Configure begins with it; the
// plugin judges what the values mean.
func (s Schema) Problems(config json.RawMessage) []Problem {
	// Numbers keep their written form: as float64, large ones would be rounded before they are checked.
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil || values == nil || d.More() {
		return []Problem{settingProblem("", ProblemNoObject, "")}
	}
	return s.problems("", values, nil)
}

// problems checks one block; labels are names that are allowed besides its attributes.
func (s Schema) problems(path string, values map[string]any, labels []string) []Problem {
	var list []Problem
	known := slices.Clone(labels)
	for _, a := range s.Attributes {
		known = append(known, a.Name)
		if code := a.wrong(values[a.Name]); code != "" {
			list = append(list, settingProblem(path+a.Name, code, strings.Join(a.OneOf, ", ")))
		}
	}

	for _, b := range s.Blocks {
		known = append(known, b.Name)
		list = append(list, b.problems(path+b.Name, values[b.Name])...)
	}

	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			list = append(list, settingProblem(path+name, ProblemNoSetting, ""))
		}
	}

	return list
}

func (b Block) problems(path string, value any) []Problem {
	if !b.Repeated {
		inner, ok := value.(map[string]any)
		if !ok && value != nil {
			return []Problem{settingProblem(path, ProblemBlock, "")}
		}
		return b.Schema.problems(path+".", inner, nil)
	}

	entries, ok := value.([]any)
	if !ok && value != nil {
		return []Problem{settingProblem(path, ProblemBlocks, "")}
	}

	var list []Problem
	for i, entry := range entries {
		inner, ok := entry.(map[string]any)
		if !ok {
			list = append(list, settingProblem(path+"["+strconv.Itoa(i)+"]", ProblemBlock, ""))
			continue
		}
		list = append(list, b.Schema.problems(path+b.index(i, inner)+".", inner, b.Labels)...)
	}

	return list
}

// index names an entry by its labels, or by its place if it has none.
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

// wrong returns the code of the fault in an attribute's value; "" = none.
func (a Attribute) wrong(value any) string {
	if value == nil {
		if a.Required {
			return ProblemRequired
		}
		return ""
	}

	switch a.Type {
	case TypeInt:
		// A JSON number may be 1.5, 1e3 or longer than any integer here. Int64 refuses all of these.
		if n, ok := value.(json.Number); ok {
			if _, err := n.Int64(); err == nil {
				return ""
			}
		}
		return ProblemWhole
	case TypeBool:
		if _, ok := value.(bool); !ok {
			return ProblemTruth
		}
		return ""
	case TypeStrings:
		list, ok := value.([]any)
		if ok && !slices.ContainsFunc(list, func(v any) bool { return a.wrongText(v) != "" }) {
			return ""
		}
		if len(a.OneOf) > 0 {
			return ProblemChoices
		}
		return ProblemTexts
	}

	if code := a.wrongText(value); code != "" {
		return code
	}
	if text := value.(string); a.Type == TypeDuration && text != "" { // "" is no duration: the plugin judges that
		if _, err := ParseDuration(text); err != nil {
			return ProblemDuration
		}
	}
	return ""
}

func (a Attribute) wrongText(value any) string {
	text, ok := value.(string)
	switch {
	case !ok:
		return ProblemText
	case len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text):
		return ProblemOneOf
	}
	return ""
}

// Codes of the problems that [Schema.Problems] reports, besides [ProblemRequired].
const (
	ProblemNoObject  = "no_object"
	ProblemNoSetting = "no_setting" // the schema has no such setting
	ProblemBlock     = "block"
	ProblemBlocks    = "blocks"
	ProblemText      = "text"
	ProblemTexts     = "texts"
	ProblemOneOf     = "one_of"  // choices
	ProblemChoices   = "choices" // choices
	ProblemWhole     = "whole_number"
	ProblemTruth     = "true_or_false"
	ProblemDuration  = "duration"
)

// settingWords returns the text of a problem of settings, in English and in Russian.
func settingWords(code string) (en, ru string) {
	switch code {
	case ProblemRequired:
		return "is required", "нужно указать"
	case ProblemNoObject:
		return "the settings are not a JSON object", "параметры — не объект JSON"
	case ProblemNoSetting:
		return "is not a setting", "такого параметра нет"
	case ProblemBlock:
		return "must be a block", "нужен блок"
	case ProblemBlocks:
		return "must be a list of blocks", "нужен список блоков"
	case ProblemTexts:
		return "must be a list of strings", "нужен список строк"
	case ProblemChoices:
		return "must be a list of strings: {choices}", "нужен список из: {choices}"
	case ProblemOneOf:
		return "must be one of {choices}", "нужно одно из: {choices}"
	case ProblemWhole:
		return "must be a whole number", "нужно целое число"
	case ProblemTruth:
		return "must be true or false", "нужно true или false"
	case ProblemDuration:
		return `must be a duration such as "90s", "24h" or "55d"`, `нужна длительность, например "90s", "24h" или "55d"`
	}
	return "must be a string", "нужна строка"
}

func settingProblem(path, code, choices string) Problem {
	p := Problem{Path: path, Code: code}
	en, ru := settingWords(code)
	if strings.Contains(en, "{choices}") {
		p.Params = map[string]string{"choices": choices}
		en, ru = strings.ReplaceAll(en, "{choices}", choices), strings.ReplaceAll(ru, "{choices}", choices)
	}
	p.Message, p.Texts = en, map[string]string{"en": en, "ru": ru}
	return p
}
