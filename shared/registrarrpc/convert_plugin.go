package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) description(v registrar.Description) *pb.Description {
	return &pb.Description{
		Name:         v.Name,
		Title:        v.Title,
		Version:      v.Version,
		Tlds:         v.TLDs,
		Kinds:        encodeAll(e, "description.kinds", operationKinds, v.Kinds),
		Registrants:  encodeAll(e, "description.registrants", registrantKinds, v.Registrants),
		Capabilities: encodeAll(e, "description.capabilities", capabilities, v.Capabilities),
		Schema:       e.schema(v.Schema),
		OrderFields:  v.OrderFields,
		Phrases:      each(v.Phrases, e.phrase),
		Offers:       each(v.Offers, e.offer),
	}
}

func (*encoder) phrase(p registrar.Phrase) *pb.Phrase {
	return &pb.Phrase{Code: p.Code, Texts: texts(p.Texts)}
}

func (*decoder) phrase(m *pb.Phrase) registrar.Phrase {
	return registrar.Phrase{Code: m.GetCode(), Texts: m.GetTexts()}
}

func (d *decoder) description(m *pb.Description) registrar.Description {
	present(&d.faults, "description", m)
	return registrar.Description{
		Name:         m.GetName(),
		Title:        m.GetTitle(),
		Version:      m.GetVersion(),
		TLDs:         m.GetTlds(),
		Kinds:        decodeKnown(d, "description.kinds", operationKinds, m.GetKinds()),
		Registrants:  decodeKnown(d, "description.registrants", registrantKinds, m.GetRegistrants()),
		Capabilities: decodeKnown(d, "description.capabilities", capabilities, m.GetCapabilities()),
		Schema:       d.schema(m.GetSchema()),
		OrderFields:  m.GetOrderFields(),
		Phrases:      each(m.GetPhrases(), d.phrase),
		Offers:       each(m.GetOffers(), d.offer),
	}
}

func (e *encoder) schema(s registrar.Schema) *pb.Schema {
	return &pb.Schema{Attributes: each(s.Attributes, e.attribute), Blocks: each(s.Blocks, e.block)}
}

func (d *decoder) schema(m *pb.Schema) registrar.Schema {
	return registrar.Schema{Attributes: each(m.GetAttributes(), d.attribute), Blocks: each(m.GetBlocks(), d.block)}
}

func (e *encoder) attribute(a registrar.Attribute) *pb.Attribute {
	return &pb.Attribute{
		Name:        a.Name,
		Type:        encode(e, "attribute.type", attributeTypes, a.Type),
		Required:    a.Required,
		Default:     a.Default,
		OneOf:       a.OneOf,
		Sensitive:   a.Sensitive,
		Description: a.Description,
	}
}

func (d *decoder) attribute(m *pb.Attribute) registrar.Attribute {
	return registrar.Attribute{
		Name:        m.GetName(),
		Type:        decode(d, "attribute.type", attributeTypes, m.GetType()),
		Required:    m.GetRequired(),
		Default:     m.GetDefault(),
		OneOf:       m.GetOneOf(),
		Sensitive:   m.GetSensitive(),
		Description: m.GetDescription(),
	}
}

func (e *encoder) block(b registrar.Block) *pb.Block {
	return &pb.Block{
		Name:        b.Name,
		Labels:      b.Labels,
		Repeated:    b.Repeated,
		Schema:      e.schema(b.Schema),
		Description: b.Description,
	}
}

func (d *decoder) block(m *pb.Block) registrar.Block {
	return registrar.Block{
		Name:        m.GetName(),
		Labels:      m.GetLabels(),
		Repeated:    m.GetRepeated(),
		Schema:      d.schema(m.GetSchema()),
		Description: m.GetDescription(),
	}
}

func (*encoder) settings(s registrar.Settings) *pb.ConfigureRequest {
	return &pb.ConfigureRequest{Config: s.Config, DataDir: s.DataDir, Create: s.Create, Account: s.Account}
}

func (*decoder) settings(m *pb.ConfigureRequest) registrar.Settings {
	return registrar.Settings{Config: m.GetConfig(), DataDir: m.GetDataDir(), Create: m.GetCreate(), Account: m.GetAccount()}
}

func (e *encoder) component(c registrar.Component) *pb.Component {
	m := &pb.Component{Name: c.Name, Ok: c.OK, Detail: text(c.Detail), Advice: each(c.Advice, e.advice)}
	if len(c.Figures) > 0 {
		m.Figures = make(map[string]float64, len(c.Figures))
	}
	for name, value := range c.Figures {
		m.Figures[text(string(name))] = value
	}
	return m
}

func (d *decoder) component(m *pb.Component) registrar.Component {
	c := registrar.Component{Name: m.GetName(), OK: m.GetOk(), Detail: m.GetDetail(), Advice: each(m.GetAdvice(), d.advice)}
	if len(m.GetFigures()) > 0 {
		c.Figures = make(map[registrar.Figure]float64, len(m.GetFigures()))
	}
	for name, value := range m.GetFigures() {
		c.Figures[registrar.Figure(name)] = value
	}
	return c
}
