package registrarrpc

import (
	"slices"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) offer(o registrar.Offer) *pb.Offer {
	return &pb.Offer{Tlds: o.TLDs, Kinds: each(o.Kinds, e.kindOffer)}
}

// offer leaves out the kinds of a later version: this side can't order them.
func (d *decoder) offer(m *pb.Offer) registrar.Offer {
	// A missing kind is not a later one: kindOffer reports it.
	known := slices.DeleteFunc(slices.Clone(m.GetKinds()), func(k *pb.KindOffer) bool {
		return k.GetKind() != 0 && !operationKinds.has(k.GetKind())
	})
	return registrar.Offer{TLDs: m.GetTlds(), Kinds: each(known, d.kindOffer)}
}

func (e *encoder) kindOffer(k registrar.KindOffer) *pb.KindOffer {
	return &pb.KindOffer{
		Kind:                encode(e, "description.offers.kind", operationKinds, k.Kind),
		MinYears:            int64(k.Years.Min),
		MaxYears:            int64(k.Years.Max),
		NameserversOptional: k.NameserversOptional,
		Contacts:            each(k.Contacts, contactOfferToWire),
	}
}

func (d *decoder) kindOffer(m *pb.KindOffer) registrar.KindOffer {
	return registrar.KindOffer{
		Kind:                decode(d, "description.offers.kind", operationKinds, m.GetKind()),
		Years:               registrar.Years{Min: int(m.GetMinYears()), Max: int(m.GetMaxYears())},
		NameserversOptional: m.GetNameserversOptional(),
		Contacts:            each(m.GetContacts(), contactOfferFromWire),
	}
}
