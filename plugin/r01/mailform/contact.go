package mailform

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// question is one field of a contact: how it is asked, checked and sent. The form, the
// validation and the template of a kind all come from one table of questions.
type question[T any] struct {
	registrar.Field
	name  string                                 // of the field in the template; "" = not sent
	fixed bool                                   // identity: R01 changes it by letter only. r01-mail 2.7
	form  func(value string, abroad bool) string // its normal form, beyond that of any text; nil = no other
	check func(value string) complaint           // of what has its normal form; nil = any text will do
	whole func(values []string) complaint        // of all values together; nil = nothing
	at    func(*T) value                         // where the template keeps it; nil = nowhere
	shut  string                                 // the code of why it may not be answered; "" = it may
}

// value is the content of a field of a template.
type value interface {
	lines() []string // as they are sent
	set([]string)    // as they were entered
}

// Line is a field with one value.
type Line string

func (l *Line) set(v []string) { *l = Line(v[0]) }

func (l *Line) lines() []string {
	if *l == "" {
		return nil
	}
	return []string{string(*l)}
}

// Lines is a field with several values, sent by repeating its name. r01-mail 2.3
type Lines []string

func (l *Lines) set(v []string)  { *l = v }
func (l *Lines) lines() []string { return *l }

// Day is a date, sent as DD.MM.YYYY. r01-mail 2.4
type Day struct{ registrar.Date }

func (d *Day) set(v []string) { d.Date, _ = registrar.ParseDate(v[0]) } // checked before

func (d *Day) lines() []string {
	if d.IsZero() {
		return nil
	}
	return []string{fmt.Sprintf("%02d.%02d.%04d", d.Date.Day, d.Month, d.Year)}
}

// Registrants lists the kinds of registrants that R01 knows. A sole trader is an organization there. r01-mail 2.5
func Registrants() []registrar.RegistrantKind {
	return []registrar.RegistrantKind{registrar.Person, registrar.Organization}
}

// Client makes the template that registers a registrant under a handle, or names every mistake. Paths
// begin with "contact.", and count values as they are sent; birth dates are judged as of today.
func Client(handle string, r registrar.Registrant, today registrar.Date) (Template, []registrar.Problem) {
	r = Normal(r)
	switch r.Kind {
	case registrar.Person:
		p := &Person{Handle: handle}
		problems := fill(p, personQuestions(), r)
		return Template{Person: p}, slices.Concat(problems, nativeName(r), p.age(today))
	case registrar.Organization:
		o := &Organization{Handle: handle}
		problems := fill(o, organizationQuestions(), r)
		return Template{Organization: o}, slices.Concat(problems, nativeName(r), numbersTogether(r))
	}
	return Template{}, []registrar.Problem{says(codeKind, "kinds", fmt.Sprint(Registrants())).at("contact.kind")}
}

// nativeName requires residents to have a name in their own script. For others, the Latin name replaces it.
func nativeName(r registrar.Registrant) []registrar.Problem {
	if len(r.Fields["name"]) > 0 || abroad(r) {
		return nil
	}
	return []registrar.Problem{says(codeRequiredOf, "whom", "a resident of Russia", "whom_ru", "резидентам России").at("contact.name")}
}

// fill reads the answers to the questions into a template.
func fill[T any](t *T, questions []question[T], r registrar.Registrant) []registrar.Problem {
	var problems []registrar.Problem
	others := registrar.Registrant{Kind: r.Kind, Fields: maps.Clone(r.Fields)}
	for _, q := range questions {
		delete(others.Fields, q.Key)
		values := r.Fields[q.Key]
		wrong := q.wrong(values)
		problems = append(problems, wrong...)
		// The template takes only values that were found right, and relies on that.
		if len(values) > 0 && len(wrong) == 0 && q.at != nil {
			q.at(t).set(values)
		}
	}
	return append(problems, registrar.Form{}.Problems(others)...) // of fields that no question has
}

// wrong checks the values of one field.
func (q question[T]) wrong(values []string) (problems []registrar.Problem) {
	path := "contact." + q.Key
	if len(values) > 0 && q.shut != "" {
		return []registrar.Problem{says(q.shut).at(path)}
	}
	if problems := q.count(values); len(problems) > 0 {
		return problems
	}

	for i, v := range values {
		at := path
		if q.Multiple {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if c := q.complain(v); !c.none() {
			problems = append(problems, c.at(at))
		}
	}

	// Only values that are right by themselves are judged together.
	if len(problems) > 0 || len(values) == 0 || q.whole == nil {
		return problems
	}
	if c := q.whole(values); !c.none() {
		return []registrar.Problem{c.at(path)}
	}

	return nil
}

// count judges how many values there are, as for any form. The values themselves are judged by R01's own rules.
func (q question[T]) count(values []string) []registrar.Problem {
	alone := registrar.Form{Fields: []registrar.Field{{Key: q.Key, Required: q.Required, Multiple: q.Multiple, Example: q.Example}}}
	return alone.Problems(registrar.Registrant{Fields: map[string][]string{q.Key: values}})
}

// complain returns what is wrong with a value, without quoting it.
func (q question[T]) complain(v string) complaint {
	// First, for every field: a value must not contain anything that could be more than a value. r01-mail 2.3
	if c := injection(v); !c.none() {
		return c
	}
	if q.check != nil {
		if c := q.check(v); !c.none() {
			return c.about(q.Example)
		}
	}
	if c := unwritable(v); !c.none() {
		return c
	}
	if most := maxLine - len(q.name) - len(": "); utf8.RuneCountInString(v) > most {
		return says(codeTooLong, "characters", strconv.Itoa(most))
	}
	return complaint{}
}

// clientLines writes a client's template.
func clientLines[T any](heading, handle string, t *T, questions []question[T]) []line {
	lines := []line{{value: heading}, {name: "nic-hdl", value: handle, path: "handle"}}
	for _, q := range questions {
		if q.at == nil {
			continue
		}
		values := q.at(t).lines()
		for i, v := range values {
			path := "contact." + q.Key
			if q.Multiple {
				path = fmt.Sprintf("%s[%d]", path, i)
			}
			lines = append(lines, line{name: q.name, value: v, path: path, class: q.Class})
		}
	}
	return lines
}

// IdentityKeys lists the contact keys that say who a registrant is, and not how to reach the
// registrant. R01 changes these only by letter. r01-mail 2.7
func IdentityKeys(kind registrar.RegistrantKind) []string {
	if kind == registrar.Organization {
		return identityKeys(organizationQuestions())
	}
	return identityKeys(personQuestions())
}

func identityKeys[T any](questions []question[T]) []string {
	var keys []string
	for _, q := range questions {
		if q.fixed {
			keys = append(keys, q.Key)
		}
	}
	return keys
}

func problem(path, format string, args ...any) registrar.Problem {
	return registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)}
}

// Form returns what an order asks for: the whole contact for a registration, a transfer and a change of
// registrant, what can be changed for an update, and nothing for others. The error is [registrar.Invalid].
func Form(tld string, kind registrar.OperationKind, registrant registrar.RegistrantKind) (registrar.Form, error) {
	var problems []registrar.Problem
	if zones[tld] == nil {
		problems = append(problems, problem("tld", "must be one of %v", slices.Sorted(maps.Keys(zones))))
	}

	if !slices.Contains(lifecycle.OperationKinds(), kind) {
		problems = append(problems, problem("kind", "must be one of %v", lifecycle.OperationKinds()))
	}

	form := registrar.Form{TLD: tld, Kind: kind, Registrant: registrant}
	switch registrant {
	case registrar.Person:
		form.Fields = fields(kind, personQuestions())
	case registrar.Organization:
		form.Fields = fields(kind, organizationQuestions())
	default:
		problems = append(problems, problem("registrant", "must be one of %v", Registrants()))
	}

	if len(problems) > 0 {
		return registrar.Form{}, &registrar.Error{Code: registrar.Invalid, Detail: "there is no such form", Problems: problems}
	}

	return form, nil
}

// fields lists what an operation asks for.
func fields[T any](kind registrar.OperationKind, questions []question[T]) []registrar.Field {
	switch {
	case kind.NeedsRegistrant():
	case kind == registrar.KindUpdate:
		questions = changes(questions)
	default:
		return nil
	}

	var all []registrar.Field
	for _, q := range questions {
		if q.shut == "" {
			all = append(all, q.Field)
		}
	}
	return all
}
