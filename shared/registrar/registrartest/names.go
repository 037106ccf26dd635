package registrartest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// The rules of validation.go about names and IDs.

func refusesNames(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	// A panel normalises these spellings before it asks. A plugin that corrected them itself would hold one
	// domain under two names.
	wrong := []string{strings.ToUpper(good.Domain), good.Domain + ".", "конформность." + e.tld(), "a b." + e.tld(), e.tld()}
	if e.subject.IDN != "" {
		wrong = append(wrong, e.subject.IDN)
	}

	for _, name := range wrong {
		o := e.spoil(good, func(o *registrar.Order) { o.Domain = name })
		v, err := l.Validate(e.ctx, o)
		if err != nil {
			return fmt.Errorf("validate an order for %q: %w", name, err)
		}
		if !names(v.Problems, "domain") {
			e.broken("an order for %q: %s, want one at \"domain\"", name, pathsOf(v.Problems))
		}
	}

	return nil
}

// mostZones is how many of the declared TLDs are tried: a registrar may have hundreds.
const mostZones = 5

// zones returns declared TLDs that plain names can lie in, those of several labels first.
func (e *exam) zones() []string {
	plain := slices.DeleteFunc(slices.Clone(e.description.TLDs), func(z string) bool { return strings.Contains("."+z, ".xn--") })
	slices.SortStableFunc(plain, func(a, b string) int { return strings.Count(b, ".") - strings.Count(a, ".") })
	return plain[:min(len(plain), mostZones)]
}

func knowsZones(e *exam) error {
	l, err := e.working()
	if err != nil || len(e.description.TLDs) == 0 {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	wrong := func(domain string) bool {
		v, validateErr := l.Validate(e.ctx, e.spoil(good, func(o *registrar.Order) { o.Domain = domain }))
		err = errors.Join(err, validateErr)
		return names(v.Problems, "domain")
	}

	// Names outside the zones: one below a made-up TLD, and one directly below the parent of a zone of
	// several labels. If com.ru is sold and ru is not, a name directly below ru is not the registrar's.
	label := "conformance-" + e.tag + "-zone"
	outside := []string{label + ".conformance"}
	for _, zone := range e.zones() {
		if wrong(label+"."+zone) && err == nil {
			e.broken("%s lies directly below %s, which is declared, and is refused", label+"."+zone, zone)
		}
		if _, around, several := strings.Cut(zone, "."); several {
			outside = append(outside, label+"."+around)
		}
	}

	for _, domain := range outside {
		if registrar.ZoneOf(domain, e.description.TLDs) == "" && !wrong(domain) && err == nil {
			e.broken("%s lies below no TLD that is declared, and is no mistake", domain)
		}
	}

	return err
}

func refusesOrderIDs(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	for _, id := range []string{"", strings.Repeat("a", 65), "two words", "заказ", "a/b"} {
		o := e.spoil(good, func(*registrar.Order) {})
		o.ID = registrar.OrderID(id)
		_, err := l.Submit(e.ctx, o)
		what := fmt.Sprintf("Submit under the OrderID %q", id)
		if e.mustBe(what, err, registrar.Invalid) && !names(problemsOf(err), "id") {
			e.broken("%s: %s, want one at \"id\"", what, pathsOf(problemsOf(err)))
		}
	}

	// The longest possible ID, with a character of each sort. Other rules judge refusals for other reasons.
	good.ID = registrar.OrderID("A-z.0_9" + e.tag + strings.Repeat("x", 64))[:64]
	if _, err := l.Submit(e.ctx, good); errors.Is(err, registrar.Invalid) && names(problemsOf(err), "id") {
		e.broken("Submit under the OrderID %q: %s", good.ID, told(err))
	}

	return nil
}
