package console

import (
	"slices"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// sells returns what a plugin offers, as the contract reads it.
func sells(p api.Plugin) registrar.Description {
	d := registrar.Description{Name: p.Name, Kinds: kindsOf(p.Kinds)}
	for _, o := range p.Offers {
		offer := registrar.Offer{TLDs: o.TLDs}
		for _, k := range o.Kinds {
			sold := registrar.KindOffer{Kind: registrar.OperationKind(k.Kind), NameserversOptional: k.NameserversOptional}
			if k.Years != nil {
				sold.Years = registrar.Years{Min: k.Years.Min, Max: k.Years.Max}
			}
			offer.Kinds = append(offer.Kinds, sold)
		}
		d.Offers = append(d.Offers, offer)
	}
	return d
}

func kindsOf(texts []string) (kinds []registrar.OperationKind) {
	for _, t := range texts {
		kinds = append(kinds, registrar.OperationKind(t))
	}
	return kinds
}

// kindsOffered lists the kinds of orders that any registrar declares; all kinds while none declares any.
func (v *visit) kindsOffered() (kinds []registrar.OperationKind) {
	plugins, err := v.plugins()
	for _, k := range registrar.OperationKinds() {
		if slices.ContainsFunc(plugins, func(p api.Plugin) bool { return slices.Contains(p.Kinds, string(k)) }) {
			kinds = append(kinds, k)
		}
	}
	if err != nil || len(kinds) == 0 {
		return registrar.OperationKinds()
	}
	return kinds
}

// offered adds to a domain what can be ordered for it: terms of a renewal, and the kinds that have
// no form of their own on its page.
func (v *visit) offered(d domain) (domain, error) {
	if !v.caller.May(access.Order) && !v.caller.May(access.Money) {
		return d, nil
	}
	plugins, err := v.plugins()
	if err != nil {
		return d, err
	}

	if v.caller.May(access.Money) {
		d.Others = otherRegistrars(plugins, d.Domain)
	}

	// Nothing can be ordered from a registrar that is not run any more.
	at := slices.IndexFunc(plugins, func(p api.Plugin) bool { return p.Name == d.Registrar })
	if at < 0 {
		return d, nil
	}

	d.Asks = slices.Contains(plugins[at].Capabilities, string(registrar.CapRefresh))
	sold := sells(plugins[at])
	if offer, ok := sold.Offered(d.Name, registrar.KindRenew); ok && offer.Years.Max > 1 {
		d.Terms = &api.Years{Min: offer.Years.Min, Max: offer.Years.Max}
	}
	if _, ok := sold.Offered(d.Name, registrar.KindUpdate); ok && registrar.DomainStatus(d.Status).Held() {
		if form, err := v.form(d.Name, string(registrar.KindUpdate), string(registrar.Person)); err == nil {
			d.DS = form.DS
		}
	}
	here := []registrar.OperationKind{registrar.KindRenew, registrar.KindUpdate}
	for _, k := range sold.KindsFor(d.Name) {
		if !k.Acquires() && !slices.Contains(here, k) && k.Suits(registrar.DomainStatus(d.Status)) && d.Operation == nil {
			d.Orders = append(d.Orders, k)
		}
	}
	return d, nil
}
