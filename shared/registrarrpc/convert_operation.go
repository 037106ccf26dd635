package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) operation(o registrar.Operation) *pb.Operation {
	return &pb.Operation{
		Id:         string(o.ID),
		Order:      string(o.Order),
		Kind:       encode(e, "operation.kind", operationKinds, o.Kind),
		Domain:     o.Domain,
		State:      encode(e, "operation.state", operationStates, o.State),
		WaitsFor:   text(o.WaitsFor),
		Error:      text(o.Error),
		CreatedAt:  e.time("operation.created_at", o.CreatedAt),
		UpdatedAt:  e.time("operation.updated_at", o.UpdatedAt),
		Deadline:   e.time("operation.deadline", o.Deadline),
		FinishedAt: e.time("operation.finished_at", o.FinishedAt),
		History:    each(o.History, e.step),
		Version:    text(string(o.Version)),
		Advice:     each(o.Advice, e.advice),
	}
}

func (d *decoder) operation(m *pb.Operation) registrar.Operation {
	present(&d.faults, "operation", m)
	return registrar.Operation{
		ID:         registrar.OperationID(m.GetId()),
		Order:      registrar.OrderID(m.GetOrder()),
		Kind:       decode(d, "operation.kind", operationKinds, m.GetKind()),
		Domain:     m.GetDomain(),
		State:      decode(d, "operation.state", operationStates, m.GetState()),
		WaitsFor:   m.GetWaitsFor(),
		Error:      m.GetError(),
		CreatedAt:  d.time("operation.created_at", m.GetCreatedAt()),
		UpdatedAt:  d.time("operation.updated_at", m.GetUpdatedAt()),
		Deadline:   d.time("operation.deadline", m.GetDeadline()),
		FinishedAt: d.time("operation.finished_at", m.GetFinishedAt()),
		History:    each(m.GetHistory(), d.step),
		Version:    registrar.Version(m.GetVersion()),
		Advice:     each(m.GetAdvice(), d.advice),
	}
}

func (*encoder) advice(a registrar.Advice) *pb.Advice {
	return &pb.Advice{Action: text(string(a.Action)), Parameters: texts(a.Parameters)}
}

func (*decoder) advice(m *pb.Advice) registrar.Advice {
	return registrar.Advice{Action: registrar.AdviceAction(m.GetAction()), Parameters: m.GetParameters()}
}

func (e *encoder) step(s registrar.Step) *pb.Step {
	return &pb.Step{
		At:       e.time("step.at", s.At),
		State:    encode(e, "step.state", operationStates, s.State),
		Message:  text(s.Message),
		Actor:    s.Actor,
		Evidence: encodeOptional(e, "step.evidence", evidenceKinds, s.Evidence),
		Mail:     string(s.Mail),
	}
}

func (d *decoder) step(m *pb.Step) registrar.Step {
	return registrar.Step{
		At:       d.time("step.at", m.GetAt()),
		State:    decode(d, "step.state", operationStates, m.GetState()),
		Message:  m.GetMessage(),
		Actor:    m.GetActor(),
		Evidence: decodeTold(d, "step.evidence", evidenceKinds, m.GetEvidence()),
		Mail:     registrar.MailID(m.GetMail()),
	}
}

func (e *encoder) decision(v registrar.Decision) *pb.ResolveRequest {
	return &pb.ResolveRequest{
		Operation: string(v.Operation),
		Verdict:   encode(e, "verdict", verdicts, v.Verdict),
		By:        v.By,
		Note:      v.Note,
		Version:   string(v.Version),
		AuthCode:  string(v.AuthCode),
	}
}

func (d *decoder) decision(m *pb.ResolveRequest) registrar.Decision {
	return registrar.Decision{
		Operation: registrar.OperationID(m.GetOperation()),
		Verdict:   decode(d, "verdict", verdicts, m.GetVerdict()),
		By:        m.GetBy(),
		Note:      m.GetNote(),
		Version:   registrar.Version(m.GetVersion()),
		AuthCode:  registrar.AuthCode(m.GetAuthCode()),
	}
}

func (e *encoder) event(v registrar.Event) *pb.Event {
	m := &pb.Event{
		Cursor:    uint64(v.Cursor),
		At:        e.time("event.at", v.At),
		Type:      encode(e, "event.type", eventTypes, v.Type),
		Level:     encode(e, "event.level", levels, v.Level),
		Message:   text(v.Message),
		Actor:     v.Actor,
		Name:      v.Name,
		Order:     string(v.Order),
		Operation: string(v.Operation),
		Mail:      string(v.Mail),
		Review:    string(v.Review),
		Kind:      encodeOptional(e, "event.kind", operationKinds, v.Kind),
		State:     encodeOptional(e, "event.state", operationStates, v.State),
		Reason:    text(v.Reason),
	}
	if v.Domain != nil {
		m.Domain = e.domain(*v.Domain)
	}
	return m
}

func (d *decoder) event(m *pb.Event) registrar.Event {
	present(&d.faults, "event", m)

	// An event that can't be read would end the sequence for good, so a word that a later version has added becomes
	// the known word that says the least.
	v := registrar.Event{
		Cursor:    registrar.Cursor(m.GetCursor()),
		At:        d.time("event.at", m.GetAt()),
		Type:      decodeOpen(d, "event.type", eventTypes, m.GetType(), registrar.EventNotice),
		Level:     decodeOpen(d, "event.level", levels, m.GetLevel(), registrar.LevelWarning),
		Message:   m.GetMessage(),
		Actor:     m.GetActor(),
		Name:      m.GetName(),
		Order:     registrar.OrderID(m.GetOrder()),
		Operation: registrar.OperationID(m.GetOperation()),
		Mail:      registrar.MailID(m.GetMail()),
		Review:    registrar.ReviewID(m.GetReview()),
		Kind:      decodeTold(d, "event.kind", operationKinds, m.GetKind()),
		State:     decodeTold(d, "event.state", operationStates, m.GetState()),
		Reason:    m.GetReason(),
	}

	if m.GetDomain() != nil {
		domain := d.domain(m.Domain)
		v.Domain = &domain
	}

	return v
}

// decodeTold returns "" for what the other side does not say, and for a word that only a newer version can
// judge.
func decodeTold[T ~string, E ~int32](d *decoder, path string, w words[T, E], enum E) T {
	if enum == 0 {
		return ""
	}
	return decodeOpen(d, path, w, enum, "")
}
