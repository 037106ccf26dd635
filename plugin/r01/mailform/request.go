package mailform

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// Action is what a request asks for; it applies to all its templates. r01-mail 2.1
type Action string

const (
	ActionNew     Action = "NEW"
	ActionProlong Action = "PROLONG"
	ActionUpdate  Action = "UPDATE"
)

// Actions lists every action.
func Actions() []Action { return []Action{ActionNew, ActionProlong, ActionUpdate} }

// PayTypes lists which accounts may pay, and in which order; "" leaves that to R01. r01-mail 2.1
func PayTypes() []string { return []string{"", "real", "bonus", "real,bonus", "bonus,real"} }

// Request is one mail to R01, without the password.
type Request struct {
	Action    Action
	PayType   string // one of PayTypes
	Agreement string
	Templates []Template
}

// Template is exactly one of the three templates. It is stored as JSON and rendered when it is sent.
type Template struct {
	Person       *Person       `json:"person,omitempty"`
	Organization *Organization `json:"organization,omitempty"`
	Domain       *Domain       `json:"domain,omitempty"`
}

// The lines that open and close templates. r01-mail 2.2
const (
	headingMark         = "#["
	headingPerson       = "#[PERSON TEMPLATE]#"
	headingOrganization = "#[ORGANIZATION TEMPLATE]#"
	headingDomain       = "#[DOMAIN TEMPLATE]#"
	headingEnd          = "#[TEMPLATES END]#"
)

// FieldError says why a request can't be written.
type FieldError struct {
	Path    string // of the field: "contact.passport[0]", "nameservers[1]", "password"
	Message string // never the value
}

func (e *FieldError) Error() string { return e.Path + ": " + e.Message }

const hidden = "***"

// Preview writes the request for people: the password and every personal or identity field are
// masked; names of organizations, handles, domains and name servers stay readable.
func (r Request) Preview() string {
	var b strings.Builder
	for _, l := range r.lines("") {
		if l.tidy(); l.private() {
			l.value = hidden
		}
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

// check checks the structure of a request. r01-mail 2.2
func (r Request) check() error {
	switch {
	case !slices.Contains(Actions(), r.Action):
		return &FieldError{"action", fmt.Sprintf("must be one of %v", Actions())}
	case !slices.Contains(PayTypes(), r.PayType):
		return &FieldError{"pay_type", fmt.Sprintf("must be one of %q", PayTypes())}
	case r.Agreement == "":
		return &FieldError{"agreement", "is required"}
	case len(r.Templates) == 0:
		return &FieldError{"templates", "a request needs at least one"}
	}

	for i, t := range r.Templates {
		path := fmt.Sprintf("templates[%d]", i)
		switch {
		case t.count() != 1:
			return &FieldError{path, "must be exactly one of person, organization and domain"}
		case r.Action == ActionProlong && t.Domain == nil:
			return &FieldError{path, "only domains can be prolonged"}
		case t.Domain != nil && slices.ContainsFunc(r.Templates[i+1:], t.Domain.refersTo):
			return &FieldError{path, "the client's template must stand before the domain's"}
		}
	}

	return nil
}

func (t Template) count() int {
	n := 0
	for _, there := range []bool{t.Person != nil, t.Organization != nil, t.Domain != nil} {
		if there {
			n++
		}
	}
	return n
}

// handle returns the handle of a client's template.
func (t Template) handle() string {
	switch {
	case t.Person != nil:
		return t.Person.Handle
	case t.Organization != nil:
		return t.Organization.Handle
	}
	return ""
}

// line is one line of a body.
type line struct {
	name  string // "" for a heading and for the empty line
	value string
	path  string // of the field in the order or the settings
	class registrar.DataClass
	exact bool // the value is not ours to rewrite
}

func (l line) String() string {
	if l.name == "" {
		return l.value
	}
	return l.name + ": " + l.value
}

func (l line) private() bool {
	return l.class == registrar.DataPersonal || l.class == registrar.DataIdentity
}

// lines returns the lines of the request, one value to a line. r01-mail 2.1, 2.2
func (r Request) lines(password string) []line {
	lines := []line{{name: "action", value: string(r.Action), path: "action"}}
	if r.PayType != "" {
		lines = append(lines, line{name: "pay-type", value: r.PayType, path: "pay_type"})
	}
	lines = append(lines,
		line{name: "agreement", value: r.Agreement, path: "agreement", exact: true},
		line{name: "password", value: password, path: "password", exact: true, class: registrar.DataIdentity},
		line{})
	for _, t := range r.Templates {
		lines = append(lines, t.lines()...)
	}
	return append(lines, line{value: headingEnd})
}

func (t Template) lines() []line {
	switch {
	case t.Person != nil:
		return clientLines(headingPerson, t.Person.Handle, t.Person, personQuestions())
	case t.Organization != nil:
		return clientLines(headingOrganization, t.Organization.Handle, t.Organization, organizationQuestions())
	case t.Domain != nil:
		return t.Domain.lines()
	}
	return nil
}
