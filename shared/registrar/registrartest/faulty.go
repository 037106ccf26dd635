package registrartest

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// faulty is a good order with mistakes, and where they are.
type faulty struct {
	why   string
	paths []string
	order registrar.Order
}

// spoil copies a good order under a new ID and changes it.
func (e *exam) spoil(o registrar.Order, change func(o *registrar.Order)) registrar.Order {
	o.ID = e.orderID()
	o.Nameservers = slices.Clone(o.Nameservers)
	if o.Registrant != nil {
		r := registrar.Registrant{Kind: o.Registrant.Kind, Fields: map[string][]string{}}
		for key, values := range o.Registrant.Fields {
			r.Fields[key] = slices.Clone(values)
		}
		o.Registrant = &r
	}
	change(&o)
	return o
}

// incompleteOrders returns orders that each lack one required thing, for all such things.
func incompleteOrders(e *exam, l *life) ([]faulty, error) {
	var all []faulty
	for _, kind := range e.description.Kinds {
		list, err := incompleteOf(e, l, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func incompleteOf(e *exam, l *life, kind registrar.OperationKind) ([]faulty, error) {
	if !kind.NeedsRegistrant() && kind != registrar.KindRenew {
		return nil, nil // the kind requires nothing in particular
	}

	if kind == registrar.KindRenew {
		o := registrar.Order{ID: e.orderID(), Kind: kind, Domain: e.domain(), Customer: "conformance"}
		return []faulty{{"a renewal without paid_till", []string{"paid_till"}, o}}, nil
	}

	if kind == registrar.KindTrade {
		o := registrar.Order{ID: e.orderID(), Kind: kind, Domain: e.domain(), Customer: "conformance"}
		return []faulty{{"a change of registrant without one", []string{"contact"}, o}}, nil
	}

	good, err := e.orderOf(l, kind)
	if err != nil {
		return nil, err
	}

	all := []faulty{
		{"no domain", []string{"domain"}, e.spoil(good, func(o *registrar.Order) { o.Domain = "" })},
		{"no customer", []string{"customer"}, e.spoil(good, func(o *registrar.Order) { o.Customer = "" })},
		{"no registrant", []string{"contact"}, e.spoil(good, func(o *registrar.Order) { o.Registrant = nil })},
	}

	if kind == registrar.KindTransfer {
		all = append(all, faulty{"no transfer code", []string{"auth_code"}, e.spoil(good, func(o *registrar.Order) { o.AuthCode = "" })})
	} else if offer, _ := e.description.Offered(good.Domain, kind); !offer.NameserversOptional {
		all = append(all, faulty{"no nameservers", []string{"nameservers"}, e.spoil(good, func(o *registrar.Order) { o.Nameservers = nil })})
	}

	// The form may require more than the contract does.
	form, err := l.Form(e.ctx, e.query(kind))
	if err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}

	for _, f := range form.Asked(*good.Registrant) {
		if f.Required {
			all = append(all, faulty{"no " + f.Key, []string{"contact." + f.Key}, e.spoil(good, func(o *registrar.Order) { delete(o.Registrant.Fields, f.Key) })})
		}
	}

	return all, nil
}

// bad is a good order with three mistakes that have nothing to do with each other.
func (e *exam) bad(p registrar.Catalogue) (faulty, error) {
	good, err := e.order(p)
	return faulty{"mistakes in domain, customer and contact", []string{"domain", "customer", "contact"}, e.spoil(good, func(o *registrar.Order) {
		o.Domain, o.Customer, o.Registrant = "-conformance-."+e.tld(), "", nil
	})}, err
}

func inOrder(problems []registrar.Problem) []registrar.Problem {
	return slices.SortedFunc(slices.Values(problems), func(a, b registrar.Problem) int { return strings.Compare(a.Path, b.Path) })
}
