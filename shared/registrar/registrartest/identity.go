package registrartest

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

var (
	pluginName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	semver     = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	aceLabel   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

var identityChecks = []check{
	{Rule{ID: "identity/early", Level: Must,
		Demand: "Describe and Form work before Configure.", Place: "Catalogue.Describe, Catalogue.Form",
		Remedy: "Answer both from constants: a host describes a plugin to read its settings by the schema."}, describesEarly},
	{Rule{ID: "identity/stable", Level: Must,
		Demand: "A registrar describes itself in the same words every time.", Place: "Catalogue.Describe",
		Remedy: "Describe must not depend on time, chance, settings or the order of a map."}, describesStably},
	{Rule{ID: "identity/name", Level: Must,
		Demand: "The name is 1 to 32 small letters, digits and -, not - first, and has a title for people beside it.", Place: "Description.Name, Description.Title",
		Remedy: "Name it as it stands in the panel's configuration, for example \"acme\"."}, described(hasName)},
	{Rule{ID: "identity/version", Level: Must,
		Demand: "The version is a semantic version.", Place: "Description.Version",
		Remedy: "Write MAJOR.MINOR.PATCH, without a v."}, described(hasVersion)},
	{Rule{ID: "identity/tlds", Level: Must,
		Demand: "TLDs are in ACE, lower case, without dots around, each once.", Place: "Description.TLDs",
		Remedy: "Write рф as xn--p1ai; leave the list empty to serve any."}, described(hasTLDs)},
	{Rule{ID: "identity/words", Level: Must,
		Demand: "Kinds, registrants and capabilities are words of the contract, each once, and there is at least one kind.", Place: "Description",
		Remedy: "Use the constants of the contract. A registrar that can start nothing is none."}, described(hasWords)},
	{Rule{ID: "identity/fields", Level: Must,
		Demand: "A registrar that lists the fields of orders it reads lists each once, and all that its kinds need.", Place: "Description.OrderFields",
		Remedy: "Leave the list empty, or begin with FirstOrderFields: a host submits no order with a field that is not listed."}, described(hasOrderFields)},
	{Rule{ID: "identity/phrases", Level: Must,
		Demand: "A phrase has a code of its own, and texts with the same places in English and in another language; none is said twice in English.", Place: "Description.Phrases",
		Remedy: "Correct the phrase that is named. In Go, registrartest.Phrases compares them with the sources besides."}, described(hasPhrases)},
	{Rule{ID: "schema/form", Level: Must,
		Demand: "Names of the schema are identifiers, each once; types are known; a default fits its type and choices; what is required, or secret, has none.", Place: "Schema, Attribute, Block",
		Remedy: "Correct the attribute or block that is named."}, described(hasSchema)},
	{Rule{ID: "schema/described", Level: Should,
		Demand: "Every attribute and block is described.", Place: "Attribute.Description, Block.Description",
		Remedy: "Say in a few words what it is for: operators read it."}, described(hasDescriptions)},
}

// described judges a registrar's description, if there is one.
func described(judge func(*exam)) func(*exam) error {
	return func(e *exam) error {
		if e.fault == nil {
			judge(e)
		}
		return e.fault
	}
}

func describesEarly(e *exam) error {
	l, err := e.open()
	if err != nil {
		return err
	}
	if _, err := l.Describe(e.ctx); err != nil {
		e.broken("Describe before Configure: %s", told(err))
		return nil
	}
	if len(e.description.Kinds) == 0 {
		return nil
	}
	if _, err := l.Form(e.ctx, e.query(e.description.Kinds[0])); err != nil {
		e.broken("Form before Configure: %s", told(err))
	}
	return nil
}

func describesStably(e *exam) error {
	first, err := json.Marshal(e.description)
	if err != nil || e.fault != nil {
		return errors.Join(err, e.fault)
	}

	l, err := e.open()
	if err != nil {
		return err
	}

	for _, when := range []string{"again", "a third time", "after Configure"} {
		if when == "after Configure" {
			if e.subject.Config == nil {
				break
			}
			if err := e.configure(l, true); err != nil {
				return err
			}
		}

		d, err := l.Describe(e.ctx)
		if err != nil {
			return err
		}

		if text, err := json.Marshal(d); err != nil || string(text) != string(first) {
			e.broken("described %s, it says %s, and said %s", when, text, first)
		}
	}

	return nil
}

func hasName(e *exam) {
	if !pluginName.MatchString(e.description.Name) {
		e.broken("the name is %q", e.description.Name)
	}
	if strings.TrimSpace(e.description.Title) == "" {
		e.broken("there is no title")
	}
}

func hasOrderFields(e *exam) {
	fields := e.description.OrderFields
	if len(fields) == 0 {
		return
	}

	needed := []string{"kind", "domain", "customer"}
	for _, kind := range e.description.Kinds {
		switch kind {
		case registrar.KindRegister:
			needed = append(needed, "contact", "nameservers")
		case registrar.KindTransfer:
			needed = append(needed, "contact", "auth_code")
		case registrar.KindRenew:
			needed = append(needed, "paid_till")
		case registrar.KindTrade:
			needed = append(needed, "contact")
		}
	}

	for i, field := range fields {
		if field == "" || slices.Contains(fields[:i], field) {
			e.broken("the field %q is listed a second time, or is none", field)
		}
	}

	var missing []string
	for _, field := range needed {
		if !slices.Contains(fields, field) && !slices.Contains(missing, field) {
			missing = append(missing, field)
		}
	}
	if len(missing) > 0 {
		e.broken("not listed, though orders need it: %s", strings.Join(missing, ", "))
	}
}

func hasVersion(e *exam) {
	if !semver.MatchString(e.description.Version) {
		e.broken("the version is %q", e.description.Version)
	}
}

func hasTLDs(e *exam) {
	for i, tld := range e.description.TLDs {
		labels := strings.Split(tld, ".")
		if slices.ContainsFunc(labels, func(l string) bool { return !aceLabel.MatchString(l) }) {
			e.broken("%q is not a TLD in ACE", tld)
		}
		if slices.Contains(e.description.TLDs[:i], tld) {
			e.broken("%q stands there twice", tld)
		}
	}
}

func hasWords(e *exam) {
	d := e.description
	if len(d.Kinds) == 0 {
		e.broken("no kind of operation is declared")
	}
	known(e, "kind", d.Kinds, registrar.OperationKinds())
	known(e, "kind of registrant", d.Registrants, registrar.RegistrantKinds())
	known(e, "capability", d.Capabilities, registrar.Capabilities())
}

func known[T ~string](e *exam, what string, have, all []T) {
	for i, word := range have {
		if !slices.Contains(all, word) {
			e.broken("%q is no %s of the contract", word, what)
		}
		if slices.Contains(have[:i], word) {
			e.broken("the %s %q stands there twice", what, word)
		}
	}
}

func hasSchema(e *exam) {
	for _, wrong := range mistakesOf(e.description.Schema, "") {
		e.broken("%s", wrong)
	}
}

func hasDescriptions(e *exam) {
	for _, path := range undescribed(e.description.Schema, "") {
		e.broken("%s is not described", path)
	}
}
