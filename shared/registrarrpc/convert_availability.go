package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// priceToWire returns nil for the zero price.
func priceToWire(p registrar.Price) *pb.Price {
	if p.IsZero() {
		return nil
	}
	return &pb.Price{Amount: text(p.Amount), Currency: text(p.Currency)}
}

func priceFromWire(m *pb.Price) registrar.Price {
	return registrar.Price{Amount: m.GetAmount(), Currency: m.GetCurrency()}
}

func (e *encoder) availability(a registrar.Availability) *pb.Availability {
	return &pb.Availability{
		Name:   a.Name,
		Status: encode(e, "availability.status", availabilityStatuses, a.Status),
		Detail: text(a.Detail),
		Texts:  texts(a.Texts),
		Advice: each(a.Advice, e.advice),
		Reason: text(string(a.Reason)),
		Price:  priceToWire(a.Price),
	}
}

func (d *decoder) availability(m *pb.Availability) registrar.Availability {
	return registrar.Availability{
		Name:   m.GetName(),
		Status: decodeOpen(d, "availability.status", availabilityStatuses, m.GetStatus(), registrar.AvailabilityUnknown),
		Detail: m.GetDetail(),
		Texts:  m.GetTexts(),
		Advice: each(m.GetAdvice(), d.advice),
		Reason: registrar.AvailabilityReason(m.GetReason()),
		Price:  priceFromWire(m.GetPrice()),
	}
}
