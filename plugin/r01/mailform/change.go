package mailform

import "registrar.panel/shared/registrar"

// UpdateClient makes the template that changes how to reach the client with a handle: its key
// and only the given fields. A field without values is not changed. If there are mistakes, it
// names every one instead; paths begin with "contact.". r01-mail 2.7
func UpdateClient(handle string, r registrar.Registrant) (Template, []registrar.Problem) {
	kind, ok := KindOfHandle(handle)
	r = arranged(r)
	switch {
	case !ok:
		return Template{}, []registrar.Problem{problem("handle", "is no handle of R01")}
	case r.Kind != kind:
		return Template{}, []registrar.Problem{problem("contact.kind", "must be %q: that is what client %s is", kind, handle)}
	case kind == registrar.Organization:
		o := &Organization{Handle: handle}
		return Template{Organization: o}, fillChanges(o, organizationQuestions(), r)
	}
	p := &Person{Handle: handle}
	return Template{Person: p}, fillChanges(p, personQuestions(), r)
}

// changes returns the questions of an update: no answer is required, and some are not allowed.
func changes[T any](questions []question[T]) []question[T] {
	var all []question[T]
	for _, q := range questions {
		q.Required = false
		switch {
		case q.fixed:
			q.shut = codeByLetter
		case q.at == nil:
			q.shut = codeNotSent
		}
		all = append(all, q)
	}
	return all
}

func fillChanges[T any](t *T, questions []question[T], r registrar.Registrant) []registrar.Problem {
	problems := fill(t, changes(questions), r)
	for _, values := range r.Fields {
		if len(values) > 0 {
			return problems
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return []registrar.Problem{says(codeNothing).at("contact")}
}
