package registrarrpc

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func TestValuesReturn(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 4)

	for name, test := range map[string]func(*testing.T){
		"order":          returns((*encoder).order, (*decoder).order),
		"form query":     returns((*encoder).formQuery, (*decoder).formQuery),
		"form":           returns((*encoder).form, (*decoder).form),
		"validation":     returns((*encoder).validation, (*decoder).validation),
		"availability":   returns((*encoder).availability, (*decoder).availability),
		"operation":      returns((*encoder).operation, (*decoder).operation),
		"decision":       returns((*encoder).decision, (*decoder).decision),
		"event":          returns((*encoder).event, (*decoder).event),
		"domain":         returns((*encoder).domain, (*decoder).domain),
		"page":           returns((*encoder).page, (*decoder).page),
		"domain page":    returns((*encoder).domainPage, (*decoder).domainPage),
		"import":         returns((*encoder).imported, (*decoder).imported),
		"handle":         returns((*encoder).handle, (*decoder).handle),
		"renewal step":   returns((*encoder).renewalStep, (*decoder).renewalStep),
		"mail":           returns((*encoder).mail, (*decoder).mail),
		"review":         returns((*encoder).review, (*decoder).review),
		"reviewed":       returns((*encoder).reviewDecision, (*decoder).reviewDecision),
		"recognition":    returns((*encoder).recognition, (*decoder).recognition),
		"description":    returns((*encoder).description, (*decoder).description),
		"settings":       returns((*encoder).settings, (*decoder).settings),
		"component":      returns((*encoder).component, (*decoder).component),
		"problem":        returns((*encoder).problem, (*decoder).problem),
		"schema of both": returns((*encoder).schema, (*decoder).schema),
	} {
		if tries() {
			t.Run(name, test)
		}
	}
}

// optional are the enums that may be unspecified.
var optional = map[protoreflect.FullName]bool{
	"panel.registrar.v1.Event.kind":             true,
	"panel.registrar.v1.Event.state":            true,
	"panel.registrar.v1.Step.evidence":          true,
	"panel.registrar.v1.Review.outcome":         true,
	"panel.registrar.v1.Form.registrant":        true,
	"panel.registrar.v1.FormRequest.registrant": true,
}

// distort calls try with each enum of the message, however deep, set to each value that the
// contract does not know.
func distort(m protoreflect.Message, try func(field protoreflect.FullName, number protoreflect.EnumNumber)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsMap():
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for i := range m.Get(f).List().Len() {
				distort(m.Get(f).List().Get(i).Message(), try)
			}
		case f.Kind() == protoreflect.MessageKind && m.Has(f):
			distort(m.Get(f).Message(), try)
		case f.Kind() == protoreflect.EnumKind:
			distortEnum(m, f, try)
		}
	}
}

func distortEnum(m protoreflect.Message, f protoreflect.FieldDescriptor, try func(protoreflect.FullName, protoreflect.EnumNumber)) {
	for _, number := range []protoreflect.EnumNumber{0, -1, 77} {
		wrong := protoreflect.ValueOfEnum(number)
		if !f.IsList() {
			right := m.Get(f)
			m.Set(f, wrong)
			try(f.FullName(), number)
			m.Set(f, right)
			continue
		}
		for i := range m.Get(f).List().Len() {
			right := m.Get(f).List().Get(i)
			m.Mutable(f).List().Set(i, wrong)
			try(f.FullName(), number)
			m.Mutable(f).List().Set(i, right)
		}
	}
}

// open are the fields to which a newer minor version may add words, as the package says.
var open = map[protoreflect.FullName]bool{
	"panel.registrar.v1.Description.kinds":        true,
	"panel.registrar.v1.KindOffer.kind":           true,
	"panel.registrar.v1.Description.registrants":  true,
	"panel.registrar.v1.Description.capabilities": true,
	"panel.registrar.v1.Event.type":               true,
	"panel.registrar.v1.Event.level":              true,
	"panel.registrar.v1.Event.kind":               true,
	"panel.registrar.v1.Event.state":              true,
	"panel.registrar.v1.Step.evidence":            true,
	"panel.registrar.v1.Field.type":               true,
	"panel.registrar.v1.Field.class":              true,
	"panel.registrar.v1.Availability.status":      true,
	"panel.registrar.v1.Domain.status":            true,
	"panel.registrar.v1.Domain.renewal":           true,
	"panel.registrar.v1.Handle.state":             true,
	"panel.registrar.v1.RenewalStep.action":       true,
}

// refuses checks that no enum of a message is believed unseen, but for the open ones.
func refuses[T any, M proto.Message](write func(*encoder, T) M, read func(*decoder, M) T) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()

		tried := 0
		rapid.Check(t, func(t *rapid.T) {
			m := write(&encoder{}, values[T]().Draw(t, "value"))
			distort(m.ProtoReflect(), func(field protoreflect.FullName, number protoreflect.EnumNumber) {
				var d decoder
				read(&d, m)
				if accepted, allowed := d.invalid() == nil, optional[field] && number == 0 || open[field] && number != 0; accepted != allowed {
					t.Fatalf("%s = %d: accepted = %v", field, number, accepted)
				}
				tried++
			})
		})

		if tried == 0 {
			t.Fatal("no enum was tried")
		}
	}
}

func TestUnknownEnumsAreRefused(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 4)

	for name, test := range map[string]func(*testing.T){
		"order":        refuses((*encoder).order, (*decoder).order),
		"form query":   refuses((*encoder).formQuery, (*decoder).formQuery),
		"form":         refuses((*encoder).form, (*decoder).form),
		"availability": refuses((*encoder).availability, (*decoder).availability),
		"operation":    refuses((*encoder).operation, (*decoder).operation),
		"decision":     refuses((*encoder).decision, (*decoder).decision),
		"event":        refuses((*encoder).event, (*decoder).event),
		"domain page":  refuses((*encoder).domainPage, (*decoder).domainPage),
		"handle":       refuses((*encoder).handle, (*decoder).handle),
		"renewal step": refuses((*encoder).renewalStep, (*decoder).renewalStep),
		"review":       refuses((*encoder).review, (*decoder).review),
		"reviewed":     refuses((*encoder).reviewDecision, (*decoder).reviewDecision),
		"recognition":  refuses((*encoder).recognition, (*decoder).recognition),
		"description":  refuses((*encoder).description, (*decoder).description),
	} {
		if tries() {
			t.Run(name, test)
		}
	}
}

func TestAbsentMessagesAreRefused(t *testing.T) {
	t.Parallel()

	for name, read := range map[string]func(*decoder){
		"order":       func(d *decoder) { d.order(nil) },
		"form":        func(d *decoder) { d.form(nil) },
		"operation":   func(d *decoder) { d.operation(nil) },
		"domain":      func(d *decoder) { d.domain(nil) },
		"event":       func(d *decoder) { d.event(nil) },
		"handle":      func(d *decoder) { d.handle(nil) },
		"review":      func(d *decoder) { d.review(nil) },
		"mail":        func(d *decoder) { d.mail(nil) },
		"recognition": func(d *decoder) { d.recognition(nil) },
		"description": func(d *decoder) { d.description(nil) },
	} {
		var d decoder
		read(&d)
		if len(d.problems) == 0 || d.problems[0].String() != name+": is missing" {
			t.Errorf("%s: problems are %v", name, d.problems)
		}
	}
}

func TestDatesAndInstants(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		date *pb.Date
		why  string
	}{
		{&pb.Date{}, "a zero date must be absent"},
		{&pb.Date{Year: 2026, Month: 2, Day: 29}, "no leap year"},
		{&pb.Date{Year: 2026, Month: 13, Day: 1}, "no such month"},
		{&pb.Date{Year: 2026, Month: 1, Day: 0}, "no such day"},
		{&pb.Date{Year: 10000, Month: 1, Day: 1}, "cannot be written as YYYY-MM-DD"},
		{&pb.Date{Year: -1, Month: 1, Day: 1}, "before the calendar"},
	} {
		var d decoder
		if d.date("paid_till", c.date); d.invalid() == nil {
			t.Errorf("%v is accepted: %s", c.date, c.why)
		}
	}

	var e encoder
	if m := e.date("paid_till", registrar.Date{Year: 2026, Month: 2, Day: 30}); m != nil || e.invalid() == nil {
		t.Errorf("30 February is sent as %v", m)
	}

	var d decoder
	if d.time("at", &timestamppb.Timestamp{Nanos: -1}); d.invalid() == nil {
		t.Error("an instant with negative nanoseconds is accepted")
	}

	e = encoder{}
	if e.time("at", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); e.invalid() == nil {
		t.Error("the year 10000 is sent")
	}

	zone := time.FixedZone("MSK", 3*60*60)
	at := time.Date(2026, 1, 1, 2, 0, 0, 0, zone)
	if got := d.time("at", e.time("at", at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("%s returns as %s", at, got)
	}
}

// Wrong bytes in words from outside must not stop the record of events, and wrong bytes in
// an order must not reach a registrar.
func TestWrongBytes(t *testing.T) {
	t.Parallel()

	var e encoder
	event := e.event(registrar.Event{Cursor: 1, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "gr\xfc\xdfe"})
	if event.Message != "gr\uFFFDe" {
		t.Errorf("the message is %q", event.Message)
	}

	if _, err := proto.Marshal(event); err != nil || e.defect() != nil {
		t.Error("the event cannot be sent:", err, e.defect())
	}

	e.order(registrar.Order{Kind: registrar.KindRegister, Registrant: &registrar.Registrant{
		Kind: registrar.Person, Fields: map[string][]string{"passport": {"12 34", "\xd0"}},
	}})
	var invalid *registrar.Error
	if err := e.invalid(); !errors.As(err, &invalid) || invalid.Problems[0].Path != "contact.passport" {
		t.Errorf("the order's problems are %v", err)
	} else if strings.Contains(err.Error(), "12 34") {
		t.Errorf("%v tells personal data", err)
	}
}
