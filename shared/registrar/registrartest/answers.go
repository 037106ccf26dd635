package registrartest

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// forbidden is an answer that a form does not accept.
type forbidden struct {
	why    string
	key    string
	values []string
}

// forbiddenBy returns answers that a form does not accept, besides valid ones, one for each rule of a field.
func forbiddenBy(form registrar.Form, good registrar.Registrant) []forbidden {
	const nonsense = "?conformance?"
	var all []forbidden
	asked := form.Asked(good)

	for _, f := range form.Fields {
		if !slices.ContainsFunc(asked, func(a registrar.Field) bool { return a.Key == f.Key }) {
			all = append(all, forbidden{"an answer to " + f.Key + ", which is not asked", f.Key, []string{f.Example}})
			continue
		}

		tries := []forbidden{{"nonsense for " + f.Key, f.Key, []string{nonsense}}}
		if f.Type == registrar.FieldAgreement {
			tries = append(tries, forbidden{f.Key + " not accepted", f.Key, []string{"false"}})
		}
		if f.MaxLength > 0 {
			tries = append(tries, forbidden{f.Key + " of too many characters", f.Key, []string{strings.Repeat("a", f.MaxLength+1)}})
		}
		if f.MinLength > 1 {
			tries = append(tries, forbidden{f.Key + " of too few characters", f.Key, []string{strings.Repeat("a", f.MinLength-1)}})
		}
		if f.Example != "" {
			tries = append(tries, forbidden{"two values of " + f.Key, f.Key, []string{f.Example, f.Example}})
		}

		// A try is kept only if the field by itself refuses it: nonsense may be a valid answer to a text
		// field. Conditions and required answers depend on other fields, and are left out.
		alone := registrar.Form{Fields: []registrar.Field{{Key: f.Key, Type: f.Type, Multiple: f.Multiple, Pattern: f.Pattern,
			Choices: f.Choices, MinLength: f.MinLength, MaxLength: f.MaxLength}}}
		for _, t := range tries {
			if t.values[0] != "" && len(alone.Problems(registrar.Registrant{Fields: map[string][]string{f.Key: t.values}})) > 0 {
				all = append(all, t)
			}
		}
	}

	return slices.DeleteFunc(all, func(t forbidden) bool { return t.values[0] == "" })
}

func refusesForbidden(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}
	form, err := l.Form(e.ctx, registrar.FormQuery{TLD: e.tld(), Kind: good.Kind, Registrant: good.Registrant.Kind})
	if err != nil {
		return fmt.Errorf("read the form: %w", err)
	}

	for _, bad := range forbiddenBy(form, *good.Registrant) {
		o := e.spoil(good, func(o *registrar.Order) { o.Registrant.Fields[bad.key] = bad.values })
		v, err := l.Validate(e.ctx, o)
		if err != nil {
			return err
		}
		if !names(v.Problems, "contact."+bad.key) {
			e.broken("an order with %s: %s, want one at \"contact.%s\"", bad.why, pathsOf(v.Problems), bad.key)
		}
	}

	return nil
}
