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
	{Rule{ID: "form/examples", Level: Must,
		Demand: "A pattern is RE2, a field's example matches it and its type, and a required field has one.", Place: "Field.Pattern, Field.Example",
		Remedy: "Correct the example or the pattern: people copy the example."}, hasExamples},
}

// forms reads all forms that are declared.
func (e *exam) forms(visit func(q registrar.FormQuery, f registrar.Form, err error)) error {
	if e.fault != nil {
		return e.fault
	}

	l, err := e.catalogue()
	if err != nil {
		return err
	}

	tlds, registrants := e.description.TLDs, e.description.Registrants
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

var (
	fieldTypes  = []registrar.FieldType{registrar.FieldText, registrar.FieldDate, registrar.FieldYesNo, registrar.FieldPhone, registrar.FieldEmail, registrar.FieldAddress}
	dataClasses = []registrar.DataClass{registrar.DataPublic, registrar.DataPersonal, registrar.DataIdentity}
)

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
			case !slices.Contains(fieldTypes, f.Type):
				e.broken("%s has the type %q", at, f.Type)
			case !slices.Contains(dataClasses, f.Class):
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

// wrongExample says what is wrong with the example of a field; "" = nothing.
func wrongExample(f registrar.Field) string {
	pattern, err := regexp.Compile(f.Pattern)
	switch {
	case err != nil:
		return "has a pattern that is not RE2"
	case f.Example == "" && f.Required:
		return "is required and has no example"
	case f.Example == "":
		return ""
	case !pattern.MatchString(f.Example):
		return fmt.Sprintf("has the example %q, which its pattern does not match", f.Example)
	case f.Type == registrar.FieldYesNo && f.Example != "true" && f.Example != "false":
		return fmt.Sprintf("has the example %q, which is neither true nor false", f.Example)
	case f.Type == registrar.FieldDate:
		if _, err := registrar.ParseDate(f.Example); err != nil {
			return fmt.Sprintf("has the example %q, which is no date", f.Example)
		}
	}

	return ""
}
