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

	// Years are the terms to choose from, for kinds that are sold by the year; zero = an order
	// names none, and the term is the registry's.
	Years Years

	// NameserversOptional says that a registration may come without nameservers.
	NameserversOptional bool

	// Contacts are the roles whose contacts an order may bring beside the registrant; none = the
	// registrant alone.
	Contacts []ContactOffer
}

// Years is a range of terms. An order that names no years asks for the shortest.
type Years struct{ Min, Max int }

// mostYears is the longest term that any registry has, with room to spare.
const mostYears = 100

// None reports whether there is no term to choose.
func (y Years) None() bool { return y == Years{} }

// Wrong reports whether the range is none that can be offered.
func (y Years) Wrong() bool { return !y.None() && (y.Min < 1 || y.Max < y.Min || y.Max > mostYears) }

// Has reports whether an order may name this many years; none at all it always may.
func (y Years) Has(n int) bool { return n == 0 || !y.None() && n >= y.Min && n <= y.Max }

// String writes the range for people: "2", "1 to 10"; "" where there is no term to choose.
func (y Years) String() string {
	switch {
	case y.None():
		return ""
	case y.Min == y.Max:
		return strconv.Itoa(y.Min)
	}
	return fmt.Sprintf("%d to %d", y.Min, y.Max)
}

// Offered finds what is offered of a kind for a domain or a TLD: in the offer with the longest TLD
// that the name lies below, or else in the one that names no TLD. A registrar that declares no
// offers has each of its kinds everywhere, without a term to choose.
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

// kinds are those that the registrar takes; one that names none is of the time of the first.
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

	// A TLD itself may be asked about, and ZoneOf finds only what lies above a name.
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

// Unoffered reports what an order asks for that the registrar does not sell: its kind in this TLD,
// so many years, or contacts of such a role. A host asks before it takes money, and a plugin in Validate and Submit.
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

// say gives a problem its words, in English and Russian.
func (p Problem) say(en, ru string) Problem {
	p.Message, p.Texts = en, map[string]string{"en": en, "ru": ru}
	return p
}

// Refused reports what of an order the registrar does not sell, which contacts it lacks, and what of
// it the registrar's plugin would not read: a host submits no order that has any.
func (d Description) Refused(o Order) []Problem {
	problems := append(d.Unoffered(o), d.MissingContacts(o)...)
	for _, p := range d.Unread(o) {
		// One problem for a field is enough: what is not sold need not be read.
		told := func(have Problem) bool { return have.Path == p.Path || strings.HasPrefix(have.Path, p.Path+"[") }
		if !slices.ContainsFunc(problems, told) {
			problems = append(problems, p)
		}
	}
	return problems
}

// Term is how many years an order asks for: those that it names, or the shortest that are offered;
// one where the registrar declares none.
func (d Description) Term(o Order) int {
	offer, _ := d.Offered(o.Domain, o.Kind)
	return max(o.Years, offer.Years.Min, 1)
}
