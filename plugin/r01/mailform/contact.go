package mailform

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// question is one field of a contact: how it is asked, how it is checked and how it is
// sent. The form, the validation and the template all come from the one table of its kind.
type question[T any] struct {
	registrar.Field
	name  string              // of the field in the template; "" = not sent
	fixed bool                // identity: R01 changes it by letter only. r01-mail 2.7
	check func(string) string // beyond Pattern; what is wrong, or ""
	at    func(*T) value      // where the template keeps it; nil = nowhere
	shut  string              // why it may not be answered; "" = it may
}

// value is what a field of a template holds.
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

// Client makes the template that registers a registrant under a handle, or names every
// mistake. Paths begin with "contact."; today is what no birth date lies after.
func Client(handle string, r registrar.Registrant, today registrar.Date) (Template, []registrar.Problem) {
	switch r.Kind {
	case registrar.Person:
		p := &Person{Handle: handle}
		problems := fill(p, personQuestions(), r)
		return Template{Person: p}, append(problems, p.unborn(today)...)
	case registrar.Organization:
		o := &Organization{Handle: handle}
		problems := fill(o, organizationQuestions(), r)
		return Template{Organization: o}, append(problems, numbersTogether(r)...)
	}
	return Template{}, []registrar.Problem{{Path: "contact.kind", Message: fmt.Sprintf("must be one of %v", registrar.RegistrantKinds())}}
}

func problem(path, format string, args ...any) registrar.Problem {
	return registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)}
}

// fill reads the answers to the questions into a template.
func fill[T any](t *T, questions []question[T], r registrar.Registrant) []registrar.Problem {
	var problems []registrar.Problem
	known := map[string]bool{}
	for _, q := range questions {
		known[q.Key] = true
		values, wrong := q.read(r.Fields[q.Key])
		problems = append(problems, wrong...)
		if len(values) > 0 && len(wrong) == 0 && q.at != nil {
			q.at(t).set(values)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Fields)) {
		if !known[key] {
			problems = append(problems, problem("contact."+key, "is not asked of a registrant of this kind; remove it"))
		}
	}
	return problems
}

// read checks the values of one field.
func (q question[T]) read(given []string) (values []string, problems []registrar.Problem) {
	path := "contact." + q.Key
	switch {
	case len(given) > 0 && q.shut != "":
		return nil, []registrar.Problem{problem(path, "%s", q.shut)}
	case len(given) == 0 && q.Required:
		return nil, []registrar.Problem{problem(path, "is required, such as %q", q.Example)}
	case len(given) > 1 && !q.Multiple:
		return nil, []registrar.Problem{problem(path, "has one value, not %d", len(given))}
	}
	for i, v := range given {
		at := path
		if q.Multiple {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		v = strings.TrimSpace(v)
		if wrong := q.wrong(v); wrong != "" {
			problems = append(problems, problem(at, "%s", wrong))
		}
		values = append(values, v)
	}
	return values, problems
}

// wrong tells what is wrong with one value, without quoting it.
func (q question[T]) wrong(v string) string {
	if v == "" {
		return "is empty; fill it in or leave it out"
	}
	if what := injection(v); what != "" {
		return what
	}
	if q.Pattern != "" && !regexp.MustCompile(q.Pattern).MatchString(v) {
		return fmt.Sprintf("must look like %q", q.Example)
	}
	if q.check != nil {
		return q.check(v)
	}
	return ""
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

// IdentityKeys lists the contact keys that say who a registrant is, not how to reach it.
// R01 changes what they hold by letter only. r01-mail 2.7
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

// Form is what an order asks for: all of a registration and of a transfer, what can be
// changed of an update, and nothing of others. The error is [registrar.Invalid].
func Form(tld string, kind registrar.OperationKind, registrant registrar.RegistrantKind) (registrar.Form, error) {
	var problems []registrar.Problem
	if zones[tld] == nil {
		problems = append(problems, problem("tld", "must be one of %v", slices.Sorted(maps.Keys(zones))))
	}
	if !slices.Contains(registrar.OperationKinds(), kind) {
		problems = append(problems, problem("kind", "must be one of %v", registrar.OperationKinds()))
	}
	form := registrar.Form{TLD: tld, Kind: kind, Registrant: registrant}
	switch registrant {
	case registrar.Person:
		form.Fields = fields(kind, personQuestions())
	case registrar.Organization:
		form.Fields = fields(kind, organizationQuestions())
	default:
		problems = append(problems, problem("registrant", "must be one of %v", registrar.RegistrantKinds()))
	}
	if len(problems) > 0 {
		return registrar.Form{}, &registrar.Error{Code: registrar.Invalid, Detail: "there is no such form", Problems: problems}
	}
	return form, nil
}

// fields lists what an operation asks for.
func fields[T any](kind registrar.OperationKind, questions []question[T]) []registrar.Field {
	switch kind {
	case registrar.KindRegister, registrar.KindTransfer:
	case registrar.KindUpdate:
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
