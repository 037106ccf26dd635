package registrarrpc

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// book is what a plugin keeps of its orders: a digest of their contents each, by which it knows
// one again.
type book struct {
	mu     sync.Mutex
	orders map[registrar.OrderID][32]byte
}

// submit is the Submit of a program; later is what it knows of an order beyond this version of
// the contract, in the canonical form.
func (b *book) submit(o registrar.Order, later string) (registrar.Operation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	digest := sha256.Sum256(append(o.Canonical(), later...))
	if known, ok := b.orders[o.ID]; ok && known != digest {
		return registrar.Operation{}, registrar.Errorf(registrar.Conflict, "order %s has other contents", o.ID)
	}
	b.orders[o.ID] = digest
	return registrar.Operation{ID: registrar.OperationID("op-" + o.ID), Kind: o.Kind, Domain: o.Domain, State: registrar.Queued}, nil
}

// grownServer is a plugin built of a contract that has grown by one field, number 1000: it reads
// it, writes it at the end of the canonical form, and declares it.
type grownServer struct {
	pb.UnimplementedRegistrarServiceServer
	book *book
}

func (s grownServer) Submit(_ context.Context, m *pb.SubmitRequest) (*pb.SubmitResponse, error) {
	later := ""
	order := proto.CloneOf(m.GetOrder())
	if len(order.ProtoReflect().GetUnknown()) > 0 {
		later = "later=new\n"
		order.ProtoReflect().SetUnknown(nil)
	}

	var d decoder
	op, err := s.book.submit(d.order(order), later)
	var e encoder
	return &pb.SubmitResponse{Operation: e.operation(op)}, err
}

// submitter submits an order as it stands on the wire.
type submitter func(*pb.Order) (*pb.SubmitResponse, error)

func byToday(t *testing.T, b *book) submitter {
	f := &fake{submit: func(_ context.Context, o registrar.Order) (registrar.Operation, error) { return b.submit(o, "") }}
	server := &registrarServer{registrar: f}
	return func(o *pb.Order) (*pb.SubmitResponse, error) {
		return server.Submit(t.Context(), &pb.SubmitRequest{Order: o})
	}
}

func byTomorrow(t *testing.T, b *book) submitter {
	server := grownServer{book: b}
	return func(o *pb.Order) (*pb.SubmitResponse, error) {
		return server.Submit(t.Context(), &pb.SubmitRequest{Order: o})
	}
}

// An order that is stored is known to the program before and after the contract has grown,
// whichever of both took it. What only the newer one understands, the older one refuses: it
// would carry out something else.
func TestOrdersOutliveTheGrowthOfTheContract(t *testing.T) {
	t.Parallel()

	var e encoder
	plain := func(id registrar.OrderID) *pb.Order {
		return e.order(registrar.Order{ID: id, Kind: registrar.KindRenew, Domain: "a.ru", Customer: "c1", PaidTill: registrar.Date{Year: 2027, Month: time.May, Day: 4}})
	}
	grownOrder := func(id registrar.OrderID) *pb.Order {
		o := plain(id)
		o.ProtoReflect().SetUnknown(unknownField())
		return o
	}

	b := &book{orders: map[registrar.OrderID][32]byte{}}
	today, tomorrow := byToday(t, b), byTomorrow(t, b)
	for _, step := range []struct {
		what string
		to   submitter
		o    *pb.Order
		want registrar.Code
	}{
		{"an order, to the program of today", today, plain("o1"), ""},
		{"the same after the upgrade", tomorrow, plain("o1"), ""},
		{"another, to the program of tomorrow", tomorrow, plain("o2"), ""},
		{"the same after the upgrade is taken back", today, plain("o2"), ""},
		{"one that says more, to the program of tomorrow", tomorrow, grownOrder("o3"), ""},
		{"the same again", tomorrow, grownOrder("o3"), ""},
		{"the same without what it says more", tomorrow, plain("o3"), registrar.Conflict},
		{"one that says more, to the program of today", today, grownOrder("o4"), registrar.Invalid},
	} {
		resp, err := step.to(step.o)
		if registrar.CodeOf(err) != step.want || err == nil && resp.GetOperation().GetId() != "op-"+step.o.GetId() {
			t.Errorf("%s: %v, %v; want %q", step.what, resp, err, step.want)
		}
	}

	if _, taken := b.orders["o4"]; taken {
		t.Error("an order that says more than the program of today knows was taken by it")
	}
}

// What a later version adds is seen at any depth of an order.
func TestGrownOrders(t *testing.T) {
	t.Parallel()

	order := func() *pb.Order {
		return &pb.Order{Id: "o1", Kind: pb.OperationKind_OPERATION_KIND_UPDATE, Domain: "a.ru", PaidTill: &pb.Date{Year: 2027, Month: 1, Day: 1},
			Nameservers: []*pb.Nameserver{{Host: "ns1.a.ru"}, {Host: "ns2.a.ru"}},
			Contacts:    map[string]*pb.Registrant{"admin": {Kind: pb.RegistrantKind_REGISTRANT_KIND_PERSON}},
			Registrant:  &pb.Registrant{Kind: pb.RegistrantKind_REGISTRANT_KIND_PERSON, Fields: map[string]*pb.Values{"name": {Values: []string{"x"}}}}}
	}
	if grown(order().ProtoReflect()) {
		t.Error("an order of this version is taken for one of a later")
	}

	for where, at := range map[string]func(*pb.Order) proto.Message{
		"the order":      func(o *pb.Order) proto.Message { return o },
		"the date":       func(o *pb.Order) proto.Message { return o.PaidTill },
		"a nameserver":   func(o *pb.Order) proto.Message { return o.Nameservers[1] },
		"the registrant": func(o *pb.Order) proto.Message { return o.Registrant },
		"a contact":      func(o *pb.Order) proto.Message { return o.Contacts["admin"] },
		"an answer":      func(o *pb.Order) proto.Message { return o.Registrant.Fields["name"] },
	} {
		o := order()
		at(o).ProtoReflect().SetUnknown(unknownField())
		if !grown(o.ProtoReflect()) {
			t.Errorf("%s has grown, and it is not seen", where)
		}
	}
}

// A host sends no order with a field that the plugin does not read, and asks it only once.
func TestUnreadFieldsAreNotSent(t *testing.T) {
	t.Parallel()

	asked, sent := 0, 0
	f := &fake{
		describe: func(context.Context) (registrar.Description, error) {
			asked++
			return registrar.Description{Name: "narrow", OrderFields: []string{"kind", "domain", "customer", "paid_till"}}, nil
		},
		submit: func(_ context.Context, o registrar.Order) (registrar.Operation, error) {
			sent++
			return registrar.Operation{Kind: o.Kind, State: registrar.Queued}, nil
		},
		validate: func(context.Context, registrar.Order) (registrar.Validation, error) {
			return registrar.Validation{}, nil
		},
	}
	p := connected(t, f, t.Context())

	o := registrar.Order{ID: "o1", Kind: registrar.KindRenew, Domain: "a.ru", PaidTill: registrar.Date{Year: 2027, Month: 1, Day: 1}}
	if _, err := p.Submit(t.Context(), o); err != nil {
		t.Fatal(err)
	}

	o.AuthCode, o.Nameservers = "code", []registrar.Nameserver{{Host: "ns1.a.ru"}}
	_, err := p.Submit(t.Context(), o)
	var e *registrar.Error
	if !errors.As(err, &e) || e.Code != registrar.Invalid || !slices.Equal(paths(e.Problems), []string{"nameservers", "auth_code"}) {
		t.Errorf("Submit: %v", err)
	}
	if v, err := p.Validate(t.Context(), o); err != nil || !slices.Equal(paths(v.Problems), []string{"nameservers", "auth_code"}) {
		t.Errorf("Validate: %v, %v", v, err)
	}

	o.AuthCode, o.Nameservers, o.Contacts = "", nil, registrar.Contacts{registrar.RoleTech: {Kind: registrar.Person}}
	if v, err := p.Validate(t.Context(), o); err != nil || !slices.Equal(paths(v.Problems), []string{`contacts["tech"]`}) {
		t.Errorf("Validate with a technical contact: %v, %v", v, err)
	}
	if asked != 1 || sent != 1 {
		t.Errorf("it was asked what it reads %d times and was sent %d orders", asked, sent)
	}
}

func paths(problems []registrar.Problem) (list []string) {
	for _, p := range problems {
		list = append(list, p.Path)
	}
	return list
}
