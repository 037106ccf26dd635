package console

import (
	"net/url"
	"slices"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// question is a field of a contact that is asked, with its answer and what is wrong with it.
type question struct {
	api.Field
	ID, Name string // of its input
	Hint     string // ID of the text that explains it
	Mark     string // ID of the text that says what is wrong with it
	Wrong    []string
	answered []string
}

// Value returns what was entered, one value a line.
func (q question) Value() string { return strings.Join(q.answered, "\n") }

// Has reports whether a value was chosen.
func (q question) Has(value string) bool { return slices.Contains(q.answered, value) }

// Questions returns the fields that are asked after the answers so far.
func (o newOrder) Questions() (all []question) {
	for _, f := range o.asked() {
		path := "contact." + f.Key
		all = append(all, question{Field: f, ID: "c-" + f.Key, Name: "c." + f.Key, Hint: "h-" + f.Key, Mark: path, Wrong: o.Problems(path), answered: o.values["c."+f.Key]})
	}
	return all
}

// Conditional reports whether another answer may change which fields are asked.
func (o newOrder) Conditional() bool { return conditional(*o.Form) }

func conditional(f api.Form) bool {
	return slices.ContainsFunc(f.Fields, func(f api.Field) bool { return len(f.When) > 0 })
}

// Registrants lists the kinds of registrant. A registrar refuses a kind that it does not serve.
func (newOrder) Registrants() []string {
	var all []string
	for _, kind := range registrar.RegistrantKinds() {
		all = append(all, string(kind))
	}
	return all
}

// asked lists the fields that are asked after the answers so far.
func (o newOrder) asked() []api.Field {
	if o.Form == nil {
		return nil
	}
	return askedOf(*o.Form, o.values, "c.")
}

// askedOf lists the fields of a form that the answers call for; the answers' names begin with the prefix.
func askedOf(questions api.Form, values url.Values, prefix string) []api.Field {
	form, answers := registrar.Form{}, registrar.Registrant{Fields: map[string][]string{}}
	byKey := map[string]api.Field{}
	for _, f := range questions.Fields {
		field := registrar.Field{Key: f.Key}
		for _, c := range f.When {
			field.When = append(field.When, registrar.Condition(c))
		}
		form.Fields = append(form.Fields, field)
		answers.Fields[f.Key], byKey[f.Key] = answersTo(f, values[prefix+f.Key]), f
	}

	// The contract's own rule decides, so that page and registrar ask for the same.
	var asked []api.Field
	for _, f := range form.Asked(answers) {
		asked = append(asked, byKey[f.Key])
	}
	return asked
}

// answersTo returns the values of a field: one a line if it may have several.
func answersTo(f api.Field, entered []string) (all []string) {
	for _, text := range entered {
		if !f.Multiple {
			text = strings.Join(strings.Fields(text), " ")
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
	}
	return all
}
