package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) domain(v registrar.Domain) *pb.Domain {
	m := &pb.Domain{
		Name:        v.Name,
		Customer:    v.Customer,
		Status:      encode(e, "domain.status", domainStatuses, v.Status),
		Handle:      v.Handle,
		PaidTill:    e.date("domain.paid_till", v.PaidTill),
		Renewal:     encode(e, "domain.renewal", renewalModes, v.Renewal),
		Nameservers: each(v.Nameservers, e.nameserver),
		Alarms:      each(v.Alarms, e.alarm),
		Locked:      v.Locked,
		Registry:    each(v.Registry, text),
	}

	if v.Operation != nil {
		m.Operation = e.operation(*v.Operation)
	}
	return m
}

func (d *decoder) domain(m *pb.Domain) registrar.Domain {
	present(&d.faults, "domain", m)

	// Words of a later version leave the record readable: an unknown status becomes empty, and an unknown mode of
	// renewal becomes manual, so that no schedule renews.
	v := registrar.Domain{
		Name:        m.GetName(),
		Customer:    m.GetCustomer(),
		Status:      decodeOpen(d, "domain.status", domainStatuses, m.GetStatus(), ""),
		Handle:      m.GetHandle(),
		PaidTill:    d.date("domain.paid_till", m.GetPaidTill()),
		Renewal:     decodeOpen(d, "domain.renewal", renewalModes, m.GetRenewal(), registrar.RenewManual),
		Nameservers: each(m.GetNameservers(), d.nameserver),
		Alarms:      each(m.GetAlarms(), d.alarm),
		Locked:      m.GetLocked(),
		Registry:    m.GetRegistry(),
	}

	if m.GetOperation() != nil {
		operation := d.operation(m.Operation)
		v.Operation = &operation
	}

	return v
}

func (e *encoder) alarm(a registrar.Alarm) *pb.Alarm {
	return &pb.Alarm{Key: a.Key, Since: e.time("alarm.since", a.Since), Message: text(a.Message)}
}

func (d *decoder) alarm(m *pb.Alarm) registrar.Alarm {
	return registrar.Alarm{Key: m.GetKey(), Since: d.time("alarm.since", m.GetSince()), Message: m.GetMessage()}
}

func (*encoder) page(p registrar.Page) *pb.DomainsRequest {
	return &pb.DomainsRequest{After: p.After, Size: int64(p.Size)}
}

func (*decoder) page(m *pb.DomainsRequest) registrar.Page {
	return registrar.Page{After: m.GetAfter(), Size: int(m.GetSize())}
}

func (e *encoder) domainPage(p registrar.DomainPage) *pb.DomainsResponse {
	return &pb.DomainsResponse{Domains: each(p.Domains, e.domain), Next: p.Next}
}

func (d *decoder) domainPage(m *pb.DomainsResponse) registrar.DomainPage {
	return registrar.DomainPage{Domains: each(m.GetDomains(), d.domain), Next: m.GetNext()}
}

func (e *encoder) imported(i registrar.Import) *pb.ImportDomainRequest {
	return &pb.ImportDomainRequest{
		Domain:   i.Domain,
		Customer: i.Customer,
		Handle:   i.Handle,
		PaidTill: e.date("paid_till", i.PaidTill),
	}
}

func (d *decoder) imported(m *pb.ImportDomainRequest) registrar.Import {
	return registrar.Import{
		Domain:   m.GetDomain(),
		Customer: m.GetCustomer(),
		Handle:   m.GetHandle(),
		PaidTill: d.date("paid_till", m.GetPaidTill()),
	}
}

func (e *encoder) handle(h registrar.Handle) *pb.Handle {
	return &pb.Handle{
		Handle:   h.Handle,
		Customer: h.Customer,
		Kind:     encode(e, "handle.kind", registrantKinds, h.Kind),
		State:    encode(e, "handle.state", handleStates, h.State),
	}
}

func (d *decoder) handle(m *pb.Handle) registrar.Handle {
	present(&d.faults, "handle", m)
	return registrar.Handle{
		Handle:   m.GetHandle(),
		Customer: m.GetCustomer(),
		Kind:     decode(d, "handle.kind", registrantKinds, m.GetKind()),
		State:    decodeOpen(d, "handle.state", handleStates, m.GetState(), registrar.HandlePending),
	}
}

func (e *encoder) renewalStep(s registrar.RenewalStep) *pb.RenewalStep {
	return &pb.RenewalStep{
		Domain:   s.Domain,
		PaidTill: e.date("step.paid_till", s.PaidTill),
		Action:   encode(e, "step.action", renewalActions, s.Action),
		Reason:   text(s.Reason),
	}
}

func (d *decoder) renewalStep(m *pb.RenewalStep) registrar.RenewalStep {
	return registrar.RenewalStep{
		Domain:   m.GetDomain(),
		PaidTill: d.date("step.paid_till", m.GetPaidTill()),
		Action:   decodeOpen(d, "step.action", renewalActions, m.GetAction(), registrar.RenewalHold),
		Reason:   m.GetReason(),
	}
}
