package registrar

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problems reports where the answers of a registrant do not fit the form: required fields that are missing,
// fields that are not asked of this registrant, and values of another type, shape, length or choice. Each
// problem has a code, and texts in English and Russian; none repeats a value.
//
// Paths are "contact.KEY", and "contact.KEY[INDEX]" for a value of a field that may have several; in a form
// for another role than the registrant's they begin with [ContactRole.Path]. A registrar judges orders by
// it, after it has normalised the answers. In an order for a domain it may pass over answers that the form
// does not ask for: a contact may be kept for several registrars.
func (f Form) Problems(r Registrant) []Problem {
	problems := f.problems(r)
	for i, p := range problems {
		problems[i].Path = f.Role.Path() + strings.TrimPrefix(p.Path, RoleRegistrant.Path())
	}
	return problems
}

func (f Form) problems(r Registrant) []Problem {
	var problems []Problem
	if f.Registrant != "" && r.Kind != f.Registrant {
		problems = append(problems, problemAt("contact.kind", ProblemKind, map[string]string{"kind": string(f.Registrant)}))
	}

	asked := f.Asked(r)
	for _, field := range f.Fields {
		values := given(r.Fields[field.Key])
		switch {
		case slices.ContainsFunc(asked, func(a Field) bool { return a.Key == field.Key }):
			problems = append(problems, field.problems(values, f.Kind != KindUpdate)...)
		case len(values) > 0:
			problems = append(problems, problemAt(field.path(), ProblemNotAskedHere, map[string]string{"fields": field.conditions()}))
		}
	}

	for _, key := range slices.Sorted(maps.Keys(r.Fields)) {
		unknown := !slices.ContainsFunc(f.Fields, func(field Field) bool { return field.Key == key })
		if unknown && len(given(r.Fields[key])) > 0 {
			problems = append(problems, problemAt("contact."+key, ProblemNotAsked, nil))
		}
	}

	return problems
}

// problems judges the answer to a field that is asked; whole = required fields must be answered.
func (f Field) problems(values []string, whole bool) (problems []Problem) {
	switch {
	case len(values) == 0 && f.Type == FieldAgreement && f.Required && whole:
		return []Problem{problemAt(f.path(), ProblemAgreement, nil)}
	case len(values) == 0 && f.Required && whole:
		return []Problem{f.problem(f.path(), ProblemRequired)}
	case len(values) > 1 && !f.Multiple:
		return []Problem{problemAt(f.path(), ProblemOneValue, map[string]string{"count": strconv.Itoa(len(values))})}
	}

	for i, v := range values {
		at := f.path()
		if f.Multiple {
			at = fmt.Sprintf("%s[%d]", at, i)
		}
		if code := f.wrong(v); code != "" {
			problems = append(problems, f.problem(at, code))
		}
	}

	return problems
}

// wrong returns the code of the problem of one value; "" = none.
func (f Field) wrong(value string) string {
	length := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		return ProblemUTF8
	case len(f.Choices) > 0 && !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Value == value }):
		return ProblemChoice
	case f.MinLength > 0 && length < f.MinLength:
		return ProblemTooShort
	case f.MaxLength > 0 && length > f.MaxLength:
		return ProblemTooLong
	case f.mistyped(value) != "":
		return f.mistyped(value)
	case f.Pattern != "" && !matches(f.Pattern, value):
		return ProblemPattern
	}
	return ""
}

// matches reports whether a value fits a pattern; an invalid pattern fits nothing.
func matches(pattern, value string) bool {
	p, err := regexp.Compile(pattern)
	return err == nil && p.MatchString(value)
}

// mistyped returns the code of a value that is not of the field's type; "" = it is.
func (f Field) mistyped(value string) string {
	switch f.Type {
	case FieldDate:
		if _, err := ParseDate(value); err != nil {
			return ProblemDate
		}
	case FieldYesNo:
		if value != "true" && value != "false" {
			return ProblemYesNo
		}
	case FieldAgreement:
		if value != "true" {
			return ProblemAgreement
		}
	case FieldEmail:
		if !mailLike(value) {
			return ProblemEmail
		}
	case FieldPhone:
		if !phoneLike(value) {
			return ProblemPhone
		}
	}
	return ""
}

// mailLike reports whether a value has the parts of a mail address.
func mailLike(value string) bool {
	at := strings.LastIndexByte(value, '@')
	if at < 1 || strings.ContainsAny(value, " \t\r\n") {
		return false
	}
	host := value[at+1:]
	dot := strings.IndexByte(host, '.')
	return dot > 0 && dot < len(host)-1 && !strings.Contains(value[:at], "@")
}

// phoneLike reports whether a value is a telephone number, with the marks that people write between digits.
func phoneLike(value string) bool {
	const fewest = 5
	digits := 0
	for _, r := range value {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune("+ ()-./", r):
			return false
		}
	}
	return digits >= fewest && strings.LastIndexByte(value, '+') <= 0
}

func (f Field) path() string { return "contact." + f.Key }

// conditions names the fields whose answers decide whether this one is asked.
func (f Field) conditions() string {
	var names []string
	for _, c := range f.When {
		if !slices.Contains(names, c.Field) {
			names = append(names, c.Field)
		}
	}
	return strings.Join(names, ", ")
}

// problem returns a problem of the field, with the field's declared limits and example.
func (f Field) problem(path, code string) Problem {
	params := map[string]string{}
	switch code {
	case ProblemChoice:
		choices := make([]string, len(f.Choices))
		for i, c := range f.Choices {
			choices[i] = c.Value
		}
		params["choices"] = strings.Join(choices, ", ")
	case ProblemTooShort:
		params["characters"] = strconv.Itoa(f.MinLength)
	case ProblemTooLong:
		params["characters"] = strconv.Itoa(f.MaxLength)
	}
	if f.Example != "" && wordings()[code].example {
		params["example"] = f.Example
	}
	return problemAt(path, code, params)
}
