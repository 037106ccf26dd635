package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func contactsToWire(e *encoder, c registrar.Contacts) map[string]*pb.Registrant {
	if len(c) == 0 {
		return nil
	}
	m := make(map[string]*pb.Registrant, len(c))
	for role, r := range c {
		m[text(string(role))] = contactToWire(e, role.Path(), r)
	}
	return m
}

func contactsFromWire(d *decoder, m map[string]*pb.Registrant) registrar.Contacts {
	if len(m) == 0 {
		return nil
	}
	c := make(registrar.Contacts, len(m))
	for role, r := range m {
		c[registrar.ContactRole(role)] = contactFromWire(d, registrar.ContactRole(role).Path(), r)
	}
	return c
}

func contactOfferToWire(c registrar.ContactOffer) *pb.ContactOffer {
	return &pb.ContactOffer{Role: text(string(c.Role)), Required: c.Required}
}

func contactOfferFromWire(m *pb.ContactOffer) registrar.ContactOffer {
	return registrar.ContactOffer{Role: registrar.ContactRole(m.GetRole()), Required: m.GetRequired()}
}
