package registrartest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

var offerChecks = []check{
	{Rule{ID: "offers/declared", Level: Must,
		Demand: "Offers name TLDs that are declared, each in one offer, and at most one is for all others; they name kinds that are declared, each once in an offer, and every kind somewhere; terms are such that can be sold, and then the years of orders are read.", Place: "Description.Offers, Years, Description.OrderFields",
		Remedy: "Correct the offer that is named, or leave Offers empty."}, described(hasOffers)},
	{Rule{ID: "offers/refused", Level: Must, Needs: []Need{NeedSettings},
		Demand: "An order of a kind that is not offered for its TLD is refused by Validate, at the path kind, and by Submit.", Place: "Description.Offers, Description.Unoffered",
		Remedy: "Judge orders by Description.Unoffered."}, refusesUnoffered},
	{Rule{ID: "offers/nameservers", Level: Must, Kind: registrar.KindRegister, Needs: []Need{NeedSettings},
		Demand: "A registration may come without nameservers if its offer says so.", Place: "KindOffer.NameserversOptional",
		Remedy: "Ask Description.Offered before nameservers are required."}, takesNoNameservers},
	{Rule{ID: "years/refused", Level: Must, Needs: []Need{NeedSettings, NeedYears},
		Demand: "An order for more or fewer years than are offered, or for any where there are none to choose, is refused by Validate, at the path years, and by Submit; one for the shortest or the longest term has no problem there.", Place: "Order.Years, Years.Has",
		Remedy: "Judge orders by Description.Unoffered."}, refusesYears},
	{Rule{ID: "years/registered", Level: Must, Kind: registrar.KindRegister, Needs: []Need{NeedSettings, NeedYears},
		Demand: "A registration is paid for as many years as were ordered, or for the shortest term that is offered where none were named.", Place: "Order.Years, Description.Term",
		Remedy: "Hand the years of Description.Term to the registrar, and take over the expiry that it names."}, registersForYears},
	{Rule{ID: "years/renewed", Level: Must, Kind: registrar.KindRenew, Needs: []Need{NeedSettings, NeedYears},
		Demand: "A renewal for some years moves the expiry on by as many, and no more.", Place: "Order.Years, Order.PaidTill",
		Remedy: "Hand the years to the registrar, and take over the expiry that it names."}, renewsForYears},
}

func hasOffers(e *exam) {
	d := e.description
	var tlds []string
	others, sold := 0, map[registrar.OperationKind]bool{}
	for _, o := range d.Offers {
		if len(o.TLDs) == 0 {
			others++
		}
		for _, tld := range o.TLDs {
			if slices.Contains(tlds, tld) || len(d.TLDs) > 0 && !slices.Contains(d.TLDs, tld) {
				e.broken("an offer for %q: it stands in another one, too, or is not declared", tld)
			}
			tlds = append(tlds, tld)
		}
		hasKindOffers(e, o, sold)
	}

	if others > 1 {
		e.broken("%d offers are for all other TLDs", others)
	}
	for _, kind := range d.Kinds {
		if len(d.Offers) > 0 && !sold[kind] {
			e.broken("%s is declared, and offered nowhere", kind)
		}
	}
}

// hasKindOffers judges one offer, and records what it sells.
func hasKindOffers(e *exam, o registrar.Offer, sold map[registrar.OperationKind]bool) {
	here := map[registrar.OperationKind]bool{}
	for _, k := range o.Kinds {
		switch {
		case here[k.Kind] || !slices.Contains(e.description.Kinds, k.Kind):
			e.broken("the kind %q stands in an offer twice, or is not declared", k.Kind)
		case k.Years.Wrong():
			e.broken("%s is offered for %d to %d years", k.Kind, k.Years.Min, k.Years.Max)
		case !k.Years.None() && !slices.Contains(e.description.OrderFields, "years"):
			e.broken("%s is offered for %s years, and years are none of the fields that are read", k.Kind, k.Years)
		}
		here[k.Kind], sold[k.Kind] = true, true
	}
}

// offered returns TLDs that differ in what is sold there.
func offered(e *exam) []string {
	tlds := []string{e.tld()}
	for _, o := range e.description.Offers {
		if len(o.TLDs) > 0 && !slices.Contains(tlds, o.TLDs[0]) {
			tlds = append(tlds, o.TLDs[0])
		}
	}
	return tlds[:min(len(tlds), mostZones)]
}

// specimen returns an order of a kind in a TLD that has everything the contract requires, for a domain that
// need not be held.
func specimen(e *exam, good registrar.Order, tld string, kind registrar.OperationKind) registrar.Order {
	return e.spoil(good, func(o *registrar.Order) {
		o.Kind, o.Domain = kind, fmt.Sprintf("conformance-%s-offer-%d.%s", e.tag, e.names, tld)
		if kind == registrar.KindRenew {
			o.PaidTill = registrar.DateOf(time.Now().UTC()).AddDays(20)
		}
		if kind == registrar.KindTransfer {
			o.AuthCode = authCode
		} else {
			o.AuthCode = ""
		}
		if !kind.NeedsRegistrant() {
			o.Registrant = nil
		}
	})
}

// problemsAt returns what Validate finds at a path; if it finds anything, Submit has to refuse the order.
func problemsAt(e *exam, l *life, o registrar.Order, path, what string) error {
	v, err := l.Validate(e.ctx, o)
	if err != nil {
		return fmt.Errorf("validate %s: %w", what, err)
	}
	if !names(v.Problems, path) {
		e.broken("%s: %s, want one at %q", what, pathsOf(v.Problems), path)
	}
	_, err = l.Submit(e.ctx, o)
	e.mustBe("Submit of "+what, err, registrar.Invalid)
	return nil
}

// noProblemAt demands that Validate finds nothing at a path.
func noProblemAt(e *exam, l *life, o registrar.Order, path, what string) error {
	v, err := l.Validate(e.ctx, o)
	if err != nil {
		return fmt.Errorf("validate %s: %w", what, err)
	}
	if names(v.Problems, path) {
		e.broken("%s: %s", what, pathsOf(v.Problems))
	}
	return nil
}

func refusesUnoffered(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	good, err := e.order(l)
	if err != nil {
		return err
	}

	tried := false
	for _, tld := range offered(e) {
		for _, kind := range registrar.OperationKinds() {
			// Other rules judge the kinds that are sold.
			if _, ok := e.description.Offered(tld, kind); ok {
				continue
			}
			tried = true
			if err := problemsAt(e, l, specimen(e, good, tld, kind), "kind", fmt.Sprintf("an order to %s in .%s", kind, tld)); err != nil {
				return err
			}
		}
	}
	if !tried {
		return notTried("every kind is offered for every TLD that was tried")
	}
	return nil
}

func takesNoNameservers(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	good, err := e.orderOf(l, registrar.KindRegister)
	if err != nil {
		return err
	}

	tried := false
	for _, tld := range offered(e) {
		if k, ok := e.description.Offered(tld, registrar.KindRegister); !ok || !k.NameserversOptional {
			continue // validate/required judges that
		}
		tried = true
		o := specimen(e, good, tld, registrar.KindRegister)
		o.Nameservers = nil
		if err := noProblemAt(e, l, o, "nameservers", "a registration in ."+tld+" without nameservers"); err != nil {
			return err
		}
	}
	if !tried {
		return notTried("no offer says that nameservers may be absent")
	}
	return nil
}

// unsold returns terms that are not for sale.
func unsold(y registrar.Years) []int {
	if y.None() {
		return []int{1}
	}
	list := []int{-1, y.Max + 1}
	if y.Min > 1 {
		list = append(list, y.Min-1)
	}
	return list
}

func refusesYears(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	good, err := e.order(l)
	if err != nil {
		return err
	}

	for _, tld := range offered(e) {
		for _, kind := range e.description.KindsFor(tld) {
			offer, _ := e.description.Offered(tld, kind)
			o := specimen(e, good, tld, kind)
			for _, n := range unsold(offer.Years) {
				o = e.spoil(o, func(o *registrar.Order) { o.Years = n })
				if err := problemsAt(e, l, o, "years", fmt.Sprintf("an order to %s in .%s for %d years, of %q", kind, tld, n, offer.Years)); err != nil {
					return err
				}
			}
			if err := takesYears(e, l, o, offer.Years); err != nil {
				return err
			}
		}
	}
	return nil
}

// takesYears demands that the shortest and the longest term are accepted.
func takesYears(e *exam, l *life, o registrar.Order, offered registrar.Years) error {
	if offered.None() {
		return nil
	}
	for _, n := range []int{0, offered.Min, offered.Max} {
		o.Years = n
		if err := noProblemAt(e, l, o, "years", fmt.Sprintf("an order to %s for %d years, of %s", o.Kind, n, offered)); err != nil {
			return err
		}
	}
	return nil
}

// isAbout reports whether two days differ by one at most, as at midnight or at the end of February.
func isAbout(a, b registrar.Date) bool {
	days := a.DaysSince(b)
	return -1 <= days && days <= 1
}

// noTerms is why the years of a kind are not judged.
func noTerms(kind registrar.OperationKind) error {
	return notTried(fmt.Sprintf("an order to %s has no term to choose", kind))
}

// endsPaidTill brings an operation to its end, and demands that its domain is then paid till a day.
func endsPaidTill(e *exam, l *life, op registrar.Operation, o registrar.Order, want registrar.Date, what string) error {
	if _, err := e.conclude(l, op.ID); err != nil {
		return err
	}
	d, err := l.Domain(e.ctx, o.Domain)
	if err == nil && !isAbout(d.PaidTill, want) {
		e.broken("%s is paid till %s, want %s", what, d.PaidTill, want)
	}
	return err
}

func registersForYears(e *exam) error {
	offer, _ := e.description.Offered(e.tld(), registrar.KindRegister)
	if offer.Years.None() {
		return noTerms(registrar.KindRegister)
	}
	l, err := e.working()
	if err != nil {
		return err
	}

	// 0 means that the order names no term: then the domain must be paid for the shortest.
	for _, n := range []int{0, offer.Years.Max} {
		o, err := e.orderOf(l, registrar.KindRegister)
		if err != nil {
			return err
		}
		o.Years = n
		what := fmt.Sprintf("a registration for %d years, of %s", n, offer.Years)
		op, err := l.Submit(e.ctx, o)
		if err != nil {
			e.broken("%s: %s", what, told(err))
			continue
		}
		if err := endsPaidTill(e, l, op, o, registrar.DateOf(time.Now().UTC()).AddYears(e.description.Term(o)), what); err != nil {
			return err
		}
	}
	return nil
}

// fewYears is the longest term of a renewal that is tried: a registry limits how far ahead a domain is paid.
const fewYears = 2

func renewsForYears(e *exam) error {
	offer, _ := e.description.Offered(e.tld(), registrar.KindRenew)
	if offer.Years.None() {
		return noTerms(registrar.KindRenew)
	}
	l, err := e.working()
	if err != nil {
		return err
	}
	held, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	o, err := following(e, l, held, registrar.KindRenew)
	if err != nil {
		return err
	}
	o.Years = max(offer.Years.Min, min(offer.Years.Max, fewYears))
	op, err := l.Submit(e.ctx, o)
	// A registrar may allow renewals only near the expiry, which is not a breach.
	if errors.Is(err, registrar.Precondition) {
		return notTried("no renewal was brought to its end: that of a domain which has just been registered is refused")
	}
	if err != nil {
		e.broken("a renewal for %d years, of %s: %s", o.Years, offer.Years, told(err))
		return nil
	}
	return endsPaidTill(e, l, op, o, o.PaidTill.AddYears(o.Years), fmt.Sprintf("a renewal for %d years from %s", o.Years, o.PaidTill))
}
