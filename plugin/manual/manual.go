// Package manual is a registrar without a registrar: staff register domains by hand.
//
// An order becomes an operation that waits in NeedsAction for a decision, or, with
// confirm = "at_once", succeeds by itself, which makes the plugin a stand-in for testing. It
// is also the example for authors: the whole contract, kept durably, in four files.
// manual.go implements the contract, book.go stores the state, rules.go validates orders, erase.go
// removes what need not be kept.
//
// An order, its effects and their event are stored in one transaction. So repeating an order
// changes nothing, and neither does dying at any instant.
package manual

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
	"registrar.panel/shared/secret"
)

// lookAgain bounds how long the events of another instance on the same server go unseen.
const lookAgain = time.Second

// lookup says what Check answers.
type lookup string

const (
	alwaysAvailable lookup = "always_available"
	alwaysTaken     lookup = "always_taken"
	byWhois         lookup = "whois" // the registry's whois server
)

// confirm says who concludes an operation.
type confirm string

const (
	byOperator confirm = "operator"
	atOnce     confirm = "at_once"
)

// Plugin is the registrar that is not at work yet. Make it with New.
type Plugin struct {
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex
	settings settings
}

// settings is what Configure has found right.
type settings struct {
	config
	server  secret.String // the store, if that is no file
	account string
	dataDir string
	create  bool
}

// Registrar is the registrar at work.
type Registrar struct {
	config config
	book   *book
}

type config struct {
	Lookup  lookup        `json:"lookup"`
	Confirm confirm       `json:"confirm"`
	Store   secret.String `json:"store"`

	Whois []whoisServer `json:"whois"`
}

var _ registrar.Plugin = (*Plugin)(nil)

// capabilities are the powers that Registrar has, and that its checks can be certain.
func capabilities() []registrar.Capability {
	return append(registrar.CapabilitiesOf((*Registrar)(nil)), registrar.CapCheck)
}

// New makes a plugin that does nothing until it is configured and started.
func New(log *slog.Logger) *Plugin { return &Plugin{log: log, now: time.Now} }

// Describe implements registrar.Catalogue.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{
		Name: "manual", Title: "Registered by hand", Version: "0.1.0",
		Kinds: registrar.OperationKinds(), Registrants: registrar.RegistrantKinds(),
		Capabilities: capabilities(), OrderFields: registrar.OrderFields(), Schema: schema(),
	}, nil
}

func schema() registrar.Schema {
	return registrar.Schema{Attributes: []registrar.Attribute{
		{Name: "lookup", Type: registrar.TypeString, Default: string(alwaysAvailable), OneOf: []string{string(alwaysAvailable), string(alwaysTaken), string(byWhois)},
			Description: "what a check for availability answers"},
		{Name: "confirm", Type: registrar.TypeString, Default: string(byOperator), OneOf: []string{string(byOperator), string(atOnce)},
			Description: "who concludes an operation"},
		{Name: "store", Type: registrar.TypeString, Default: sqldb.InFile,
			Description: "where the plugin keeps its state: sqlite, or the URL of a PostgreSQL database that several nodes share"},
	}, Blocks: []registrar.Block{whoisBlock()}}
}

// Form implements registrar.Catalogue.
func (p *Plugin) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return form(q)
}

// Configure implements registrar.Plugin.
func (p *Plugin) Configure(_ context.Context, s registrar.Settings) error {
	if err := registrar.InvalidSettings(schema().Problems(s.Config)); err != nil {
		return err
	}

	var c config
	if err := json.Unmarshal(s.Config, &c); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}

	problems := checkWhois(c)
	server, err := sqldb.ServerOf(c.Store)
	if err != nil {
		problems = append(problems, registrar.Problem{Path: "store", Message: err.Error()})
	}

	if err := registrar.InvalidSettings(problems); err != nil {
		return err
	}

	p.mu.Lock()
	defer p.mu.Unlock()

	p.settings = settings{config: c, server: server, account: s.Account, dataDir: s.DataDir, create: s.Create}
	return nil
}

// Probe implements registrar.Plugin: it tries the whois servers, and the store if that is on
// a server.
func (p *Plugin) Probe(ctx context.Context, _ bool) ([]registrar.Component, error) {
	s := p.configured()
	list := []registrar.Component{{Name: "staff", OK: true, Detail: "nothing to connect to"}}
	for _, w := range s.Whois {
		list = append(list, w.probe(ctx))
	}
	if !s.server.IsEmpty() {
		list = append(list, registrar.Probed("store", sqldb.Probe(ctx, s.server), "the database answers"))
	}
	return list, nil
}

func (p *Plugin) configured() settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// Start implements registrar.Plugin. The directory is this instance's alone; registrarrpc sees to that.
func (p *Plugin) Start(ctx context.Context) (registrar.Registrar, error) {
	s := p.configured()
	b, err := openBook(ctx, s.dataDir, s.server, s.create, p.now)
	if err != nil {
		return nil, err
	}
	b.name = cmp.Or(s.account, b.name)
	p.log.Info("started", "data", s.dataDir)
	return &Registrar{config: s.config, book: b}, nil
}

// Validate implements registrar.Orders.
func (r *Registrar) Validate(_ context.Context, o registrar.Order) (registrar.Validation, error) {
	v := registrar.Validation{Problems: check(o)}
	if len(v.Problems) == 0 {
		v.Preview = instruction(o)
	}
	return v, nil
}

// Check implements registrar.Domains. What is registered here is taken in any case.
func (r *Registrar) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, len(names))
	for i, name := range names {
		answers[i] = registrar.Availability{Name: name, Status: registrar.Available}
		if problem := checkName(name); problem != "" {
			answers[i].Status, answers[i].Detail = registrar.NameInvalid, problem
			continue
		}

		d, err := r.book.domain(ctx, name)
		if err != nil && !errors.Is(err, registrar.NotFound) {
			return nil, err
		}

		switch {
		case r.config.Lookup == alwaysTaken || d.Status == registrar.StatusRegistered:
			answers[i].Status = registrar.Taken
		case r.config.Lookup == byWhois:
			answers[i].Status, answers[i].Detail = r.config.lookUp(ctx, name)
		}
	}

	return answers, nil
}

// Submit implements registrar.Orders.
func (r *Registrar) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	if err := registrar.InvalidOrder(check(o)); err != nil {
		return registrar.Operation{}, err
	}
	op, err := r.book.submit(ctx, o)
	if err != nil || r.config.Confirm != atOnce || op.State.Final() {
		return op, err
	}
	done, err := r.book.conclude(ctx, registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone, By: "plugin"})
	if errors.Is(err, registrar.Conflict) { // another instance was faster
		return r.book.operation(ctx, op.ID)
	}
	return done, err
}

// Operation implements registrar.Orders.
func (r *Registrar) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return r.book.operation(ctx, id)
}

// Resolve implements registrar.Orders.
func (r *Registrar) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Operation{}, err
	}
	return r.book.conclude(ctx, d)
}

// Domain implements registrar.Domains.
func (r *Registrar) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return r.book.domain(ctx, name)
}

// Domains implements registrar.Domains.
func (r *Registrar) Domains(ctx context.Context, page registrar.Page) (registrar.DomainPage, error) {
	return r.book.domains(ctx, page)
}

// Events implements registrar.Events.
func (r *Registrar) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	return registrarkit.Follow(ctx, r.book, after, lookAgain)
}

// Backup implements registrar.BackerUp. A restored book does nothing again by itself: staff do.
func (r *Registrar) Backup(ctx context.Context, dir string) error {
	err := r.book.backup(ctx, dir)
	if errors.Is(err, sqldb.ErrOnServer) {
		return registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrOnServer)
	}
	return err
}

// Health implements registrar.Registrar.
func (r *Registrar) Health(ctx context.Context) ([]registrar.Component, error) {
	n, err := r.book.waiting(ctx)
	return []registrar.Component{{Name: "staff", OK: true, Detail: fmt.Sprintf("%d operations wait for a decision", n)}}, err
}

// Drain implements registrar.Registrar.
func (r *Registrar) Drain(context.Context) error { return r.book.close() }
