package kit

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// atOnce is how many operations are carried out at the same time: one that hangs delays no other.
const atOnce = 8

// Options is what New is told besides the adapter. The zero Options is a good one.
type Options struct {
	Logger *slog.Logger // nil = nothing is logged
	Timing Timing
}

// Plugin is a registrar that is not at work yet. Make it with New.
type Plugin struct {
	adapter Adapter
	log     *slog.Logger
	timing  Timing
	now     func() time.Time

	mu       sync.Mutex
	settings registrar.Settings
	remote   Remote
}

var _ registrar.Plugin = (*Plugin)(nil)

// New makes a plugin that does nothing until it is configured and started.
func New(a Adapter, o Options) *Plugin {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Plugin{adapter: a, log: o.Logger, timing: o.Timing.orDefault(), now: time.Now}
}

// Describe implements registrar.Catalogue: what the adapter says, with the powers of the kit.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) {
	d := p.adapter.Describe()
	d.Capabilities = slices.Concat(registrar.CapabilitiesOf((*Registrar)(nil)), d.Capabilities)
	return d, nil
}

// Form implements registrar.Catalogue.
func (p *Plugin) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return form(p.adapter, q)
}

// Configure implements registrar.Plugin.
func (p *Plugin) Configure(_ context.Context, s registrar.Settings) error {
	if err := registrar.InvalidSettings(p.adapter.Describe().Schema.Problems(s.Config)); err != nil {
		return err
	}
	remote, err := p.adapter.Configure(s.Config)
	if err != nil {
		return err
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings, p.remote = s, remote
	return nil
}

func (p *Plugin) configured() (registrar.Settings, Remote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings, p.remote
}

// Probe implements registrar.Plugin.
func (p *Plugin) Probe(ctx context.Context, _ bool) ([]registrar.Component, error) {
	s, remote := p.configured()
	prober, ok := remote.(Prober)
	if !ok {
		return []registrar.Component{{Name: remoteComponent, OK: true, Detail: "the plugin can't try it"}}, nil
	}

	ctx, cancel := context.WithTimeout(ctx, p.timing.Call)
	defer cancel()
	list := prober.Probe(ctx)
	hide := newMask(secretsOf(p.adapter.Describe().Schema, s.Config))
	for i := range list {
		list[i].Detail = hide.of(list[i].Detail)
	}
	return list, nil
}

// Start implements registrar.Plugin. The directory is this instance's alone; registrarrpc sees to that.
func (p *Plugin) Start(ctx context.Context) (registrar.Registrar, error) {
	settings, remote := p.configured()
	d := p.adapter.Describe()
	s, err := store.Open(ctx, store.Options{Dir: settings.DataDir, Name: cmp.Or(settings.Account, d.Name), Create: settings.Create, Now: p.now})
	if err != nil {
		return nil, err
	}

	w := &worker{remote: remote, journal: s, adapter: p.adapter, secrets: secretsOf(d.Schema, settings.Config),
		timing: p.timing, now: p.now, log: p.log, atOnce: atOnce, freed: make(chan struct{}, 1), busy: map[registrar.OperationID]bool{}}
	p.log.Info("started", "data", settings.DataDir)
	return begin(p.adapter, remote, s, w), nil
}
