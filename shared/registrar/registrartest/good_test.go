package registrartest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"registrar.panel/shared/registrar"
)

// good is a registrar that keeps the contract in the simplest way: all state in one file,
// written anew with every change. The broken ones are made of it. It uses nothing of
// registrarkit, so that a fault there can't pass on both sides.
type good struct {
	log *slog.Logger

	mu      sync.Mutex
	config  *goodConfig
	dir     string
	create  bool
	lock    *os.File
	state   *goodState
	saved   []byte // the state as the file has it
	loaded  bool   // the state is of an earlier life
	drained bool
	more    chan struct{} // closed at the next change
}

type goodConfig struct {
	Account string   `json:"account"`
	Token   string   `json:"token"`
	Mode    string   `json:"mode"`
	Limit   int      `json:"limit"`
	Strict  bool     `json:"strict"`
	Wait    string   `json:"wait"`
	Hosts   []string `json:"hosts"`
	Server  struct {
		Address string `json:"address"`
	} `json:"server"`
}

type goodState struct {
	Operations []*goodOperation
	Domains    map[string]registrar.Domain
	Events     []registrar.Event
	Handles    []registrar.Handle
	Key        int
	Contacts   map[string]registrar.Contacts // masked, by domain
}

type goodOperation struct {
	registrar.Operation
	Digest      string
	Nameservers []registrar.Nameserver // that were ordered
	Years       int                    // that were ordered
	Code        string                 // that was got
	Contacts    registrar.Contacts     // masked
}

const goodSettings = `{"account": "a1", "token": "token-CANARY-99", "mode": "slow", "limit": 3, "strict": false, "wait": "1h", "hosts": null, "server": {"address": "x:1"}, "rule": []}`

// unhosted is what a host runs as a plugin again: at work it is itself.
type unhosted struct{ registrar.Hosted }

func (u unhosted) Start(ctx context.Context) (registrar.Registrar, error) {
	return u, u.Hosted.Start(ctx)
}

// ungated runs a registrar without what registrarrpc sees to for a plugin in Go: one in another
// language has to see to it itself.
func ungated(make func(*slog.Logger) registrar.Hosted) Opener {
	return opener(func(context.Context) (*Instance, error) {
		log, logged := newLogger()
		p := make(log)
		return &Instance{Hosted: p, Close: func() {}, Crash: func() { drain(p) }, Log: logged.String}, nil
	})
}

func newGood(log *slog.Logger) *good { return &good{log: log, more: make(chan struct{})} }

func goodDescription() registrar.Description {
	return registrar.Description{
		Name: "good", Title: "A registrar for tests", Version: "1.2.3", TLDs: []string{"example", "com.test", "xn--p1ai"},
		Kinds: registrar.OperationKinds(), Offers: goodOffers(), Registrants: registrar.RegistrantKinds(), Capabilities: registrar.Capabilities(),
		OrderFields: registrar.OrderFields(),
		Schema: registrar.Schema{
			Attributes: []registrar.Attribute{
				{Name: "account", Type: registrar.TypeString, Required: true, Description: "whose"},
				{Name: "token", Type: registrar.TypeString, Required: true, Sensitive: true, Description: "its secret"},
				{Name: "mode", Type: registrar.TypeString, Default: "slow", OneOf: []string{"slow", "fast"}, Description: "how fast"},
				{Name: "limit", Type: registrar.TypeInt, Default: "3", Description: "how many"},
				{Name: "strict", Type: registrar.TypeBool, Default: "false", Description: "how strict"},
				{Name: "wait", Type: registrar.TypeDuration, Default: "1h", Description: "how long"},
				{Name: "hosts", Type: registrar.TypeStrings, Description: "where"},
			},
			Blocks: []registrar.Block{
				{Name: "server", Description: "of the registrar", Schema: registrar.Schema{Attributes: []registrar.Attribute{
					{Name: "address", Type: registrar.TypeString, Default: "x:1", Description: "HOST:PORT"}}}},
				{Name: "rule", Labels: []string{"name"}, Repeated: true, Description: "of one's own"},
			},
		},
	}
}

// goodOffers differ by TLD: in com.test little is sold, and nameservers may be absent.
func goodOffers() []registrar.Offer {
	years := registrar.Years{Min: 1, Max: 3}
	var all []registrar.KindOffer
	for _, k := range registrar.OperationKinds() {
		o := registrar.KindOffer{Kind: k}
		if k == registrar.KindRegister || k == registrar.KindRenew {
			o.Years = years
		}
		if k == registrar.KindRegister {
			o.Contacts = []registrar.ContactOffer{{Role: registrar.RoleAdmin, Required: true}, {Role: "ops"}}
		}
		all = append(all, o)
	}
	return []registrar.Offer{{Kinds: all}, {TLDs: []string{"com.test"}, Kinds: []registrar.KindOffer{
		{Kind: registrar.KindRegister, Years: years, NameserversOptional: true}, {Kind: registrar.KindRenew, Years: years}}}}
}

// goodRoleFields are asked of a contact beside the registrant.
func goodRoleFields() []registrar.Field {
	label := map[string]string{"en": "it"}
	return []registrar.Field{{Key: "name", Label: label, Type: registrar.FieldText, Required: true, Example: "Olga Ivanova", Class: registrar.DataPersonal},
		{Key: "phone", Label: label, Type: registrar.FieldPhone, Example: "+7 495 1234567", Class: registrar.DataPersonal}}
}

func (g *good) Describe(context.Context) (registrar.Description, error) {
	return goodDescription(), nil
}

func goodFields() []registrar.Field {
	label := map[string]string{"en": "it"}
	return []registrar.Field{
		{Key: "name", Label: label, Type: registrar.FieldText, Required: true, Example: "Sidor Sidorov", Class: registrar.DataPersonal},
		{Key: "passport", Label: label, Type: registrar.FieldText, Required: true, Pattern: `^\d{4} \d{6}$`, Example: "4510 123456", Class: registrar.DataIdentity},
		{Key: "born", Label: label, Type: registrar.FieldDate, Required: true, Example: "1965-10-18", Class: registrar.DataIdentity},
		{Key: "resident", Label: label, Type: registrar.FieldYesNo, Example: "true", Class: registrar.DataPublic},
		{Key: "purpose", Label: label, Type: registrar.FieldText, Example: "home", Class: registrar.DataPublic, Help: label,
			Choices: []registrar.Choice{{Value: "home"}, {Value: "trade", Label: label}}},
		{Key: "number", Label: label, Type: registrar.FieldText, Required: true, Example: "4711", Class: registrar.DataPublic, MinLength: 3, MaxLength: 4,
			When: []registrar.Condition{{Field: "purpose", Values: []string{"trade"}}}},
		{Key: "terms", Label: label, Type: registrar.FieldAgreement, Required: true, Class: registrar.DataPublic, Link: "https://registry.example/terms"},
	}
}

func (g *good) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	if !slices.Contains(goodDescription().TLDs, q.TLD) {
		return registrar.Form{}, registrar.Errorf(registrar.Invalid, "%q is not served", q.TLD)
	}
	f := registrar.Form{TLD: q.TLD, Kind: q.Kind, Registrant: q.Registrant, Role: q.Role}
	if q.Role != "" {
		f.Fields = goodRoleFields()
		return f, nil
	}
	if q.Kind.NeedsRegistrant() {
		f.Fields = goodFields()
	}
	return f, nil
}

var goodName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)

// problems judges an order.
func (g *good) problems(o registrar.Order) []registrar.Problem {
	var list []registrar.Problem
	add := func(when bool, path, message string) {
		if when {
			list = append(list, registrar.Problem{Path: path, Message: message})
		}
	}
	starts := o.Kind == registrar.KindRegister || o.Kind == registrar.KindTransfer
	add(!o.ID.Valid(), "id", "is none")
	list = append(list, goodDescription().Unoffered(o)...)
	add(!goodName.MatchString(o.Domain) || registrar.ZoneOf(o.Domain, goodDescription().TLDs) == "", "domain", "is no name in ACE that can be had here")
	add(starts && o.Customer == "", "customer", "is required")
	add(o.Kind.NeedsRegistrant() && o.Registrant == nil, "contact", "is required")
	offer, _ := goodDescription().Offered(o.Domain, o.Kind)
	add(o.Kind == registrar.KindRegister && len(o.Nameservers) == 0 && !offer.NameserversOptional, "nameservers", "is required")
	add(o.Kind == registrar.KindTransfer && o.AuthCode == "", "auth_code", "is required")
	add(o.Kind == registrar.KindRenew && o.PaidTill.IsZero(), "paid_till", "is required")
	list = append(list, registrar.DelegationProblems(o.DS)...)
	if o.Kind.NeedsRegistrant() && o.Registrant != nil {
		list = append(list, registrar.Form{Kind: o.Kind, Fields: goodFields()}.Problems(*o.Registrant)...)
	}
	list = append(list, goodDescription().MissingContacts(o)...)
	for role, r := range o.Contacts {
		list = append(list, registrar.Form{Kind: o.Kind, Role: role, Fields: goodRoleFields()}.Problems(r)...)
	}
	return append(list, goodOffer(o.Domain).PriceProblems(o)...)
}

func (g *good) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	if _, err := g.working(ctx); err != nil {
		return registrar.Validation{}, err
	}
	v := registrar.Validation{Problems: g.problems(o)}
	if len(v.Problems) == 0 {
		v.Preview = fmt.Sprintf("%s %s for %s", o.Kind, o.Domain, o.Customer)
	}
	return v, nil
}

// premium is a name that the good registrar sells at a price of its own.
const premium = "gold.example"

// goodOffer is the answer for a name that is free.
func goodOffer(name string) registrar.Availability {
	a := registrar.Availability{Name: name, Status: registrar.Available}
	if name == premium {
		a.Reason, a.Price = registrar.ReasonPremium, registrar.Price{Amount: "1200.00", Currency: "RUB"}
	}
	return a
}

func (g *good) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	s, err := g.working(ctx)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var answers []registrar.Availability
	for _, name := range names {
		a := goodOffer(name)
		if !goodName.MatchString(name) {
			a.Status = registrar.NameInvalid
		} else if s.Domains[name].Status == registrar.StatusRegistered {
			a.Status = registrar.Taken
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// working returns the state, or why there is none.
func (g *good) working(ctx context.Context) (*goodState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.drained:
		return nil, registrar.Errorf(registrar.Draining, "drained")
	case g.state == nil:
		return nil, registrar.Errorf(registrar.NotReady, "not started")
	}
	return g.state, ctx.Err()
}

// change alters the state and saves it; an error leaves it as it was.
func (g *good) change(ctx context.Context, alter func(s *goodState) error) error {
	if _, err := g.working(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return registrar.Errorf(registrar.Draining, "drained")
	}
	if err := alter(g.state); err != nil {
		g.state = &goodState{}
		return errors.Join(err, json.Unmarshal(g.saved, g.state))
	}
	if err := g.save(); err != nil {
		return err
	}
	close(g.more)
	g.more = make(chan struct{})
	return nil
}

func (g *good) file() string { return filepath.Join(g.dir, "good.json") }

func (g *good) save() error {
	text, err := json.Marshal(g.state)
	if err != nil {
		return err
	}
	next := g.file() + ".next"
	err = os.WriteFile(next, text, 0o600)
	if err == nil {
		err = os.Rename(next, g.file())
	}
	if err == nil {
		g.saved = text
	}
	return err
}

// digest is of everything in an order but its ID.
func digest(o registrar.Order) string { return string(o.Canonical()) }

func (s *goodState) byOrder(id registrar.OrderID) *goodOperation {
	for _, op := range s.Operations {
		if op.Order == id {
			return op
		}
	}
	return nil
}

func (s *goodState) byID(id registrar.OperationID) *goodOperation {
	for _, op := range s.Operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

func (g *good) Submit(ctx context.Context, o registrar.Order) (op registrar.Operation, err error) {
	if _, err := g.working(ctx); err != nil {
		return op, err
	}
	if err := registrar.InvalidOrder(g.problems(o)); err != nil {
		return op, err
	}
	err = g.change(ctx, func(s *goodState) error {
		if known := s.byOrder(o.ID); known != nil {
			if op = bare(known.Operation); known.Digest != digest(o) {
				return registrar.Errorf(registrar.Conflict, "order %s has other contents", o.ID)
			}
			return nil
		}
		if err := s.admissible(o); err != nil {
			return err
		}
		op = bare(s.begin(o).Operation)
		return nil
	})
	if err == nil {
		g.log.Debug("submitted", "operation", op.ID, "domain", op.Domain)
	}
	return op, err
}

func bare(op registrar.Operation) registrar.Operation {
	op.History = nil
	return op
}

func (s *goodState) admissible(o registrar.Order) error {
	d := s.Domains[o.Domain]
	switch {
	case d.Operation != nil:
		return registrar.Errorf(registrar.Precondition, "an operation is open")
	case !o.Kind.Suits(d.Status):
		return registrar.Errorf(registrar.Precondition, "it is %s", d.Status)
	case o.Kind == registrar.KindRenew && o.PaidTill != d.PaidTill:
		return registrar.Errorf(registrar.Precondition, "it is paid till %s", d.PaidTill)
	}
	return nil
}

func (s *goodState) begin(o registrar.Order) *goodOperation {
	now := time.Now().UTC()
	op := &goodOperation{registrar.Operation{ID: registrar.OperationID(fmt.Sprintf("good-%d", len(s.Operations)+1)), Order: o.ID, Kind: o.Kind, Domain: o.Domain,
		State: registrar.NeedsAction, WaitsFor: "a person", CreatedAt: now, UpdatedAt: now,
		History: []registrar.Step{{At: now, State: registrar.NeedsAction, Message: "begun", Actor: "plugin"}}, Version: "1"}, digest(o), o.Nameservers, o.Years, "", goodMasked(o)}
	s.Operations = append(s.Operations, op)
	d := s.Domains[o.Domain]
	if o.Kind == registrar.KindRegister || o.Kind == registrar.KindTransfer {
		d = registrar.Domain{Name: o.Domain, Customer: o.Customer, Status: registrar.StatusRegistering, Renewal: registrar.RenewManual,
			Handle: "for " + string(o.ID), Nameservers: o.Nameservers}
	}
	open := bare(op.Operation)
	d.Operation = &open
	s.Domains[o.Domain] = d
	s.tell(op.Operation, now)
	return op
}

func (s *goodState) tell(op registrar.Operation, now time.Time) {
	d := s.Domains[op.Domain]
	s.Events = append(s.Events, registrar.Event{Cursor: registrar.Cursor(len(s.Events) + 1), At: now, Type: registrar.EventOperation, Level: registrar.LevelInfo,
		Message: string(op.State), Actor: "plugin", Name: op.Domain, Order: op.Order, Operation: op.ID, Domain: &d})
}

func (g *good) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	s, err := g.working(ctx)
	if err != nil {
		return registrar.Operation{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if op := s.byID(id); op != nil {
		known := op.Operation
		known.History = slices.Clone(known.History)
		return known, nil
	}
	return registrar.Operation{}, registrar.Errorf(registrar.NotFound, "no operation %q", id)
}

func (g *good) Resolve(ctx context.Context, d registrar.Decision) (op registrar.Operation, err error) {
	if _, err := g.working(ctx); err != nil {
		return op, err
	}
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return op, err
	}
	err = g.change(ctx, func(s *goodState) error {
		known := s.byID(d.Operation)
		if known == nil {
			return registrar.Errorf(registrar.NotFound, "no operation %q", d.Operation)
		}
		if err := known.CheckVersion(d.Version); err != nil {
			return err
		}
		switch {
		case known.State.Final() || d.Verdict == registrar.VerdictCancel || d.Verdict == registrar.VerdictResend:
			return registrar.Errorf(registrar.Precondition, "it is %s", known.State)
		case d.Verdict == registrar.VerdictDone && (known.Kind == registrar.KindAuthCode) != (d.AuthCode != ""):
			return registrar.Errorf(registrar.Invalid, "a code that was got comes with the decision, and no other")
		}
		s.end(known, d)
		op = bare(known.Operation)
		return nil
	})
	return op, err
}

func (s *goodState) end(op *goodOperation, d registrar.Decision) {
	now := time.Now().UTC()
	op.State, op.WaitsFor, op.UpdatedAt, op.FinishedAt, op.Version = registrar.Succeeded, "", now, now, "2"
	domain := s.Domains[op.Domain]
	domain.Operation = nil
	switch {
	case d.Verdict == registrar.VerdictDone:
		op.Code = string(d.AuthCode)
		op.apply(&domain, registrar.DateOf(now))
	case op.Kind.Acquires():
		domain.Status = registrar.StatusError
	}
	if d.Verdict == registrar.VerdictDone && len(op.Contacts) > 0 {
		if s.Contacts == nil {
			s.Contacts = map[string]registrar.Contacts{}
		}
		s.Contacts[op.Domain] = op.Contacts
	}
	if d.Verdict == registrar.VerdictFailed {
		op.State, op.Error = registrar.Failed, "decided"
	}
	op.History = append(op.History, registrar.Step{At: now, State: op.State, Message: "decided", Actor: d.By, Evidence: registrar.EvidencePerson})
	s.Domains[op.Domain] = domain
	s.tell(op.Operation, now)
}

// apply brings a domain's record to what an operation makes of it.
func (op *goodOperation) apply(d *registrar.Domain, today registrar.Date) {
	switch op.Kind {
	case registrar.KindRegister, registrar.KindTransfer:
		d.Status, d.PaidTill = registrar.StatusRegistered, today.AddYears(max(op.Years, 1))
	case registrar.KindRenew:
		d.Status, d.PaidTill = registrar.StatusRegistered, d.PaidTill.AddYears(max(op.Years, 1))
	case registrar.KindUpdate:
		if len(op.Nameservers) > 0 {
			d.Nameservers = op.Nameservers
		}
	case registrar.KindDelete:
		d.Status = registrar.StatusDeleted
	case registrar.KindRestore:
		d.Status = registrar.StatusRegistered
	case registrar.KindLock, registrar.KindUnlock:
		d.Locked = op.Kind == registrar.KindLock
	case registrar.KindTrade:
		d.Handle = "for " + string(op.Order)
	}
}

func (g *good) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	s, err := g.working(ctx)
	if err != nil {
		return registrar.Domain{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	d, ok := s.Domains[name]
	if !ok {
		return d, registrar.Errorf(registrar.NotFound, "no domain %q", name)
	}
	return d, nil
}

func (g *good) Domains(ctx context.Context, p registrar.Page) (page registrar.DomainPage, err error) {
	s, err := g.working(ctx)
	if err != nil {
		return page, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	size := cmp.Or(min(p.Size, registrar.MaxPage), registrar.MaxPage)
	for _, name := range slices.Sorted(maps.Keys(s.Domains)) {
		if name <= p.After {
			continue
		}
		if len(page.Domains) == size {
			page.Next = page.Domains[size-1].Name
			break
		}
		page.Domains = append(page.Domains, s.Domains[name])
	}
	return page, nil
}

func (g *good) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return func(yield func(registrar.Event, error) bool) {
		for {
			s, err := g.working(ctx)
			if err != nil {
				yield(registrar.Event{}, err)
				return
			}
			g.mu.Lock()
			more, batch := g.more, slices.Clone(s.Events[min(int(after), len(s.Events)):])
			g.mu.Unlock()
			for _, v := range batch {
				if !yield(v, nil) {
					return
				}
				after = v.Cursor
			}
			if len(batch) > 0 {
				continue
			}
			select {
			case <-ctx.Done():
				yield(registrar.Event{}, ctx.Err())
				return
			case <-more:
			}
		}
	}
}

func (g *good) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (d registrar.Domain, err error) {
	err = g.change(ctx, func(s *goodState) error {
		var ok bool
		if d, ok = s.Domains[name]; !ok {
			return registrar.Errorf(registrar.NotFound, "no domain %q", name)
		}
		if !slices.Contains(registrar.RenewalModes(), mode) {
			return registrar.Errorf(registrar.Invalid, "no mode")
		}
		d.Renewal = mode
		s.Domains[name] = d
		return nil
	})
	return d, err
}

func (g *good) RunRenewals(ctx context.Context, _ bool) ([]registrar.RenewalStep, error) {
	_, err := g.working(ctx)
	return nil, err
}

func (g *good) Handles(ctx context.Context, customer string) (list []registrar.Handle, err error) {
	s, err := g.working(ctx)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.Handles), func(h registrar.Handle) bool { return h.Customer != customer }), nil
}

func (g *good) AdoptHandle(ctx context.Context, customer, handle string) (h registrar.Handle, err error) {
	err = g.change(ctx, func(s *goodState) error {
		if handle == "" {
			return registrar.Errorf(registrar.Invalid, "no handle")
		}
		h = registrar.Handle{Handle: handle, Customer: customer, Kind: registrar.Person, State: registrar.HandleRegistered}
		if !slices.Contains(s.Handles, h) {
			s.Handles = append(s.Handles, h)
		}
		return nil
	})
	return h, err
}

func (g *good) ImportDomain(ctx context.Context, i registrar.Import) (d registrar.Domain, err error) {
	err = g.change(ctx, func(s *goodState) error {
		if i.Domain == "" || i.PaidTill.IsZero() {
			return registrar.Errorf(registrar.Invalid, "no domain")
		}
		d = registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, PaidTill: i.PaidTill, Status: registrar.StatusRegistered, Renewal: registrar.RenewManual}
		s.Domains[i.Domain] = d
		return nil
	})
	return d, err
}

func (g *good) Reviews(ctx context.Context) ([]registrar.Review, error) {
	_, err := g.working(ctx)
	return nil, err
}

// nothing answers for a queue and a mailbox that are always empty.
func (g *good) nothing(ctx context.Context) error {
	if _, err := g.working(ctx); err != nil {
		return err
	}
	return registrar.Errorf(registrar.NotFound, "not there")
}

func (g *good) Review(ctx context.Context, _ registrar.ReviewID) (registrar.Review, error) {
	return registrar.Review{}, g.nothing(ctx)
}

func (g *good) ResolveReview(ctx context.Context, _ registrar.ReviewDecision) (registrar.Review, error) {
	return registrar.Review{}, g.nothing(ctx)
}

func (g *good) ReviewRule(ctx context.Context, _ registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{}, g.nothing(ctx)
}

func (g *good) Mail(ctx context.Context, _ registrar.MailID) (registrar.Mail, error) {
	return registrar.Mail{}, g.nothing(ctx)
}

func (g *good) RawMail(ctx context.Context, _ registrar.MailID) (string, error) {
	return "", g.nothing(ctx)
}

func (g *good) Recognise(ctx context.Context, _ []byte) (registrar.Recognition, error) {
	_, err := g.working(ctx)
	return registrar.Recognition{Kind: "unreadable"}, err
}

func (g *good) ReviewPage(ctx context.Context, _ registrar.ReviewQuery) (registrar.ReviewPage, error) {
	_, err := g.working(ctx)
	return registrar.ReviewPage{}, err
}

func (g *good) MailPage(ctx context.Context, _ registrar.MailQuery) (registrar.MailPage, error) {
	_, err := g.working(ctx)
	return registrar.MailPage{}, err
}

func (g *good) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	for _, r := range d.Reviews {
		done.Refused = append(done.Refused, registrar.RefusedReview{ID: r.ID, Code: registrar.NotFound, Reason: "not there"})
	}
	_, err = g.working(ctx)
	return done, err
}

func (g *good) IgnoredSenders(ctx context.Context) ([]registrar.IgnoredSender, error) {
	_, err := g.working(ctx)
	return nil, err
}

func (g *good) HeedSender(ctx context.Context, _, _ string) error { return g.nothing(ctx) }

// Backup writes the state, which needs no key.
func (g *good) Backup(ctx context.Context, dir string) error {
	s, err := g.working(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(g.file())), text, 0o600)
}

// Erase has nothing to remove: no contact is stored. It keeps what it would have to.
func (g *good) Erase(ctx context.Context, q registrar.ErasureQuery) (v registrar.Erasure, err error) {
	if _, err := g.working(ctx); err != nil {
		return v, err
	}
	if problems := q.Problems(); len(problems) > 0 {
		return v, &registrar.Error{Code: registrar.Invalid, Problems: problems}
	}
	err = g.change(ctx, func(s *goodState) error {
		for _, d := range s.Domains {
			if d.Customer == q.Customer {
				v.Kept = append(v.Kept, registrar.Kept{What: "the order of " + d.Name, Why: "it is " + string(d.Status)})
			}
		}
		return nil
	})
	return v, err
}

// goodMasked is what is kept of the contacts of an order.
func goodMasked(o registrar.Order) registrar.Contacts {
	return o.Everyone().Masked(func(role registrar.ContactRole, _ registrar.Registrant) registrar.Form {
		if role == registrar.RoleRegistrant {
			return registrar.Form{Fields: goodFields()}
		}
		return registrar.Form{Fields: goodRoleFields()}
	})
}

func (g *good) Contacts(ctx context.Context, name string) (registrar.Contacts, error) {
	s, err := g.working(ctx)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := s.Domains[name]; !known {
		return nil, registrar.Errorf(registrar.NotFound, "no domain %q", name)
	}
	return s.Contacts[name], nil
}

// Refresh finds what was found before: there is no registry.
func (g *good) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	return g.Domain(ctx, name)
}

// RotateKeys counts keys: nothing is sealed.
func (g *good) RotateKeys(ctx context.Context) (v registrar.Rotation, err error) {
	err = g.change(ctx, func(s *goodState) error {
		s.Key++
		v.Key = fmt.Sprint("key ", s.Key)
		return nil
	})
	return v, err
}

// TransferCode returns the code that a person has got.
func (g *good) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	if _, err := g.Operation(ctx, id); err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if op := g.state.byID(id); op != nil && op.Code != "" {
		return registrar.AuthCode(op.Code), nil
	}
	return "", registrar.Errorf(registrar.Precondition, "operation %s has brought no code", id)
}

// judgeSettings finds what is wrong with settings.
func judgeSettings(raw json.RawMessage) (*goodConfig, []registrar.Problem) {
	c := &goodConfig{}
	err := json.Unmarshal(raw, c)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return c, []registrar.Problem{{Path: wrong.Field, Message: "is of another type"}}
	}
	if err != nil {
		return c, []registrar.Problem{{Message: "not an object"}}
	}
	var problems []registrar.Problem
	for path, wrong := range map[string]bool{
		"account": c.Account == "", "token": strings.TrimSpace(c.Token) != c.Token || c.Token == "",
		"mode": c.Mode != "slow" && c.Mode != "fast" && c.Mode != "", "limit": c.Limit > 1000, "wait": c.Wait != "" && !isDuration(c.Wait),
	} {
		if wrong {
			problems = append(problems, registrar.Problem{Path: path, Message: "is not right"})
		}
	}
	return c, problems
}

func (g *good) Configure(_ context.Context, s registrar.Settings) error {
	c, problems := judgeSettings(s.Config)
	if err := registrar.InvalidSettings(problems); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != nil {
		return registrar.Errorf(registrar.Precondition, "at work")
	}
	g.config, g.dir, g.create = c, s.DataDir, s.Create
	return nil
}

func (g *good) Probe(context.Context, bool) ([]registrar.Component, error) { return nil, nil }

func (g *good) Start(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.drained:
		return registrar.Errorf(registrar.Draining, "drained")
	case g.config == nil:
		return registrar.Errorf(registrar.NotReady, "not configured")
	}
	lock, err := os.OpenFile(filepath.Join(g.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return errors.Join(registrar.Errorf(registrar.Locked, "another is at work"), lock.Close())
	}
	s := &goodState{Domains: map[string]registrar.Domain{}}
	text, err := os.ReadFile(g.file())
	if err == nil {
		err, g.loaded = json.Unmarshal(text, s), true
	} else if g.create {
		err = nil
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	g.lock, g.state = lock, s
	return g.save()
}

func (g *good) Health(ctx context.Context) ([]registrar.Component, error) {
	_, err := g.working(ctx)
	return []registrar.Component{{Name: "store", OK: true}, {Name: "staff", OK: true}}, err
}

func (g *good) Drain(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	lock := g.lock
	g.state, g.lock, g.drained = nil, nil, true
	if lock == nil {
		return nil
	}
	// A child that is being forked by another test may hold the file a moment longer.
	return errors.Join(syscall.Flock(int(lock.Fd()), syscall.LOCK_UN), lock.Close())
}
