package registrartest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

var formChecks = []check{
	{Rule{ID: "form/served", Level: Must,
		Demand: "There is a form for every TLD, kind and registrant that is declared, and it says what it is for.", Place: "Catalogue.Form, Form",
		Remedy: "Answer every declared combination; return the query's TLD, kind and registrant in the form."}, hasForms},
	{Rule{ID: "form/refused", Level: Must,
		Demand: "A TLD that is not served, or is none, is Invalid.", Place: "Catalogue.Form",
		Remedy: "Compare with the declared TLDs; where any is served, refuse what is no label in ACE."}, refusesForms},
	{Rule{ID: "form/fields", Level: Must,
		Demand: "A field has a key of its own, an English label, a known type and a known class.", Place: "Field",
		Remedy: "Correct the field that is named."}, hasFields},
	{Rule{ID: "form/declared", Level: Must,
		Demand: "Each choice is there once; a condition names a field before its own, and values it may have; a link is https; no field needs more characters than it takes; what has words has English ones.", Place: "Field.Choices, Field.When, Field.MinLength, Field.Link",
		Remedy: "Correct what is named: a field whose condition never holds is never asked."}, hasDeclared},
	{Rule{ID: "form/examples", Level: Must,
		Demand: "A pattern is RE2, a field's example is an answer that the form takes, and a required field has one.", Place: "Field.Pattern, Field.Example",
		Remedy: "Correct the example or the pattern: people copy the example."}, hasExamples},
}

// forms visits all forms that are declared.
func (e *exam) forms(visit func(q registrar.FormQuery, f registrar.Form, err error)) error {
	if e.fault != nil {
		return e.fault
	}

	l, err := e.catalogue()
	if err != nil {
		return err
	}

	tlds, registrants := e.description.TLDs, e.description.Registrants
	// An empty list of TLDs means any, so a made-up one stands for all.
	if len(tlds) == 0 {
		tlds = []string{e.tld()}
	}

	if len(registrants) == 0 {
		registrants = []registrar.RegistrantKind{e.registrantKind()}
	}

	for _, tld := range tlds {
		for _, kind := range e.description.Kinds {
			for _, registrant := range registrants {
				q := registrar.FormQuery{TLD: tld, Kind: kind, Registrant: registrant}
				f, err := l.Form(e.ctx, q)
				visit(q, f, err)
			}
		}
	}

	return nil
}

func hasForms(e *exam) error {
	return e.forms(func(q registrar.FormQuery, f registrar.Form, err error) {
		if err != nil {
			e.broken("no form to %s a .%s domain for a %s: %s", q.Kind, q.TLD, q.Registrant, told(err))
		} else if f.TLD != q.TLD || f.Kind != q.Kind || f.Registrant != q.Registrant {
			e.broken("asked for %v, it is the form for %s, %s, %s", q, f.TLD, f.Kind, f.Registrant)
		}
	})
}

func refusesForms(e *exam) error {
	l, err := e.catalogue()
	if err != nil {
		return err
	}
	tlds := []string{"", "-", "Example", ".example", "no such", "рф"}
	if len(e.description.TLDs) > 0 {
		tlds = append(tlds, "conformance")
	}
	for _, tld := range tlds {
		q := e.query(registrar.KindRegister)
		q.TLD = tld
		_, err := l.Form(e.ctx, q)
		e.mustBe(fmt.Sprintf("a form for the TLD %q", tld), err, registrar.Invalid)
	}
	return nil
}

func hasFields(e *exam) error {
	return e.forms(func(q registrar.FormQuery, form registrar.Form, _ error) {
		seen := map[string]bool{}
		for _, f := range form.Fields {
			at := fmt.Sprintf("field %q of the form to %s for a %s", f.Key, q.Kind, q.Registrant)
			switch {
			case f.Key == "" || strings.ContainsAny(f.Key, ".[] ") || seen[f.Key]:
				e.broken("%s: the key is empty, not one word, or there twice", at)
			case strings.TrimSpace(f.Label["en"]) == "":
				e.broken("%s has no English label", at)
			case !slices.Contains(registrar.FieldTypes(), f.Type):
				e.broken("%s has the type %q", at, f.Type)
			case !slices.Contains(registrar.DataClasses(), f.Class):
				e.broken("%s has the class %q", at, f.Class)
			}
			seen[f.Key] = true
		}
	})
}

func hasExamples(e *exam) error {
	return e.forms(func(q registrar.FormQuery, form registrar.Form, _ error) {
		for _, f := range form.Fields {
			if wrong := wrongExample(f); wrong != "" {
				e.broken("field %q of the form to %s for a %s %s", f.Key, q.Kind, q.Registrant, wrong)
			}
		}
	})
}

// wrongExample returns what is wrong with the example of a field; "" = nothing.
func wrongExample(f registrar.Field) string {
	if _, err := regexp.Compile(f.Pattern); err != nil {
		return "has a pattern that is not RE2"
	}
	switch {
	case f.Example != "":
	case f.Required && f.Type != registrar.FieldAgreement:
		return "is required and has no example"
	default:
		return ""
	}

	// Judged as if it were the only field: the conditions depend on other fields.
	f.When = nil
	alone := registrar.Form{Fields: []registrar.Field{f}}
	for _, p := range alone.Problems(registrar.Registrant{Fields: map[string][]string{f.Key: {f.Example}}}) {
		return fmt.Sprintf("has the example %q, which %s", f.Example, p.Message)
	}
	return ""
}

func hasDeclared(e *exam) error {
	return e.forms(func(q registrar.FormQuery, form registrar.Form, _ error) {
		for i, f := range form.Fields {
			if wrong := wronglyDeclared(f, form.Fields[:i]); wrong != "" {
				e.broken("field %q of the form to %s for a %s %s", f.Key, q.Kind, q.Registrant, wrong)
			}
		}
	})
}

// wronglyDeclared returns what is inconsistent in a field, given those before it; "" = nothing.
func wronglyDeclared(f registrar.Field, before []registrar.Field) string {
	if wrong := wrongChoices(f); wrong != "" {
		return wrong
	}
	for _, c := range f.When {
		if wrong := wrongCondition(c, before); wrong != "" {
			return wrong
		}
	}

	switch {
	case f.MinLength < 0, f.MaxLength < 0, f.MaxLength > 0 && f.MinLength > f.MaxLength:
		return fmt.Sprintf("must have from %d to %d characters", f.MinLength, f.MaxLength)
	case f.Link != "" && !strings.HasPrefix(f.Link, "https://"):
		return "has a link that is not https"
	case len(f.Help) > 0 && strings.TrimSpace(f.Help["en"]) == "":
		return "has help, and none in English"
	case f.Type == registrar.FieldAgreement && (f.Multiple || len(f.Choices) > 0):
		return "is an agreement with several answers"
	}
	return ""
}

func wrongChoices(f registrar.Field) string {
	seen := map[string]bool{}
	for _, c := range f.Choices {
		switch {
		case c.Value == "" || seen[c.Value]:
			return fmt.Sprintf("has the choice %q, which is empty or there twice", c.Value)
		case len(c.Label) > 0 && strings.TrimSpace(c.Label["en"]) == "":
			return fmt.Sprintf("has the choice %q with a label, and none in English", c.Value)
		}
		seen[c.Value] = true
	}
	return ""
}

func wrongCondition(c registrar.Condition, before []registrar.Field) string {
	at := slices.IndexFunc(before, func(f registrar.Field) bool { return f.Key == c.Field })
	switch {
	case at < 0:
		return fmt.Sprintf("is asked by the answer to %q, which no field before it is", c.Field)
	case len(c.Values) == 0:
		return fmt.Sprintf("is asked by no answer to %q", c.Field)
	}

	other := before[at]
	other.When = nil
	alone := registrar.Form{Kind: registrar.KindUpdate, Fields: []registrar.Field{other}} // "" means no answer
	for _, v := range c.Values {
		if len(alone.Problems(registrar.Registrant{Fields: map[string][]string{c.Field: {v}}})) > 0 {
			return fmt.Sprintf("is asked where %q is %q, which it can't be", c.Field, v)
		}
	}
	return ""
}
