package r01

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"sync"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/turn"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/ordering"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/views"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

// Registrar is the R01 registrar at work: its open store, and the goroutines that Drain stops. Its rooms
// answer most calls; those that concern several rooms are below.
type Registrar struct {
	*views.Views
	*ordering.Orders
	*ordering.Takeover
	renewals
	*inbox.Desk
	*inbox.Foresight
	*engine.Eraser

	log *slog.Logger
	now func() time.Time

	// The right to watch the mailbox, send and keep the schedule; a fence in the store forbids what comes too
	// late.
	turn    turn.Turn
	shared  bool // with other instances
	store   *store.Store
	relay   *smtpout.Pool
	growth  *engine.Growth // nil = the store is on a server
	gateway *gateway.Gateway
	pass    *renewal.Pass
	cron    renewal.Config
	stop    context.CancelFunc
	loops   sync.WaitGroup
}

// renewals is the part of the book of renewals that the contract has a call for.
type renewals interface {
	SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error)
}

var (
	_ registrar.Registrar    = (*Registrar)(nil)
	_ registrar.Renewer      = (*Registrar)(nil)
	_ registrar.HandleKeeper = (*Registrar)(nil)
	_ registrar.MessageQueue = (*Registrar)(nil)
	_ registrar.BackerUp     = (*Registrar)(nil)
	_ registrar.Eraser       = (*Registrar)(nil)
	_ registrar.KeyChanger   = (*Registrar)(nil)
	_ registrar.CodeKeeper   = (*Registrar)(nil)
	_ registrar.Refresher    = (*Registrar)(nil)
)

// furnish takes in the rooms of a gateway.
func (r *Registrar) furnish(g *gateway.Gateway) {
	r.gateway = g
	r.Views, r.Orders, r.Takeover, r.renewals = g.Views, g.Orders, g.Takeover, g.Renewals
	r.Desk, r.Foresight, r.Eraser = g.Desk, g.Foresight, g.Eraser
}

// open opens the store, and prepares what decides whether this instance works on it.
func (p *Plugin) open(ctx context.Context, s settings) (r *Registrar, err error) {
	r = &Registrar{log: p.log, now: p.now, shared: !s.server.IsEmpty()}
	// If the store is a file, the lock on the directory has already decided which instance works.
	r.turn.Lease, r.turn.Every, r.turn.Log = turn.Alone{}, turn.Every(p.timing.RenewEvery), slog.New(slog.DiscardHandler)
	r.store, err = store.Open(ctx, store.Options{Dir: p.dataDir, Server: s.server, Create: p.create})
	if err != nil {
		return nil, err
	}

	name := ""
	if r.shared {
		if name, err = turn.Node(); err != nil {
			return nil, errors.Join(err, r.close(ctx))
		}
		r.turn.Lease, r.turn.Log = r.store.Lease(name, p.timing), p.log
	} else {
		r.growth = engine.NewGrowth(r.store.Measure, p.now)
	}

	r.relay = smtpout.NewPool(s.smtp)
	parts := gateway.Parts{Store: r.store, Submitter: r.relay, Recogniser: s.recogniser,
		Verifier: mailauth.New(s.sender, net.DefaultResolver), Logger: p.log.With(logline.Module, "gateway"), Now: p.now, Random: rand.Text, Node: name}
	s.registry.equip(&parts, p.dataDir)
	r.furnish(gateway.New(s.engine, parts))
	r.pass, r.cron = renewal.NewPass(r.gateway.Renewals, s.renewal.Policy()), s.renewal
	r.turn.Follow = r.store.FollowWatermark
	r.turn.TakeOver = func(ctx context.Context) (turn.Work, error) { return r.takeOver(ctx, s) }

	return r, nil
}

// takeOver settles what an earlier instance left, and returns the tasks from then on.
func (r *Registrar) takeOver(ctx context.Context, s settings) (*leaderTasks, error) {
	// Nothing may run until the remains of an earlier instance are settled.
	if err := r.gateway.Open(ctx); err != nil {
		return nil, err
	}
	cron := renewal.NewSchedule(r.pass, s.renewal, r.log.With(logline.Module, "renewal"), r.now)
	s.mailbox.Sole = !r.shared // of several nodes only the holder of the lease reads

	d := &leaderTasks{log: r.log, parts: map[string]func(context.Context) error{"gateway": r.gateway.Run, "renewal": cron.Run}}
	d.watch(s.mailbox, r.gateway, r.log.With(logline.Module, "mailbox"))
	watched := []engine.Watched{{Component: r.relay.Health}, {Component: d.mailbox.Health, Patience: unreachable}}
	if r.growth != nil {
		watched = append(watched, engine.Watched{Component: r.growth.Component})
	}
	d.parts["lookout"] = engine.NewLookout(r.gateway.Engine, watched...).Run
	return d, nil
}

// leaderTasks are the tasks that only one instance may run.
type leaderTasks struct {
	log     *slog.Logger
	parts   map[string]func(context.Context) error
	mailbox *mailbox.Watcher
}

// Run implements turn.Work.
func (d *leaderTasks) Run(ctx context.Context) {
	var loops sync.WaitGroup
	for name, run := range d.parts {
		loops.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("stopped working", "part", name, "err", err)
			}
		})
	}
	loops.Wait()
}

// unreachable is how long a mailbox may be away before a person must know: servers restart.
const unreachable = 30 * time.Second

// watch adds the mailbox's watcher. A restored store has forgotten replies that are marked as handled, so
// everything is read again; mails that the store knows are recognised by content.
func (d *leaderTasks) watch(c mailbox.Config, g *gateway.Gateway, log *slog.Logger) {
	if c.All = g.Recovery.Restored(); c.All && c.Processed != "" {
		again := c
		again.Mailbox, again.Processed = c.Processed, ""
		d.parts["handled mails"] = mailbox.New(again, g.Inbox, log.With(logline.Module, "again")).Run
	}
	d.mailbox = mailbox.New(c, g.Inbox, log)
	d.parts["mailbox"] = d.mailbox.Run
}

// close releases what open acquired; the lease needs the store for that.
func (r *Registrar) close(ctx context.Context) error {
	return errors.Join(r.turn.Release(ctx), r.store.Close())
}

// Drain implements registrar.Registrar.
func (r *Registrar) Drain(ctx context.Context) error {
	r.stop()
	stopped := make(chan struct{})
	go func() { // ends with the loops, which end with their context
		r.loops.Wait()
		close(stopped)
	}()

	select {
	case <-stopped:
	case <-ctx.Done():
		// The store stays open for work that still concludes; the next start finds the rest.
		return fmt.Errorf("drain: %w", ctx.Err())
	}

	r.log.Info("drained")
	return r.close(ctx)
}

// Health implements registrar.Registrar.
func (r *Registrar) Health(ctx context.Context) ([]registrar.Component, error) {
	report, err := r.Views.Health(ctx)
	if done, completed := r.pass.Last(); completed {
		report = toldOf(report, done)
	}
	// Only the holder of the lease sends and watches.
	if tasks, ok := r.turn.Work().(*leaderTasks); ok {
		report = nextOf(report, r.cron.Next(r.now()))
		report = append(report, r.relay.Health(), tasks.mailbox.Health())
	}
	if r.growth != nil {
		report = append(report, r.growth.Last())
	}
	if r.shared {
		report = append(report, r.turn.Component())
	}
	return report, err
}

// toldOf adds the result of the last pass to the state of the renewals.
func toldOf(report []registrar.Component, done renewal.Done) []registrar.Component {
	for i, c := range report {
		if c.Name == "renewals" && c.OK {
			report[i].Detail += "; " + done.String()
		}
	}
	return report
}

// nextOf adds the time of the next pass to the state of the renewals.
func nextOf(report []registrar.Component, next time.Time) []registrar.Component {
	for i, c := range report {
		if c.Name == "renewals" && !next.IsZero() {
			report[i].Figures = maps.Clone(c.Figures)
			if report[i].Figures == nil {
				report[i].Figures = map[registrar.Figure]float64{}
			}
			report[i].Figures[registrar.FigureNextAt] = float64(next.Unix())
		}
	}
	return report
}

// Validate implements registrar.Orders.
func (r *Registrar) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	v, err := r.Orders.Validate(ctx, o)
	if err != nil || len(v.Problems) > 0 || o.Kind != registrar.KindTransfer {
		return v, err
	}
	if taken, err := r.Taken(ctx, o.ID); err != nil || taken {
		return v, err // the registry shows what came of it
	}
	problems, notes := r.Transferable(ctx, o.Domain, policy.Today(r.now()))
	if len(problems) > 0 {
		return registrar.Validation{Problems: problems}, nil
	}
	v.Notes = append(v.Notes, notes...)
	return v, nil
}

// Refresh implements registrar.Refresher: it asks whois now, and what that shows is evidence as always.
func (r *Registrar) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	if d, err := r.Domain(ctx, name); err != nil {
		return d, err
	}
	if err := r.gateway.Witness.Asker.Refresh(ctx, name); err != nil {
		return registrar.Domain{}, err
	}
	return r.Domain(ctx, name)
}

// RunRenewals implements registrar.Renewer.
func (r *Registrar) RunRenewals(ctx context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	now := r.now()
	// Read before the pass, which leaves nothing to report.
	steps, err := r.pass.Steps(ctx, now)
	if err != nil || dryRun {
		return steps, err
	}
	_, err = r.pass.Run(ctx, now)
	return steps, err
}

// Backup implements registrar.BackerUp.
func (r *Registrar) Backup(ctx context.Context, dir string) error {
	err := r.store.Backup(ctx, dir)
	if errors.Is(err, sqldb.ErrOnServer) {
		return registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrOnServer)
	}
	return err
}

// RotateKeys implements registrar.KeyChanger.
func (r *Registrar) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	key, n, err := r.store.RotateKey(ctx)
	switch {
	case errors.Is(err, sqldb.ErrShared):
		return registrar.Rotation{}, registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrShared)
	case errors.Is(err, sqldb.ErrBusy):
		return registrar.Rotation{}, registrar.Errorf(registrar.Unavailable, "%s", sqldb.ErrBusy)
	case err != nil:
		return registrar.Rotation{}, err
	}
	r.log.Info("key exchanged", "key", key, "sealed", n)
	return registrar.Rotation{Key: key, Sealed: n}, nil
}
