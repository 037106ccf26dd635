package r01

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Plugin is the R01 registrar. Make it with New.
type Plugin struct {
	registrar.Core
	log    hclog.Logger
	now    func() time.Time
	timing sqldb.LeaseTiming

	mu       sync.Mutex
	settings *settings // after Configure
	dataDir  string
	create   bool
	work     *work // after Start
	drained  bool
}

// New makes a plugin that does nothing until it is configured and started.
func New(log hclog.Logger) *Plugin { return NewTimed(log, sqldb.DefaultLeaseTiming()) }

// NewTimed is New with another timing of the lease, the same for every instance.
func NewTimed(log hclog.Logger, t sqldb.LeaseTiming) *Plugin {
	return &Plugin{log: log, now: time.Now, timing: t}
}

// work is a plugin at work: its open store, and the goroutines that Drain stops.
type work struct {
	lease    lease
	takeOver func(context.Context) (*leaderTasks, error)    // comes first when the lease is ours
	follow   func(ctx context.Context, holder string) error // of one that stands by
	shared   bool                                           // with other instances
	standing leadership
	store    *store.Store
	relay    *smtpout.Pool
	growth   *engine.Growth // nil = the store is on a server
	gateway  *gateway.Gateway
	renewal  *renewal.Pass
	stop     context.CancelFunc
	loops    sync.WaitGroup
}

var _ registrar.Plugin = (*Plugin)(nil)

// Describe implements registrar.Catalogue.
func (p *Plugin) Describe(context.Context) (registrar.Description, error) { return description(), nil }

// Form implements registrar.Catalogue.
func (p *Plugin) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	form, err := mailform.Form(q.TLD, q.Kind, q.Registrant)
	if err != nil {
		return form, registrar.Errorf(registrar.Invalid, "%s", err)
	}
	return form, nil
}

// Configure implements registrar.Lifecycle.
func (p *Plugin) Configure(_ context.Context, s registrar.Settings) error {
	parsed, problems := parse(s.Config)
	if err := registrar.InvalidSettings(problems); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.work != nil {
		return registrar.Errorf(registrar.Precondition, "the plugin is at work; start a new one with the new settings")
	}
	p.settings, p.dataDir, p.create = &parsed, s.DataDir, s.Create
	return nil
}

// Probe implements registrar.Lifecycle.
func (p *Plugin) Probe(ctx context.Context, mail bool) ([]registrar.Component, error) {
	s, err := p.configured()
	if err != nil {
		return nil, err
	}

	remarks, unread := mailbox.Check(ctx, s.mailbox)
	report := []registrar.Component{
		registrar.Probed("smtp", smtpout.Check(ctx, s.smtp), "logged in; 8BITMIME is offered"),
		registrar.Probed("imap", unread, remarked("logged in; the folder is there", remarks)),
	}
	report = append(report, s.registry.probe(ctx)...)
	if !s.server.IsEmpty() {
		report = append(report, registrar.Probed("store", sqldb.Probe(ctx, s.server), "the database answers"))
	}

	if mail && report[0].OK && report[1].OK {
		remark, err := p.testMail(ctx, *s)
		report = append(report, registrar.Probed("test mail", err, remarked("sent and received unchanged", remark)))
	}

	return report, nil
}

// remarked adds what is odd about a server that nevertheless will do.
func remarked(well, remarks string) string {
	if remarks == "" {
		return well
	}
	return well + "; about the server: " + remarks
}

func (p *Plugin) configured() (*settings, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settings == nil {
		return nil, registrar.Errorf(registrar.NotReady, "the plugin is not configured")
	}
	return p.settings, nil
}

// Start implements registrar.Lifecycle.
func (p *Plugin) Start(ctx context.Context) error {
	s, err := p.configured()
	if err != nil {
		return err
	}

	p.mu.Lock()
	defer p.mu.Unlock()

	switch {
	case p.drained:
		return registrar.Errorf(registrar.Draining, "the plugin was drained")
	case p.work != nil:
		return nil
	}

	w, err := p.open(ctx, *s)
	if err != nil {
		return err
	}

	tasks, err := p.tryLead(ctx, w)
	if err != nil {
		return errors.Join(err, w.close(ctx))
	}

	p.work = w
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.loops.Go(func() { p.serve(ctx, w, tasks) })
	p.log.Info("started", "data", p.dataDir)
	return nil
}

// open opens the store, and finds what decides whether this instance works on it. A file is
// not opened before it is ours.
func (p *Plugin) open(ctx context.Context, s settings) (w *work, err error) {
	w = &work{shared: !s.server.IsEmpty()}
	if !w.shared {
		w.lease = &lock{dir: p.dataDir}
		if _, _, err := w.lease.Take(ctx); err != nil {
			return nil, err
		}
	}

	w.store, err = store.Open(ctx, store.Options{Dir: p.dataDir, Server: s.server, Create: p.create})
	if err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}

	name := ""
	if w.shared {
		if name, err = nodeName(); err != nil {
			return nil, errors.Join(err, w.close(ctx))
		}
		w.lease = w.store.Lease(name, p.timing)
	}

	if !w.shared {
		w.growth = engine.NewGrowth(w.store.Measure, p.now)
	}

	w.relay = smtpout.NewPool(s.smtp)
	parts := gateway.Parts{Store: w.store, Submitter: w.relay, Recogniser: s.recogniser,
		Verifier: mailauth.New(s.sender, net.DefaultResolver), Logger: p.log.Named("gateway"), Now: p.now, Random: rand.Text, Node: name}
	s.registry.equip(&parts, p.dataDir)
	w.gateway = gateway.New(s.engine, parts)
	w.renewal = renewal.NewPass(w.gateway.Renewals, s.renewal.Policy())
	w.follow = w.store.FollowWatermark
	w.takeOver = func(ctx context.Context) (*leaderTasks, error) { return p.takeOver(ctx, w, s) }

	return w, nil
}

// takeOver settles what an earlier instance left, and says what is to be done from then on.
func (p *Plugin) takeOver(ctx context.Context, w *work, s settings) (*leaderTasks, error) {
	if err := w.gateway.Open(ctx); err != nil {
		return nil, err
	}
	cron := renewal.NewSchedule(w.renewal, s.renewal, p.log.Named("renewal"), p.now)
	d := &leaderTasks{parts: map[string]func(context.Context) error{"gateway": w.gateway.Run, "renewal": cron.Run}}
	d.watch(s.mailbox, w.gateway, p.log.Named("mailbox"))
	watched := []engine.Watched{{Component: w.relay.Health}, {Component: d.mailbox.Health, Patience: unreachable}}
	if w.growth != nil {
		watched = append(watched, engine.Watched{Component: w.growth.Component})
	}
	d.parts["lookout"] = engine.NewLookout(w.gateway.Engine, watched...).Run
	return d, nil
}

// unreachable is how long a mailbox may be away before a person must know: servers restart.
const unreachable = 30 * time.Second

// watch adds the mailbox's watcher. A restored store has forgotten replies that are marked
// as handled, so it reads everything again; what it knows is recognised by content.
func (d *leaderTasks) watch(c mailbox.Config, g *gateway.Gateway, log hclog.Logger) {
	if c.All = g.Recovery.Restored(); c.All && c.Processed != "" {
		again := c
		again.Mailbox, again.Processed = c.Processed, ""
		d.parts["handled mails"] = mailbox.New(again, g.Inbox, log.Named("again")).Run
	}
	d.mailbox = mailbox.New(c, g.Inbox, log)
	d.parts["mailbox"] = d.mailbox.Run
}

// close gives back what open took: a lease by means of the store, and a lock only when the
// store is closed.
func (w *work) close(ctx context.Context) error {
	release := func() error {
		if w.lease == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
		defer cancel()
		return w.lease.Release(ctx)
	}
	switch {
	case w.store == nil:
		return release()
	case w.shared:
		return errors.Join(release(), w.store.Close())
	}
	return errors.Join(w.store.Close(), release())
}

// Drain implements registrar.Lifecycle.
func (p *Plugin) Drain(ctx context.Context) error {
	p.mu.Lock()
	w := p.work
	p.work, p.drained = nil, true
	p.mu.Unlock()

	if w == nil {
		return nil
	}

	w.stop()
	stopped := make(chan struct{})
	go func() { // ends with the loops, which end with their context
		w.loops.Wait()
		close(stopped)
	}()

	select {
	case <-stopped:
	case <-ctx.Done():
		return fmt.Errorf("drain: %w", ctx.Err())
	}

	p.log.Info("drained")
	return w.close(ctx)
}

// Backup implements registrar.Backups.
func (p *Plugin) Backup(ctx context.Context, dir string) error {
	w, err := p.working()
	if err != nil {
		return err
	}
	err = w.store.Backup(ctx, dir)
	if errors.Is(err, sqldb.ErrOnServer) {
		return registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrOnServer)
	}
	return err
}

// Health implements registrar.Lifecycle.
func (p *Plugin) Health(ctx context.Context) ([]registrar.Component, error) {
	w, err := p.working()
	if err != nil {
		return nil, err
	}
	report, err := w.gateway.Views.Health(ctx)
	lease, tasks := w.standing.get()
	if tasks != nil {
		report = append(report, w.relay.Health(), tasks.mailbox.Health())
	}
	if w.growth != nil {
		report = append(report, w.growth.Last())
	}
	if w.shared {
		report = append(report, lease)
	}
	return report, err
}

// working returns the work, or why there is none.
func (p *Plugin) working() (*work, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.drained:
		return nil, registrar.Errorf(registrar.Draining, "the plugin is stopping")
	case p.work == nil:
		return nil, registrar.Errorf(registrar.NotReady, "the plugin is not started")
	}
	return p.work, nil
}

// Events implements registrar.Events.
func (p *Plugin) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	w, err := p.working()
	if err != nil {
		return func(yield func(registrar.Event, error) bool) { yield(registrar.Event{}, err) }
	}
	return w.gateway.Views.Events(ctx, after)
}
