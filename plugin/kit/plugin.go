package kit

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/turn"
	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// atOnce is how many operations are carried out at the same time, so that one that hangs delays no other.
const atOnce = 8

// Options are the settings of New besides the adapter. The zero Options is valid.
type Options struct {
	Logger *slog.Logger // nil = nothing is logged
	Timing Timing
	Files  string // the names of the store's files, without their endings; "" = registrar

	// NoHandles omits [registrar.HandleKeeper]: the registrar has no names of its own for customers, and
	// nothing can be taken over from it.
	NoHandles bool
	// NoRecords omits [registrar.Refresher]: the registrar's records can't be read, and Read always returns
	// [ErrNoRecord].
	NoRecords bool
}

// Plugin is a registrar that is not at work yet. New returns one.
type Plugin struct {
	adapter Adapter
	log     *slog.Logger
	timing  Timing
	lease   sqldb.LeaseTiming
	files   string

	noHandles, noRecords bool

	now func() time.Time

	mu       sync.Mutex
	settings settings
}

// settings are what Configure has accepted.
type settings struct {
	registrar.Settings
	server secret.String // the store, if that is not a file
	remote Remote
}

var _ registrar.Plugin = (*Plugin)(nil)

// New returns a plugin that does nothing until it is configured and started.
func New(a Adapter, o Options) *Plugin {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Plugin{adapter: a, log: o.Logger, timing: o.Timing.orDefault(), lease: sqldb.DefaultLeaseTiming(), files: o.Files, noHandles: o.NoHandles, noRecords: o.NoRecords, now: time.Now}
}

// storeSetting is the attribute that the kit adds to the settings of an adapter.
const storeSetting = "store"

// Describe implements registrar.Catalogue: the adapter's description, with the kit's powers and its setting
// for the store.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) {
	d := p.adapter.Describe()
	// Asked of the very type that Start returns, so that no declared power is missing.
	d.Capabilities = slices.Concat(registrar.CapabilitiesOf(p.powers(nil)), d.Capabilities)
	d.Schema = p.schema()
	d.Phrases = slices.Concat(d.Phrases, phrases())
	if len(d.OrderFields) == 0 {
		d.OrderFields = append(registrar.FirstOrderFields(), "years")
	}
	d.OrderFields = readsContacts(d)
	return d, nil
}

func (p *Plugin) schema() registrar.Schema {
	s := p.adapter.Describe().Schema
	s.Attributes = append(slices.Clone(s.Attributes), registrar.Attribute{Name: storeSetting, Type: registrar.TypeString, Default: sqldb.InFile,
		Description: "where the plugin keeps its state: sqlite, or the URL of a PostgreSQL database that several nodes share"})
	return s
}

// Form implements registrar.Catalogue.
func (p *Plugin) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return form(p.adapter, q)
}

// Configure implements registrar.Plugin.
func (p *Plugin) Configure(_ context.Context, s registrar.Settings) error {
	if err := registrar.InvalidSettings(p.schema().Problems(s.Config)); err != nil {
		return err
	}
	own, store, err := splitSettings(s.Config)
	if err != nil {
		return err
	}

	server, err := sqldb.ServerOf(store)
	if err != nil {
		return registrar.InvalidSettings([]registrar.Problem{{Path: storeSetting, Message: err.Error()}})
	}
	remote, err := p.adapter.Configure(own)
	if err != nil {
		return err
	}

	// Replaced only after all settings are accepted: refused ones change nothing.
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings = settings{Settings: s, server: server, remote: remote}
	p.settings.Config = own
	return nil
}

// splitSettings separates the kit's own settings from the adapter's.
func splitSettings(config json.RawMessage) (own json.RawMessage, store secret.String, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(config, &all); err != nil {
		return nil, store, registrar.InvalidSettings([]registrar.Problem{{Message: "the settings are no object"}})
	}
	if text, ok := all[storeSetting]; ok {
		if err := json.Unmarshal(text, &store); err != nil {
			return nil, store, registrar.InvalidSettings([]registrar.Problem{{Path: storeSetting, Message: "must be a text"}})
		}
		delete(all, storeSetting)
	}
	own, err = json.Marshal(all)
	return own, store, err
}

func (p *Plugin) configured() settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// Probe implements registrar.Plugin: it probes the registrar, and the store if that is on a server.
func (p *Plugin) Probe(ctx context.Context, _ bool) ([]registrar.Component, error) {
	s := p.configured()
	// An adapter need not have a time limit of its own.
	ctx, cancel := context.WithTimeout(ctx, p.timing.Call)
	defer cancel()
	list := []registrar.Component{{Name: remoteComponent, OK: true, Detail: "the plugin can't try it"}}
	if prober, ok := s.remote.(Prober); ok {
		list = prober.Probe(ctx)
	}

	hide := newMask(secretsOf(p.adapter.Describe().Schema, s.Config))
	for i := range list {
		list[i].Detail = hide.of(list[i].Detail)
	}
	if !s.server.IsEmpty() {
		list = append(list, registrar.Probed("store", sqldb.Probe(ctx, s.server), "the database answers"))
	}
	return list, nil
}

// Start implements registrar.Plugin. registrarrpc ensures that the directory belongs to this instance only.
func (p *Plugin) Start(ctx context.Context) (registrar.Registrar, error) {
	c, d := p.configured(), p.adapter.Describe()
	node, err := turn.Node()
	if err != nil {
		return nil, err
	}

	// The worker comes first: when the store takes over a book, it asks the worker what staff have to do.
	w := &worker{remote: c.remote, adapter: p.adapter, secrets: secretsOf(d.Schema, c.Config),
		timing: p.timing, now: p.now, log: p.log, atOnce: atOnce, freed: make(chan struct{}, 1), busy: map[registrar.OperationID]bool{}}
	s, err := store.Open(ctx, store.Options{Dir: c.DataDir, Server: c.server, Node: node, Name: cmp.Or(c.Account, d.Name), Files: p.files, Create: c.Create, Now: p.now,
		Instructions: func(o registrar.Order) (string, string) { return instruction(o), w.byHand(o) },
		Masked:       func(o registrar.Order) registrar.Contacts { return o.Everyone().Masked(formsFor(p.adapter, o)) }})
	if err != nil {
		return nil, err
	}

	w.journal = s
	p.log.Info("started", "data", c.DataDir)
	return p.powers(begin(s, w, p.lease)), nil
}
