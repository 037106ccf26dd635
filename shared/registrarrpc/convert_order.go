package registrarrpc

import (
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) order(o registrar.Order) *pb.Order {
	return &pb.Order{
		Id:          string(o.ID),
		Kind:        encode(e, "kind", operationKinds, o.Kind),
		Domain:      o.Domain,
		Customer:    o.Customer,
		Registrant:  e.registrant(o.Registrant),
		Nameservers: each(o.Nameservers, e.nameserver),
		AuthCode:    string(o.AuthCode),
		PaidTill:    e.date("paid_till", o.PaidTill),
		Years:       int64(o.Years),
		AcceptPrice: priceToWire(o.AcceptPrice),
		Ds:          each(o.DS, signerToWire),
		Contacts:    contactsToWire(e, o.Contacts),
	}
}

func (d *decoder) order(m *pb.Order) registrar.Order {
	present(&d.faults, "order", m)
	if m != nil && grown(m.ProtoReflect()) {
		d.add("order", "says something that is not known here, and would be ignored: the plugin must be upgraded first")
	}
	return registrar.Order{
		ID:          registrar.OrderID(m.GetId()),
		Kind:        decode(d, "kind", operationKinds, m.GetKind()),
		Domain:      m.GetDomain(),
		Customer:    m.GetCustomer(),
		Registrant:  d.registrant(m.GetRegistrant()),
		Nameservers: each(m.GetNameservers(), d.nameserver),
		AuthCode:    registrar.AuthCode(m.GetAuthCode()),
		PaidTill:    d.date("paid_till", m.GetPaidTill()),
		Years:       int(m.GetYears()),
		AcceptPrice: priceFromWire(m.GetAcceptPrice()),
		DS:          signersFromWire(d, m.GetDs()),
		Contacts:    contactsFromWire(d, m.GetContacts()),
	}
}

func signerToWire(s registrar.DelegationSigner) *pb.DelegationSigner {
	return &pb.DelegationSigner{KeyTag: uint32(s.KeyTag), Algorithm: uint32(s.Algorithm), DigestType: uint32(s.DigestType), Digest: s.Digest}
}

func signersFromWire(d *decoder, list []*pb.DelegationSigner) []registrar.DelegationSigner {
	return each(list, func(m *pb.DelegationSigner) registrar.DelegationSigner { return signerFromWire(d, m) })
}

func signerFromWire(d *decoder, m *pb.DelegationSigner) registrar.DelegationSigner {
	if m.GetKeyTag() > math.MaxUint16 || m.GetAlgorithm() > math.MaxUint8 || m.GetDigestType() > math.MaxUint8 {
		d.add("ds", "has numbers that are too large")
	}
	return registrar.DelegationSigner{KeyTag: uint16(m.GetKeyTag()), Algorithm: uint8(m.GetAlgorithm()), DigestType: uint8(m.GetDigestType()), Digest: m.GetDigest()}
}

// grown reports whether a message has fields of a later version, at any depth.
func grown(m protoreflect.Message) bool {
	if len(m.GetUnknown()) > 0 {
		return true
	}

	found := false
	look := func(v protoreflect.Value) bool { found = grown(v.Message()); return !found }

	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { return look(v) })
			}
		case f.Message() == nil:
		case f.IsList():
			for i := 0; i < v.List().Len() && look(v.List().Get(i)); i++ {
			}
		default:
			look(v)
		}
		return !found
	})
	return found
}

func (e *encoder) registrant(r *registrar.Registrant) *pb.Registrant {
	if r == nil {
		return nil
	}
	return contactToWire(e, "contact", *r)
}

func contactToWire(e *encoder, path string, r registrar.Registrant) *pb.Registrant {
	m := &pb.Registrant{Kind: encode(e, path+".kind", registrantKinds, r.Kind)}
	if len(r.Fields) > 0 {
		m.Fields = make(map[string]*pb.Values, len(r.Fields))
	}
	for key, values := range r.Fields {
		if slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			e.add(path+"."+key, "is not text in UTF-8")
		}
		m.Fields[key] = &pb.Values{Values: values}
	}
	return m
}

func (d *decoder) registrant(m *pb.Registrant) *registrar.Registrant {
	if m == nil {
		return nil
	}
	r := contactFromWire(d, "contact", m)
	return &r
}

func contactFromWire(d *decoder, path string, m *pb.Registrant) registrar.Registrant {
	r := registrar.Registrant{Kind: decode(d, path+".kind", registrantKinds, m.GetKind())}
	if len(m.GetFields()) > 0 {
		r.Fields = make(map[string][]string, len(m.GetFields()))
	}
	for key, values := range m.GetFields() {
		r.Fields[key] = values.GetValues()
	}
	return r
}

func (*encoder) nameserver(n registrar.Nameserver) *pb.Nameserver {
	return &pb.Nameserver{Host: n.Host, Ips: n.IPs}
}

func (*decoder) nameserver(m *pb.Nameserver) registrar.Nameserver {
	return registrar.Nameserver{Host: m.GetHost(), IPs: m.GetIps()}
}

func (*encoder) problem(p registrar.Problem) *pb.Problem {
	return problemToWire(p)
}

func (*decoder) problem(m *pb.Problem) registrar.Problem {
	return problemFromWire(m)
}

func problemToWire(p registrar.Problem) *pb.Problem {
	return &pb.Problem{Path: text(p.Path), Message: text(p.Message), Code: text(p.Code), Params: texts(p.Params), Texts: texts(p.Texts)}
}

func problemFromWire(m *pb.Problem) registrar.Problem {
	return registrar.Problem{Path: m.GetPath(), Message: m.GetMessage(), Code: m.GetCode(), Params: m.GetParams(), Texts: m.GetTexts()}
}

// texts makes keys and values fit for the wire; nil stays nil.
func texts(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	fit := make(map[string]string, len(m))
	for key, value := range m {
		fit[text(key)] = text(value)
	}
	return fit
}

func (e *encoder) validation(v registrar.Validation) *pb.ValidateResponse {
	return &pb.ValidateResponse{Problems: each(v.Problems, e.problem), Preview: text(v.Preview), Notes: each(v.Notes, e.problem)}
}

func (d *decoder) validation(m *pb.ValidateResponse) registrar.Validation {
	return registrar.Validation{Problems: each(m.GetProblems(), d.problem), Preview: m.GetPreview(), Notes: each(m.GetNotes(), d.problem)}
}

func (e *encoder) formQuery(q registrar.FormQuery) *pb.FormRequest {
	return &pb.FormRequest{
		Tld:        q.TLD,
		Kind:       encode(e, "kind", operationKinds, q.Kind),
		Registrant: encodeOptional(e, "registrant", registrantKinds, q.Registrant),
		Role:       text(string(q.Role)),
	}
}

func (d *decoder) formQuery(m *pb.FormRequest) registrar.FormQuery {
	return registrar.FormQuery{
		TLD:        m.GetTld(),
		Kind:       decode(d, "kind", operationKinds, m.GetKind()),
		Registrant: decodeOptional(d, "registrant", registrantKinds, m.GetRegistrant()),
		Role:       registrar.ContactRole(m.GetRole()),
	}
}

func (e *encoder) form(f registrar.Form) *pb.Form {
	return &pb.Form{
		Tld:        f.TLD,
		Kind:       encode(e, "form.kind", operationKinds, f.Kind),
		Registrant: encodeOptional(e, "form.registrant", registrantKinds, f.Registrant),
		Fields:     each(f.Fields, e.field),
		Role:       text(string(f.Role)),
	}
}

func (d *decoder) form(m *pb.Form) registrar.Form {
	present(&d.faults, "form", m)
	return registrar.Form{
		TLD:        m.GetTld(),
		Kind:       decode(d, "form.kind", operationKinds, m.GetKind()),
		Registrant: decodeOptional(d, "form.registrant", registrantKinds, m.GetRegistrant()),
		Fields:     each(m.GetFields(), d.field),
		Role:       registrar.ContactRole(m.GetRole()),
	}
}

func (e *encoder) field(f registrar.Field) *pb.Field {
	return &pb.Field{
		Key:      f.Key,
		Label:    f.Label,
		Type:     encode(e, "field.type", fieldTypes, f.Type),
		Required: f.Required,
		Multiple: f.Multiple,
		Pattern:  f.Pattern,
		Example:  f.Example,
		Class:    encode(e, "field.class", dataClasses, f.Class),

		Help:      f.Help,
		Choices:   each(f.Choices, choiceToWire),
		When:      each(f.When, conditionToWire),
		MinLength: int64(f.MinLength),
		MaxLength: int64(f.MaxLength),
		Link:      f.Link,
	}
}

func (d *decoder) field(m *pb.Field) registrar.Field {
	return registrar.Field{
		Key:      m.GetKey(),
		Label:    m.GetLabel(),
		Type:     decodeOpen(d, "field.type", fieldTypes, m.GetType(), registrar.FieldText),
		Required: m.GetRequired(),
		Multiple: m.GetMultiple(),
		Pattern:  m.GetPattern(),
		Example:  m.GetExample(),
		Class:    decodeOpen(d, "field.class", dataClasses, m.GetClass(), registrar.DataIdentity),

		Help:      m.GetHelp(),
		Choices:   each(m.GetChoices(), choiceFromWire),
		When:      each(m.GetWhen(), conditionFromWire),
		MinLength: int(m.GetMinLength()),
		MaxLength: int(m.GetMaxLength()),
		Link:      m.GetLink(),
	}
}

func choiceToWire(c registrar.Choice) *pb.Choice {
	return &pb.Choice{Value: c.Value, Label: c.Label}
}

func choiceFromWire(m *pb.Choice) registrar.Choice {
	return registrar.Choice{Value: m.GetValue(), Label: m.GetLabel()}
}

func conditionToWire(c registrar.Condition) *pb.Condition {
	return &pb.Condition{Field: c.Field, Values: c.Values}
}

func conditionFromWire(m *pb.Condition) registrar.Condition {
	return registrar.Condition{Field: m.GetField(), Values: m.GetValues()}
}
