package registrar

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Offer is what a registrar sells below some TLDs.
type Offer struct {
	TLDs  []string // in ACE; empty = all that no other offer names
	Kinds []KindOffer
}

// KindOffer is one kind of order that is offered.
type KindOffer struct {
	Kind OperationKind

	// Years are the terms to choose from, for kinds that are sold by the year; zero = an order names no
	// years, and the registry sets the term.
	Years Years

	// NameserversOptional means that a registration may come without nameservers.
	NameserversOptional bool

	// Contacts are the roles whose contacts an order may bring besides the registrant; none = the
	// registrant only.
	Contacts []ContactOffer
}

// Years is a range of terms. An order that names no years asks for the shortest.
type Years struct{ Min, Max int }

// mostYears is the longest term that any registry has, with room to spare.
const mostYears = 100

// None reports whether there is no term to choose.
func (y Years) None() bool { return y == Years{} }

// Wrong reports whether the range can't be offered.
func (y Years) Wrong() bool { return !y.None() && (y.Min < 1 || y.Max < y.Min || y.Max > mostYears) }

// Has reports whether an order may name this many years. An order may always name none: 0.
func (y Years) Has(n int) bool { return n == 0 || !y.None() && n >= y.Min && n <= y.Max }

// String returns the range for people: "2", "1 to 10"; "" if there is no term to choose.
func (y Years) String() string {
	switch {
	case y.None():
		return ""
	case y.Min == y.Max:
		return strconv.Itoa(y.Min)
	}
	return fmt.Sprintf("%d to %d", y.Min, y.Max)
}

// Offered finds the offer of a kind for a domain or a TLD: that of the longest TLD above the name, or else
// that of the offer without TLDs. A registrar without offers sells each of its kinds everywhere, without a
// term to choose.
func (d Description) Offered(name string, kind OperationKind) (KindOffer, bool) {
	if len(d.Offers) == 0 {
		return KindOffer{Kind: kind}, slices.Contains(d.kinds(), kind)
	}
	for _, k := range d.offerFor(name).Kinds {
		if k.Kind == kind {
			return k, true
		}
	}
	return KindOffer{}, false
}

// kinds returns the kinds that the registrar takes; if it names none, those of the first version.
func (d Description) kinds() []OperationKind {
	if len(d.Kinds) == 0 {
		return FirstOperationKinds()
	}
	return d.Kinds
}

func (d Description) offerFor(name string) Offer {
	var zones []string
	for _, o := range d.Offers {
		zones = append(zones, o.TLDs...)
	}

	// A TLD itself may be asked about, but ZoneOf finds only zones above a name.
	zone := name
	if !slices.Contains(zones, name) {
		zone = ZoneOf(name, zones)
	}

	i := slices.IndexFunc(d.Offers, func(o Offer) bool {
		return slices.Contains(o.TLDs, zone) || zone == "" && len(o.TLDs) == 0
	})
	if i < 0 {
		return Offer{}
	}
	return d.Offers[i]
}

// KindsFor lists the kinds that are offered for a domain or a TLD, in the order of Kinds.
func (d Description) KindsFor(name string) []OperationKind {
	return slices.DeleteFunc(slices.Clone(d.kinds()), func(k OperationKind) bool {
		_, ok := d.Offered(name, k)
		return !ok
	})
}

// Unoffered reports what an order asks for that the registrar does not sell: its kind in this TLD, its
// years, or contacts of a role. A host calls it before taking money, a plugin in Validate and Submit.
func (d Description) Unoffered(o Order) []Problem {
	offer, ok := d.Offered(o.Domain, o.Kind)
	if !ok {
		return []Problem{d.notSold(o)}
	}
	return append(offer.wrongTerm(d.Name, o), offer.untaken(d.Name, o)...)
}

func (k KindOffer) wrongTerm(registrar string, o Order) []Problem {
	if k.Years.Has(o.Years) {
		return nil
	}

	p := Problem{Path: "years", Code: "years", Params: map[string]string{"registrar": registrar, "years": strconv.Itoa(o.Years)}}
	if k.Years.None() {
		return []Problem{p.say(fmt.Sprintf("can't be chosen for this order at registrar %s: leave them out", registrar),
			fmt.Sprintf("для этого заказа у регистратора %s срок не выбирают: оставьте поле пустым", registrar))}
	}
	p.Params["offered"] = k.Years.String()
	return []Problem{p.say("must be "+k.Years.String(), "должно быть: "+strings.ReplaceAll(k.Years.String(), " to ", "–"))}
}

func (d Description) notSold(o Order) Problem {
	tld := cmp.Or(ZoneOf(o.Domain, d.TLDs), o.Domain[strings.LastIndexByte(o.Domain, '.')+1:])
	p := Problem{Path: "kind", Code: "not_offered", Params: map[string]string{"registrar": d.Name, "kind": string(o.Kind), "tld": tld}}
	return p.say(fmt.Sprintf("%s is nothing that registrar %s offers in .%s", o.Kind, d.Name, tld),
		fmt.Sprintf("%s: регистратор %s этого в зоне .%s не предлагает", o.Kind, d.Name, tld))
}

// say gives a problem its texts, in English and Russian.
func (p Problem) say(en, ru string) Problem {
	p.Message, p.Texts = en, map[string]string{"en": en, "ru": ru}
	return p
}

// Refused reports why a host must not submit an order: the registrar does not sell it, contacts are
// missing, or the plugin would not read a field of it.
func (d Description) Refused(o Order) []Problem {
	problems := append(d.Unoffered(o), d.MissingContacts(o)...)
	for _, p := range d.Unread(o) {
		// One problem for a field is enough: a field that is not sold need not be read.
		told := func(have Problem) bool { return have.Path == p.Path || strings.HasPrefix(have.Path, p.Path+"[") }
		if !slices.ContainsFunc(problems, told) {
			problems = append(problems, p)
		}
	}
	return problems
}

// Term returns how many years an order asks for: those that it names, or else the shortest term that is
// offered; 1 if the registrar declares none.
func (d Description) Term(o Order) int {
	offer, _ := d.Offered(o.Domain, o.Kind)
	return max(o.Years, offer.Years.Min, 1)
}
