package kit

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// shop is a registrar in memory, with its adapter. It counts how often each order reached it, and
// carries an order out as often as it comes: that it comes once is the kit's affair.
type shop struct {
	mu      sync.Mutex
	orders  map[registrar.OrderID]*sale
	domains map[string]Facts

	lose   func(o Order) bool // the answer to Send is lost
	down   func(o Order) bool // nothing reaches it
	refuse func(o Order) bool
	slow   bool // an order is done when it is asked about for the second time
	forget bool // asked about, it knows nothing
	read   func() error
}

type adapterSettings struct {
	Token string `json:"token"`
}

// sale is an order as the shop has it.
type sale struct {
	Order
	reached, executed, asked int
}

func newShop() *shop {
	return &shop{orders: map[registrar.OrderID]*sale{}, domains: map[string]Facts{}}
}

func (s *shop) Describe() registrar.Description {
	return registrar.Description{Name: "shop", Title: "A shop in memory", Version: "0.1.0", TLDs: []string{"example", "co.example"},
		Kinds: registrar.FirstOperationKinds(), Registrants: registrar.RegistrantKinds(), Capabilities: []registrar.Capability{registrar.CapCheck},
		Schema: registrar.Schema{Attributes: []registrar.Attribute{
			{Name: "token", Type: registrar.TypeString, Required: true, Sensitive: true, Description: "what the shop knows us by"}}}}
}

func (s *shop) Form(q registrar.FormQuery) []registrar.Field {
	if !q.Kind.Acquires() {
		return nil
	}
	return []registrar.Field{
		{Key: "name", Label: map[string]string{"en": "Name"}, Type: registrar.FieldText, Required: true, Example: "Sidor Sidorov", Class: registrar.DataPersonal},
		{Key: "emails", Label: map[string]string{"en": "E-mail"}, Type: registrar.FieldEmail, Required: true, Multiple: true, Example: "s@example.com", Class: registrar.DataPersonal},
		{Key: "born", Label: map[string]string{"en": "Born"}, Type: registrar.FieldDate, Example: "1970-12-31", Class: registrar.DataIdentity},
	}
}

func (s *shop) Configure(config json.RawMessage) (Remote, error) {
	var c adapterSettings
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, registrar.InvalidSettings([]registrar.Problem{{Message: "the settings do not match the schema"}})
	}
	return s, nil
}

func (s *shop) Check(_ context.Context, names []string) (list []registrar.Availability, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		status := registrar.Available
		if s.domains[name].Held {
			status = registrar.Taken
		}
		list = append(list, registrar.Availability{Name: name, Status: status})
	}
	return list, nil
}

func (s *shop) Send(_ context.Context, o Order) (Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil && s.down(o) {
		return NotSent("nobody listens"), nil
	}

	known := s.orders[o.ID]
	if known == nil {
		known = &sale{Order: o}
		s.orders[o.ID] = known
	}
	known.reached++

	if s.refuse != nil && s.refuse(o) {
		return Refused("not for " + o.Registrant.Get("name")), nil
	}
	if !s.slow {
		s.execute(known)
	}
	if s.lose != nil && s.lose(o) {
		return Done(s.domains[o.Domain]), errors.New("the connection broke while " + string(o.AuthCode) + " was sent")
	}
	if s.slow {
		return Pending("sale-" + string(o.ID)), nil
	}
	return Done(s.domains[o.Domain]), nil
}

// execute changes the domain: a renewal that comes twice is a year too much.
func (s *shop) execute(o *sale) {
	o.executed++
	f := s.domains[o.Domain]
	switch o.Kind {
	case registrar.KindRegister, registrar.KindTransfer:
		f = Facts{Held: true, PaidTill: registrar.DateOf(time.Now().UTC()).AddYears(1), Nameservers: o.Nameservers, Handle: "c-1"}
	case registrar.KindRenew:
		f.PaidTill = f.PaidTill.AddYears(1)
	case registrar.KindUpdate:
		f.Nameservers = o.Nameservers
	}
	s.domains[o.Domain] = f
}

func (s *shop) Ask(_ context.Context, o Order) (Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.orders[o.ID]
	if known == nil || s.forget {
		return NotSent("there is no such order"), nil
	}

	if known.asked++; s.slow && known.asked < 2 {
		return Pending(""), nil
	}
	if s.refuse != nil && s.refuse(o) {
		return Refused("no"), nil
	}
	if known.executed == 0 {
		s.execute(known)
	}
	return Done(Facts{}), nil // the domain's record is to be read
}

func (s *shop) Read(_ context.Context, domain string) (Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != nil {
		if err := s.read(); err != nil {
			return Facts{}, err
		}
	}
	return s.domains[domain], nil
}

// times is how often an order reached the shop, and was carried out.
func (s *shop) times(id registrar.OrderID) (reached, executed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[id]; o != nil {
		return o.reached, o.executed
	}
	return 0, 0
}
