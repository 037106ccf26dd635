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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/secret"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
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

// Plugin is the registrar. Make it with New.
type Plugin struct {
	registrar.Core
	log hclog.Logger
	now func() time.Time

	mu      sync.Mutex
	config  *config
	server  secret.String // the store, if that is no file
	dataDir string
	create  bool
	lock    *registrarkit.Lock // held between Start and Drain
	book    *book              // open as long
	drained bool
}

type config struct {
	Lookup  lookup        `json:"lookup"`
	Confirm confirm       `json:"confirm"`
	Store   secret.String `json:"store"`

	Whois []whoisServer `json:"whois"`
}

var _ registrar.Plugin = (*Plugin)(nil)

// New makes a plugin that does nothing until it is configured and started.
func New(log hclog.Logger) *Plugin { return &Plugin{log: log, now: time.Now} }

// Describe implements registrar.Catalogue.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{
		Name: "manual", Title: "Registered by hand", Version: "0.1.0",
		Kinds: registrar.OperationKinds(), Registrants: registrar.RegistrantKinds(),
		Capabilities: []registrar.Capability{registrar.CapCheck, registrar.CapBackup, registrar.CapErase, registrar.CapKeys},
		Schema:       schema(),
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

// Validate implements registrar.Catalogue.
func (p *Plugin) Validate(_ context.Context, o registrar.Order) (registrar.Validation, error) {
	v := registrar.Validation{Problems: check(o)}
	if len(v.Problems) == 0 {
		v.Preview = instruction(o)
	}
	return v, nil
}

// Check implements registrar.Catalogue. What is registered here is taken in any case.
func (p *Plugin) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	b, c, err := p.working()
	if err != nil {
		return nil, err
	}

	answers := make([]registrar.Availability, len(names))
	for i, name := range names {
		answers[i] = registrar.Availability{Name: name, Status: registrar.Available}
		if problem := checkName(name); problem != "" {
			answers[i].Status, answers[i].Detail = registrar.NameInvalid, problem
			continue
		}

		d, err := b.domain(ctx, name)
		if err != nil && !errors.Is(err, registrar.NotFound) {
			return nil, err
		}

		switch {
		case c.Lookup == alwaysTaken || d.Status == registrar.StatusRegistered:
			answers[i].Status = registrar.Taken
		case c.Lookup == byWhois:
			answers[i].Status, answers[i].Detail = c.lookUp(ctx, name)
		}
	}

	return answers, nil
}

// Submit implements registrar.Orders.
func (p *Plugin) Submit(ctx context.Context, o registrar.Order) (registrar.Operation, error) {
	b, c, err := p.working()
	if err != nil {
		return registrar.Operation{}, err
	}
	if err := registrar.InvalidOrder(check(o)); err != nil {
		return registrar.Operation{}, err
	}
	op, err := b.submit(ctx, o)
	if err != nil || c.Confirm != atOnce || op.State.Final() {
		return op, err
	}
	done, err := b.conclude(ctx, registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone, By: "plugin"})
	if errors.Is(err, registrar.Conflict) { // another instance was faster
		return b.operation(ctx, op.ID)
	}
	return done, err
}

// Operation implements registrar.Orders.
func (p *Plugin) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return atWork(p, func(b *book) (registrar.Operation, error) { return b.operation(ctx, id) })
}

// Resolve implements registrar.Orders.
func (p *Plugin) Resolve(ctx context.Context, d registrar.Decision) (registrar.Operation, error) {
	if err := registrar.InvalidDecision(d.Problems()); err != nil {
		return registrar.Operation{}, err
	}
	return atWork(p, func(b *book) (registrar.Operation, error) { return b.conclude(ctx, d) })
}

// Domain implements registrar.Domains.
func (p *Plugin) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return atWork(p, func(b *book) (registrar.Domain, error) { return b.domain(ctx, name) })
}

// Domains implements registrar.Domains.
func (p *Plugin) Domains(ctx context.Context, page registrar.Page) (registrar.DomainPage, error) {
	return atWork(p, func(b *book) (registrar.DomainPage, error) { return b.domains(ctx, page) })
}

// Events implements registrar.Events.
func (p *Plugin) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	b, _, err := p.working()
	if err != nil {
		return func(yield func(registrar.Event, error) bool) { yield(registrar.Event{}, err) }
	}
	return registrarkit.Follow(ctx, b, after, lookAgain)
}

// Backup implements registrar.Backups. A restored book does nothing again by itself: staff do.
func (p *Plugin) Backup(ctx context.Context, dir string) error {
	_, err := atWork(p, func(b *book) (struct{}, error) { return struct{}{}, b.backup(ctx, dir) })
	if errors.Is(err, sqldb.ErrOnServer) {
		return registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrOnServer)
	}
	return err
}

// Configure implements registrar.Lifecycle.
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

	if p.book != nil {
		return registrar.Errorf(registrar.Precondition, "the plugin is at work; start a new one with the new settings")
	}

	p.config, p.server, p.dataDir, p.create = &c, server, s.DataDir, s.Create
	return nil
}

// Probe implements registrar.Lifecycle: it tries the whois servers, and the store if that is on
// a server.
func (p *Plugin) Probe(ctx context.Context, _ bool) ([]registrar.Component, error) {
	p.mu.Lock()
	c, server := p.config, p.server
	p.mu.Unlock()
	if c == nil {
		return nil, registrar.Errorf(registrar.NotReady, "the plugin is not configured")
	}
	list := []registrar.Component{{Name: "staff", OK: true, Detail: "nothing to connect to"}}
	for _, w := range c.Whois {
		list = append(list, w.probe(ctx))
	}
	if !server.IsEmpty() {
		list = append(list, registrar.Probed("store", sqldb.Probe(ctx, server), "the database answers"))
	}
	return list, nil
}

// Start implements registrar.Lifecycle.
func (p *Plugin) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()

	switch {
	case p.config == nil:
		return registrar.Errorf(registrar.NotReady, "the plugin is not configured")
	case p.drained:
		return registrar.Errorf(registrar.Draining, "the plugin was drained")
	case p.book != nil:
		return nil
	}

	lock, err := registrarkit.LockDir(p.dataDir, "manual.lock", 0)
	if err != nil {
		return err
	}

	b, err := openBook(ctx, p.dataDir, p.server, p.create, p.now)
	if err != nil {
		return errors.Join(err, lock.Close())
	}

	p.lock, p.book = lock, b
	p.log.Info("started", "data", p.dataDir)
	return nil
}

// Health implements registrar.Lifecycle.
func (p *Plugin) Health(ctx context.Context) ([]registrar.Component, error) {
	return atWork(p, func(b *book) ([]registrar.Component, error) {
		n, err := b.waiting(ctx)
		return []registrar.Component{{Name: "staff", OK: true, Detail: fmt.Sprintf("%d operations wait for a decision", n)}}, err
	})
}

// Drain implements registrar.Lifecycle.
func (p *Plugin) Drain(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	p.book, p.drained = nil, true
	if b == nil {
		return nil
	}
	return errors.Join(b.close(), p.lock.Close())
}

func (p *Plugin) working() (*book, config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.drained:
		return nil, config{}, registrar.Errorf(registrar.Draining, "the plugin is stopping")
	case p.book == nil:
		return nil, config{}, registrar.Errorf(registrar.NotReady, "the plugin is not started")
	}
	return p.book, *p.config, nil
}

func atWork[T any](p *Plugin, call func(b *book) (T, error)) (T, error) {
	b, _, err := p.working()
	if err != nil {
		var none T
		return none, err
	}
	return call(b)
}
